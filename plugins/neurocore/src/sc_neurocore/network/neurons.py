"""The two neuron models of existing scripts: each is an LIF of ours, and noise."""

from __future__ import annotations

import math
from typing import TypeAlias

import attrs
from attrs.validators import ge, gt

from sc_core import LIF
from sc_core.errors import ConfigurationError


@attrs.frozen
class LapicqueNeuron:
    """Leaky integrate-and-fire by its exact flow: v <- v_inf + (v - v_inf) exp(-dt / tau), v_inf = v_rest + R I.

    A spike where v >= v_threshold; then v = v_reset.

    Parameters
    ----------
    v_rest, v_reset, v_threshold : float, default 0, 0, 1
    tau : float, default 20
        ms.
    resistance : float, default 1
    dt : float, default 1
        Length of a step, ms.

    Examples
    --------
    >>> from sc_neurocore.network import Population
    >>> population = Population(LapicqueNeuron, 2, params={"tau": 10.0})
    >>> population.step_all([30.0, 1.0])
    array([1., 0.])
    >>> population.voltages.round(4)
    array([0.    , 0.0952])
    """

    v_rest: float = 0.0
    v_reset: float = 0.0
    v_threshold: float = 1.0
    tau: float = attrs.field(default=20.0, validator=gt(0))
    resistance: float = 1.0
    dt: float = attrs.field(default=1.0, validator=gt(0))

    noise_std = 0.0
    seed = None

    def lif(self) -> LIF:
        """Return the model of ours that computes the same."""
        return LIF(
            tau=self.tau,
            r=self.resistance,
            v_leak=self.v_rest,
            v_threshold=self.v_threshold,
            v_reset=self.v_reset,
            reset="to_value",
        )


@attrs.frozen
class StochasticLIFNeuron:
    """Leaky integrate-and-fire by Euler's method, with noise.

    v <- v - (v - v_rest) dt / tau_mem + R I dt + noise_std sqrt(dt) N(0, 1); a spike where v >= v_threshold; then
    v = v_reset. The noise acts where the neurons are stepped; a learner's gradient sees the network without it.

    Parameters
    ----------
    v_rest, v_reset, v_threshold : float, default 0, 0, 1
    tau_mem : float, default 20
        ms; above dt.
    dt : float, default 1
        Length of a step, ms.
    noise_std : float, default 0
    resistance : float, default 1
        Not 0 where there is noise.
    refractory_period : int, default 0
        Steps.
    seed : int, optional
        Of the noise; that of the network unless given.

    Examples
    --------
    >>> from sc_neurocore.network import Population
    >>> population = Population("StochasticLIFNeuron", 1, params={"tau_mem": 10.0})
    >>> [float(population.step_all([0.4])[0]) for _ in range(6)]
    [0.0, 0.0, 1.0, 0.0, 0.0, 1.0]
    """

    v_rest: float = 0.0
    v_reset: float = 0.0
    v_threshold: float = 1.0
    tau_mem: float = attrs.field(default=20.0, validator=gt(0))
    dt: float = attrs.field(default=1.0, validator=gt(0))
    noise_std: float = attrs.field(default=0.0, validator=ge(0))
    resistance: float = 1.0
    refractory_period: int = 0
    seed: int | None = None

    def __attrs_post_init__(self) -> None:
        if self.dt >= self.tau_mem:
            raise ConfigurationError("dt", f"must be below tau_mem = {self.tau_mem}, got {self.dt}")
        if self.noise_std and not self.resistance:
            raise ConfigurationError("resistance", "must not be 0 where there is noise")

    def lif(self) -> LIF:
        """Return the model of ours that computes the same but for the noise.

        Its exact decay exp(-dt / tau) equals 1 - dt / tau_mem, and its gain (1 - exp(-dt / tau)) r equals R dt.
        """
        return LIF(
            tau=-self.dt / math.log1p(-self.dt / self.tau_mem),
            r=self.resistance * self.tau_mem,
            v_leak=self.v_rest,
            v_threshold=self.v_threshold,
            v_reset=self.v_reset,
            reset="to_value",
            refractory_steps=self.refractory_period,
        )


NeuronModel: TypeAlias = LapicqueNeuron | StochasticLIFNeuron

MODELS: dict[str, type[LapicqueNeuron] | type[StochasticLIFNeuron]] = {
    "LapicqueNeuron": LapicqueNeuron,
    "StochasticLIFNeuron": StochasticLIFNeuron,
}
"""The models by name."""
