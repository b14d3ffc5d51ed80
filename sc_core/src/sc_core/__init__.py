"""sc-core: learning for spiking neural networks as plugins.

Everything below is imported when it is first used, so that ``import sc_core`` stays light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from sc_core import registry, topology
    from sc_core.contracts import Batch
    from sc_core.hookspecs import hookimpl
    from sc_core.model import ALIF, LI, LIF, CubaLIF, Input, Network, Population, Projection
    from sc_core.simulation import Simulation

_HOME = {
    "ALIF": "sc_core.model",
    "Batch": "sc_core.contracts",
    "CubaLIF": "sc_core.model",
    "Input": "sc_core.model",
    "LI": "sc_core.model",
    "LIF": "sc_core.model",
    "Network": "sc_core.model",
    "Population": "sc_core.model",
    "Projection": "sc_core.model",
    "Simulation": "sc_core.simulation",
    "hookimpl": "sc_core.hookspecs",
}
_MODULES = ("registry", "topology")

__all__ = [
    "ALIF",
    "LI",
    "LIF",
    "Batch",
    "CubaLIF",
    "Input",
    "Network",
    "Population",
    "Projection",
    "Simulation",
    "hookimpl",
    "registry",
    "topology",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(_HOME[name]), name)
    elif name in _MODULES:
        value = importlib.import_module(f"sc_core.{name}")
    else:
        raise AttributeError(f"module 'sc_core' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
