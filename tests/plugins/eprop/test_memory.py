"""Learning online takes the same memory for a sequence of any length."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import sc_native

_PROGRAM = Path(__file__).with_name("memory_of_a_sequence.py")


def _peak(n_steps, mode):
    """The kernels allocate nothing themselves, so that tracemalloc sees every array."""
    done = subprocess.run(
        [sys.executable, _PROGRAM, str(n_steps), mode],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"SC_THREADS": "1"},
        check=True,
    )
    return int(done.stdout)


@pytest.mark.skipif(not sc_native.available, reason="without the compiled kernels 50 000 steps take minutes")
def test_memory_does_not_depend_on_the_length():
    short, long, stored = _peak(1000, "online"), _peak(50_000, "online"), _peak(50_000, "stored")
    assert long <= 1.05 * short
    assert stored > 20 * long, "the measure must see what a sequence takes"
