"""The rule at all synapses of a projection: traces per neuron, weight and eligibility per synapse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sc_core import kernels
from sc_core.errors import ConfigurationError, ShapeError
from sc_hardware.rules import Rule
from sc_hardware.rules.synapses import empty_state, step_synapses
from sc_plugin_online_o1.config import OnlineO1Config
from sc_plugin_online_o1.rules import reward_modulated_stdp


class OnlineO1Synapses:
    """Synapses in CSR order that learn by `OnlineO1Synapse`'s rule; a neuron's trace serves all its synapses.

    Parameters
    ----------
    indptr, indices : array_like of integers, shape (n_pre + 1,), (n_synapses,)
        Pattern, rows = presynaptic.
    n_post : int
        Number of postsynaptic neurons.
    config : OnlineO1Config
    weight : array_like of integers, shape (n_synapses,) or (), default 0
        Initial weights, from 0 to ``config.max_weight``.
    rule : Rule, default reward_modulated_stdp

    Attributes
    ----------
    weight, eligibility : ndarray, shape (n_synapses,)
        In the narrowest integer types; 32 bits where a step needs more than 32 (large reward_bits).
    pre_trace, post_trace : ndarray, shape (n_pre,), (n_post,), int32

    Raises
    ------
    ConfigurationError, ShapeError
        If a weight or the pattern is not usable.

    Examples
    --------
    >>> synapses = OnlineO1Synapses([0, 2, 3], [0, 1, 1], 2, OnlineO1Config())
    >>> synapses.run([[1, 0], [0, 0]], [[0, 0], [0, 1]], [0, 100])
    >>> synapses.weight
    array([    0, 12793,     0], dtype=uint16)
    """

    def __init__(
        self,
        indptr: ArrayLike,
        indices: ArrayLike,
        n_post: int,
        config: OnlineO1Config,
        weight: ArrayLike = 0,
        rule: Rule = reward_modulated_stdp,
    ) -> None:
        self.config, self.rule = config, rule
        self.indptr, self.indices = (np.ascontiguousarray(a, np.int32) for a in (indptr, indices))
        n_pre, n_synapses = self.indptr.size - 1, self.indices.size
        self._check_pattern(n_post)
        given = np.asarray(weight)
        if given.dtype.kind not in "iu" or given.shape not in ((), (n_synapses,)):
            raise ShapeError(
                f"weight: must be integers of shape ({n_synapses},), got {given.dtype} {given.shape}"
            )
        if given.size and (given.min() < 0 or given.max() > config.max_weight):
            raise ConfigurationError("weight", f"must be from 0 to {config.max_weight}")
        self._wide = rule.graph.bits_for(config.parameters) > 32
        state = empty_state(rule, config.parameters, n_pre, n_post, n_synapses)
        types: dict[str, np.dtype[Any]] = {"pre_trace": np.dtype(np.int32), "post_trace": np.dtype(np.int32)}
        if self._wide:
            types |= {"weight": np.dtype(np.uint32), "eligibility": np.dtype(np.int32)}
        self._state: dict[str, NDArray[Any]] = {
            name: values.astype(types.get(name, values.dtype)) for name, values in state.items()
        }
        self._state["weight"][...] = given
        self._native: Any = None

    def _check_pattern(self, n_post: int) -> None:
        starts = np.diff(self.indptr)
        if self.indptr.size < 1 or self.indptr[0] != 0 or np.any(starts < 0):
            raise ShapeError("indptr: must begin with 0 and never fall")
        if self.indptr[-1] != self.indices.size:
            raise ShapeError(f"indices: indptr ends with {self.indptr[-1]}, got {self.indices.size} synapses")
        if self.indices.size and (self.indices.min() < 0 or self.indices.max() >= n_post):
            raise ShapeError(f"indices: must be from 0 to {n_post - 1}")

    @property
    def weight(self) -> NDArray[Any]:
        """Weights in CSR order; writable."""
        return self._state["weight"]

    @property
    def eligibility(self) -> NDArray[Any]:
        """Eligibilities in CSR order."""
        return self._state["eligibility"]

    @property
    def pre_trace(self) -> NDArray[Any]:
        """Traces of the presynaptic neurons."""
        return self._state["pre_trace"]

    @property
    def post_trace(self) -> NDArray[Any]:
        """Traces of the postsynaptic neurons."""
        return self._state["post_trace"]

    @property
    def state(self) -> dict[str, NDArray[Any]]:
        """All four by name."""
        return self._state

    def run(self, pre_spikes: ArrayLike, post_spikes: ArrayLike, rewards: ArrayLike) -> None:
        """Take steps, in C where the compiled kernels run; every number of threads gives the same bits.

        Parameters
        ----------
        pre_spikes, post_spikes : array_like, shape (n_steps, n_pre), (n_steps, n_post)
            0 or 1.
        rewards : array_like of integers, shape (n_steps,)
            Saturate to signed reward_bits.

        Raises
        ------
        ShapeError, TypeError
            If the shapes do not fit, or rewards are not integers.
        """
        pre, post, given = (np.asarray(each) for each in (pre_spikes, post_spikes, rewards))
        expected = ((given.size, self.pre_trace.size), (given.size, self.post_trace.size))
        if given.ndim != 1 or (pre.shape, post.shape) != expected:
            raise ShapeError(f"spikes: expected shapes {expected}, got {pre.shape} and {post.shape}")
        if given.size and given.dtype.kind not in "iu":
            raise TypeError(f"rewards: must be integers, got {given.dtype}")
        bounded = np.clip(given, self.config.min_reward, self.config.max_reward).astype(np.int32)
        if kernels.native():
            self._run_in_c(pre, post, bounded)
            return
        for pre_now, post_now, reward in zip(pre != 0, post != 0, bounded.tolist(), strict=True):
            inputs = {"pre_spike": pre_now, "post_spike": post_now, "reward": reward}
            step_synapses(self.rule, self.indptr, self.indices, self._state, inputs, self.config.parameters)

    def step(self, inputs: Mapping[str, Any]) -> None:
        """Take one step: ``pre_spike`` (n_pre,), ``post_spike`` (n_post,), ``reward``, an int."""
        self.run(inputs["pre_spike"][None], inputs["post_spike"][None], [inputs["reward"]])

    def _run_in_c(self, pre: NDArray[Any], post: NDArray[Any], reward: NDArray[np.int32]) -> None:
        from sc_native.online_o1 import OnlineO1Arrays

        if self._native is None:
            self._native = OnlineO1Arrays(
                self.rule.name, self.config.parameters, self._wide, self._pattern(), **self._state
            )
        spikes = [
            np.ascontiguousarray(s, np.uint8) if s.dtype != bool else s.view(np.uint8) for s in (pre, post)
        ]
        threads = kernels.thread_count(work=self.weight.size * reward.size)
        self._native.steps(*(np.ascontiguousarray(s) for s in spikes), reward, threads)

    def _pattern(self) -> dict[str, NDArray[np.int32]]:
        n_pre, n_post = self.pre_trace.size, self.post_trace.size
        synapses = np.argsort(self.indices, kind="stable").astype(np.int32)
        sources = np.repeat(np.arange(n_pre, dtype=np.int32), np.diff(self.indptr))[synapses]
        incoming = np.zeros(n_post + 1, np.int32)
        np.cumsum(np.bincount(self.indices, minlength=n_post), out=incoming[1:])
        names = ("indptr", "indices", "incoming", "synapses", "sources")
        arrays = (self.indptr, self.indices, incoming, synapses, sources)
        return dict(zip(names, arrays, strict=True))
