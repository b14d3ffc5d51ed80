"""Learning by reward: rules of a network that is stepped from outside, and answers to samples (specs/reward.md)."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from sc_core.contracts.experience import Batch
from sc_core.contracts.state import State, Stateful
from sc_core.errors import CheckpointError, ConfigurationError, ShapeError
from sc_core.model.network import Network
from sc_core.simulation.stepping import Simulation

_SPIKING = 0.9  # the documented threshold of voltages


class RewardedRule(Stateful, Protocol):
    """A rule that is bound to a projection and told what met there: the phase `after_step` of a plasticity."""

    def after_step(self, pre: NDArray[Any], post: NDArray[Any], modulator: float) -> None:
        """Change the weights by one step; see `sc_core.contracts.Plasticity`."""
        ...


class RewardedSteps:
    """Lets rules learn from the steps that somebody else makes with a network, and from a reward after each.

    Parameters
    ----------
    network : Network
        Or an object with ``projections`` that offer the documented attributes.
    rule_of : callable
        Given a projection, returns the rule that is bound to it; None where nothing learns. Asked for each
        projection, in the network's order.
    spike_source : {"spikes", "voltage"}
        A population's spikes, or voltages above 0.9. Where a population has no ``spikes``, voltages stand in.
    delays : bool
        Whether a rule is told of a spike when it arrives, after the projection's ``delay``, or when it is emitted.

    Raises
    ------
    ConfigurationError
        If `spike_source` is another.

    Examples
    --------
    >>> import numpy as np
    >>> from sc_core import LIF, Input, Network, Population, Projection
    >>> class Counting:
    ...     n_pairs = 0.0
    ...     def after_step(self, pre, post, modulator):
    ...         self.n_pairs += modulator * pre.sum() * post.sum()
    >>> source, target = Population("source", 1, Input()), Population("target", 1, LIF())
    >>> network, rule = Network([source, target], [Projection(source, target, [[1.0]])]), Counting()
    >>> steps = RewardedSteps(network, lambda projection: rule)
    >>> spikes = source.step_all(np.ones(1)), target.step_all(np.full(1, 30.0))
    >>> steps.step(reward=2.0)
    >>> float(rule.n_pairs)
    2.0
    """

    def __init__(
        self,
        network: Any,
        rule_of: Callable[[Any], RewardedRule | None],
        *,
        spike_source: Literal["spikes", "voltage"] = "spikes",
        delays: bool = True,
    ) -> None:
        if spike_source not in ("spikes", "voltage"):
            raise ConfigurationError("spike_source", f'must be "spikes" or "voltage", got {spike_source!r}')
        self._spike_source = spike_source
        found = [(projection, rule_of(projection)) for projection in network.projections]
        self._bound = [(projection, rule) for projection, rule in found if rule is not None]
        dt = float(getattr(network, "dt", 1.0))
        lags = [_lag(projection, dt) if delays else 0 for projection, _ in self._bound]
        self._under_way: list[deque[NDArray[np.float64]]] = [deque(maxlen=lag + 1) for lag in lags]
        self.forget()

    @property
    def rules(self) -> Sequence[RewardedRule]:
        """The rules, in the order of their projections."""
        return [rule for _, rule in self._bound]

    def forget(self) -> None:
        """Drop the spikes that are under way; the rules go on."""
        for (projection, _), under_way in zip(self._bound, self._under_way, strict=True):
            under_way.clear()
            under_way.extend([np.zeros(projection.source.n)] * ((under_way.maxlen or 1) - 1))

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
        spikes = {id(p): self._spikes_of(p) for q, _ in self._bound for p in (q.source, q.target)}
        for (projection, rule), under_way in zip(self._bound, self._under_way, strict=True):
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
        state: dict[str, Any] = {"n_projections": len(self._bound)}
        for number, ((_, rule), under_way) in enumerate(zip(self._bound, self._under_way, strict=True)):
            spikes = np.array(under_way) if under_way else np.zeros((0, 0))
            state[str(number)] = {"rule": rule.state_dict(), "under_way": spikes}
        return state

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned, after the network's state.

        Raises
        ------
        CheckpointError
            If it is of another number of projections.
        """
        if state.get("n_projections") != len(self._bound):
            raise CheckpointError(
                f"the saved state is of {state.get('n_projections')} projections that learn, "
                f"this network has {len(self._bound)}"
            )
        for number, ((_, rule), under_way) in enumerate(zip(self._bound, self._under_way, strict=True)):
            rule.load_state_dict(state[str(number)]["rule"])
            under_way.clear()
            under_way.extend(np.array(state[str(number)]["under_way"], dtype=np.float64))


def learn_answers(network: Network, steps: RewardedSteps, batch: Batch) -> dict[str, float]:
    """Present samples one after the other, and reward each right answer in its last step.

    Parameters
    ----------
    network : Network
        Its output's label is the neuron with the largest sum over time, the first of equals.
    steps : RewardedSteps
        The rules that learn.
    batch : Batch
        With labels. Inputs are spikes.

    Returns
    -------
    dict of str to float
        ``accuracy``, the share of right answers while learning, and ``reward``, the mean of 1 for a right and -1
        for a wrong one.

    Raises
    ------
    ConfigurationError, ShapeError
        If the targets are no labels, or what arrives at a rule are no spikes.

    References
    ----------
    specs/reward.md.
    """
    if batch.targets.ndim != 1:
        raise ConfigurationError("targets", "must be labels: what is rewarded is a right answer")
    simulation = Simulation(network)
    output = network.output_population
    n_right = 0
    for sample, label in enumerate(batch.targets.tolist()):
        inputs = batch.inputs[:, sample]
        steps.forget()
        total = np.zeros(output.n)
        for t in simulation.steps(inputs):
            total += output.spikes
            last = t == len(inputs) - 1
            right = last and int(total.argmax()) == label
            n_right += right
            steps.step((1.0 if right else -1.0) if last else 0.0)
    accuracy = n_right / len(batch.targets)
    return {"accuracy": accuracy, "reward": 2.0 * accuracy - 1.0}


def _lag(projection: Any, dt: float) -> int:
    """By how many steps spikes reach all synapses late; delays of the synapses' own are the rule's to see."""
    if "delay" in getattr(projection, "synapse_state", {}):
        return 0
    delay = getattr(projection, "delay", 0)
    return int(delay) if isinstance(delay, (int, np.integer)) else round(float(delay) / dt)
