"""What an engine should do in a step, flush or clear, as registers beside it that follow the specification.

A neuron's and a rule's step are taken from the engine's own lanes: what is claimed is that each is given the right
operands, exactly once, and that its results go where they belong. The model holds for any function of the lanes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sc_hardware.lane.design import Module
from sc_hardware.projection_engine.circuit import bits_of
from sc_hardware.projection_engine.layout import Population, Projection
from sc_hardware.projection_engine.learners import Learner, learners
from sc_hardware.projection_engine.memories import (
    WordField,
    column_fields,
    row_fields,
    synapse_fields,
)
from sc_hardware.projection_engine.neuron_pass import NeuronKind, neuron_kinds
from sc_hardware.verification.engine_claims import Claims


def add_model(c: Claims) -> None:
    """Add the model of all that the engine keeps, and claim that every part of a step is done, once."""
    _operations(c)
    _spikes(c)
    for p in c.design.layout.learning:
        _rows(c, p)
    for p in c.design.layout.projections:
        _synapses(c, p)
    for population in c.design.layout.populations:
        for number in population.learning:
            _columns(c, population, c.design.layout.learning[number])
        if population.neuron_base is not None:
            _neurons(c, population)


def _operations(c: Claims) -> None:
    """Add what has been started: a step, a flush or a clear; whether rules learn in it, and whether all is swept."""
    c.wire("starts_step", "rst_n && idle && start_step")
    c.wire("starts_flush", "rst_n && idle && start_flush && !start_step")
    c.wire("starts_clear", "rst_n && idle && start_clear && !start_step && !start_flush")
    c.wire("starts", "starts_step || starts_flush || starts_clear")
    # The rules' step that is outstanding between two steps
    c.register("model_outstanding", 1, [("starts", "starts_step && !freeze")])
    c.register("model_step", 1, [("starts", "starts_step")])
    c.register("model_flush", 1, [("starts", "starts_flush")])
    c.register("model_learns", 1, [("starts", "model_outstanding && !starts_clear")])
    whole = "(starts_step && !freeze) || (!starts_clear && model_outstanding)"
    c.register("model_whole", 1, [("starts", whole)])
    if c.plan.reward is not None:
        c.register("model_reward", bits_of(c.plan.reward), [("starts", "reward")])
    c.quiet.append(f"{c.see('sequencer.outstanding')} == model_outstanding")


def spikes_of(population: Population, ago: int, neuron: int | None = None) -> str:
    """Return the spikes of a population so many steps ago, of one neuron or of all."""
    if neuron is not None:
        return f"model_spikes_{ago}[{population.first + neuron}]"
    return f"model_spikes_{ago}[{population.first + population.n - 1}:{population.first}]"


def _spikes(c: Claims) -> None:
    """Add the spikes of every step, from those that came in and from the neurons' lanes; and what leaves."""
    layout = c.design.layout
    n = layout.populations[-1].first + layout.populations[-1].n
    source = next(p for p in layout.populations if p.is_input)
    c.wire("comes", f"aer_in_valid && aer_in_ready && aer_in_address < {source.n}")
    c.wire("now_in", f"model_came_in | (comes ? {source.n}'d1 << aer_in_address : {source.n}'d0)", source.n)
    begins = [("starts_step || starts_clear", "0")]
    c.register("model_came_in", source.n, [*begins, ("rst_n", "now_in")])
    fires = [(_fires(c, p, j), p.first + j) for p in layout.populations for j in range(p.n)]
    fired = " | ".join(f"({fire} ? {n}'d{1 << at} : {n}'d0)" for fire, at in fires if fire) or "0"
    taken = f"now_in << {source.first}"
    c.register(
        "model_spikes_0",
        n,
        [("starts_step", taken), ("starts_clear", "0"), ("1", f"model_spikes_0 | {fired}")],
    )
    for ago in range(1, layout.network.history + 1):
        shift = [("starts_step", f"model_spikes_{ago - 1}"), ("starts_clear", "0")]
        c.register(f"model_spikes_{ago}", n, shift)
    sent = sum(
        ((1 << phase.population.n) - 1) << phase.population.first
        for phase in layout.phases
        if phase.kind == "send"
    )
    c.wire("to_send", f"model_step ? model_spikes_0 & {n}'d{sent} : {n}'d0", n)
    leaves = f"model_sent | ({n}'d1 << aer_out_address)"
    c.wire("sends", "aer_out_valid && aer_out_ready")
    c.register("model_sent", n, [("starts", "0"), ("sends", leaves)])
    c.claim("sends", f"aer_out_address < {n} && to_send[aer_out_address] && !model_sent[aer_out_address]")
    c.claim("done", "model_sent == to_send")


