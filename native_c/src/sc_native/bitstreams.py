"""A layer of stochastic computing on NumPy arrays: one epoch per call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sc_native._kernels import ffi, lib
from sc_native.buffers import Buffers, check

_DOUBLE, _WORD = np.dtype(np.float64), np.dtype(np.uint64)
_PER_NEURON = ("decay_membrane", "input_gain", "leak_drive", "threshold", "reset_value", "membrane")
_SETTINGS = (
    "w_min",
    "w_max",
    "change",
    "potentiation",
    "depression",
    "refractory_steps",
    "reset_to_value",
    "epoch",
)


def stochastic_epoch(
    settings: Mapping[str, float], arrays: Mapping[str, NDArray[Any] | None], n_threads: int
) -> None:
    """Run one epoch of a layer whose inputs and weights are bitstreams (csrc/bitstreams.cdef).

    Parameters
    ----------
    settings : mapping
        ``w_min``, ``w_max``, ``change`` (the size of a weight's change), ``potentiation`` and ``depression`` (their
        probabilities), ``refractory_steps``, ``reset_to_value``, ``epoch``.
    arrays : mapping
        ``value`` (n_inputs,); ``weight`` (n_neurons, n_inputs), changed; ``decay_membrane``, ``input_gain``,
        ``leak_drive``, ``threshold``, ``reset_value`` (n_neurons,); ``membrane`` (n_neurons,), changed;
        ``refractory`` (n_neurons,), int32, changed, where there is a refractory period; ``key`` (2,), uint64;
        ``input_bits`` (length, ceil(n_inputs / 64)), uint64, and ``spikes`` (n_neurons, length), uint8, written.
    n_threads : int
    """
    buffers = Buffers()
    spikes, weight = arrays["spikes"], arrays["weight"]
    assert spikes is not None and weight is not None  # noqa: S101, PT018  the sizes of all others follow
    (n_neurons, length), n_inputs = spikes.shape, weight.shape[1]
    words = -(-n_inputs // 64)
    layer = buffers.new("stochastic_layer[]", 1)[0]
    layer.n_inputs, layer.n_neurons, layer.length = n_inputs, n_neurons, length
    for name in _SETTINGS:
        setattr(layer, name, settings[name])
    sizes: dict[str, tuple[np.dtype[Any], int]] = {
        "value": (_DOUBLE, n_inputs),
        "weight": (_DOUBLE, n_neurons * n_inputs),
        **dict.fromkeys(_PER_NEURON, (_DOUBLE, n_neurons)),
        "refractory": (np.dtype(np.int32), n_neurons),
        "input_bits": (_WORD, length * words),
        "spikes": (np.dtype(np.uint8), n_neurons * length),
    }
    for name, (dtype, size) in sizes.items():
        setattr(layer, name, buffers.pointer(arrays.get(name), dtype, size, name))
    digits = np.empty((n_neurons + 1) * words * 64, _WORD)
    layer.digit = buffers.pointer(digits, _WORD, digits.size, "digit")
    key = buffers.pointer(arrays["key"], _WORD, 2, "key")
    ffi.memmove(layer.key, key, 16)
    check(lib.sc_stochastic_epoch(ffi.addressof(layer), n_threads), "sc_stochastic_epoch")


def philox(key: NDArray[np.uint64], counter: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the block of four words that Philox4x64-10 makes of a key (2,) and a counter (4,)."""
    buffers, block = Buffers(), np.empty(4, _WORD)
    lib.sc_philox(
        buffers.pointer(key, _WORD, 2, "key"),
        buffers.pointer(counter, _WORD, 4, "counter"),
        buffers.pointer(block, _WORD, 4, "block"),
    )
    return block
