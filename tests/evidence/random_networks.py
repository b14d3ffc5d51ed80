"""Random networks in whole numbers for engines: every kind of neuron, rule, delay, row and activity."""

from __future__ import annotations

import scipy.sparse

from sc_hardware.example_rules import pair_stdp
from sc_hardware.integer_network import (
    IntegerInput,
    IntegerLI,
    IntegerLIF,
    IntegerNetwork,
    IntegerPopulation,
    IntegerProjection,
)
from sc_hardware.rules import (
    Bit,
    Postsynaptic,
    Presynaptic,
    Signed,
    Unsigned,
    rule,
    saturate,
    select,
)
from sc_plugin_online_o1.rules import fading_reward_modulated_stdp, reward_modulated_stdp


@rule(
    state={
        "weight": Signed(7),
        "tagged": Bit,
        "latest": Presynaptic(Bit),
        "rate": Postsynaptic(Signed(5)),
        "age": Unsigned(3),
    },
    inputs={"pre_spike": Presynaptic(Bit), "post_spike": Postsynaptic(Bit), "reward": Unsigned(3)},
)
def tagging(state, inputs, params):
    """Bits, signs and several fields at every place: what memory words must keep apart."""
    tagged = (state.tagged | inputs.post_spike) & ~(state.latest & inputs.pre_spike)
    change = select(tagged, inputs.reward - state.age, state.rate)
    rate = saturate(state.rate + select(inputs.post_spike, 3, -1), Signed(5))
    age = saturate(select(inputs.pre_spike, 0, state.age + 1), Unsigned(3))
    return state.replace(
        weight=saturate(state.weight + change, Signed(7)),
        tagged=tagged,
        latest=inputs.pre_spike | (state.latest & ~inputs.pre_spike),
        rate=rate,
        age=age,
    )


@rule(state={"weight": Unsigned(6)}, inputs={"pre_spike": Presynaptic(Bit), "reward": Signed(4)})
def rewarded_arrival(state, inputs, params):
    """Nothing at the neurons: add the reward to the weights of arriving spikes."""
    moved = state.weight + select(inputs.pre_spike, inputs.reward, 0)
    return state.replace(weight=saturate(moved, Unsigned(6)))


@rule(state={"weight": Unsigned(5)}, inputs={})
def forgetting(state, inputs, params):
    """Needs no spikes at all; a step too many or too few shows."""
    return state.replace(weight=saturate(state.weight - 1, Unsigned(5)))


RULES = (
    pair_stdp,
    reward_modulated_stdp,
    fading_reward_modulated_stdp,
    tagging,
    rewarded_arrival,
    forgetting,
)
SMALL = {
    "weight_bits": 8,
    "trace_bits": 6,
    "trace_decay_shift": 2,
    "amplitude": 40,
    "reward_bits": 4,
    "learning_shift": 3,
}


def random_weights(rng, shape, low, high, density):
    """Return CSR weights with empty rows and full rows among the others."""
    filled = rng.random(shape) < density
    kinds = rng.integers(0, 6, shape[0])
    filled[kinds == 0] = False
    filled[kinds == 1] = True
    return scipy.sparse.csr_array(rng.integers(low, high, shape, endpoint=True) * filled)


def _neuron(rng, spikes):
    shift = int(rng.integers(0, 9))
    options = {
        "decay_shift": shift,
        "decay_multiplier": int(rng.integers(0, (1 << shift) + 1)),
        "membrane_bits": int(rng.choice([6, 10, 16, 24])),
        "current_bits": int(rng.choice([5, 9, 16])),
    }
    if not spikes:
        return IntegerLI(**options)
    highest = (1 << options["membrane_bits"] - 1) - 1
    threshold = int(rng.integers(1, min(highest, 400) + 1))
    return IntegerLIF(
        **options,
        threshold=threshold,
        reset=str(rng.choice(["subtract", "to_value"])),
        reset_value=int(rng.integers(max(-highest, -200), threshold)),
        refractory_steps=int(rng.choice([0, 0, 1, 5])),
    )


