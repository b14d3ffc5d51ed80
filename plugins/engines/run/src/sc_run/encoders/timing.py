"""What all encoders share: the form of an encoder, and for how many steps a value stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import attrs
import numpy as np

from sc_core.errors import ConfigurationError, ShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEPS_FOR_STATIC_VALUES = 30
"""How many steps a static value stands unless `n_steps` says otherwise."""


class Encoder(Protocol):
    """Turns values into what drives a network: a frozen attrs class whose fields are its options."""

    def encode(
        self, values: NDArray[np.floating[Any]], rng: np.random.Generator, dt: float = 1.0
    ) -> NDArray[np.generic]:
        """Encode a batch.

        Parameters
        ----------
        values : ndarray, shape (batch, n) or (batch, n_samples, n)
            Static or temporal values, floats.
        rng : numpy.random.Generator
            The only randomness; an encoder without chance leaves it alone.
        dt : float
            Length of a step in ms.

        Returns
        -------
        ndarray, shape (n_steps, batch, n)
            Currents (float32) or spikes (uint8).
        """
        ...


def optional_step_count() -> Any:
    """Return an attrs field for a number of steps that may be left out."""
    checks = [attrs.validators.instance_of(int), attrs.validators.ge(1)]
    return attrs.field(default=None, validator=attrs.validators.optional(checks))


def frames_and_hold(
    values: NDArray[np.floating[Any]], n_steps: int | None, steps_per_sample: int | None
) -> tuple[NDArray[np.floating[Any]], int]:
    """Return the values as frames in time, shape (n_frames, batch, n), and the steps for which each stands.

    Raises
    ------
    ShapeError
        If `values` are neither static nor temporal.
    ConfigurationError
        If a value is not finite, or the option that is given is for the other kind of data.
    """
    if values.ndim not in (2, 3):
        raise ShapeError(
            "an encoder takes values of shape (batch, n) or (batch, n_samples, n), "
            f"not of shape {values.shape}"
        )
    if not np.isfinite(values).all():
        raise ConfigurationError(
            "data.encoder", "the values hold NaN or infinity; an encoder needs finite ones"
        )
    if values.ndim == 2:
        if steps_per_sample is not None:
            raise ConfigurationError(
                "data.encoder.steps_per_sample", "is for temporal data; these are static: give n_steps"
            )
        return values[np.newaxis], STEPS_FOR_STATIC_VALUES if n_steps is None else n_steps
    if n_steps is not None:
        raise ConfigurationError(
            "data.encoder.n_steps",
            f"is for static data; these have {values.shape[1]} samples in time: give steps_per_sample",
        )
    return np.swapaxes(values, 0, 1), 1 if steps_per_sample is None else steps_per_sample
