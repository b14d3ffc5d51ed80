"""Which kernels run, and what is said about it."""

import subprocess
import sys

import pytest

import sc_native
from sc_core import kernels
from sc_core.errors import ConfigurationError, MissingDependency

WITHOUT_COMPILED = """
import sys
sys.modules["sc_native._kernels"] = None     # as on a machine without a compiler
import warnings
import numpy as np
from sc_core import LIF, Network, Population
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    network = Network([Population("p", 1, LIF())], [])
    for _ in range(3):
        spikes = network.run(np.full((50, 1), 2.0))
from sc_core import kernels
print(int(spikes.sum()), len(caught), caught[0].category.__name__, kernels.describe())
print(caught[0].message)
"""


def test_without_compiled_kernels_the_references_run_and_it_is_said_once():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_COMPILED], capture_output=True, text=True, check=True
    )
    first, second = done.stdout.splitlines()
    assert first == "3 1 ReferenceKernelsWarning reference kernels (NumPy)"
    assert "install a C compiler and reinstall sc-native" in second


def test_asking_for_native_kernels_that_do_not_load_is_an_error(monkeypatch):
    monkeypatch.setattr(sc_native, "available", False)
    monkeypatch.setattr(sc_native, "why_unavailable", "no such file")
    monkeypatch.setenv("SC_KERNELS", "native")
    with pytest.raises(
        MissingDependency, match=r"SC_KERNELS=native, but .*\(no such file\); install a C compiler"
    ):
        kernels.native()


@pytest.mark.parametrize(("choice", "expected"), [("reference", False), ("auto", sc_native.available)])
def test_the_environment_chooses(choice, expected, monkeypatch):
    monkeypatch.setenv("SC_KERNELS", choice)
    assert kernels.native() is expected


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("SC_KERNELS", "fast", "SC_KERNELS: must be one of auto, native, reference, got 'fast'"),
        ("SC_THREADS", "0", "SC_THREADS: must be an integer >= 1, got '0'"),
        ("SC_THREADS", "two", "SC_THREADS: must be an integer >= 1, got 'two'"),
    ],
)
def test_a_bad_variable_is_refused_by_name(variable, value, words, monkeypatch):
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=words):
        kernels.describe()


@pytest.mark.skipif(not sc_native.available, reason="the compiled kernels are not installed")
def test_the_description_names_kernels_and_threads(monkeypatch):
    monkeypatch.setenv("SC_KERNELS", "native")
    monkeypatch.setenv("SC_THREADS", "1")
    assert kernels.describe() in (
        "native kernels (C, 1 thread)",
        "native kernels (C, without OpenMP: 1 thread)",
    )
