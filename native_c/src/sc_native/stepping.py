"""Stepping a network with live weights on NumPy arrays (csrc/stepping.cdef): one call for a window of steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sc_native._kernels import ffi, lib
from sc_native.buffers import SUFFIXES, Buffers, aligned, check, kernel
from sc_native.network import MODELS

APART: int = lib.SC_APART
"""How many numbers apart lie counts that two threads write to."""
GAP: int = lib.SC_GAP
"""How many unused numbers lie between two parts of a population's state."""
_DOUBLE, _INTEGER, _OFFSET = np.dtype(np.float64), np.dtype(np.int32), np.dtype(np.int64)
_COEFFICIENTS = (
    "decay_membrane",
    "input_gain",
    "leak_drive",
    "threshold",
    "reset_value",
    "decay_synapse",
    "input_weight",
    "decay_adaptation",
    "adaptation_strength",
)
_STATE = ("membrane", "synaptic_current", "adaptation")
_HELD: dict[str, np.dtype[Any]] = {"held_neuron": _INTEGER, "held_value": _DOUBLE, "held_until": _OFFSET}


class Drive(NamedTuple):
    """Currents from outside: ``value[k]`` for ``neuron[k]`` in step t, ``start[t] <= k < start[t + 1]``."""

    start: NDArray[np.int64]
    neuron: NDArray[np.int32]
    value: NDArray[np.float64]


class SteppedPopulation(NamedTuple):
    """One population as the kernel sees it.

    Parameters
    ----------
    model : str
        A key of `sc_native.network.MODELS`.
    n : int
    reset_to_value, uniform : bool
        `uniform`: all neurons have the same coefficients.
    refractory_steps : int
    first : ndarray, shape (n_parts + 1,), int64
    arrays : mapping of str to ndarray
        Coefficients (float64, n); state and ``current`` (float64, n, with a `GAP` between two parts);
        ``refractory`` (int32, n), ``held_neuron``, ``held_value``, ``held_until`` (n), ``held_count``
        (n_parts, `APART`: the first of each), ``spike_start`` and ``spike``; ``output`` (float64, n_steps, n)
        where an LI's membranes are wanted.
    drives : sequence of Drive
    """

    model: str
    n: int
    reset_to_value: bool
    uniform: bool
    refractory_steps: int
    first: NDArray[np.int64]
    arrays: dict[str, NDArray[Any]]
    drives: Sequence[Drive]


class SteppedProjection(NamedTuple):
    """One projection: places of its populations, delay in steps, CSR arrays and the parts' bounds in every row."""

    source: int
    target: int
    delay: int
    bounds: NDArray[np.int32]
    indices: NDArray[np.int32]
    data: NDArray[Any]


class AttachedRule(NamedTuple):
    """A rule: its projection's place; addresses of its function, of its state, and of that before delivery, or 0."""

    projection: int
    function: int
    state: int
    arrive: int


def step(
    dtype: np.dtype[Any],
    window: tuple[int, int, int, int],
    populations: Sequence[SteppedPopulation],
    projections: Sequence[SteppedProjection],
    rules: Sequence[AttachedRule],
    modulator: NDArray[np.float64],
    n_threads: int,
) -> None:
    """Make a window of steps.

    Parameters
    ----------
    dtype : numpy.dtype
        float32 or float64, of all weights.
    window : (n_steps, history, n_parts, together)
    populations, projections, rules
        In the order of a step, of delivery, of attachment.
    modulator : ndarray, shape (n_steps,), float64
    n_threads : int

    Raises
    ------
    KernelError, TypeError, ValueError
        If arrays do not fit.
    """
    n_steps, history, n_parts, together = window
    buffers, suffix = Buffers(), SUFFIXES[dtype]
    network = buffers.new(f"stepping_{suffix}[]", 1)
    structs = buffers.new(f"stepping_population_{suffix}[]", len(populations))
    for place, (struct, population) in enumerate(zip(structs, populations, strict=True)):
        _fill(struct, population, buffers, (history + n_steps, n_parts), suffix)
        struct.foreseen = all(
            each.delay >= 1 or populations[each.source].model == "Input"
            for each in projections
            if each.target == place
        )
    synapses = buffers.new(f"stepping_projection_{suffix}[]", max(len(projections), 1))
    for struct, projection in zip(synapses, projections, strict=False):
        size = projection.data.size
        struct.source, struct.target, struct.delay = projection.source, projection.target, projection.delay
        rows = (n_parts + 1) * populations[projection.source].n
        struct.bounds = buffers.pointer(projection.bounds, _INTEGER, rows, "bounds")
        struct.indices = buffers.pointer(projection.indices, _INTEGER, size, "indices")
        struct.data = buffers.pointer(projection.data, dtype, size, "data")
    attached = buffers.new(f"attached_{suffix}[]", max(len(rules), 1))
    for struct, rule in zip(attached, rules, strict=False):
        struct.projection = rule.projection
        struct.rule, struct.state = ffi.cast("synapse_rule", rule.function), ffi.cast("void *", rule.state)
        struct.arrive = ffi.cast("synapse_rule", rule.arrive)
    room = max(population.n for population in populations)
    arriving, made = np.empty(n_parts * room, _INTEGER), aligned(n_parts * APART, _OFFSET)
    whole = network[0]
    whole.n_populations, whole.n_projections, whole.n_rules = len(populations), len(projections), len(rules)
    whole.n_parts, whole.n_steps, whole.history, whole.together = n_parts, n_steps, history, together
    whole.populations, whole.projections, whole.rules = structs, synapses, attached
    whole.made = buffers.pointer(made, _OFFSET, made.size, "made")
    whole.modulator = buffers.pointer(modulator, _DOUBLE, n_steps, "modulator")
    whole.arrivals, whole.arrivals_apart = _arrivals(n_parts, populations, projections, buffers, suffix)
    whole.arriving, whole.room = buffers.pointer(arriving, _INTEGER, arriving.size, "arriving"), room
    check(kernel("sc_step", dtype)(network, n_threads), "sc_step")


