"""The learner: the documented rule on every trainable projection of a network, by reward (specs/online-o1.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from sc_core.contracts import Batch, State
from sc_core.errors import ConfigurationError
from sc_core.simulation import RewardedRule, RewardedSteps, learn_answers
from sc_plugin_online_o1.plasticity import OnlineO1Plasticity


class OnlineO1Learner:
    """Learn by reward, in bounded integers, on every trainable projection of a network.

    Parameters
    ----------
    network : Network
        Its weights are rounded to whole multiples of ``weight_unit``, from 0 to 2^weight_bits - 1 of them.
    **options
        Those of the plasticity ``online-o1``: ``weight_bits``, ``trace_bits``, ``reward_bits``, ``learning_shift``,
        ``trace_decay_shift``, ``weight_unit``, ``modulator_unit``.

    Attributes
    ----------
    lr : float
        2^-learning_shift, a constant of the rule.

    Raises
    ------
    ConfigurationError
        If an option is not allowed, or a weight is not one of the rule's.

    Examples
    --------
    Each neuron answers one of two inputs, and is rewarded for it:

    >>> import numpy as np
    >>> from sc_core import LIF, Batch, Input, Network, Population, Projection
    >>> source, target = Population("source", 2, Input()), Population("target", 2, LIF(tau=2.0))
    >>> network = Network([source, target], [Projection(source, target, [[2.0, 3.0], [3.0, 2.0]])])
    >>> learner = OnlineO1Learner(network, weight_unit=2.0**-12)
    >>> inputs = np.zeros((8, 2, 2))
    >>> inputs[::2, [0, 1], [0, 1]] = 1.0  # sample 0 is input 0, sample 1 is input 1
    >>> learner.learn(Batch(inputs, np.array([1, 0])))
    {'accuracy': 1.0, 'reward': 1.0}
    """

    Options: ClassVar = OnlineO1Plasticity.Options
    consumes: ClassVar[type[Any]] = Batch

    def __init__(self, network: Any, **options: Any) -> None:
        self._network, self._options = network, OnlineO1Plasticity(**options).options
        self._rule_options = options
        self._steps = RewardedSteps(network, self._bound)

    def _bound(self, projection: Any) -> RewardedRule | None:
        if not getattr(projection, "trainable", True):
            return None
        rule = OnlineO1Plasticity(**self._rule_options)
        rule.bind(projection, float(getattr(self._network, "dt", 1.0)), np.random.default_rng(0))
        return rule

    @property
    def lr(self) -> float:
        """2^-learning_shift."""
        return float(2.0**-self._options.learning_shift)

    @lr.setter
    def lr(self, rate: float) -> None:
        if rate != self.lr:
            raise ConfigurationError(
                "lr", f"of online-o1 is 2^-learning_shift, {self.lr}; leave out the scheduler"
            )

    def learn(self, experience: Batch) -> Mapping[str, float]:
        """Let the network answer a batch of labelled samples, and learn from what it is rewarded for.

        See `sc_core.simulation.learn_answers`.
        """
        return learn_answers(self._network, self._steps, experience)

    def step(self, reward: float) -> None:
        """Learn from the step that the populations have just made; `reward` is what it is worth."""
        self._steps.step(reward)

    def state_dict(self) -> State:
        """Return traces, eligibilities and the spikes under way; the weights are the network's."""
        return self._steps.state_dict()

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned, after the network's state.

        Raises
        ------
        CheckpointError
            If it is of other projections.
        """
        self._steps.load_state_dict(state)
