"""From a rule to the design of its lane: the stages, the step that holds them, the registers around it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs

from sc_core.errors import ConfigurationError
from sc_hardware.lane.design import (
    Assignment,
    Instance,
    LaneDesign,
    Literal,
    Module,
    Operand,
    Port,
    Register,
    Shape,
    Signal,
)
from sc_hardware.lane.pipeline import pipelined as with_pipeline
from sc_hardware.lane.schedule import clocked_blocks, clocks
from sc_hardware.lane.stage import (
    BIT,
    build_stage,
    conversion,
    declared_parameters,
    field_shape,
    parameter_names,
)
from sc_hardware.rules import Rule
from sc_hardware.rules.declaration import choose_parameters
from sc_hardware.rules.graph import Block, Node, RuleGraph
from sc_hardware.rules.names import problem_with

CONTROL_PORTS = ("clk", "rst_n", "step_en", "load_en", "update_done")


def build_lane(
    rule: Rule,
    *,
    module_name: str | None = None,
    read: Sequence[str] | None = None,
    load: Sequence[str] = (),
    parameters: Mapping[str, int] | None = None,
    pipelined: bool = False,
) -> LaneDesign:
    """Return the design of a rule's lane.

    Parameters
    ----------
    rule : Rule
        The rule.
    module_name : str, optional
        Name of the lane's module; the others begin with it. ``sc_<rule>`` unless given.
    read : sequence of str, optional
        The state fields that have an output ``current_<field>``; the first one unless given.
    load : sequence of str
        The state fields that ``load_en`` loads from inputs ``load_<field>``.
    parameters : mapping of str to int, optional
        The default values of the modules' parameters, where they differ from the rule's.
    pipelined : bool
        Whether registers stand on both sides of the multipliers that are in no loop of the state: the same
        values, a faster clock, some clocks later.

    Returns
    -------
    LaneDesign
        For all legal parameters of the rule.

    Raises
    ------
    ConfigurationError
        If a name is no identifier of Verilog and VHDL, or a field does not exist.
    RuleError
        If a parameter does not exist or is out of its range.

    Examples
    --------
    >>> from sc_hardware.rules import Bit, Parameter, Unsigned, rule, saturate, select
    >>> @rule(
    ...     state={"count": Unsigned("count_bits")},
    ...     inputs={"spike": Bit},
    ...     parameters={"count_bits": Parameter(1, 16, default=8)},
    ... )
    ... def spike_counter(state, inputs, params):
    ...     raised = state.count + select(inputs.spike, 1, 0)
    ...     return state.replace(count=saturate(raised, Unsigned(params.count_bits)))
    >>> [module.name for module in build_lane(spike_counter).modules]
    ['sc_spike_counter_stage_0', 'sc_spike_counter_step', 'sc_spike_counter']
    """
    name = f"sc_{rule.name}" if module_name is None else module_name
    graph = _with_defaults(rule, parameters or {})
    check_module_name(name)
    fields = [field.name for field in graph.state]
    read = fields[:1] if read is None else read
    for option, chosen in (("read", read), ("load", load)):
        for field in chosen:
            if field not in fields:
                raise ConfigurationError(
                    option, f"{rule.name} has no state {field!r}; it has: {', '.join(fields)}"
                )
    _check_port_names(graph)
    at = clocks(graph) if pipelined else dict.fromkeys(graph.nodes, 0)
    blocks = clocked_blocks(graph, at) if pipelined else [(0, block) for block in graph.blocks]
    stages = build_stages(name, graph, [block for _, block in blocks])
    step = _step(f"{name}_step", graph, stages)
    lane = _lane(name, graph, step, read, load)
    latency = 1 + max(at.values())
    if latency > 1:
        places = {node.name: at[node] for node in graph.nodes if node.operation == "state" and node.name}
        clocked = [(clock, stage) for (clock, _), stage in zip(blocks, stages, strict=True)]
        lane = with_pipeline(lane, step, clocked, places)
    return LaneDesign(rule.name, graph.description, lane, step, stages, latency)


def _with_defaults(rule: Rule, parameters: Mapping[str, int]) -> RuleGraph:
    chosen = choose_parameters(rule.parameters, parameters, rule.name)
    declared = (
        attrs.evolve(parameter, default=chosen[parameter.name]) for parameter in rule.graph.parameters
    )
    return attrs.evolve(rule.graph, parameters=tuple(declared))


def check_module_name(name: str) -> None:
    """Refuse a name that Verilog or VHDL cannot carry.

    Raises
    ------
    ConfigurationError
        Which names the reason.
    """
    problem = problem_with(name) if isinstance(name, str) else f"{name!r} is no text"
    if problem is not None:
        raise ConfigurationError("module_name", problem)


def _check_port_names(graph: RuleGraph) -> None:
    fields = [field.name for field in (*graph.state, *graph.inputs)]
    derived = {f"{front}_{field.name}" for field in graph.state for front in ("next", "current", "load")}
    for name in fields:
        if name.lower() in CONTROL_PORTS or name.lower() in derived:
            raise ConfigurationError(
                name, f"the lane has a port of this name; rename it in the rule {graph.name!r}"
            )


def build_stages(name: str, graph: RuleGraph, blocks: Sequence[Block] | None = None) -> tuple[Module, ...]:
    """Return the stages of a graph's step, one for each of its blocks, whose names begin with `name`."""
    shapes: dict[Node, Shape] = {}
    stages = []
    for place, block in enumerate(graph.blocks if blocks is None else blocks):
        begins = f"after stage {place - 1}" if place else "from the state and the inputs on"
        summary = f"Stage {place} of the step: {begins}."
        stage = build_stage(f"{name}_stage_{place}", summary, graph, block, shapes)
        ports = {port.name: port.shape for port in stage.ports}
        shapes |= {node: ports[node.name] for node in block.outputs if node.name is not None}
        stages.append(stage)
    return tuple(stages)


