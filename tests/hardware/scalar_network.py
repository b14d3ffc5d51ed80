"""A network in whole numbers in plain Python, neuron by neuron from the numbered equations: the tests' oracle."""

from __future__ import annotations

from fractions import Fraction
from math import floor


def limit(value: int, bits: int) -> int:
    """Saturate to a signed width."""
    return max(-(2 ** (bits - 1)), min(2 ** (bits - 1) - 1, value))


def nearest(value: Fraction) -> int:
    """Round to the nearest integer, ties up."""
    return floor(value + Fraction(1, 2))


class ScalarNetwork:
    """Steps one sequence; takes an IntegerNetwork apart into dictionaries first.

    ``advance(spikes)`` takes the numbers of the input neurons that spike and returns, for every population, the
    numbers of those that do, or the membranes of an LI.
    """

    def __init__(self, network):
        self.network = network
        self.synapses = {
            p.name: [(i, int(j), int(w)) for i in range(p.weights.shape[0])
                     for j, w in zip(*(p.weights[[i]].indices, p.weights[[i]].data), strict=True)]
            for p in network.projections.values()
        }  # fmt: skip
        self.membrane = {p.name: [0] * p.n for p in network.populations.values()}
        self.waiting = {p.name: [0] * p.n for p in network.populations.values()}
        self.past = []

    def advance(self, spikes):
        now = {self.network.inputs: set(spikes)}
        self.past.append(now)
        for name in self.network.order:
            if name != self.network.inputs:
                now[name] = self._neurons(self.network.populations[name], self._sums(name))
        return now

    def _sums(self, name):
        sums = [0] * self.network.populations[name].n
        for projection in self.network.projections.values():
            if projection.target == name and projection.delay < len(self.past):
                arriving = self.past[-1 - projection.delay][projection.source]
                for i, j, weight in self.synapses[projection.name]:
                    if i in arriving:
                        sums[j] += weight
        return sums

    def _neurons(self, population, sums):
        neuron, membrane = population.neuron, self.membrane[population.name]
        waiting, fired = self.waiting[population.name], set()
        for j, total in enumerate(sums):
            if waiting[j]:
                waiting[j] -= 1
                continue
            leak = nearest(Fraction(membrane[j] * neuron.decay_multiplier, 2**neuron.decay_shift))
            if neuron.decay_shift == 0:
                leak = membrane[j] * neuron.decay_multiplier
            membrane[j] = limit(membrane[j] - leak + limit(total, neuron.current_bits), neuron.membrane_bits)
            if neuron.spiking and membrane[j] >= neuron.threshold:
                fired.add(j)
                waiting[j] = neuron.refractory_steps
                if neuron.reset == "subtract":
                    lowered = membrane[j] - (neuron.threshold - neuron.reset_value)
                    membrane[j] = limit(lowered, neuron.membrane_bits)
                else:
                    membrane[j] = neuron.reset_value
        return fired if neuron.spiking else list(membrane)
