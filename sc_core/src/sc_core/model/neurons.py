"""The neuron models' parameters and what follows from them for a step of length dt (specs/neurons.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from sc_core.errors import ConfigurationError, ShapeError

Parameter: TypeAlias = float | Sequence[float]
"""A number, or one number per neuron."""


def _finite(instance: object, attribute: attrs.Attribute[Any], value: ArrayLike) -> None:
    if not np.all(np.isfinite(np.asarray(value, dtype=float))):
        raise ValueError(f"{attribute.name} must be finite, got {value!r}")


def _positive(instance: object, attribute: attrs.Attribute[Any], value: ArrayLike) -> None:
    _finite(instance, attribute, value)
    if not np.all(np.asarray(value, dtype=float) > 0):
        raise ValueError(f"{attribute.name} must be > 0, got {value!r}")


def _plain(value: Any) -> Any:
    """Keep arrays as tuples, so that parameters stay immutable, comparable and easy to write to a file."""
    if isinstance(value, np.ndarray | list | tuple):
        return tuple(np.asarray(value, dtype=float).ravel().tolist())
    return value


def _parameter(default: float, validator: Callable[..., None] = _finite) -> Any:
    return attrs.field(default=default, converter=_plain, validator=validator)


@attrs.frozen(kw_only=True, eq=False)
class Coefficients:
    """A neuron model at a given dt: what the step functions, NumPy and C, compute with.

    Parameters
    ----------
    model : str
        A key of `NEURONS`.
    reset_to_value : bool
        Reset to the value ``reset_value`` instead of subtracting ``threshold - reset_value``.
    refractory_steps : int
    arrays : mapping of str to ndarray, shape (n,)
        Those that the model has of ``decay_membrane``, ``input_gain`` = (1 - alpha) r, ``leak_drive`` =
        (1 - alpha) v_leak, ``leak_value``, ``threshold``, ``reset_value``, ``decay_synapse``, ``input_weight``,
        ``decay_adaptation``, ``adaptation_strength``.
    """

    model: str
    reset_to_value: bool = False
    refractory_steps: int = 0
    arrays: Mapping[str, NDArray[Any]] = attrs.field(factory=dict)

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.arrays[name]

    def __contains__(self, name: str) -> bool:
        return name in self.arrays


class _Spread:
    """Spreads parameters over n neurons in one dtype."""

    def __init__(self, n: int, dt: float, dtype: np.dtype[Any]) -> None:
        self.n, self.dt, self.dtype = n, dt, dtype

    def exact(self, name: str, value: Parameter) -> NDArray[np.float64]:
        array = np.asarray(value, dtype=np.float64)
        if array.ndim and array.shape != (self.n,):
            raise ShapeError(f"{name} has {array.size} values for a population of {self.n} neurons")
        return np.broadcast_to(array, (self.n,))

    def __call__(self, name: str, value: Parameter) -> NDArray[Any]:
        return np.array(self.exact(name, value), dtype=self.dtype, order="C")

    def decay(self, name: str, tau: Parameter) -> NDArray[Any]:
        return np.exp(-self.dt / self.exact(name, tau)).astype(self.dtype)

    def membrane(
        self, tau_name: str, tau: Parameter, r: Parameter, v_leak: Parameter
    ) -> dict[str, NDArray[Any]]:
        update = -np.expm1(-self.dt / self.exact(tau_name, tau))  # 1 - alpha, without cancellation
        return {
            "decay_membrane": self.decay(tau_name, tau),
            "input_gain": (update * self.exact("r", r)).astype(self.dtype),
            "leak_drive": (update * self.exact("v_leak", v_leak)).astype(self.dtype),
            "leak_value": self("v_leak", v_leak),
        }


@attrs.frozen(kw_only=True)
class _Firing:
    """What every spiking model has beside its time constants."""

    r: Parameter = _parameter(1.0)
    v_leak: Parameter = _parameter(0.0)
    v_threshold: Parameter = _parameter(1.0)
    v_reset: Parameter = _parameter(0.0)
    reset: Literal["subtract", "to_value"] = attrs.field(
        default="subtract", validator=attrs.validators.in_(("subtract", "to_value"))
    )
    refractory_steps: int = attrs.field(
        default=0, validator=[attrs.validators.instance_of(int), attrs.validators.ge(0)]
    )

    spiking = True

    def __attrs_post_init__(self) -> None:
        if np.any(np.asarray(self.v_reset) >= np.asarray(self.v_threshold)):
            raise ConfigurationError(
                "v_reset", f"must be below v_threshold, got {self.v_reset} and {self.v_threshold}"
            )

    def _coefficients(self, spread: _Spread, **arrays: NDArray[Any]) -> Coefficients:
        return Coefficients(
            model=type(self).__name__,
            reset_to_value=self.reset == "to_value",
            refractory_steps=self.refractory_steps,
            arrays={
                **arrays,
                "threshold": spread("v_threshold", self.v_threshold),
                "reset_value": spread("v_reset", self.v_reset),
            },
        )


@attrs.frozen
class Input:
    """Passes its input on, spikes or values, as NIR's Input does.

    Examples
    --------
    >>> from sc_core import Input, Population
    >>> Population("pixels", 3, Input()).step_all([0.0, 1.0, 0.5])
    array([0. , 1. , 0.5])
    """

    spiking = False

    def coefficients(self, n: int, dt: float, dtype: np.dtype[Any]) -> Coefficients:
        """Return what a step of length `dt` (ms) computes with."""
        return Coefficients(model="Input")


@attrs.frozen(kw_only=True)
class LIF(_Firing):
    """Leaky integrate-and-fire neuron, exact for a current constant over the step (specs/neurons.md, eq. 1-4).

    Parameters
    ----------
    tau : float or sequence of n floats
        Membrane time constant, ms.
    r : float or sequence of n floats
        Membrane resistance: current times `r` is in membrane units.
    v_leak, v_threshold, v_reset : float or sequence of n floats
        Resting value, spike threshold and reset value.
    reset : {"subtract", "to_value"}
        After a spike subtract ``v_threshold - v_reset``, or set the membrane to `v_reset`.
    refractory_steps : int
        Steps after a spike in which the neuron neither integrates nor fires.

    Examples
    --------
    >>> from sc_core import LIF, Population
    >>> neurons = Population("hidden", 2, LIF(tau=20.0))
    >>> neurons.step_all([0.0, 50.0])
    array([0., 1.])
    """

    tau: Parameter = _parameter(20.0, _positive)

    def coefficients(self, n: int, dt: float, dtype: np.dtype[Any]) -> Coefficients:
        """Return what a step of length `dt` (ms) computes with."""
        spread = _Spread(n, dt, dtype)
        return self._coefficients(spread, **spread.membrane("tau", self.tau, self.r, self.v_leak))


@attrs.frozen(kw_only=True)
class CubaLIF(_Firing):
    """LIF neuron with an exponentially decaying synaptic current (specs/neurons.md, eq. 5).

    Parameters
    ----------
    tau_syn, tau_mem : float or sequence of n floats
        Time constants of the synaptic current and of the membrane, ms.
    w_in : float or sequence of n floats
        Factor on the input that the synaptic current gains.
    r, v_leak, v_threshold, v_reset, reset, refractory_steps
        As in `LIF`.

    Examples
    --------
    >>> from sc_core import CubaLIF, Population
    >>> neurons = Population("hidden", 1, CubaLIF(tau_syn=5.0, tau_mem=20.0))
    >>> neurons.step_all([10.0]), neurons.step_all([8.0])
    (array([0.]), array([1.]))
    """

    tau_syn: Parameter = _parameter(5.0, _positive)
    tau_mem: Parameter = _parameter(20.0, _positive)
    w_in: Parameter = _parameter(1.0)

    def coefficients(self, n: int, dt: float, dtype: np.dtype[Any]) -> Coefficients:
        """Return what a step of length `dt` (ms) computes with."""
        spread = _Spread(n, dt, dtype)
        return self._coefficients(
            spread,
            decay_synapse=spread.decay("tau_syn", self.tau_syn),
            input_weight=spread("w_in", self.w_in),
            **spread.membrane("tau_mem", self.tau_mem, self.r, self.v_leak),
        )


@attrs.frozen(kw_only=True)
class ALIF(_Firing):
    """LIF neuron whose threshold rises with its own low-pass filtered spikes (specs/neurons.md, eq. 6-7).

    Parameters
    ----------
    tau, tau_adaptation : float or sequence of n floats
        Time constants of the membrane and of the adaptation, ms.
    adaptation_strength : float or sequence of n floats
        Rise of the threshold per unit of adaptation (beta in the literature).
    r, v_leak, v_threshold, v_reset, reset, refractory_steps
        As in `LIF`.

    Examples
    --------
    >>> from sc_core import ALIF, Population
    >>> neurons = Population("hidden", 1, ALIF(tau_adaptation=100.0))
    >>> neurons.step_all([30.0])
    array([1.])
    """

    tau: Parameter = _parameter(20.0, _positive)
    tau_adaptation: Parameter = _parameter(200.0, _positive)
    adaptation_strength: Parameter = _parameter(1.8)

    def coefficients(self, n: int, dt: float, dtype: np.dtype[Any]) -> Coefficients:
        """Return what a step of length `dt` (ms) computes with."""
        spread = _Spread(n, dt, dtype)
        return self._coefficients(
            spread,
            decay_adaptation=spread.decay("tau_adaptation", self.tau_adaptation),
            adaptation_strength=spread("adaptation_strength", self.adaptation_strength),
            **spread.membrane("tau", self.tau, self.r, self.v_leak),
        )


@attrs.frozen(kw_only=True)
class LI:
    """Leaky integrator: a readout whose output is its membrane (specs/neurons.md).

    Parameters
    ----------
    tau, r, v_leak : float or sequence of n floats
        As in `LIF`.

    Examples
    --------
    >>> from sc_core import LI, Population
    >>> Population("readout", 1, LI(tau=20.0)).step_all([1.0]).round(4)
    array([0.0488])
    """

    tau: Parameter = _parameter(20.0, _positive)
    r: Parameter = _parameter(1.0)
    v_leak: Parameter = _parameter(0.0)

    spiking = False

    def coefficients(self, n: int, dt: float, dtype: np.dtype[Any]) -> Coefficients:
        """Return what a step of length `dt` (ms) computes with."""
        spread = _Spread(n, dt, dtype)
        return Coefficients(model="LI", arrays=spread.membrane("tau", self.tau, self.r, self.v_leak))


Neuron: TypeAlias = Input | LIF | CubaLIF | ALIF | LI

NEURONS: dict[str, type[Neuron]] = {model.__name__: model for model in (Input, LIF, CubaLIF, ALIF, LI)}
"""The neuron models by name, as a configuration file names them."""


def parameter_names(model: type[Neuron]) -> tuple[str, ...]:
    """Return the parameters of a model that may differ from neuron to neuron.

    Examples
    --------
    >>> parameter_names(LI)
    ('tau', 'r', 'v_leak')
    """
    return tuple(field.name for field in attrs.fields(model) if field.converter is _plain)
