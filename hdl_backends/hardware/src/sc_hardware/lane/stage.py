"""From a block of a rule's graph to a combinational module (specs/hdl.md, "Widths and conversions")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

import attrs

from sc_hardware.lane.design import (
    Assignment,
    Literal,
    Module,
    NamedConstant,
    NamedWidth,
    Operand,
    Parameter,
    Port,
    Shape,
    Signal,
)
from sc_hardware.rules.graph import COMPARISONS, LOGIC, Block, Constant, Node, RuleGraph
from sc_hardware.rules.types import ValueType, common_type
from sc_hardware.rules.widths import Affine, Width, maximum, width

BIT = Shape("bit", width(1), "1")


def conversion(have: Width, want: Width) -> str | None:
    """Return how `have` bits become `want` bits, for all parameters alike, or None where that depends on them."""
    if have + 1 <= want:
        return "extend"
    if want <= have:
        return "same" if have <= want else "low"
    return None


def _decided(have: Width, want: Width) -> str:
    how = conversion(have, want)
    if how is None:
        raise ValueError(f"whether {have} bits are more than {want} depends on the parameters")
    return how


def _name(node: Node) -> str:
    """Return the name of a node, which all but numbers have."""
    return cast(str, node.name)


def parameter_names(value: Width | Affine) -> set[str]:
    """Return the names of the parameters that a width or a shift's amount depends on."""
    terms = value.terms if isinstance(value, Width) else (value,)
    return {parameter.name for term in terms for parameter, _ in term.coefficients}


def field_shape(type_: ValueType) -> Shape:
    """Return the shape of a field or input: its width is a parameter or a number."""
    return BIT if type_.is_bit else Shape(type_.kind, type_.width, str(type_.width).upper())


def written_out(shape: Shape) -> Shape:
    """Return a shape as it is where no width has a name: at a port, outside a stage."""
    return shape if shape.bits.isdigit() or _is_parameter(shape.width) else attrs.evolve(shape, bits="")


def _is_parameter(bits: Width) -> bool:
    (first, *more) = bits.terms
    return not more and not first.constant and [factor for _, factor in first.coefficients] == [1]


