"""Encoders: how values become what drives a network in time. ``specs/encoders.md`` defines them."""

from __future__ import annotations

from sc_run.encoders.current import Current
from sc_run.encoders.latency import Latency
from sc_run.encoders.rate import Rate
from sc_run.encoders.timing import Encoder

ENCODERS: dict[str, type[Encoder]] = {"current": Current, "rate": Rate, "latency": Latency}
"""The encoders by the name that they have in a run's TOML; the other keys there are the class's fields."""

__all__ = ["ENCODERS", "Current", "Encoder", "Latency", "Rate"]
