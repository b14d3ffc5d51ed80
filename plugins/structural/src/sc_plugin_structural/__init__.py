"""Structural plasticity and sparse training: synapses that come and go (specs/structural.md)."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = ["SparseTrainingLearner", "SparseTrainingOptions", "StructuralOptions", "StructuralPlasticity"]

if TYPE_CHECKING:
    from sc_plugin_structural.options import SparseTrainingOptions, StructuralOptions
    from sc_plugin_structural.plasticity import StructuralPlasticity
    from sc_plugin_structural.sparse_training import SparseTrainingLearner

_HOME = {
    "SparseTrainingLearner": "sparse_training",
    "SparseTrainingOptions": "options",
    "StructuralOptions": "options",
    "StructuralPlasticity": "plasticity",
}


def __getattr__(name: str) -> Any:
    # The hooks module lives in this package; listing plugins must import nothing else.
    if name in _HOME:
        return getattr(importlib.import_module(f"sc_plugin_structural.{_HOME[name]}"), name)
    raise AttributeError(f"module 'sc_plugin_structural' has no attribute {name!r}")