@attrs.define
class _Stage:
    """A module that grows, one node of the graph after the other."""

    graph: RuleGraph
    taken: set[str]
    signals: dict[Node, Signal] = attrs.Factory(dict)
    widths: list[NamedWidth] = attrs.Factory(list)
    constants: dict[str, NamedConstant] = attrs.Factory(dict)
    inner: list[Signal] = attrs.Factory(list)
    assignments: list[Assignment] = attrs.Factory(list)
    parameters: set[str] = attrs.Factory(set)
    ports: set[str] = attrs.Factory(set)
    source: str = ""

    # Names and shapes

    def free_name(self, name: str) -> str:
        candidate, number = name, 2
        while candidate.lower() in self.taken:
            candidate, number = f"{name}_{number}", number + 1
        self.taken.add(candidate.lower())
        return candidate

    def shape(self, name: str, kind: str, bits: Width, derivation: str) -> Shape:
        """Return a shape; a width that is neither a parameter nor a number gets a name and its derivation."""
        self.parameters |= parameter_names(bits)
        if _is_parameter(bits) or str(bits).isdigit():
            return Shape(kind, bits, str(bits).upper())
        named = NamedWidth(self.free_name(f"{name}_bits".upper()), bits, derivation)
        self.widths.append(named)
        return Shape(kind, bits, named.name)

    def declare(self, name: str, shape: Shape) -> Signal:
        signal = Signal(name, shape)
        self.inner.append(signal)
        return signal

    def assign(
        self,
        target: Signal,
        operation: str,
        *operands: Operand | Literal,
        node: Node,
        amount: Affine | None = None,
    ) -> Signal:
        """Assign for a node, whose amount is that of a shift unless another one is given."""
        source = node.source.text if node.source is not None else ""
        said = "" if source == self.source else source
        self.source = source
        amount = node.amount if amount is None else amount
        if amount is not None:
            self.parameters |= parameter_names(amount)
        shifted = amount if operation.startswith("shift") else None
        self.assignments.append(Assignment(target, operation, operands, shifted, said))
        return target

    # Operands

    def have(self, node: Node) -> Width | None:
        """Return the width in which a value is at hand; None for a constant, which has any."""
        return None if node.operation == "constant" else self.read(node).shape.width

    def read(self, node: Node) -> Signal:
        """Return the signal that holds a node's value."""
        if node.operation == "parameter" and node not in self.signals:
            self.parameters.add(_name(node))
            shape = Shape(node.type.kind, node.type.width, str(node.type.width))
            (parameter,) = (p for p in self.graph.parameters if p.name == node.name)
            constant = NamedConstant(
                self.free_name(f"{_name(node)}_value".upper()),
                shape,
                Affine(0, ((parameter, 1),)),
                f"{_name(node).upper()} as a number of the rule",
            )
            self.constants[constant.name] = constant
            self.signals[node] = Signal(constant.name, shape)
        return self.signals[node]

    def operand(self, node: Node, shape: Shape) -> Operand | Literal:
        if node.operation == "constant":
            return self.constant(node, shape)
        signal = self.read(node)
        return Operand(signal, _decided(signal.shape.width, shape.width), shape)

    def constant(self, node: Node, shape: Shape) -> Operand | Literal:
        value = cast(Constant, node.constant)
        if not value.coefficient and node.name is None:
            return Literal(value.offset, shape)
        return self.named_constant(node.name or "constant", value, shape, node.derivation)

    def named_constant(self, name: str, value: Constant, shape: Shape, comment: str) -> Operand:
        self.parameters |= parameter_names(value.exponent)
        for known in self.constants.values():
            if known.value == value and known.shape == shape:
                return Operand(Signal(known.name, shape), "same", shape)
        constant = NamedConstant(self.free_name(name.upper()), shape, value, comment)
        self.constants[constant.name] = constant
        return Operand(Signal(constant.name, shape), "same", shape)

    def reachable(self, wanted: Width, nodes: Iterable[Node]) -> tuple[Width, bool]:
        """Return a width that every operand can be converted to whatever the parameters, and whether it grew."""
        widths = [have for have in map(self.have, nodes) if have is not None]
        undecided = [have for have in widths if conversion(have, wanted) is None]
        return (maximum(wanted, *undecided) + 1, True) if undecided else (wanted, False)

    # Operations

    def add(self, node: Node) -> None:
        """Add a node of the graph."""
        if node.operation in COMPARISONS:
            self.signals[node] = self.comparison(node)
        elif node.operation in LOGIC or node.type.is_bit:
            operands = [self.operand(operand, BIT) for operand in node.operands]
            self.signals[node] = self.assign(
                self.declare(_name(node), BIT), node.operation, *operands, node=node
            )
        elif node.operation == "saturate":
            self.signals[node] = self.saturation(node)
        elif node.operation == "shift_right":
            self.signals[node] = self.right_shift(node)
        else:
            self.signals[node] = self.arithmetic(node)

    def derivation(self, node: Node, grown: bool) -> str:
        return f"{node.derivation}{', and one bit more' if grown else ''}"

    def arithmetic(self, node: Node) -> Signal:
        values = node.operands[1:] if node.operation == "select" else node.operands
        bits, grown = self.reachable(node.type.width, values)
        shape = self.shape(_name(node), node.type.kind, bits, self.derivation(node, grown))
        operands = [self.operand(value, shape) for value in values]
        if node.operation == "select":
            operands.insert(0, self.operand(node.operands[0], BIT))
        return self.assign(self.declare(_name(node), shape), node.operation, *operands, node=node)

    def comparison(self, node: Node) -> Signal:
        left, right = node.operands
        if left.type.is_bit:
            shape = BIT
        else:
            common = common_type(left.type, right.type)
            bits, _ = self.reachable(common.width, node.operands)
            shape = self.compared_shape(node, common.kind, bits)
        operands = [self.operand(operand, shape) for operand in node.operands]
        return self.assign(self.declare(_name(node), BIT), node.operation, *operands, node=node)

    def compared_shape(self, node: Node, kind: str, bits: Width) -> Shape:
        for operand in node.operands:
            if operand.operation != "constant":
                shape = self.read(operand).shape
                if shape.kind == kind and shape.width == bits:
                    return shape
        return self.shape(f"{_name(node)}_operand", kind, bits, "holds both sides of the comparison")

    def saturation(self, node: Node) -> Signal:
        (value,) = node.operands
        name, target = _name(node), node.type
        common = common_type(value.type, target)
        bits, _ = self.reachable(maximum(common.width, self.read(value).shape.width), [value])
        have = self.read(value).shape
        if have.kind == common.kind and have.width == bits:
            shape = have
        else:
            shape = self.shape(
                f"{name}_clamped", common.kind, bits, "holds the value and the ends of the range"
            )
        exponent = target.width.terms[0] - int(target.signed)
        largest = self.named_constant(
            f"{name}_maximum", Constant(-1, 1, exponent), shape, f"the largest {_range_of(target)}"
        )
        if target.signed:
            smallest: Operand | Literal = self.named_constant(
                f"{name}_minimum", Constant(0, -1, exponent), shape, f"the smallest {_range_of(target)}"
            )
        else:
            smallest = Literal(0, shape)
        ends = (largest, smallest) if shape.signed else (largest,)
        whole = self.whole(value, shape, node)
        excess = self.declare(self.free_name(f"{name}_excess"), shape)
        self.assign(excess, "shift_right", whole, node=node, amount=exponent)
        clamped = self.declare(self.free_name(f"{name}_clamped"), shape)
        self.assign(clamped, "clamp", whole, Operand(excess, "same", shape), *ends, node=node)
        result = self.shape(name, target.kind, target.width, node.derivation)
        low = Operand(clamped, _decided(shape.width, result.width), result)
        return self.assign(self.declare(name, result), "copy", low, node=node)

    def whole(self, value: Node, shape: Shape, reader: Node) -> Operand:
        """Return a value as a signal of this shape, for operations that read its bits by their places."""
        signal = self.read(value)
        if conversion(signal.shape.width, shape.width) != "same" or signal.shape.kind != shape.kind:
            name = self.free_name(f"{_name(reader)}_operand")
            signal = self.assign(self.declare(name, shape), "copy", self.operand(value, shape), node=reader)
        return Operand(signal, "same", shape)

    def right_shift(self, node: Node) -> Signal:
        """Add a shift: the highest bits of a signed value, or all bits of it with the sign moving in.

        Which of the two depends on what its readers can take whatever the parameters.
        """
        (value,) = node.operands
        have = self.read(value)
        top = maximum(have.shape.width - cast(Affine, node.amount), width(1))
        name = _name(node)
        if have.shape.signed and self.readers_take(node, top):
            shape = self.shape(name, have.shape.kind, top, self.derivation(node, grown=False))
            return self.assign(self.declare(name, shape), "top", Operand(have, "same", have.shape), node=node)
        signal = self.declare(name, have.shape)
        return self.assign(signal, "shift_right", Operand(have, "same", have.shape), node=node)

    def readers_take(self, node: Node, bits: Width) -> bool:
        readers = [reader for reader in self.graph.nodes if node in reader.operands]
        return all(
            conversion(bits, reader.type.width) is not None for reader in readers if not reader.type.is_bit
        )

    def widths_in_use(self) -> set[str]:
        """Return the names of the widths that something other than a port is declared or converted by."""
        shapes = [signal.shape for signal in self.inner if signal.name not in self.ports]
        shapes += [constant.shape for constant in self.constants.values()]
        for assignment in self.assignments:
            for operand in assignment.operands:
                if isinstance(operand, Literal):
                    shapes.append(operand.shape)
                elif isinstance(operand, Operand) and operand.conversion != "same":
                    shapes += [operand.shape, operand.signal.shape]
            if assignment.operation == "top":
                shapes += [assignment.target.shape, *(operand.shape for operand in assignment.operands)]
        return {shape.bits for shape in shapes}


