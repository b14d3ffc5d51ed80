"""The documented learner: reward for every projection of a network that the user steps (specs/rstdp.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from sc_core.contracts import Batch, State
from sc_core.errors import CheckpointError, ConfigurationError
from sc_core.simulation import RewardedRule, RewardedSteps, learn_answers
from sc_plugin_rstdp.hebbian import LEARNING_RATE, HebbianTraces
from sc_plugin_rstdp.options import RewardModulatedSTDPOptions
from sc_plugin_rstdp.plasticity import RewardModulatedSTDP


class RewardModulatedLearner:
    """Learn by reward on every trainable projection of a network: one that the user steps, or a run's.

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

    Attributes
    ----------
    lr : float
        The learning rate, which stays as it is.

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

    Options: ClassVar = RewardModulatedSTDPOptions
    consumes: ClassVar[type[Any]] = Batch

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
        if rule == "hebbian" and options:
            raise ConfigurationError(next(iter(options)), 'is an option of rule = "signed"')
        self._rule, self._network = rule, network
        self._rule_options = {"tau_reward": tau_reward, **options}
        self._learning_rate = options.get("learning_rate", RewardModulatedSTDPOptions().learning_rate)
        self._steps = RewardedSteps(network, self._bound, spike_source=spike_source, delays=rule == "signed")

    def _bound(self, projection: Any) -> RewardedRule | None:
        if not getattr(projection, "trainable", True):
            return None
        if self._rule == "hebbian":
            return HebbianTraces(projection, self._rule_options["tau_reward"])
        rule = RewardModulatedSTDP(**self._rule_options)
        rule.bind(projection, float(getattr(self._network, "dt", 1.0)), np.random.default_rng(0))
        return rule

    @property
    def lr(self) -> float:
        """The rule's learning rate."""
        return LEARNING_RATE if self._rule == "hebbian" else float(self._learning_rate)

    @lr.setter
    def lr(self, rate: float) -> None:
        if rate != self.lr:
            raise ConfigurationError("lr", f"of rstdp stays as it is, {self.lr}; leave out the scheduler")

    def learn(self, experience: Batch) -> Mapping[str, float]:
        """Let the network answer a batch of labelled samples, and learn from what it is rewarded for.

        See `sc_core.simulation.learn_answers`.
        """
        return learn_answers(self._network, self._steps, experience)

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
        self._steps.step(reward)

    def state_dict(self) -> State:
        """Return the rules' states and the spikes under way."""
        return {"rule": self._rule, **self._steps.state_dict()}

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned, after the network's state.

        Raises
        ------
        CheckpointError
            If it is another rule's or another network's.
        """
        if state.get("rule") != self._rule:
            raise CheckpointError(
                f"rstdp: the saved state is of rule {state.get('rule')!r} on {state.get('n_projections')} "
                f"projections, this is {self._rule!r}"
            )
        self._steps.load_state_dict(state)
