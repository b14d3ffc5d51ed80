"""Reward-modulated STDP in whole numbers at the synapses of a projection (csrc/online_o1.cdef)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sc_native import _kernels
from sc_native.buffers import Buffers, check

lanes = _kernels
"""The extension, whose ``<rule>_run`` takes steps of independent lanes."""

RULES = ("reward_modulated_stdp", "fading_reward_modulated_stdp")
_INT32, _BYTE = np.dtype(np.int32), np.dtype(np.uint8)


class OnlineO1Arrays:
    """The state of a projection's synapses and neurons, checked once and held for many calls.

    Parameters
    ----------
    rule : str
        One of `RULES`.
    parameters : mapping of str to int
        ``weight_bits``, ``trace_bits``, ``learning_shift``, ``trace_decay_shift``.
    wide : bool
        Whether a step needs more than 32 bits.
    pattern : mapping of str to ndarray, int32
        ``indptr`` and ``indices``, CSR, rows = presynaptic; and the same by postsynaptic neuron: ``incoming``, where
        each one's synapses begin, ``synapses``, their numbers, ``sources``, their presynaptic neurons.
    weight : ndarray, shape (n_synapses,), uint8, uint16 or uint32
        Changed in place; uint32 if wide.
    eligibility : ndarray, shape (n_synapses,), int8, int16 or int32
        Changed in place; int32 if wide.
    pre_trace, post_trace : ndarray, shape (n_pre,), (n_post,), int32
        Changed in place.
    """

    def __init__(
        self,
        rule: str,
        parameters: Mapping[str, int],
        wide: bool,
        pattern: Mapping[str, NDArray[np.int32]],
        weight: NDArray[Any],
        eligibility: NDArray[Any],
        pre_trace: NDArray[np.int32],
        post_trace: NDArray[np.int32],
    ) -> None:
        if weight.dtype.kind != "u" or eligibility.dtype.kind != "i" or weight.size != eligibility.size:
            raise TypeError(
                f"weight must be unsigned and eligibility signed, of one size, got {weight.dtype} "
                f"({weight.size}) and {eligibility.dtype} ({eligibility.size})"
            )
        self._buffers = Buffers()
        self._struct = self._buffers.new("online_o1[]", 1)
        struct, n = self._struct[0], weight.size
        self.n_pre, self.n_post = pre_trace.size, post_trace.size
        struct.rule, struct.wide = RULES.index(rule), wide
        for name in ("weight_bits", "trace_bits", "learning_shift", "trace_decay_shift"):
            setattr(struct, name, parameters[name])
        struct.weight_bytes, struct.eligibility_bytes = weight.itemsize, eligibility.itemsize
        struct.n_pre, struct.n_post, struct.n_synapses = self.n_pre, self.n_post, n
        sizes = {
            "indptr": self.n_pre + 1,
            "indices": n,
            "incoming": self.n_post + 1,
            "synapses": n,
            "sources": n,
        }
        for name, size in sizes.items():
            setattr(struct, name, self._buffers.pointer(pattern[name], _INT32, size, name))
        struct.pre_trace = self._buffers.pointer(pre_trace, _INT32, self.n_pre, "pre_trace")
        struct.post_trace = self._buffers.pointer(post_trace, _INT32, self.n_post, "post_trace")
        struct.weight = self._buffers.pointer(weight, weight.dtype, n, "weight")
        struct.eligibility = self._buffers.pointer(eligibility, eligibility.dtype, n, "eligibility")

    def steps(
        self, pre: NDArray[np.uint8], post: NDArray[np.uint8], reward: NDArray[np.int32], n_threads: int
    ) -> None:
        """Take steps.

        Parameters
        ----------
        pre, post : ndarray, shape (n_steps, n_pre), (n_steps, n_post), uint8
            Spikes, 0 or 1.
        reward : ndarray, shape (n_steps,), int32
        n_threads : int
        """
        buffers, n_steps = Buffers(), reward.size
        pointers = (
            buffers.pointer(pre, _BYTE, n_steps * self.n_pre, "pre"),
            buffers.pointer(post, _BYTE, n_steps * self.n_post, "post"),
            buffers.pointer(reward, _INT32, n_steps, "reward"),
        )
        code = _kernels.lib.sc_online_o1_steps(self._struct, n_steps, *pointers, n_threads)
        check(code, "sc_online_o1_steps")