def _range_of(type_: ValueType) -> str:
    return f"{type_.kind} number of {str(type_.width).upper()} bits"


def build_stage(
    name: str, summary: str, graph: RuleGraph, block: Block, shapes: Mapping[Node, Shape]
) -> Module:
    """Return the module of a block of a graph.

    Parameters
    ----------
    name, summary : str
        Of the module.
    graph : RuleGraph
    block : Block
        One of ``graph.blocks``.
    shapes : mapping of Node to Shape
        Those of the signals that earlier blocks hand on.
    """
    taken = {n.name.lower() for n in graph.nodes if n.name is not None and n.operation != "constant"}
    taken |= {f"next_{field.name}".lower() for field in graph.state}
    stage = _Stage(graph, taken | {parameter.name.lower() for parameter in graph.parameters})
    ports = []
    for node in block.inputs:
        called = _name(node)
        shape = field_shape(node.type) if node.operation in ("state", "input") else shapes[node]
        stage.parameters |= parameter_names(shape.width)
        if not shape.is_bit:
            shape = stage.shape(called, shape.kind, shape.width, f"of {called}, which comes from before")
        stage.signals[node] = Signal(called, shape)
        ports.append(Port(called, "in", written_out(shape)))
    for node in block.nodes:
        stage.add(node)
    outputs = [stage.signals[node] for node in block.outputs]
    stage.ports = {signal.name for signal in outputs}
    ports += [Port(signal.name, "out", written_out(signal.shape)) for signal in outputs]
    return Module(
        name=name,
        summary=summary,
        parameters=declared_parameters(graph, stage.parameters),
        ports=tuple(ports),
        widths=tuple(named for named in stage.widths if named.name in stage.widths_in_use()),
        constants=tuple(stage.constants.values()),
        signals=tuple(signal for signal in stage.inner if signal not in outputs),
        assignments=tuple(stage.assignments),
        unread=partly_read(stage.assignments, {port.name for port in ports if port.direction == "out"}),
    )


def declared_parameters(graph: RuleGraph, names: set[str]) -> tuple[Parameter, ...]:
    """Return the parameters of these names as a module declares them."""
    return tuple(
        Parameter(parameter.name.upper(), parameter.low, parameter.high, parameter.default)
        for parameter in graph.parameters
        if parameter.name in names
    )


def partly_read(assignments: Iterable[Assignment], outputs: set[str]) -> tuple[str, ...]:
    """Return the signals of which every reader drops some bits, in the order in which they are read."""
    whole: set[str] = set(outputs)
    part: dict[str, None] = {}
    for assignment in assignments:
        for operand in assignment.operands:
            if isinstance(operand, Operand):
                if operand.conversion == "low" or assignment.operation == "top":
                    part[operand.signal.name] = None
                else:
                    whole.add(operand.signal.name)
    return tuple(name for name in part if name not in whole)