def build_step(name: str, graph: RuleGraph) -> tuple[Module, ...]:
    """Return the stages of a graph's step and the step of this name, which holds them."""
    stages = build_stages(name, graph)
    return (*stages, _step(name, graph, stages))


def _step(name: str, graph: RuleGraph, stages: tuple[Module, ...]) -> Module:
    """Return the module from state and inputs to the next state."""
    inputs = [Port(f.name, "in", field_shape(f.type)) for f in (*graph.state, *graph.inputs)]
    outputs = [Port(f"next_{f.name}", "out", field_shape(f.type)) for f in graph.state]
    known = {port.name for port in (*inputs, *outputs)}
    handed_on: dict[str, Signal] = {}
    for stage in stages:
        for port in stage.ports:
            if port.name not in known:
                handed_on.setdefault(port.name, Signal(port.name, port.shape))
    assignments = []
    for field, port in zip(graph.state, outputs, strict=True):
        node = graph.next_state[field.name]
        if node.name != port.name:
            assignments.append(
                Assignment(Signal(port.name, port.shape), "copy", (_end(node, port, handed_on),))
            )
    connected = {port.name for stage in stages for port in stage.ports}
    connected |= {
        operand.signal.name for a in assignments for operand in a.operands if isinstance(operand, Operand)
    }
    return Module(
        name=name,
        summary="The whole step, combinational: from state and inputs to the next state.",
        parameters=declared_parameters(graph, _parameters_of(stages, [*inputs, *outputs])),
        ports=(*inputs, *outputs),
        signals=tuple(handed_on.values()),
        assignments=tuple(assignments),
        instances=tuple(_instance(f"stage_{place}", stage) for place, stage in enumerate(stages)),
        unread=tuple(port.name for port in inputs if port.name not in connected),
    )


def _end(node: Node, port: Port, handed_on: Mapping[str, Signal]) -> Operand | Literal:
    """Return the value that a field takes, where it is not an output of that name already."""
    if node.operation == "constant" and node.constant is not None and not node.constant.coefficient:
        return Literal(node.constant.offset, port.shape)
    source = handed_on.get(node.name or "")
    if source is None and node.operation in ("state", "input") and node.name is not None:
        source = Signal(node.name, field_shape(node.type))
    how = conversion(source.shape.width, port.shape.width) if source is not None else None
    if source is None or how is None:
        raise ConfigurationError(
            port.name.removeprefix("next_"),
            f"its next value, {node!r}, has no hardware: saturate it to its type",
        )
    return Operand(source, how, port.shape)


def _instance(label: str, module: Module) -> Instance:
    return Instance(label, module, tuple((port.name, port.name) for port in module.ports))


def _parameters_of(modules: Iterable[Module], ports: Iterable[Port]) -> set[str]:
    names = {parameter.name.lower() for module in modules for parameter in module.parameters}
    return names.union(*(parameter_names(port.shape.width) for port in ports))


def _lane(name: str, graph: RuleGraph, step: Module, read: Sequence[str], load: Sequence[str]) -> Module:
    """Return the module with the registers."""
    shapes = {field.name: field_shape(field.type) for field in graph.state}
    inputs = [Port(field.name, "in", field_shape(field.type)) for field in graph.inputs]
    ports = [
        Port("clk", "in", BIT),
        Port("rst_n", "in", BIT, "asynchronous reset, active low: the whole state becomes 0"),
        Port("step_en", "in", BIT, "take one step at the next rising edge"),
        *inputs,
    ]
    if load:
        ports.append(Port("load_en", "in", BIT, "load at the next rising edge, instead of a step"))
        ports += [Port(f"load_{field}", "in", shapes[field]) for field in load]
    ports += [Port(f"current_{field}", "out", shapes[field]) for field in read]
    ports.append(Port("update_done", "out", BIT, "the last rising edge took a step"))
    registers = tuple(
        Register(Signal(field, shape), f"next_{field}", f"load_{field}" if field in load else None)
        for field, shape in shapes.items()
    )
    return Module(
        name=name,
        summary=graph.description or f"A lane of the rule {graph.name}.",
        parameters=step.parameters,
        ports=tuple(ports),
        signals=tuple(Signal(f"next_{field}", shape) for field, shape in shapes.items()),
        assignments=tuple(
            Assignment(
                Signal(f"current_{field}", shapes[field]),
                "copy",
                (Operand(Signal(field, shapes[field]), "same", shapes[field]),),
            )
            for field in read
        ),
        instances=(_instance("step", step),),
        registers=registers,
        done=("step_en", "load_en") if load else ("step_en",),
    )
