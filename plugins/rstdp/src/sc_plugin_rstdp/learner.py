"""The documented learner: reward for every projection of a network that the user steps (specs/rstdp.md)."""

from __future__ import annotations

import math
from collections import deque
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sc_core.contracts import State
from sc_core.errors import CheckpointError, ConfigurationError, ShapeError
from sc_plugin_rstdp.hebbian import HebbianTraces
from sc_plugin_rstdp.plasticity import RewardModulatedSTDP

_SPIKING = 0.9  # the documented threshold of voltages


class RewardModulatedLearner:
    """Learn by reward on every projection of a network that the user steps.

    Parameters
    ----------
    network : Network
        Offers ``populations`` and ``projections``.
    tau_reward : float
        Time constant of the reward trace, ms; with ``rule="hebbian"`` that of the eligibilities, steps.
    rule : {"signed", "hebbian"}
        `RewardModulatedSTDP`, or the documented formula.
    spike_source : {"spikes", "voltage"}
        A population's spikes, or voltages above 0.9. Where a population has no ``spikes``, voltages stand in.
    **options
        The other options of `RewardModulatedSTDP`, with ``rule="signed"``.

    Raises
    ------
    ConfigurationError
        If an option is not allowed, or weights lie outside the bounds.

    References
    ----------
    Izhikevich 2007, Cerebral Cortex 17:2443. Equations: specs/rstdp.md.

    Examples
    --------
    >>> from sc_core import LIF, Input, Network, Population, Projection
    >>> source, target = Population("source", 1, Input()), Population("target", 1, LIF())
    >>> network = Network([source, target], [Projection(source, target, [[25.0]])])
    >>> learner = RewardModulatedLearner(network, learning_rate=1e-3)
    >>> for step in range(10):
    ...     spikes = source.step_all([float(step == 0)])
    ...     spikes = target.step_all(spikes * network.projections[0].data)
    ...     learner.step(reward=float(step == 5))
    >>> network.projections[0].data > 25.0  # the spike that it caused was rewarded
    array([ True])
    """

    def __init__(
        self,
        network: Any,
        tau_reward: float = 100.0,
        rule: Literal["signed", "hebbian"] = "signed",
        spike_source: Literal["spikes", "voltage"] = "spikes",
        **options: Any,
    ) -> None:
        if rule not in ("signed", "hebbian"):
            raise ConfigurationError("rule", f'must be "signed" or "hebbian", got {rule!r}')
        if spike_source not in ("spikes", "voltage"):
            raise ConfigurationError("spike_source", f'must be "spikes" or "voltage", got {spike_source!r}')
        if rule == "hebbian" and options:
            raise ConfigurationError(next(iter(options)), 'is an option of rule = "signed"')
        self._network, self._rule, self._spike_source = network, rule, spike_source
        self._rules: list[RewardModulatedSTDP | HebbianTraces] = []
        self._under_way: list[deque[NDArray[np.float64]]] = []
        for projection in network.projections:
            bound: RewardModulatedSTDP | HebbianTraces
            if rule == "hebbian":
                bound, lag = HebbianTraces(projection, tau_reward), 0
            else:
                bound = RewardModulatedSTDP(tau_reward=tau_reward, **options)
                dt = float(getattr(network, "dt", 1.0))
                bound.bind(projection, dt, np.random.default_rng(0))
                lag = _lag(projection, dt)
            self._rules.append(bound)
            silent = [np.zeros(projection.source.n)] * lag
            self._under_way.append(deque(silent, maxlen=lag + 1))

    def step(self, reward: float) -> None:
        """Learn from the step that the populations have just made.

        Parameters
        ----------
        reward : float
            What this step is worth.

        Raises
        ------
        ConfigurationError, ShapeError
            If the reward is not finite, or a population's spikes are not n values of 0 or 1; nothing has
            changed then.
        """
        reward = float(reward)
        if not math.isfinite(reward):
            raise ConfigurationError("reward", f"must be finite, got {reward}")
        projections = self._network.projections
        spikes = {id(p): self._spikes_of(p) for q in projections for p in (q.source, q.target)}
        for projection, rule, under_way in zip(projections, self._rules, self._under_way, strict=True):
            under_way.append(spikes[id(projection.source)])
            rule.after_step(under_way[0], spikes[id(projection.target)], reward)

    def _spikes_of(self, population: Any) -> NDArray[np.float64]:
        if self._spike_source == "voltage" or not hasattr(population, "spikes"):
            spikes = (np.asarray(population.voltages) > _SPIKING).astype(np.float64)
        else:
            spikes = np.array(population.spikes, dtype=np.float64)
        name = getattr(population, "name", "population")
        if spikes.shape != (population.n,):
            raise ShapeError(f"{name}.spikes: expected shape ({population.n},), got {spikes.shape}")
        wrong = np.flatnonzero((spikes != 0) & (spikes != 1))
        if wrong.size:
            raise ConfigurationError(
                f"{name}.spikes", f"must be 0 or 1, neuron {wrong[0]} has {spikes[wrong[0]]}"
            )
        return spikes

    def state_dict(self) -> State:
        """Return the rules' states and the spikes under way."""
        state: dict[str, Any] = {"rule": self._rule, "n_projections": len(self._rules)}
        for number, (rule, under_way) in enumerate(zip(self._rules, self._under_way, strict=True)):
            spikes = np.array(under_way) if under_way else np.zeros((0, 0))
            state[str(number)] = {"rule": rule.state_dict(), "under_way": spikes}
        return state

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned, after the network's state.

        Raises
        ------
        CheckpointError
            If it is another rule's or another network's.
        """
        saved, own = (state.get("rule"), state.get("n_projections")), (self._rule, len(self._rules))
        if saved != own:
            raise CheckpointError(
                f"rstdp: the saved state is of rule {saved[0]!r} on {saved[1]} projections, "
                f"this is {own[0]!r} on {own[1]}"
            )
        for number, (rule, under_way) in enumerate(zip(self._rules, self._under_way, strict=True)):
            rule.load_state_dict(state[str(number)]["rule"])
            under_way.clear()
            under_way.extend(np.array(state[str(number)]["under_way"], dtype=np.float64))


def _lag(projection: Any, dt: float) -> int:
    """By how many steps spikes reach all synapses late; delays of the synapses' own are the rule's to see."""
    if "delay" in getattr(projection, "synapse_state", {}):
        return 0
    delay = getattr(projection, "delay", 0)
    return int(delay) if isinstance(delay, (int, np.integer)) else round(float(delay) / dt)
