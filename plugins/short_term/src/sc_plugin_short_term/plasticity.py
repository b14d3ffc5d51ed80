"""The plasticity: what each presynaptic neuron's spikes release (specs/short-term.md)."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import attrs
import numpy as np
from attrs.validators import ge, gt, in_, le
from numpy.typing import ArrayLike, NDArray

from sc_core.contracts import State
from sc_core.errors import CheckpointError, ConfigurationError, ShapeError

Array = NDArray[np.float64]


def _finite(instance: object, attribute: attrs.Attribute[float], value: float) -> None:
    if not np.isfinite(value):
        raise ValueError(f"{attribute.name} must be finite, got {value!r}")


@attrs.frozen
class ShortTermOptions:
    """Options of `ShortTermPlasticity` (specs/short-term.md).

    Parameters
    ----------
    tau_d, tau_f : float
        Time constants of the recovery from depression and of facilitation, ms; `tau_f` = 0 is pure depression.
    u_se : float
        Share of the resources that a first spike releases.
    variant : {"tsodyks", "documented"}
        The paper's model, or the documented formula, in which u rests at `u_se`.
    """

    tau_d: float = attrs.field(default=200.0, validator=[gt(0), _finite])
    tau_f: float = attrs.field(default=600.0, validator=[ge(0), _finite])
    u_se: float = attrs.field(default=0.2, validator=[gt(0), le(1)])
    variant: Literal["tsodyks", "documented"] = attrs.field(
        default="tsodyks", validator=in_(("tsodyks", "documented"))
    )


class ShortTermPlasticity:
    """Short-term depression and facilitation by presynaptic spikes.

    Parameters
    ----------
    tau_d, tau_f : float
        Time constants of recovery and of facilitation, ms.
    u_se : float
        Share of the resources that a first spike releases.
    variant : {"tsodyks", "documented"}
        The paper's model, or the documented formula.

    Attributes
    ----------
    u, x : ndarray, shape (n_pre,)
        Utilisation and resources at the end of the last step; empty before `bind` or the first `update`.

    Raises
    ------
    ConfigurationError
        If an option is not allowed.

    References
    ----------
    Tsodyks & Markram 1997, PNAS 94:719; Tsodyks, Pawelzik & Markram 1998, Neural Computation 10:821.

    Examples
    --------
    >>> synapses = ShortTermPlasticity(tau_d=200.0, tau_f=600.0, u_se=0.2)
    >>> for spikes in ([1, 0], [1, 0], [0, 0], [1, 1]):  # steps of 1 ms
    ...     print(synapses.update(spikes).round(3))
    [0.2 0. ]
    [0.288 0.   ]
    [0. 0.]
    [0.252 0.2  ]
    """

    Options: ClassVar = ShortTermOptions

    def __init__(
        self,
        tau_d: float = 200.0,
        tau_f: float = 600.0,
        u_se: float = 0.2,
        variant: Literal["tsodyks", "documented"] = "tsodyks",
    ) -> None:
        try:
            self.options = ShortTermOptions(tau_d, tau_f, u_se, variant)
        except (TypeError, ValueError) as error:
            raise ConfigurationError("short-term", str(error)) from error
        self._start(0, 1.0)

    def _start(self, n: int, dt: float) -> None:
        """Forget every spike."""
        if self.options.variant == "documented" and dt > min(self.options.tau_d, self.options.tau_f):
            raise ConfigurationError(
                "short-term", f"the documented variant needs tau_d and tau_f of at least dt = {dt:g} ms"
            )
        self._dt, self._step = dt, 0
        at_rest = 0.0 if self.options.variant == "tsodyks" else self.options.u_se
        self._u, self._x = np.full(n, at_rest), np.ones(n)
        self._last = np.zeros(n, np.int64)  # the step to which u and x belong

    def bind(self, projection: Any, dt: float, rng: np.random.Generator) -> None:
        """Begin with rested synapses; `rng` is not used."""
        self._start(projection.source.n, dt)

    def update(self, pre_spikes: ArrayLike) -> Array:
        """Advance by one step.

        Parameters
        ----------
        pre_spikes : array_like, shape (n_pre,)
            0 or 1.

        Returns
        -------
        ndarray, shape (n_pre,), float64
            What each neuron's effect in this step is multiplied by: the release of those that spike, otherwise 0.
            In the documented variant u x, for all.

        Raises
        ------
        ShapeError, ConfigurationError
            If there is not one 0 or 1 for each neuron.
        """
        spikes = np.asarray(pre_spikes, dtype=np.float64)
        if self._x.size == 0 and spikes.ndim == 1:
            self._start(spikes.size, self._dt)
        if spikes.shape != self._x.shape:
            raise ShapeError(f"pre_spikes: expected shape {self._x.shape}, got {spikes.shape}")
        spiking = np.flatnonzero(spikes)
        wrong = spiking[spikes[spiking] != 1]
        if wrong.size:
            raise ConfigurationError(
                "pre_spikes",
                f"must be 0 or 1, neuron {wrong[0]} has {spikes[wrong[0]]}; is its source spiking?",
            )
        self._step += 1
        return self._documented(spiking) if self.options.variant == "documented" else self._exact(spiking)

    scale = update

    def _exact(self, spiking: NDArray[np.intp]) -> Array:
        """Step by eq. 1-5, only for those that spike."""
        release = np.zeros(self._x.size)
        u, x = self._decayed(spiking)
        u += self.options.u_se * (1 - u)
        release[spiking] = u * x
        self._u[spiking], self._x[spiking] = u, x - u * x
        self._last[spiking] = self._step
        return release

    def _decayed(self, neurons: NDArray[np.intp] | slice) -> tuple[Array, Array]:
        """Return u and x of some neurons at the present step (eq. 1, 2)."""
        elapsed = (self._step - self._last[neurons]) * self._dt
        recovered = -np.expm1(-elapsed / self.options.tau_d)
        x = self._x[neurons] + (1 - self._x[neurons]) * recovered
        if self.options.tau_f == 0:
            return np.where(elapsed > 0, 0.0, self._u[neurons]), x
        return self._u[neurons] * np.exp(-elapsed / self.options.tau_f), x

    def _documented(self, spiking: NDArray[np.intp]) -> Array:
        """Step by eq. 6-8."""
        self._x += (1 - self._x) * (self._dt / self.options.tau_d)
        self._u += (self.options.u_se - self._u) * (self._dt / self.options.tau_f)
        self._u[spiking] += self.options.u_se * (1 - self._u[spiking])
        release = self._u * self._x
        self._x[spiking] -= release[spiking]
        self._last[:] = self._step
        return release

    @property
    def u(self) -> Array:
        """Utilisation at the end of the last step, shape (n_pre,)."""
        return self._decayed(slice(None))[0]

    @property
    def x(self) -> Array:
        """Resources at the end of the last step, shape (n_pre,)."""
        return self._decayed(slice(None))[1]

    def state_dict(self) -> State:
        """Return utilisation, resources, and when they were last computed."""
        return {"step": self._step, "u": self._u, "x": self._x, "last": self._last}

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned.

        Raises
        ------
        CheckpointError
            If it is of another number of neurons, or no such state.
        """
        try:
            u, x, last = (np.array(state[name]) for name in ("u", "x", "last"))
            step = int(state["step"])
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"short-term: this is no state of it: {error!r}") from error
        if not u.shape == x.shape == last.shape or (self._x.size and u.shape != self._x.shape):
            raise CheckpointError(
                f"short-term: the saved state has {u.size} neurons, this rule has {self._x.size}"
            )
        self._step, self._u, self._x, self._last = step, u, x, last
