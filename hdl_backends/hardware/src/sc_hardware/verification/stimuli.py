"""Test vectors whose expected values come from the rule itself, run on integers and arrays."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from sc_hardware.lane.design import LaneDesign
from sc_hardware.rules import Rule
from sc_hardware.rules.graph import Field

_OPENING_CLOCKS = 23
LARGEST_EXHAUSTIVE = 2**20
"""How many points of a step `exhaustive_step_vectors` lists at most."""


def random_step_vectors(
    rule: Rule, parameters: Mapping[str, int], n_vectors: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return random states and inputs of a step and the rule's next states.

    Half of the values are drawn from the whole range, half from its ends and the numbers around 0.

    Parameters
    ----------
    rule : Rule
        The rule.
    parameters : mapping of str to int
        Those that differ from their defaults.
    n_vectors : int
        How many.
    rng : numpy.random.Generator
        The source of randomness.

    Returns
    -------
    dict of str to ndarray, shape (n_vectors,)
        By port of the step's module.
    """
    chosen = {**rule.graph.defaults, **parameters}

    def draw(field: Field) -> np.ndarray:
        low, high = field.type.range(chosen)
        if field.type.is_bit:
            return rng.integers(0, 2, n_vectors).astype(bool)
        uniform = rng.integers(low, high, n_vectors, endpoint=True)
        edges = np.clip([low, low + 1, -1, 0, 1, high - 1, high], low, high)
        return np.where(rng.random(n_vectors) < 0.5, uniform, rng.choice(edges, n_vectors))

    return _stepped(rule, chosen, {field.name: draw(field) for field in (*rule.state, *rule.inputs)})


def exhaustive_step_vectors(rule: Rule, parameters: Mapping[str, int]) -> dict[str, np.ndarray]:
    """Return every state and input of a step and the rule's next states.

    Raises
    ------
    ValueError
        If they are more than `LARGEST_EXHAUSTIVE`.
    """
    chosen = {**rule.graph.defaults, **parameters}
    fields = (*rule.state, *rule.inputs)
    ranges = [range(field.type.range(chosen)[0], field.type.range(chosen)[1] + 1) for field in fields]
    n_points = int(np.prod([len(values) for values in ranges], dtype=object))
    if n_points > LARGEST_EXHAUSTIVE:
        raise ValueError(f"{rule.name} has {n_points} points at {chosen}, more than {LARGEST_EXHAUSTIVE}")
    points = np.array(list(itertools.product(*ranges)), dtype=np.int64)
    values = {f.name: points[:, n].astype(bool if f.type.is_bit else np.int64) for n, f in enumerate(fields)}
    return _stepped(rule, chosen, values)


