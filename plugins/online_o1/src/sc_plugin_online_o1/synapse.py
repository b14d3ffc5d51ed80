"""One synapse that stands alone: the documented lane."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from sc_core import kernels
from sc_core.errors import ShapeError
from sc_hardware.rules import Rule
from sc_hardware.rules.compiled import CompiledRule
from sc_plugin_online_o1.config import STATE_FIELDS, OnlineO1Config, integer
from sc_plugin_online_o1.rules import reward_modulated_stdp


@attrs.frozen
class OnlineO1Snapshot:
    """The state of a synapse after a step."""

    weight: int
    pre_trace: int
    post_trace: int
    eligibility: int


class OnlineO1Synapse:
    """A synapse with its own traces, in bounded integers.

    Parameters
    ----------
    config : OnlineO1Config
    initial_weight : int, default 0
        At least 0; saturates at the largest weight.
    rule : Rule, default reward_modulated_stdp
        Or `fading_reward_modulated_stdp`, whose traces reach 0.

    Attributes
    ----------
    weight, pre_trace, post_trace, eligibility : int

    Raises
    ------
    TypeError, ValueError
        If the weight is no integer, or negative.

    Notes
    -----
    The rule's equations: specs/online-o1.md.

    Examples
    --------
    >>> synapse = OnlineO1Synapse(OnlineO1Config())
    >>> for pre, post, reward in [(True, False, 0), (False, True, 0), (False, True, 100)]:
    ...     after = synapse.step(pre_spike=pre, post_spike=post, reward=reward)
    >>> after.eligibility, after.weight
    (2047, 12793)
    """

    def __init__(
        self, config: OnlineO1Config, initial_weight: int = 0, *, rule: Rule = reward_modulated_stdp
    ) -> None:
        weight = integer("initial_weight", initial_weight)
        if weight < 0:
            raise ValueError(f"initial_weight: must be at least 0, got {weight}")
        self.config, self.rule = config, rule
        self._state = dict.fromkeys(STATE_FIELDS, 0) | {"weight": min(weight, config.max_weight)}

    @property
    def weight(self) -> int:
        """From 0 to `OnlineO1Config.max_weight`."""
        return self._state["weight"]

    @property
    def pre_trace(self) -> int:
        """From 0 to `OnlineO1Config.max_trace`."""
        return self._state["pre_trace"]

    @property
    def post_trace(self) -> int:
        """From 0 to `OnlineO1Config.max_trace`."""
        return self._state["post_trace"]

    @property
    def eligibility(self) -> int:
        """From `OnlineO1Config.min_eligibility` to `max_eligibility`."""
        return self._state["eligibility"]

    @property
    def state_fields(self) -> tuple[str, ...]:
        """The names of all that the future depends on."""
        return STATE_FIELDS

    @property
    def state_bit_count(self) -> int:
        """How many bits that is."""
        return self.config.per_synapse_state_bits

    def snapshot(self) -> OnlineO1Snapshot:
        """Return the present state."""
        return OnlineO1Snapshot(**self._state)

    def step(self, *, pre_spike: bool, post_spike: bool, reward: int) -> OnlineO1Snapshot:
        """Take one step.

        Parameters
        ----------
        pre_spike, post_spike : bool
        reward : int
            Saturates to signed reward_bits.

        Raises
        ------
        TypeError
            If the reward is a bool or no integer.
        """
        bounded = min(max(integer("reward", reward), self.config.min_reward), self.config.max_reward)
        inputs = {"pre_spike": bool(pre_spike), "post_spike": bool(post_spike), "reward": bounded}
        self._state = self.rule.step(self._state, inputs, self.config.parameters)
        return self.snapshot()

    def run(
        self, *, pre_spikes: ArrayLike, post_spikes: ArrayLike, rewards: ArrayLike
    ) -> dict[str, NDArray[np.int64]]:
        """Take many steps in one call, in C where the compiled kernels run.

        Parameters
        ----------
        pre_spikes, post_spikes : array_like of bools, shape (n_steps,)
        rewards : array_like of integers, shape (n_steps,)
            Saturate to signed reward_bits.

        Returns
        -------
        dict of str to ndarray, shape (n_steps,), int64
            The state after every step.

        Raises
        ------
        TypeError
            If the rewards are not integers.
        ShapeError
            If the three are not of one length.
        """
        pre, post, given = (np.asarray(each) for each in (pre_spikes, post_spikes, rewards))
        if given.ndim != 1 or not pre.shape == post.shape == given.shape:
            raise ShapeError(
                f"pre_spikes, post_spikes and rewards must have one shape (n_steps,), got {pre.shape}, "
                f"{post.shape} and {given.shape}"
            )
        if given.dtype.kind not in "iu" and given.size:
            raise TypeError(f"rewards: must be integers, got {given.dtype}")
        bounded = np.clip(given, self.config.min_reward, self.config.max_reward).astype(np.int64)
        if kernels.native():
            return self._run_in_c(pre.astype(bool), post.astype(bool), bounded)
        history = [
            attrs.asdict(self.step(pre_spike=i, post_spike=j, reward=int(r)))
            for i, j, r in zip(pre.tolist(), post.tolist(), bounded.tolist(), strict=True)
        ]
        return {name: np.array([after[name] for after in history], np.int64) for name in STATE_FIELDS}

    def _run_in_c(self, pre: Any, post: Any, reward: Any) -> dict[str, NDArray[np.int64]]:
        from sc_native.online_o1 import lanes

        state = {name: np.array([value], np.int64) for name, value in self._state.items()}
        inputs = {"pre_spike": pre, "post_spike": post, "reward": reward}
        columns = {name: values[:, np.newaxis] for name, values in inputs.items()}
        history = CompiledRule(self.rule, lanes).run(state, columns, self.config.parameters, history=True)
        self._state = {name: int(value[0]) for name, value in state.items()}
        return {name: values[:, 0] for name, values in history.items()}
