"""What the tests of runs share: small plugins, a small data set, a small configuration."""

import copy
import importlib.util
import tomllib
from pathlib import Path

import pytest
import tomli_w

from sc_core import registry

_SPEC = importlib.util.spec_from_file_location("small_plugins", Path(__file__).with_name("small_plugins.py"))
small_plugins = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(small_plugins)

_CONFIG = tomllib.loads("""
seed = 7
[data]
name = "small.npz"
encoder = { name = "rate", n_steps = 5, max_rate = 400.0 }
[network]
populations = [
    { name = "pixels", n = 6, neuron = "Input" },
    { name = "hidden", n = 8, neuron = { name = "LIF", tau = 10.0 } },
    { name = "class", n = 3, neuron = "LI" },
]
projections = [ { source = "pixels", target = "hidden", gain = 12.0 }, { source = "hidden", target = "class" } ]
[learner]
name = "delta"
[scheduler]
name = "halving"
[[callbacks]]
name = "lines"
[training]
epochs = 3
batch_size = 8
""")


@pytest.fixture(autouse=True)
def plugins(monkeypatch):
    """Register the small plugins, and let the runs use few threads."""
    monkeypatch.setenv("SC_THREADS", "1")
    for kind, name, cls in small_plugins.PLUGINS:
        registry.register(kind, name, cls)
    yield
    for kind, name, _ in small_plugins.PLUGINS:
        registry.unregister(kind, name)


@pytest.fixture
def config():
    """A configuration to change."""
    return copy.deepcopy(_CONFIG)


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """A current folder with the small data set."""
    small_plugins.write_inputs(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def write_toml(workplace):
    """A function that writes a configuration to ``run.toml`` and returns its path."""

    def write(table):
        path = workplace / "run.toml"
        path.write_text(tomli_w.dumps(table))
        return path

    return write


@pytest.fixture
def scn_program():
    """The path of a program that is ``scn`` with the small plugins."""
    return Path(__file__).with_name("small_plugins.py")


@pytest.fixture
def kill_program():
    """The path of a program that kills runs at random moments."""
    return Path(__file__).with_name("kill_at_random_moments.py")


def _files_of(folder):
    """Return the content of every file of a run but its lock, by name."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


@pytest.fixture
def files_of():
    """A function that returns the content of every file of a run but its lock, by name."""
    return _files_of
