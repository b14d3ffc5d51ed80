"""One epoch of the stochastic-computing layer in NumPy (specs/stochastic-layer.md); the C kernel agrees with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sc_core.model import Population

Words = NDArray[np.uint64]

DIGITS = 64
_BLOCKS_PER_STEP = DIGITS // 4  # Philox makes four words at a time
_INPUT_BITS, _WEIGHT_BITS, _CHANGES = range(3)


def pack(bits: NDArray[np.bool_]) -> Words:
    """Return bits (..., n) as words (..., ceil(n / 64)): bit l of word m is number 64 m + l."""
    words = -(-bits.shape[-1] // 64)
    padded = np.zeros((*bits.shape[:-1], words * 64), np.uint64)
    padded[..., : bits.shape[-1]] = bits
    lanes = padded.reshape(*bits.shape[:-1], words, 64) << np.arange(64, dtype=np.uint64)
    return np.asarray(np.bitwise_or.reduce(lanes, axis=-1))


def unpack(words: Words, n: int) -> NDArray[np.bool_]:
    """Return the first n bits (..., n) of words (..., ceil(n / 64))."""
    number = np.arange(n)
    return (words[..., number // 64] >> (number % 64).astype(np.uint64) & np.uint64(1)).astype(bool)


def fixed_point(probability: NDArray[np.float64]) -> Words:
    """Return floor(2^64 p), and the largest number for p = 1."""
    certain = probability >= 1
    scaled = (np.where(certain, 0.0, probability) * 2.0**64).astype(np.uint64)
    return np.where(certain, np.uint64(2**64 - 1), scaled)


def digits_of(probability: NDArray[np.float64]) -> Words:
    """Return the binary digits of probabilities (..., n), packed: (..., words, 64), the first digit first."""
    shifts = np.arange(DIGITS - 1, -1, -1, dtype=np.uint64)
    digits = fixed_point(probability)[..., np.newaxis, :] >> shifts[:, np.newaxis] & np.uint64(1)
    return np.moveaxis(pack(digits.astype(bool)), -2, -1)


class _Stream:
    """Random words for rows of lanes, 64 for each step: those of numpy's own Philox."""

    def __init__(self, key: Words, epoch: int, rows: int, stream: int) -> None:
        # numpy counts up before it draws, so that the first block is number 1.
        self._rows = [
            np.random.Philox(key=key, counter=np.array([0, epoch, row, stream], np.uint64))
            for row in range(rows)
        ]

    def step(self) -> Words:
        """Return the words of the next step, (rows, 64)."""
        return np.array([row.random_raw(DIGITS) for row in self._rows], np.uint64)


def _bernoulli(random: Words, digits: Words, active: Words) -> Words:
    """Return for each active lane whether its random number is below its probability.

    `random` and `digits` (..., 64), `active` (...).
    """
    below, undecided = np.zeros_like(active), active.copy()
    for k in range(DIGITS):
        if not undecided.any():
            break
        r, p = random[..., k], digits[..., k]
        below |= undecided & ~r & p
        undecided &= ~(r ^ p)
    return below


def stochastic_epoch(
    settings: Mapping[str, float], arrays: Mapping[str, NDArray[Any]], population: Population
) -> None:
    """Run one epoch: the arguments of `sc_native.bitstreams.stochastic_epoch`, and the neurons themselves."""
    spikes, weight, input_bits = arrays["spikes"], arrays["weight"], arrays["input_bits"]
    (n_neurons, length), n_inputs = spikes.shape, weight.shape[1]
    words = input_bits.shape[1]
    w_min, w_max = settings["w_min"], settings["w_max"]
    key, epoch = arrays["key"], int(settings["epoch"])
    everyone = pack(np.ones(n_inputs, bool))
    inputs = _Stream(key, epoch, words, _INPUT_BITS)
    weights, changes = (_Stream(key, epoch, n_neurons * words, stream) for stream in (_WEIGHT_BITS, _CHANGES))
    input_digits = digits_of(arrays["value"])
    digits = digits_of((weight - w_min) / (w_max - w_min))
    depression, potentiation = (
        digits_of(np.full(64, settings[name]))[0] for name in ("depression", "potentiation")
    )
    lanes = (n_neurons, words, DIGITS)
    for t in range(length):
        active = input_bits[t] = _bernoulli(inputs.step(), input_digits, everyone)
        presynaptic = np.broadcast_to(active, (n_neurons, words))
        products = _bernoulli(weights.step().reshape(lanes), digits, presynaptic)
        fired = population.step_all(np.bitwise_count(products).sum(axis=1).astype(float)).astype(bool)
        spikes[:, t] = fired
        likely = np.where(fired[:, np.newaxis, np.newaxis], potentiation, depression)
        changed = unpack(_bernoulli(changes.step().reshape(lanes), likely, presynaptic), n_inputs)
        direction = np.where(fired, settings["change"], -settings["change"])[:, np.newaxis]
        weight[...] = np.where(changed, np.clip(weight + direction, w_min, w_max), weight)
        rows = changed.any(axis=1)
        digits[rows] = digits_of((weight[rows] - w_min) / (w_max - w_min))
