"""What a testbench does to an engine and expects of it, by the integer model; and its file, for all testbenches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from sc_hardware.integer_network import IntegerSimulation
from sc_hardware.projection_engine.cycles import step_bound
from sc_hardware.projection_engine.design import HardwareDesign
from sc_hardware.projection_engine.memories import WordField, column_fields, row_fields, synapse_fields, word

KINDS = ("end", "spike", "step", "expect_spike", "expect_done", "write", "expect_word", "flush", "clear")


@attrs.frozen
class Operation:
    """One thing that a testbench does.

    Attributes
    ----------
    kind : str
        One of `KINDS`. ``spike``: one comes in at `address`, while the engine is idle. ``step``: start one, with
        the reward `data`, frozen if `address` is 1. ``expect_spike``: the next spike that leaves has `address`.
        ``expect_done``: no more spikes, and done after at most `data` clocks, without those in which the receiver
        was not ready. ``write``, ``expect_word``: the host writes, or reads and compares, `data` at `address`.
        ``flush``: start one, with the reward `data`. ``clear``: start one. ``end``: of all.
    address, data : int
    """

    kind: str
    address: int = 0
    data: int = 0


def address_bits(design: HardwareDesign) -> int:
    """Return the bits of an operation's address."""
    last = design.layout.populations[-1]
    return max(design.host_address_bits, (last.first + last.n).bit_length())


def data_bits(design: HardwareDesign) -> int:
    """Return the bits of an operation's data."""
    return max(design.host_data_bits, 40)


