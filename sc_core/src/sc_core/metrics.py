"""What a callback is given to log: numbers by name, checked at its boundary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sc_core.errors import ConfigurationError


def checked_metrics(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Return metrics as plain floats.

    Parameters
    ----------
    metrics : mapping of str to float
        Numbers of any type, 0-d arrays among them; NaN and infinity are numbers.

    Raises
    ------
    ConfigurationError
        If a value is no number; the message names the metric.

    Examples
    --------
    >>> import numpy as np
    >>> checked_metrics({"loss": np.float32(0.5), "epoch": 1})
    {'loss': 0.5, 'epoch': 1.0}
    >>> checked_metrics({"loss": "small"})
    Traceback (most recent call last):
        ...
    sc_core.errors.ConfigurationError: metrics.loss: must be a number, got 'small'
    """
    return {name: _number(name, value) for name, value in metrics.items()}


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"metrics.{name}", f"must be a number, got {value!r}") from error