def _arrivals(
    n_parts: int,
    populations: Sequence[SteppedPopulation],
    projections: Sequence[SteppedProjection],
    buffers: Buffers,
    suffix: str,
) -> tuple[Any, int]:
    """Return room for what arrives at each part in a step, and how far the parts' lie apart."""
    rooms = [
        1 + sum(populations[p.source].n for p in projections if p.target == q)
        for q in range(len(populations))
    ]
    apart = len(populations) + APART
    arrivals = buffers.new(f"live_arrivals_{suffix}[]", n_parts * apart)
    count = n_parts * sum(rooms)
    # Touched only as far as there are spikes.
    memory = np.empty(count * ffi.sizeof(f"live_row_{suffix}"), np.uint8)
    rows = ffi.cast(f"live_row_{suffix} *", buffers.pointer(memory, memory.dtype, memory.size, "rows"))
    for part in range(n_parts):
        for k, room in enumerate(rooms):
            arrivals[part * apart + k].rows = rows
            rows += room
    return arrivals, apart


def _fill(
    struct: Any, population: SteppedPopulation, buffers: Buffers, sizes: tuple[int, int], suffix: str
) -> None:
    kept, n_parts = sizes
    n, arrays, pointer = population.n, population.arrays, buffers.pointer
    struct.model, struct.n = MODELS[population.model], n
    struct.reset_to_value, struct.uniform = population.reset_to_value, population.uniform
    struct.refractory_steps = population.refractory_steps
    struct.first = pointer(population.first, _OFFSET, n_parts + 1, "first")
    for name in _COEFFICIENTS:
        setattr(struct, name, pointer(arrays.get(name), _DOUBLE, n, name))
    for name in (*_STATE, "current"):
        setattr(struct, name, pointer(arrays.get(name), _DOUBLE, n + (n_parts - 1) * GAP, name))
    output = arrays.get("output")
    struct.output = pointer(output, _DOUBLE, 0 if output is None else output.size, "output")
    struct.refractory = pointer(arrays.get("refractory"), _INTEGER, n, "refractory")
    for name, dtype in _HELD.items():
        setattr(struct, name, pointer(arrays.get(name), dtype, n, name))
    struct.held_count = pointer(arrays.get("held_count"), _OFFSET, APART * n_parts, "held_count")
    struct.spike_start = pointer(arrays["spike_start"], _OFFSET, n_parts * (kept + 1), "spike_start")
    struct.spike = pointer(arrays["spike"], _INTEGER, n * kept, "spike")
    drives = buffers.new(f"drive_{suffix}[]", max(len(population.drives), 1))
    for each, drive in zip(drives, population.drives, strict=False):
        count = drive.neuron.size
        each.start = pointer(drive.start, _OFFSET, drive.start.size, "drive.start")
        each.neuron = pointer(drive.neuron, _INTEGER, count, "drive.neuron")
        each.value = pointer(drive.value, _DOUBLE, count, "drive.value")
    struct.drives, struct.n_drives = drives, len(population.drives)
