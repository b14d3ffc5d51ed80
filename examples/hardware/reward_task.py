"""Learning on chip: `online-o1` finds by reward which action each of four cues asks for, in the RTL as in the model.

python examples/hardware/reward_task.py docs/gallery     # writes hardware_reward_task.json and .png

A trial shows a cue: its eight neurons spike one after the other, and random spikes at 16 others shake the four
actions. The action that spikes first silences the others. A reward follows if it is the cue's own and alone, else a
small punishment. The integer model plays all trials first; then the engine, simulated by Verilator, gets the same
spikes and rewards. Every action must be the model's, and after each trial the host port must read every weight and
every eligibility as the model has them.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sc_hardware.integer_network import (
    IntegerInput,
    IntegerLIF,
    IntegerNetwork,
    IntegerPopulation,
    IntegerProjection,
    IntegerSimulation,
)
from sc_hardware.projection_engine import HardwareDesign
from sc_hardware.projection_engine.cycles import step_bound
from sc_hardware.projection_engine.memories import synapse_fields, word
from sc_hardware.projection_engine.operations import Operation
from sc_hardware.verification.simulate_engine import simulate_engine
from sc_plugin_online_o1.rules import reward_modulated_stdp

CUES, NEURONS, SHAKERS = 4, 8, 16
INPUTS = CUES * NEURONS + SHAKERS
SHOWN, REST = NEURONS + 1, 16
"""Steps of a trial: until the action has been seen, and afterwards."""
REWARD, PUNISHMENT = 127, -24
RULE = {"weight_bits": 16, "trace_bits": 12, "reward_bits": 8, "learning_shift": 6, "trace_decay_shift": 3}


# %% Three projections: cues to actions learn, the others are frozen


def build(rng: np.random.Generator) -> IntegerNetwork:
    """Return the network."""
    actions = IntegerLIF(
        decay_multiplier=1,
        decay_shift=4,
        threshold=27000,
        reset="to_value",
        reset_value=0,
        refractory_steps=20,
        membrane_bits=20,
        current_bits=20,
    )
    learned, shaken = np.zeros((2, INPUTS, CUES), int)
    learned[: CUES * NEURONS] = rng.integers(5400, 6600, (CUES * NEURONS, CUES))
    shaken[CUES * NEURONS :] = rng.integers(-300, 300, (SHAKERS, CUES))
    return IntegerNetwork(
        [IntegerPopulation("cues", INPUTS, IntegerInput()), IntegerPopulation("actions", CUES, actions)],
        [
            IntegerProjection(
                source="cues",
                target="actions",
                weights=learned,
                rule=reward_modulated_stdp,
                parameters=RULE,
                name="learns",
            ),
            IntegerProjection(source="cues", target="actions", weights=shaken, weight_bits=12, name="shakes"),
            IntegerProjection(
                source="actions",
                target="actions",
                weights=-27000 * (1 - np.eye(CUES, dtype=int)),
                weight_bits=16,
                delay=1,
                name="silences",
            ),
        ],
    )


# %% A trial in the model; what the engine must do is written down on the way


def trial(
    design: HardwareDesign, simulation: IntegerSimulation, rng: np.random.Generator
) -> tuple[bool, list[Operation]]:
    """Play a trial; return whether it was rewarded, and the engine's part."""
    cue = int(rng.integers(CUES))
    spikes = np.zeros((SHOWN + REST, INPUTS), np.uint8)
    spikes[np.arange(NEURONS), cue * NEURONS + np.arange(NEURONS)] = 1
    spikes[:NEURONS, CUES * NEURONS :] = rng.random((NEURONS, SHAKERS)) < 0.5
    first = simulation.run(spikes[:SHOWN], np.zeros(SHOWN, int))["actions"]
    right = bool(first[:, cue].sum()) and first.sum() == 1
    rewards = np.zeros(SHOWN + REST, int)
    rewards[SHOWN] = REWARD if right else PUNISHMENT
    rest = simulation.run(spikes[SHOWN:], rewards[SHOWN:])["actions"]
    operations = _steps(design, spikes, np.concatenate([first, rest]), rewards)
    return right, operations + _state(design, simulation)