def _learning(rng):
    chosen = RULES[rng.integers(len(RULES))]
    parameters = {name: value for name, value in SMALL.items() if name in chosen.parameters}
    if parameters and rng.random() < 0.5:
        parameters["trace_bits"] = int(rng.integers(3, 12))
    return chosen, parameters


def random_network(rng, *, largest=12, learning=0.5, n_hidden=3):
    """Return a network and the reward's range that all its rules take.

    Parameters
    ----------
    rng : numpy.random.Generator
    largest : int
        Neurons of a population, at most.
    learning : float
        The share of projections that learn.
    n_hidden : int
        Populations but the input, at most.
    """
    sizes = [int(n) for n in rng.integers(1, largest + 1, 1 + rng.integers(1, n_hidden + 1))]
    names = [f"population{k}" for k in range(len(sizes))]
    populations = [IntegerPopulation(names[0], sizes[0], IntegerInput())]
    for k in range(1, len(sizes)):
        spikes = k < len(sizes) - 1 or rng.random() < 0.6
        populations.append(IntegerPopulation(names[k], sizes[k], _neuron(rng, spikes)))
    projections = []
    for target in range(1, len(sizes)):
        for source in range(len(sizes)):
            if not populations[source].neuron.spiking or (source != target - 1 and rng.random() < 0.5):
                continue
            late = source >= target or rng.random() < 0.3
            projections += _projections(rng, populations[source], populations[target], late, learning)
    spiking = [p.name for p in populations if p.neuron.spiking]
    network = IntegerNetwork(populations, projections, outputs=names[-1])
    return network, [name for name in spiking if rng.random() < 0.8]


def _projections(rng, source, target, late, learning):
    for copy in range(1 + (rng.random() < 0.2)):
        shape, density = (source.n, target.n), rng.choice([0.05, 0.4, 1.0])
        options = {
            "source": source.name,
            "target": target.name,
            "delay": int(rng.choice([1, 1, 2, 5])) if late else 0,
            "name": f"{source.name}->{target.name} {copy}",
        }
        if rng.random() < learning:
            chosen, parameters = _learning(rng)
            weight = next(field.type for field in chosen.state if field.name == "weight")
            low, high = weight.range({**chosen.graph.defaults, **parameters})
            weights = random_weights(rng, shape, low, min(high, 255), density)
            yield IntegerProjection(weights=weights, rule=chosen, parameters=parameters, **options)
        else:
            bits = int(rng.integers(2, 13))
            weights = random_weights(rng, shape, -(1 << bits - 1), (1 << bits - 1) - 1, density)
            yield IntegerProjection(weights=weights, weight_bits=bits, **options)


def rewards_for(network, rng, n_steps):
    """Return rewards that every rule of a network takes."""
    low, high = -1000, 1000
    for projection in network.projections.values():
        for field in projection.rule.inputs if projection.rule else ():
            if field.name == "reward":
                smallest, greatest = field.type.range(projection.parameters)
                low, high = max(low, smallest), min(high, greatest)
    return rng.integers(low, high + 1, n_steps)


def large_network(rng, n_inputs, n_hidden, density):
    """Return a network with one learning projection and a frozen loop, whose activity lasts."""
    neuron = IntegerLIF(
        decay_multiplier=1,
        decay_shift=3,
        threshold=2000,
        refractory_steps=2,
        membrane_bits=20,
        current_bits=18,
    )
    parameters = SMALL | {"trace_bits": 8, "reward_bits": 6, "learning_shift": 6}
    del parameters["amplitude"]
    return IntegerNetwork(
        [
            IntegerPopulation("source", n_inputs, IntegerInput()),
            IntegerPopulation("hidden", n_hidden, neuron),
        ],
        [
            IntegerProjection(
                source="source",
                target="hidden",
                weights=random_weights(rng, (n_inputs, n_hidden), 0, 255, density),
                rule=fading_reward_modulated_stdp,
                parameters=parameters,
            ),
            IntegerProjection(
                source="hidden",
                target="hidden",
                weights=random_weights(rng, (n_hidden, n_hidden), -128, 60, density),
                delay=3,
            ),
        ],
    )
