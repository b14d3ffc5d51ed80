"""The projection engine: a network in whole numbers as hardware (specs/projection-engine.md)."""

from sc_hardware.projection_engine.design import HardwareDesign
from sc_hardware.projection_engine.layout import Layout, Phase, Population, Projection
from sc_hardware.projection_engine.memories import Memory, WordField, unpacked

__all__ = [
    "HardwareDesign",
    "Layout",
    "Memory",
    "Phase",
    "Population",
    "Projection",
    "WordField",
    "unpacked",
]
