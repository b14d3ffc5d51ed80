"""The equations of specs/neurons.md on dense arrays, for HIPS autograd to differentiate; shares no code with ours."""

import autograd.numpy as anp
import numpy as np
from autograd.extend import defvjp, primitive


@primitive
def detached(x):
    return np.array(x)


defvjp(detached, lambda answer, x: lambda g: 0.0 * g)


def spike_function(name, slope, scale):
    """A Heaviside step whose derivative is the surrogate."""
    surrogates = {
        "fast_sigmoid": lambda x: scale / (1 + slope * anp.abs(x)) ** 2,
        "arctan": lambda x: scale / (1 + (slope * x) ** 2),
        "triangle": lambda x: scale * anp.maximum(1 - slope * anp.abs(x), 0.0),
    }

    @primitive
    def spike(x):
        return (x >= 0).astype(float)

    defvjp(spike, lambda answer, x: lambda g: g * surrogates[name](x))
    return spike


def decay(tau, n):
    return anp.exp(-1.0 / tau) * np.ones(n)


class Parameters:
    """The numbers of a neuron model; those in `values`, by population and name, replace its own."""

    def __init__(self, population, values):
        self.population, self.values = population, values

    def __getattr__(self, name):
        if (self.population.name, name) in self.values:
            return self.values[self.population.name, name]
        return np.asarray(getattr(self.population.neuron, name), dtype=float)


def run(network, weights, inputs, spike, through_reset, detach_every=None, values=lambda t: {}):
    """Outputs of every population, as lists over the steps.

    `weights` are dense matrices, one per projection, or a function of the step that returns them; `values` of a
    step are parameters of neurons, arrays by population and name, instead of their own. Every `detach_every` steps
    a window begins, which no gradient leaves towards the past.
    """
    window = detach_every or len(inputs)
    batch = inputs.shape[1]
    order = []
    while len(order) < len(network.populations):  # a topological order of our own
        for population in network.populations:
            waiting = [p for p in network.projections if p.target is population and p.delay == 0]
            if population not in order and all(p.source in order for p in waiting):
                order.append(population)
    state = {
        p: {"v": np.zeros((batch, p.n)) + getattr(p.neuron, "v_leak", 0.0), "i": 0.0, "a": 0.0} for p in order
    }
    last_spike = {p: np.full((batch, p.n), -(10**6)) for p in order}
    output = {p: [] for p in order}
    for t in range(len(inputs)):
        if t > 0 and t % window == 0:
            for s in state.values():
                s.update({name: detached(value) for name, value in s.items()})
        weights_now = weights(t) if callable(weights) else weights
        for p in order:
            x = anp.array(inputs[t]) if p is network.populations[0] else 0.0
            for projection, w in zip(network.projections, weights_now, strict=True):
                if projection.target is p and t >= projection.delay:
                    sent = t - projection.delay
                    arriving = output[projection.source][sent]
                    x = x + anp.dot(arriving if sent // window == t // window else detached(arriving), w)
            kind, neuron, s = type(p.neuron).__name__, Parameters(p, values(t)), state[p]
            if kind == "Input":
                output[p].append(x)
                continue
            if kind == "CubaLIF":
                s["i"] = decay(neuron.tau_syn, p.n) * s["i"] + neuron.w_in * x
                x = s["i"]
            alpha = decay(neuron.tau_mem if kind == "CubaLIF" else neuron.tau, p.n)
            u = alpha * s["v"] + (1 - alpha) * (neuron.v_leak + neuron.r * x)
            if kind == "LI":
                s["v"] = u
                output[p].append(u)
                continue
            threshold = neuron.v_threshold
            reference = threshold + (neuron.adaptation_strength * s["a"] if kind == "ALIF" else 0.0)
            z = spike(u - reference)
            held = t - last_spike[p] <= p.neuron.refractory_steps
            u = anp.where(held, s["v"], u)
            z = anp.where(held, 0.0, z)
            fired = np.asarray(getattr(z, "_value", z))
            while hasattr(fired, "_value"):
                fired = fired._value
            last_spike[p] = np.where(fired > 0, t, last_spike[p])
            zr = z if through_reset else detached(z)
            if p.neuron.reset == "subtract":
                s["v"] = u - zr * (threshold - neuron.v_reset)
            else:
                s["v"] = u * (1 - zr) + zr * neuron.v_reset
            if kind == "ALIF":
                rho = decay(neuron.tau_adaptation, p.n)
                s["a"] = rho * s["a"] + (1 - rho) * z
            output[p].append(z)
    return {p.name: output[p] for p in order}