def _stepped(
    rule: Rule, chosen: Mapping[str, int], values: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    state = {field.name: values[field.name] for field in rule.state}
    inputs = {field.name: values[field.name] for field in rule.inputs}
    after = rule.step(state, inputs, chosen)
    n_vectors = len(next(iter(values.values())))
    outputs = {f"next_{name}": np.broadcast_to(value, (n_vectors,)) for name, value in after.items()}
    return {**values, **outputs}


def lane_vectors(
    rule: Rule, design: LaneDesign, parameters: Mapping[str, int], events: Iterable[Mapping[str, int]]
) -> list[dict[str, int]]:
    """Return what a lane must show clock by clock, beginning with a reset.

    Parameters
    ----------
    rule : Rule
        The rule.
    design : LaneDesign
        Its lane.
    parameters : mapping of str to int
        Those that differ from their defaults.
    events : iterable of mapping of str to int
        One per clock: any of the lane's inputs but ``clk``; what is not named is 0, but ``rst_n`` and ``step_en`` 1.

    Returns
    -------
    list of dict of str to int
        By port of the lane. A pipelined lane shows what one without a pipeline shows, some clocks later; a reset
        clears what is on its way.
    """
    chosen = {**rule.graph.defaults, **parameters}
    names = [port.name for port in design.lane.ports if port.direction == "in" and port.name != "clk"]
    reset = {"rst_n": 0, "step_en": 1}
    cleared = {**{f"current_{field.name}": 0 for field in rule.state}, "update_done": 0}
    state: dict[str, int] = {}
    on_the_way: list[dict[str, int]] = []
    vectors = []
    for event in itertools.chain([reset], events):
        applied = {name: int(event.get(name, name in ("rst_n", "step_en"))) for name in names}
        done = False
        if not applied["rst_n"]:
            state = {field.name: 0 for field in rule.state}
            on_the_way = [cleared] * (design.latency - 1)
        elif applied.get("load_en"):
            state |= {f.name: applied[f"load_{f.name}"] for f in rule.state if f"load_{f.name}" in applied}
        elif applied["step_en"]:
            state = _one_step(rule, chosen, state, applied)
            done = True
        shown = {f"current_{name}": value for name, value in state.items()}
        on_the_way.append({**shown, "update_done": int(done)})
        vectors.append({**applied, **on_the_way.pop(0)})
    return vectors


def _one_step(
    rule: Rule, chosen: Mapping[str, int], state: Mapping[str, int], applied: Mapping[str, int]
) -> dict[str, int]:
    def typed(fields: Sequence[Field], values: Mapping[str, int]) -> dict[str, int | bool]:
        return {f.name: bool(values[f.name]) if f.type.is_bit else values[f.name] for f in fields}

    after = rule.step(typed(rule.state, state), typed(rule.inputs, applied), chosen)
    return {name: int(value) for name, value in after.items()}


def opening_events(design: LaneDesign, parameters: Mapping[str, int]) -> list[dict[str, int]]:
    """Return a few clocks of a lane's inputs that are made to be looked at.

    Bits are pulses, each a little later and rarer than the one before, so that every order of two occurs; numbers
    are a quarter of their largest value for two clocks and, where they have a sign, later of their smallest. What can
    be loaded is loaded once; there is one pause.

    Parameters
    ----------
    design : LaneDesign
        The lane.
    parameters : mapping of str to int
        All parameters of the rule.
    """
    control = ("clk", "rst_n", "step_en", "load_en")
    inputs = [port for port in design.lane.ports if port.direction == "in" and port.name not in control]
    pulses = [port.name for port in inputs if port.shape.is_bit and not port.name.startswith("load_")]
    events: list[dict[str, int]] = []
    for clock in range(_OPENING_CLOCKS):
        event = {"step_en": int(clock != _OPENING_CLOCKS - 2)}
        for port in inputs:
            bits = port.shape.width.value(parameters)
            if port.name in pulses:
                place = pulses.index(port.name)
                event[port.name] = int(clock % (8 + 3 * place) == 1 + 2 * place)
            elif port.name.startswith("load_"):
                event[port.name] = (1 << bits) // 3 if clock == 0 else 0
            elif clock in (5, 6):
                event[port.name] = (1 << bits) // (8 if port.shape.signed else 4)
            elif clock in (16, 17) and port.shape.signed:
                event[port.name] = -((1 << bits) // 8)
        if any(port.name.startswith("load_") for port in inputs):
            event["load_en"] = int(clock == 0)
        events.append(event)
    return events


def random_events(
    design: LaneDesign, parameters: Mapping[str, int], n_events: int, rng: np.random.Generator
) -> list[dict[str, int]]:
    """Return random inputs of a lane: steps, now and then a pause, a load or a reset.

    Parameters
    ----------
    design : LaneDesign
        The lane.
    parameters : mapping of str to int
        All parameters of the rule.
    n_events : int
        Clocks.
    rng : numpy.random.Generator
        The source of randomness.
    """
    likely = {"rst_n": 0.998, "step_en": 0.9, "load_en": 0.02}
    drawn: dict[str, np.ndarray] = {}
    for port in design.lane.ports:
        if port.direction == "out" or port.name == "clk":
            continue
        bits = port.shape.width.value(parameters)
        if port.shape.is_bit:
            drawn[port.name] = (rng.random(n_events) < likely.get(port.name, 0.4)).astype(np.int64)
        else:
            low = -(1 << (bits - 1)) if port.shape.signed else 0
            drawn[port.name] = rng.integers(low, low + (1 << bits), n_events)
    return [{name: int(column[n]) for name, column in drawn.items()} for n in range(n_events)]
