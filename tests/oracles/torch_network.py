"""The equations of specs/neurons.md on dense torch tensors, for its autograd to differentiate.

It shares no code with ours: it reads the parameters of populations and projections, and nothing else.
"""

import numpy as np
import torch

torch.set_num_threads(1)


def tensor(values):
    return torch.as_tensor(np.asarray(values, dtype=np.float64))


class Spike(torch.autograd.Function):
    """A step in the forward pass, or the spikes that were recorded elsewhere; a surrogate in the backward pass."""

    @staticmethod
    def forward(ctx, distance, recorded, surrogate):
        ctx.save_for_backward(distance)
        ctx.surrogate = surrogate
        return (distance >= 0).to(distance.dtype) if recorded is None else recorded

    @staticmethod
    def backward(ctx, gradient):
        (distance,) = ctx.saved_tensors
        name, slope, scale = ctx.surrogate
        m = slope * distance.abs()
        if name == "fast_sigmoid":
            height = scale / (1 + m) ** 2
        elif name == "arctan":
            height = scale / (1 + m**2)
        else:
            height = scale * torch.relu(1 - m)
        return gradient * height, None, None


class Parameters:
    """A neuron's parameters; those in `learned` are tensors that require a gradient."""

    def __init__(self, neuron, learned):
        self.neuron, self.learned = neuron, learned

    def __getattr__(self, name):
        return self.learned[name] if name in self.learned else tensor(getattr(self.neuron, name))


class Readout:
    def __init__(self, neuron, dt, learned):
        neuron = Parameters(neuron, learned)
        self.alpha = torch.exp(-dt / neuron.tau)
        self.leak, self.r = neuron.v_leak, neuron.r
        self.v = self.leak

    def step(self, x, recorded):
        self.v = self.alpha * self.v + (1 - self.alpha) * (self.leak + self.r * x)
        return self.v


class Spiking:
    """LIF, CubaLIF and ALIF: one membrane, with what comes before and after it."""

    def __init__(self, neuron, dt, surrogate, through_reset, learned):
        self.surrogate, self.through_reset = surrogate, through_reset
        self.kind, self.refractory_steps, self.reset = (
            type(neuron).__name__,
            neuron.refractory_steps,
            neuron.reset,
        )
        neuron = self.neuron = Parameters(neuron, learned)
        tau = neuron.tau_mem if self.kind == "CubaLIF" else neuron.tau
        self.alpha = torch.exp(-dt / tau)
        self.leak, self.r = neuron.v_leak, neuron.r
        self.theta, self.v_reset = neuron.v_threshold, neuron.v_reset
        self.v, self.i, self.a, self.rest = self.leak, 0.0, 0.0, 0.0
        if self.kind == "CubaLIF":
            self.alpha_syn = torch.exp(-dt / neuron.tau_syn)
        if self.kind == "ALIF":
            self.rho = torch.exp(-dt / neuron.tau_adaptation)

    def step(self, x, recorded):
        if self.kind == "CubaLIF":
            self.i = self.alpha_syn * self.i + self.neuron.w_in * x
            x = self.i
        u = self.alpha * self.v + (1 - self.alpha) * (self.leak + self.r * x)
        threshold = self.theta
        if self.kind == "ALIF":
            threshold = threshold + self.neuron.adaptation_strength * self.a
        # `rest` counts down the refractory steps.
        awake = torch.as_tensor(self.rest == 0).expand_as(u)
        z = torch.where(awake, Spike.apply(u - threshold, recorded, self.surrogate), 0.0)
        u = torch.where(awake, u, self.v)
        fired = z.detach() > 0
        self.rest = torch.where(fired, float(self.refractory_steps), torch.relu(tensor(self.rest) - 1))
        resetting = z if self.through_reset else z.detach()
        if self.reset == "subtract":
            self.v = u - resetting * (self.theta - self.v_reset)
        else:
            self.v = (1 - resetting) * u + resetting * self.v_reset
        if self.kind == "ALIF":
            self.a = self.rho * self.a + (1 - self.rho) * z
        return z


