"""Over many seeds the layer is equal in distribution to a model in plain Python."""

import math
import random

import numpy as np
import pytest
from scipy import stats

from sc_core import LIF
from sc_plugin_ewc import SCLearningLayer

N_SEEDS, EPOCHS, LEVEL = 300, 2, 0.01
TAU = 8.0

# n_inputs, n_neurons, length, learning_rate, ltd_ratio, bounds, gain of one product: 1 fires at once, 0.3 collects.
CASES = {
    "documented neuron": (4, 2, 48, 0.05, 0.5, (0.0, 1.0), 1.0),
    "collects products": (6, 2, 48, 0.1, 1.5, (-1.0, 3.0), 0.3),
    "two words of lanes": (70, 1, 12, 0.2, 0.7, (0.0, 1.0), 0.05),
}


class PlainLayer:
    """Equations 1-5, one `random()` per bit; the neuron is Euler's, as documented: v += -v / tau + gain · current."""

    def __init__(self, weights, bounds, learning_rate, ltd_ratio, length, gain, tau, seed):
        self.weights = [list(row) for row in weights]
        self.low, self.high = bounds
        self.learning_rate, self.ltd_ratio, self.length = learning_rate, ltd_ratio, length
        self.gain, self.tau = gain, tau
        self.membranes = [0.0] * len(weights)
        self.random = random.Random(seed).random  # noqa: S311

    def run_epoch(self, values):
        spikes = [[0] * self.length for _ in self.weights]
        for t in range(self.length):
            bits = [self.random() < value for value in values]
            for i, row in enumerate(self.weights):
                spikes[i][t] = self.step(i, row, bits)
        return spikes

    def step(self, i, row, bits):
        current = 0
        for bit, w in zip(bits, row, strict=True):
            if bit and self.random() < (w - self.low) / (self.high - self.low):
                current += 1
        v = self.membranes[i] - self.membranes[i] / self.tau + self.gain * current
        spike = int(v >= 1)
        self.membranes[i] = 0.0 if spike else v
        for j, bit in enumerate(bits):
            if bit:
                self.learn(row, j, spike)
        return spike

    def learn(self, row, j, spike):
        change = self.learning_rate * (self.high - self.low)
        if spike and self.random() < self.learning_rate:
            row[j] = min(self.high, row[j] + change)
        elif not spike and self.random() < self.learning_rate * self.ltd_ratio:
            row[j] = max(self.low, row[j] - change)


def neuron(gain):
    """The neuron of ours whose step is Euler's of the plain model: alpha = 1 - 1/tau, (1 - alpha) r = gain."""
    margin = 1 + 1e-9  # so that rounding does not decide where one product is exactly the threshold
    return LIF(tau=-1 / math.log1p(-1 / TAU), r=TAU * gain * margin, reset="to_value")


def statistics(spikes, weights):
    """Numbers that depend on every part of the model: rates, order in time, neurons together, what was learned."""
    spikes, weights = np.asarray(spikes, float), np.asarray(weights)
    second_half = spikes[..., spikes.shape[-1] // 2 :].sum()
    return {
        "spikes": spikes.sum(),
        "spikes late": second_half,
        "spikes of neuron 0": spikes[:, 0].sum(),
        "pairs in time": (spikes[..., 1:] * spikes[..., :-1]).sum(),
        "coincidences": spikes.prod(axis=1).sum(),
        "first weight": weights[0, 0],
        "last weight": weights[-1, -1],
        "mean weight": weights.mean(),
        "spread of weights": weights.std(),
    }


@pytest.fixture(scope="module", params=CASES, ids=str)
def samples(request):
    """Statistics of both models, from the same initial weights, over all seeds."""
    n_inputs, n_neurons, length, learning_rate, ltd_ratio, bounds, gain = CASES[request.param]
    values = np.linspace(0.1, 1.0, n_inputs)
    start = np.random.default_rng(0).uniform(*bounds, (n_neurons, n_inputs)) * 0.4 + 0.2 * bounds[1]
    ours, plain = [], []
    for seed in range(N_SEEDS):
        layer = SCLearningLayer(
            n_inputs, n_neurons, *bounds, learning_rate, ltd_ratio, length, seed, neuron=neuron(gain)
        )
        for synapses, row in zip(layer.synapses, start, strict=True):
            for synapse, w in zip(synapses, row, strict=True):
                synapse.w = w
        model = PlainLayer(start, bounds, learning_rate, ltd_ratio, length, gain, TAU, seed)
        ours.append(statistics([layer.run_epoch(values) for _ in range(EPOCHS)], layer.get_weights()))
        plain.append(statistics([model.run_epoch(values) for _ in range(EPOCHS)], model.weights))
    return {name: ([s[name] for s in ours], [s[name] for s in plain]) for name in ours[0]}


def test_distributions_agree(samples):
    """Kolmogorov-Smirnov; with ties, as counts have, the test is stricter on us than its level says."""
    p = {name: stats.ks_2samp(*pair).pvalue for name, pair in samples.items()}
    assert min(p.values()) > LEVEL, p


def test_means_agree(samples):
    p = {name: stats.ttest_ind(*pair, equal_var=False).pvalue for name, pair in samples.items()}
    assert min(p.values()) > LEVEL, p


def test_the_statistics_vary(samples):
    """A number that is the same for every seed would compare nothing."""
    assert all(np.std(pair) > 0 for pair in samples.values())