def _kind(c: Claims, population: Population) -> NeuronKind:
    return next(kind for kind in neuron_kinds(c.plan) if population.name in kind.populations)


def _visits(c: Claims, population: Population, j: int) -> str:
    """Return the clock in which the neuron pass has a neuron's words."""
    bits = bits_of(c.plan.address("membranes"))
    visited, is_input = c.see("neurons.visited"), c.see("neurons.is_input_of_phase")
    number = c.see("neurons.visited_neuron", bits)
    return f"{visited} && !{is_input} && !flushing && {number} == {(population.neuron_base or 0) + j}"


def _fires(c: Claims, population: Population, j: int) -> str:
    """Return whether a neuron spikes now; nothing where it never does, or is an input."""
    if population.neuron_base is None or not population.population.neuron.spiking:
        return ""
    spike = c.see(f"neurons.neuron_{_kind(c, population).number}.next_spike")
    return f"({_visits(c, population, j)} && {spike})"


def _phase(c: Claims, population: Population, projection: Projection | None = None) -> str:
    """Return whether it is the phase of a sweep, or of a population's pass."""
    kind = "sweep" if projection is not None else "neurons"
    number = next(
        number
        for number, phase in enumerate(c.design.layout.phases)
        if phase.kind == kind and phase.population is population and phase.projection is projection
    )
    return f"phase == {number}"


def _target(c: Claims, p: Projection) -> Population:
    return c.design.layout.population(p.projection.target)


def _arrives(c: Claims, p: Projection, row: int) -> str:
    """Return whether a spike arrives in this step along a row of a projection."""
    return spikes_of(c.design.layout.population(p.projection.source), p.projection.delay, row)


def _learner(c: Claims, p: Projection) -> Learner:
    return next(learner for learner in learners(c.plan) if p in learner.projections)


def _slices(register: str, fields: Sequence[WordField]) -> dict[str, str]:
    """Return the fields of a word that a register holds, by name."""
    return {field.name: f"{register}[{field.low + field.bits - 1}:{field.low}]" for field in fields}


def _operands(
    c: Claims, when: str, part: Module, path: str, learner: Learner, given: Mapping[str, str]
) -> None:
    """Claim that a lane is given what is kept, whenever it steps."""
    for port in part.ports:
        if port.direction == "in":
            bits = bits_of(learner.field_shape(port.name))
            value = f"model_reward[{bits - 1}:0]" if port.name == "reward" else given[port.name]
            c.claim(when, f"{c.see(f'{path}.{port.name}', bits)} == {value}")


def _made(c: Claims, path: str, learner: Learner, fields: Sequence[WordField], bits: int, lowest: str) -> str:
    """Return a word of what a lane has made, above its lowest bit."""
    parts = [lowest] if lowest else []
    for field in fields:
        if field.name not in ("pre_spike", "post_spike"):
            made = c.see(f"{path}.next_{field.name}", bits_of(learner.field_shape(field.name)))
            parts.append(made)
    return _padded(parts, sum(field.bits for field in fields), bits)


def _kept(register: str, fields: Sequence[WordField], bits: int, lowest: str) -> str:
    """Return a word of what a register holds, with another lowest bit."""
    held = [
        text for name, text in _slices(register, fields).items() if name not in ("pre_spike", "post_spike")
    ]
    return _padded([lowest, *held], sum(field.bits for field in fields), bits)


def _padded(parts: Sequence[str], used: int, bits: int) -> str:
    above = [f"{bits - used}'d0"] if bits > used else []
    return "{" + ", ".join([*above, *reversed(parts)]) + "}"


def _once(c: Claims, name: str, happens: str, wanted: str) -> None:
    """Claim that something happens at most once after a start, and exactly if it is wanted."""
    done = c.register(f"did_{name}", 1, [("starts", "0"), (happens, "1")])
    c.claim(happens, f"!{done} && ({wanted})")
    c.claim("done", f"{done} == ({wanted})")