def _steps(
    design: HardwareDesign, spikes: NDArray[np.uint8], actions: NDArray[np.uint8], rewards: NDArray[np.int64]
) -> list[Operation]:
    """Return the steps of a trial, and a flush, so that the memories hold what the model holds."""
    bound = step_bound(design.layout)
    first_address = design.layout.population("actions").first
    operations = []
    for t, row in enumerate(spikes):
        operations += [Operation("spike", int(neuron)) for neuron in np.flatnonzero(row)]
        operations.append(Operation("step", 0, int(rewards[t - 1]) if t else 0))
        operations += [Operation("expect_spike", first_address + int(n)) for n in np.flatnonzero(actions[t])]
        operations.append(Operation("expect_done", 0, bound))
    return [*operations, Operation("flush", 0, int(rewards[-1])), Operation("expect_done", 0, bound)]


def _state(design: HardwareDesign, simulation: IntegerSimulation) -> list[Operation]:
    """Return the reads of every weight and eligibility that learns."""
    (learned,) = design.layout.learning
    fields = synapse_fields(learned)
    state = simulation.synapses["learns"].state
    operations = []
    for k in range(learned.n_synapses):
        place = learned.synapse_base + k
        weight = int(state["weight"][k]) & ((1 << design.memory("weights").bits) - 1)
        others = word(fields, {field.name: int(state[field.name][k]) for field in fields})
        operations.append(Operation("expect_word", design.host_address("weights", place), weight))
        operations.append(Operation("expect_word", design.host_address("synapse_state", place), others))
    return operations


# %% All trials, then the engine


def main(folder: Path, n_trials: int = 240) -> None:
    """Write ``hardware_reward_task.json`` and its picture into a folder."""
    rng = np.random.default_rng(0)
    design = HardwareDesign.from_network(build(rng), "reward_task")
    simulation = IntegerSimulation(design.layout.network)
    right, operations = [], []
    for _ in range(n_trials):
        rewarded, played = trial(design, simulation, rng)
        right.append(rewarded)
        operations += played
    operations.append(Operation("end"))
    with tempfile.TemporaryDirectory() as place:
        done = simulate_engine("verilator", design, operations, Path(place))
    result = {
        "trials": n_trials,
        "steps": n_trials * (SHOWN + REST),
        "rewarded_percent_of_each_40_trials": [
            round(100 * float(np.mean(part)), 1) for part in _parts(right)
        ],
        "operations": done,
        "weights_and_eligibilities_compared": sum(
            operation.kind == "expect_word" for operation in operations
        ),
        "spikes_compared": sum(operation.kind == "expect_spike" for operation in operations),
        "mismatches": 0,
        "simulator": "verilator",
        "hardware_measurement_claimed": False,
    }
    (folder / "hardware_reward_task.json").write_text(json.dumps(result, indent=1) + "\n")
    draw(right, simulation, folder / "hardware_reward_task.png")


def _parts(right: list[bool]) -> list[list[bool]]:
    return [right[begin : begin + 40] for begin in range(0, len(right), 40)]


def draw(right: list[bool], simulation: IntegerSimulation, path: Path) -> None:
    """Draw the share of rewarded trials, and the weights at the end."""
    import matplotlib.pyplot as plt

    figure, (curve, weights) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    share = np.convolve(right, np.ones(20) / 20, mode="valid")
    curve.plot(np.arange(20, len(right) + 1), 100 * share)
    curve.axhline(25, color="grey", linewidth=0.8, linestyle="--")
    curve.set(xlabel="trial", ylabel="rewarded, % of the last 20", ylim=(0, 103))
    learned = np.asarray(simulation.weights_of("learns")).reshape(CUES * NEURONS, CUES)
    shown = weights.imshow(learned, aspect="auto", cmap="viridis")
    weights.set(xlabel="action", ylabel="cue neuron (8 for each cue)", xticks=range(CUES))
    figure.colorbar(shown, label="weight")
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:3]))
