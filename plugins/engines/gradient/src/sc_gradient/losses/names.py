"""Losses by the name that a configuration file uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from sc_core import options
from sc_core.errors import ConfigurationError
from sc_gradient.losses.cross_entropy import CrossEntropy, StepwiseCrossEntropy
from sc_gradient.losses.loss import Loss
from sc_gradient.losses.mean_square import FilteredMeanSquare, MeanSquare
from sc_gradient.losses.plain import PlainLoss
from sc_gradient.losses.van_rossum import VanRossum

LOSSES: dict[str, Loss] = {
    "cross_entropy": CrossEntropy("sum"),
    "cross_entropy_max": CrossEntropy("max"),
    "cross_entropy_last": CrossEntropy("last"),
    "cross_entropy_steps": StepwiseCrossEntropy(),
    "mean_square": MeanSquare(),
    "mean_square_filtered": FilteredMeanSquare(),
    "van_rossum": VanRossum(),
}
"""Losses by name, each with its defaults and a step of 1 ms."""


def find_loss(loss: str | Mapping[str, Any] | Loss | Callable[..., float], dt: float = 1.0) -> Loss:
    """Return a loss by name, by a table with its name and options, as it is, or made from a plain callable.

    Parameters
    ----------
    loss : str, mapping, Loss or callable
        A table is a name and the options that differ from that loss's defaults.
    dt : float
        Length of a step of the network, ms, for a loss that is made here and has a time constant.

    Raises
    ------
    ConfigurationError
        If a name is unknown, an option is not allowed or the object is no loss.

    Examples
    --------
    >>> find_loss({"name": "van_rossum", "tau": 10.0}, dt=0.5)
    VanRossum(tau=10.0, dt=0.5)
    """
    if isinstance(loss, str):
        return _make(loss, {}, dt)
    if isinstance(loss, Mapping):
        if not isinstance(loss.get("name"), str):
            raise ConfigurationError("loss_fn", f"a table needs the name of a loss, got {dict(loss)!r}")
        return _make(loss["name"], {key: loss[key] for key in loss if key != "name"}, dt)
    if isinstance(loss, Loss):
        return loss
    if callable(loss):
        return PlainLoss(loss)
    raise ConfigurationError("loss_fn", f"must be a name, a table, a loss or a callable, got {loss!r}")


def _make(name: str, given: dict[str, Any], dt: float) -> Loss:
    if name not in LOSSES:
        raise ConfigurationError("loss_fn", f"no loss {name!r}; there are: {', '.join(LOSSES)}")
    if "dt" in given:
        raise ConfigurationError("loss_fn.dt", "is not an option: it is the network's")
    default: Any = LOSSES[name]
    checked = options.structure(type(default), given, "loss_fn")
    changes = {key: getattr(checked, key) for key in given}
    if hasattr(default, "dt"):
        changes["dt"] = dt
    chosen: Loss = attrs.evolve(default, **changes)
    return chosen