def _rows(c: Claims, p: Projection) -> None:
    """Add the state of a learning projection's rows; the traces before the step are kept for the synapses."""
    memory, fields, learner = c.design.memory("row_state"), row_fields(p), _learner(c, p)
    modules = learner.modules(c.plan, "presynaptic")
    path = f"rows.presynaptic_{learner.number}"
    for i in range(p.n_rows):
        word = p.row_base + i
        name = f"row_{word}"
        at = c.see("rows.fetched_row", memory.address_bits)
        takes = c.wire(f"takes_{name}", f"{c.see('rows.taken')} && whole && {at} == {word}")
        arrival = f"(model_step && {_arrives(c, p, i)})"
        following = kept = _kept(f"model_{name}", fields, memory.bits, arrival)
        if modules:
            made = _made(c, path, learner, fields, memory.bits, arrival)
            following = f"model_learns ? {made} : {kept}"
            given = _slices(f"model_{name}", fields)
            _operands(c, f"{takes} && model_learns", modules[-1], path, learner, given)
        content = c.word(memory, word)
        changes = [("starts_clear", "0"), (takes, following)]
        c.register(f"model_{name}", memory.bits, changes, reset=content)
        c.register(f"before_{name}", memory.bits, [("starts", f"model_{name}")])
        c.claim(takes, _phase(c, _target(c, p), p))
        _once(c, name, takes, "model_whole")
        c.remembered.append(f"{content} == model_{name}")
        c.remembered.append(f"!model_outstanding || model_{name}[0] == {_arrives(c, p, i)}")


def _columns(c: Claims, population: Population, p: Projection) -> None:
    """Add the state of a learning projection's targets."""
    memory, fields, learner = c.design.memory(f"column_state_{p.learner}"), column_fields(p), _learner(c, p)
    modules = learner.modules(c.plan, "postsynaptic")
    path = f"neurons.postsynaptic_{p.learner}"
    index_bits = max((max(q.n for q in c.design.layout.populations) - 1).bit_length(), 1)
    for j in range(population.n):
        name = f"column_{p.learner}_{j}"
        passes, index = (
            c.see(f"neurons.passes_{p.learner}_of_phase"),
            c.see("neurons.visited_index", index_bits),
        )
        takes = c.wire(f"takes_{name}", f"{c.see('neurons.visited')} && {passes} && {index} == {j}")
        spike = f"({_fires(c, population, j) or 0})"
        following = kept = _kept(f"model_{name}", fields, memory.bits, spike)
        if modules:
            made = _made(c, path, learner, fields, memory.bits, spike)
            following = f"model_learns ? {made} : {kept}"
            given = _slices(f"model_{name}", fields)
            _operands(c, f"{takes} && model_learns", modules[-1], path, learner, given)
        content = c.word(memory, j)
        changes = [("starts_clear", "0"), (takes, following)]
        c.register(f"model_{name}", memory.bits, changes, reset=content)
        c.register(f"before_{name}", memory.bits, [("starts", f"model_{name}")])
        c.claim(takes, _phase(c, population))
        _once(c, name, takes, "model_step || (model_flush && model_learns)")
        c.remembered.append(f"{content} == model_{name}")
        c.remembered.append(f"!model_outstanding || model_{name}[0] == {spikes_of(population, 0, j)}")


def synapses_of(p: Projection) -> Iterator[tuple[int, int, int]]:
    """Yield word, row and column of each synapse of a projection."""
    rows, columns = p.projection.weights.nonzero()
    for k, (i, j) in enumerate(zip(rows, columns, strict=True)):
        yield p.synapse_base + k, int(i), int(j)


def _synapses(c: Claims, p: Projection) -> None:
    """Add weights and other state of synapses: read once, written once where the rule steps, after that."""
    memory = c.design.memory("weights")
    low, high = p.projection.weight_range
    for k, i, j in synapses_of(p):
        content, reset = c.word(memory, k), c.word(memory, k)
        reads = f"rows_weights_read_enable && rows_weights_read_address == {k}"
        arrives = f"(model_step && {_arrives(c, p, i)})"
        wanted = f"model_whole || {arrives}" if p.learner is not None else arrives
        _once(c, f"read_weight_{k}", reads, wanted)
        columns = f"rows_columns_read_enable && rows_columns_read_address == {k}"
        c.claim(reads, f"({columns}) && {_phase(c, _target(c, p), p)}")
        changes = _learning(c, p, k, i, j) if p.learner is not None else []
        c.text.append(f"wire signed [{memory.bits - 1}:0] weight_{k};")
        c.register(f"model_weight_{k}", memory.bits, changes, reset=reset)
        c.text.append(f"assign weight_{k} = model_weight_{k};")
        c.quiet.append(f"{content} == model_weight_{k}")
        # What a weight of the projection can be: the current is wide enough for that, and no more
        c.quiet.append(f"weight_{k} >= {low} && weight_{k} <= {high}")