class Passing:
    def step(self, x, recorded):
        return x


def _model(population, dt, surrogate, through_reset, values):
    learned = {name: value for (place, name), value in values.items() if place == population.name}
    kind = type(population.neuron).__name__
    if kind == "Input":
        return Passing()
    if kind == "LI":
        return Readout(population.neuron, dt, learned)
    return Spiking(population.neuron, dt, surrogate, through_reset, learned)


def _step_order(network):
    """Every population after those whose spikes reach it in the same step."""
    order, waiting = [], list(network.populations)
    while waiting:
        ready = next(
            population
            for population in waiting
            if not any(
                p.target is population and p.delay == 0 and p.source in waiting for p in network.projections
            )
        )
        order.append(ready)
        waiting.remove(ready)
    return order


def arriving(projection, z, w):
    """What a projection delivers of its source's output."""
    return z @ w


class Session:
    """A network that runs on from window to window; the state counts as constant once `detach` was called."""

    def __init__(self, network, surrogate, through_reset, values=None, deliver=arriving):
        self.network, self.order, self.deliver = network, _step_order(network), deliver
        self.models = {
            p.name: _model(p, network.dt, surrogate, through_reset, values or {}) for p in self.order
        }
        self.outputs = {p.name: [] for p in self.order}

    def run(self, weights, inputs, recorded=None):
        """Return every population's output in these steps, by name, shape (n_steps, batch, n)."""
        inputs = tensor(inputs)
        begin, batch = len(self.outputs[self.order[0].name]), inputs.shape[1]
        for t, current in enumerate(inputs, start=begin):
            for population in self.order:
                x = torch.zeros(batch, population.n, dtype=torch.float64)
                if population is self.network.input_population:
                    x = current
                for projection, w in zip(self.network.projections, weights, strict=True):
                    if projection.target is population and t >= projection.delay:
                        z = self.outputs[projection.source.name][t - projection.delay]
                        x = x + self.deliver(projection, z, w)
                spikes = (
                    tensor(recorded[population.name][t])
                    if recorded is not None and population.spiking
                    else None
                )
                self.outputs[population.name].append(self.models[population.name].step(x, spikes))
        return {name: torch.stack(steps[begin:]) for name, steps in self.outputs.items()}

    def detach(self):
        """Cut the gradient's way into the past: neurons' states, and spikes that are under way."""
        for model in self.models.values():
            for name, value in vars(model).items():
                if name in ("v", "i", "a") and torch.is_tensor(value):
                    setattr(model, name, value.detach())
        self.outputs = {name: [step.detach() for step in steps] for name, steps in self.outputs.items()}


def run(network, weights, inputs, surrogate, through_reset, recorded=None, values=None, deliver=arriving):
    """Return every population's output by name, shape (n_steps, batch, n).

    `weights` are dense float64 tensors (source.n, target.n), one per projection. `surrogate` is its name, slope and
    scale. With `recorded`, arrays by population, its spikes are taken instead of the membranes' own.
    `values`, tensors by (population, parameter), replace those of the neurons. `deliver` may let less of the
    gradient through.
    """
    return Session(network, surrogate, through_reset, values, deliver).run(weights, inputs, recorded)


def dense_weights(network):
    """Return the network's weights as dense float64 tensors that require a gradient."""
    return [tensor(projection.weights.toarray()).requires_grad_() for projection in network.projections]


def at_synapses(network, dense):
    """Return, for each projection, the entries of a dense matrix at its synapses, in the order of its `data`."""
    rows = [np.repeat(np.arange(p.source.n), np.diff(p.indptr)) for p in network.projections]
    return [
        matrix.detach().numpy()[row, projection.indices]
        for projection, row, matrix in zip(network.projections, rows, dense, strict=True)
    ]