def to_hex(design: HardwareDesign, operations: Sequence[Operation]) -> str:
    """Return operations as text, a line each: kind, address, data in hexadecimal, each of whole digits."""
    address, data = -(-address_bits(design) // 4), -(-data_bits(design) // 4)
    mask = (1 << 4 * data) - 1
    lines = (f"{KINDS.index(o.kind):x}{o.address:0{address}x}{o.data & mask:0{data}x}\n" for o in operations)
    return "".join(lines)


def testbench_values(design: HardwareDesign, operations: Sequence[Operation], file: str) -> dict[str, Any]:
    """Return what the templates of testbenches are filled with."""
    ports = {port.name: port for port in design.engine.ports}
    bits = {name: port.shape.width.value({}) for name, port in ports.items()}
    return {
        "design": design,
        "file": file,
        "n_operations": len(operations),
        "longest": max(step_bound(design.layout), max(memory.words for memory in design.memories)) + 8,
        "address_digits": -(-address_bits(design) // 4),
        "data_digits": -(-data_bits(design) // 4),
        "inputs": [port for port in ports.values() if port.direction == "in"],
        "outputs": [port for port in ports.values() if port.direction == "out"],
        "aer_bits": bits["aer_out_address"],
        "aer_in_bits": bits["aer_in_address"],
        "reward_bits": bits.get("reward", 0),
        "host_address_bits": bits["host_address"],
        "host_data_bits": bits["host_write_data"],
    }


def run_of(
    design: HardwareDesign,
    spikes: ArrayLike,
    rewards: ArrayLike | None = None,
    *,
    frozen: ArrayLike | None = None,
    rng: np.random.Generator | None = None,
    read_back: bool = True,
) -> list[Operation]:
    """Return a run from the start: input spikes, steps, what the integer model says, the state in the end.

    Parameters
    ----------
    design : HardwareDesign
    spikes : array_like, shape (n_steps, n_input)
        0 or 1.
    rewards : array_like of int, shape (n_steps,), optional
        0 unless given.
    frozen : array_like of bool, shape (n_steps,), optional
        Steps that nothing is learned from; the last is none of them.
    rng : numpy.random.Generator, optional
        Shuffles the spikes of a step and sends some twice, which must not matter.
    read_back : bool
        Whether all of the state is compared in the end.

    Returns
    -------
    list of Operation
        A network that learns is flushed in the end.
    """
    simulation = IntegerSimulation(design.layout.network)
    operations = steps_of(design, simulation, spikes, rewards, frozen=frozen, rng=rng)
    if design.layout.learning:
        last = 0 if rewards is None or not len(np.asarray(rewards)) else int(np.asarray(rewards)[-1])
        operations += [Operation("flush", 0, last), Operation("expect_done", 0, step_bound(design.layout))]
    if read_back:
        operations += state_words(design, simulation)
    return [*operations, Operation("end")]


def steps_of(
    design: HardwareDesign,
    simulation: IntegerSimulation,
    spikes: ArrayLike,
    rewards: ArrayLike | None = None,
    *,
    frozen: ArrayLike | None = None,
    rng: np.random.Generator | None = None,
) -> list[Operation]:
    """Return the steps of a run, from the simulation's present state, which moves on; see `run_of`."""
    drive = np.asarray(spikes)
    given = np.zeros(len(drive), int) if rewards is None else np.asarray(rewards)
    held = np.zeros(len(drive), bool) if frozen is None else np.asarray(frozen)
    outputs = _outputs(simulation, drive, given, held)
    operations: list[Operation] = []
    for t, row in enumerate(drive):
        incoming = np.flatnonzero(row)
        if rng is not None:
            incoming = rng.permutation(np.concatenate([incoming, incoming[rng.random(incoming.size) < 0.2]]))
        operations += [Operation("spike", int(neuron)) for neuron in incoming]
        operations.append(Operation("step", int(held[t]), int(given[t - 1]) if t else 0))
        for phase in design.layout.phases:
            if phase.kind == "send":
                emitted = np.flatnonzero(outputs[phase.population.name][t])
                operations += [
                    Operation("expect_spike", phase.population.first + int(neuron)) for neuron in emitted
                ]
        operations.append(Operation("expect_done", 0, step_bound(design.layout)))
    return operations


def _outputs(
    simulation: IntegerSimulation, drive: NDArray[Any], rewards: NDArray[Any], frozen: NDArray[Any]
) -> dict[str, NDArray[Any]]:
    """Run the model; after a frozen step the rules' state is what it was before."""
    if not frozen.any():
        return simulation.run(drive, rewards)
    steps = []
    for t in range(len(drive)):
        before = simulation.state_dict()["projections"]
        steps.append(simulation.run(drive[t : t + 1], rewards[t : t + 1]))
        if frozen[t]:
            simulation.load_state_dict(simulation.state_dict() | {"projections": before})
    return {name: np.concatenate([step[name] for step in steps]) for name in steps[0]}


def state_words(design: HardwareDesign, simulation: IntegerSimulation) -> Iterator[Operation]:
    """Yield what the host must read after a run, of all memories but ``events``."""
    expected = design.images()
    del expected["events"]
    by_name = {memory.name: memory for memory in design.memories}
    mask = (1 << by_name["weights"].bits) - 1
    for population in design.layout.populations:
        if population.neuron_base is not None:
            state = simulation.state[population.name]
            for neuron in range(population.n):
                values = {"membrane": int(state["membrane"][0, neuron]), "refractory": 0}
                if "refractory" in state:
                    values["refractory"] = int(state["refractory"][0, neuron])
                place = population.neuron_base + neuron
                expected["membranes"][place] = word(by_name["membranes"].fields, values)
    for p in design.layout.learning:
        fields = {name: np.asarray(v) for name, v in simulation.synapses[p.name].state.items()}
        own: dict[str, NDArray[Any]] = fields | {"pre_spike": np.zeros(p.n_rows, int)}
        own["post_spike"] = np.zeros(by_name[f"column_state_{p.learner}"].words, int)
        for k in range(p.n_synapses):
            place = p.synapse_base + k
            expected["weights"][place] = int(own["weight"][k]) & mask
            if "synapse_state" in expected:
                expected["synapse_state"][place] = word(synapse_fields(p), _at(own, k, synapse_fields(p)))
        for i in range(p.n_rows):
            expected["row_state"][p.row_base + i] = word(row_fields(p), _at(own, i, row_fields(p)))
        for j in range(by_name[f"column_state_{p.learner}"].words):
            columns = column_fields(p)
            expected[f"column_state_{p.learner}"][j] = word(columns, _at(own, j, columns))
    for name, words in expected.items():
        for place, value in enumerate(words):
            yield Operation("expect_word", design.host_address(name, place), int(value))


def _at(values: dict[str, NDArray[Any]], place: int, fields: Sequence[WordField]) -> dict[str, int]:
    names = [field.name for field in fields]
    return {name: int(values[name][place]) for name in names}