def _learning(c: Claims, p: Projection, k: int, i: int, j: int) -> list[tuple[str, str]]:
    """Claim the rule's step at a synapse, add its other state, and return when its weight changes."""
    learner, memory = _learner(c, p), c.design.memory("weights")
    path, part = f"synapses.synapse_{learner.number}", learner.modules(c.plan, "synapse")[-1]
    at = c.see("synapses.synapse_g", memory.address_bits)
    valid, steps = c.see("synapses.valid_g"), c.see("synapses.steps")
    takes = c.wire(f"takes_weight_{k}", f"{valid} && {steps} && {at} == {k}")
    _once(c, f"step_{k}", takes, "model_learns")
    shape = learner.field_shape("weight")
    given = {"weight": f"model_weight_{k}[{bits_of(shape) - 1}:0]"}
    given |= _slices(f"before_row_{p.row_base + i}", row_fields(p))
    given |= _slices(f"before_column_{p.learner}_{j}", column_fields(p))
    own = synapse_fields(p)
    if own:
        state = c.design.memory("synapse_state")
        given |= _slices(f"model_state_{k}", own)
        changes = [("starts_clear", "0"), (takes, _made(c, path, learner, own, state.bits, ""))]
        c.register(f"model_state_{k}", state.bits, changes, reset=c.word(state, k))
        c.remembered.append(f"{c.word(state, k)} == model_state_{k}")
    _operands(c, takes, part, path, learner, given)
    writes = f"synapses_weights_write_enable && synapses_weights_write_address == {k}"
    _once(c, f"write_weight_{k}", writes, "model_learns")
    c.claim(writes, f"did_step_{k} && synapses_weights_write_data == model_weight_{k}")
    made = c.see(f"{path}.next_weight", bits_of(shape))
    return [(takes, f"$signed({made})" if shape.signed else made)]


def _neurons(c: Claims, population: Population) -> None:
    """Add membranes, and claim that each is given the sum of the weights along which spikes arrive."""
    memory, kind = c.design.memory("membranes"), _kind(c, population)
    (*_, part), path = kind.modules(c.plan), f"neurons.neuron_{kind.number}"
    bits = c.design.memory("currents").bits
    fields = {field.name: field for field in memory.fields}
    has_refractory = any(port.name == "refractory" for port in part.ports)
    own = kind.neuron.membrane_bits
    for j in range(population.n):
        number = (population.neuron_base or 0) + j
        visits = c.wire(f"visits_{number}", _visits(c, population, j))
        terms = [
            f"({_arrives(c, p, i)} ? weight_{k} : {bits}'sd0)" for p, k, i in _incoming(c, population, j)
        ]
        c.text.append(f"wire signed [{bits - 1}:0] expected_{number} = {' + '.join(terms) or 0};")
        c.claim(visits, f"{c.see(f'{path}.total', bits)} == expected_{number}")
        c.claim(visits, f"{_phase(c, population)}")
        kept = _slices(f"model_membrane_{number}", memory.fields)
        c.claim(visits, f"{c.see(f'{path}.membrane', own)} == model_membrane_{number}[{own - 1}:0]")
        made = c.see(f"{path}.next_membrane", own)
        wide = fields["membrane"].bits
        parts = [f"{{{{{wide - own}{{{made}[{own - 1}]}}}}, {made}}}" if wide > own else made]
        if "refractory" in fields:
            following = f"{fields['refractory'].bits}'d0"
            if has_refractory:
                c.claim(visits, f"{c.see(f'{path}.refractory', 8)} == {kept['refractory']}")
                following = f"{c.see(f'{path}.next_refractory', 8)}[{fields['refractory'].bits - 1}:0]"
            parts.append(following)
        changes = [("starts_clear", "0"), (visits, _padded(parts, memory.bits, memory.bits))]
        c.register(f"model_membrane_{number}", memory.bits, changes, reset=c.word(memory, number))
        _once(c, f"neuron_{number}", visits, "model_step")
        c.remembered.append(f"{c.word(memory, number)} == model_membrane_{number}")


def _incoming(c: Claims, population: Population, j: int) -> Iterator[tuple[Projection, int, int]]:
    """Yield projection, word and row of each synapse onto a neuron."""
    for p in c.design.layout.projections:
        if p.projection.target == population.name:
            for k, i, column in synapses_of(p):
                if column == j:
                    yield p, k, i
