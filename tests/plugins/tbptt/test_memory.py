"""Peak memory does not depend on the length of a sequence that comes window by window."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import sc_native

_PROGRAM = Path(__file__).with_name("memory_of_a_sequence.py")


def _peaks(n_steps, k):
    """Peak bytes that Python and NumPy allocated in training, and peak resident bytes of the process."""
    done = subprocess.run(
        [sys.executable, _PROGRAM, str(n_steps), str(k)],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"SC_THREADS": "1"},
        check=True,
    )
    allocated, resident = map(int, done.stdout.split())
    return allocated, resident


@pytest.mark.slow
@pytest.mark.skipif(not sc_native.available, reason="without the compiled kernels 100 000 steps take minutes")
def test_memory_is_that_of_a_window():
    """The kernels allocate nothing themselves, so that tracemalloc sees every array."""
    short, long, one_window = _peaks(1000, 50), _peaks(100_000, 50), _peaks(1000, 1000)
    assert long[0] <= 1.2 * short[0]
    assert long[1] <= 1.2 * short[1]
    assert one_window[0] > 4 * short[0], "the measure must see what a window takes"
