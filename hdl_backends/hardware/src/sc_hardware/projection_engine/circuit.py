"""Modules from expressions: signals of given widths, registers, tables, instances.

An expression knows its kind and width: sums and differences grow by a bit, `Value.low` cuts. Every operand gets the
width of the operation that reads it here, so that backends only print (sc_hardware.lane.design).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

import attrs

from sc_hardware.lane.design import (
    Assignment,
    FlipFlop,
    Instance,
    Literal,
    Logic,
    MemoryModule,
    Module,
    Operand,
    Port,
    Shape,
    Signal,
    Table,
)
from sc_hardware.lane.stage import BIT
from sc_hardware.rules.graph import LOGIC
from sc_hardware.rules.widths import Affine, width


def unsigned(bits: int) -> Shape:
    """Return the shape of an unsigned number."""
    return Shape("unsigned", width(bits), str(bits))


def signed(bits: int) -> Shape:
    """Return the shape of a signed number."""
    return Shape("signed", width(bits), str(bits))


def shape_of(kind: str, bits: int) -> Shape:
    """Return the shape of a kind and a width."""
    return BIT if kind == "bit" else Shape(kind, width(bits), str(bits))


def bits_of(shape: Shape) -> int:
    """Return the width of a shape, a number."""
    return int(shape.bits)


@attrs.frozen(eq=False)
class Value:
    """An expression: a signal, a number, or an operation on expressions.

    Attributes
    ----------
    shape : Shape
    operation : str
        ``"signal"``, ``"constant"``, or as in `Assignment`.
    operands : tuple of Value
    amount : int
        Of a slice; the number of a constant.
    name : str
        Of a signal.
    """

    shape: Shape
    operation: str
    operands: tuple[Value, ...] = ()
    amount: int = 0
    name: str = ""

    def __add__(self, other: Value | int) -> Value:
        return self._grown("add", other)

    def __sub__(self, other: Value | int) -> Value:
        return self._grown("subtract", other)

    def __and__(self, other: Value) -> Value:
        return Value(BIT, "and", (self, other))

    def __or__(self, other: Value) -> Value:
        return Value(BIT, "or", (self, other))

    def __invert__(self) -> Value:
        return Value(BIT, "not", (self,))

    def equals(self, other: Value | int) -> Value:
        """Return whether both are the same number."""
        return Value(BIT, "equal", (self, _value(other)))

    def differs(self, other: Value | int) -> Value:
        """Return whether both are different numbers."""
        return Value(BIT, "not_equal", (self, _value(other)))

    def below(self, other: Value | int) -> Value:
        """Return whether this is less."""
        return Value(BIT, "less", (self, _value(other)))

    def low(self, bits: int) -> Value:
        """Return the lowest bits, as a number of the same kind; the number itself where it has no more."""
        shape = shape_of(self.shape.kind, bits)
        return self if bits_of(self.shape) <= bits else Value(shape, "copy", (self,))

    def modulo(self, bits: int) -> Value:
        """Return the lowest bits as an unsigned number."""
        return Value(unsigned(bits), "copy", (self,))

    def field(self, kind: str, low: int, bits: int) -> Value:
        """Return some bits as a number of a kind."""
        if self.shape.is_bit:
            return self
        return Value(shape_of(kind, bits), "slice", (self,), low)

    def _grown(self, operation: str, other: Value | int) -> Value:
        right = _value(other)
        common = _common(self.shape, right.shape)
        kind = "signed" if operation == "subtract" else common.kind
        grown = common if common.kind == kind else signed(bits_of(common) + 1)
        return Value(shape_of(kind, bits_of(grown) + 1), operation, (self, right))


Wires: TypeAlias = Mapping[str, Value]


def constant(number: int, shape: Shape | None = None) -> Value:
    """Return a number as an expression."""
    if shape is None:
        shape = (
            unsigned(max(number.bit_length(), 1)) if number >= 0 else signed((-number - 1).bit_length() + 1)
        )
    return Value(shape, "constant", (), number)


TRUE, FALSE = constant(1, BIT), constant(0, BIT)


def _value(given: Value | int) -> Value:
    return given if isinstance(given, Value) else constant(given)


def _common(left: Shape, right: Shape) -> Shape:
    """Return the shape that holds the numbers of both."""
    if left.signed == right.signed:
        return shape_of(left.kind, max(bits_of(left), bits_of(right)))
    sizes = [bits_of(shape) + (not shape.signed) for shape in (left, right)]
    return signed(max(sizes))


def select(condition: Value, chosen: Value | int, other: Value | int) -> Value:
    """Return `chosen` where the condition holds, else `other`."""
    first, second = _value(chosen), _value(other)
    if first.shape.is_bit and second.shape.is_bit:
        return (condition & first) | (~condition & second)
    return Value(_common(first.shape, second.shape), "select", (condition, first, second))


def join(parts: Sequence[Value]) -> Value:
    """Return the bits of all parts as one number, the first lowest; no parts are 0."""
    if not parts:
        return constant(0)
    if len(parts) == 1 and not parts[0].shape.is_bit:
        return Value(unsigned(bits_of(parts[0].shape)), "copy", (parts[0],))
    return Value(unsigned(sum(bits_of(part.shape) for part in parts)), "join", tuple(parts))


def either(conditions: Iterable[Value]) -> Value:
    """Return whether one of the conditions holds."""
    result = FALSE
    for condition in conditions:
        result = condition if result is FALSE else result | condition
    return result


class Circuit:
    """A module that grows.

    Parameters
    ----------
    name, summary : str
        Of the module.
    """

    def __init__(self, name: str, summary: str) -> None:
        self.name, self.summary = name, summary
        self._ports: dict[str, Port] = {}
        self._signals: dict[str, Signal] = {}
        self._assignments: list[Assignment] = []
        self._flip_flops: list[FlipFlop] = []
        self._tables: list[Table] = []
        self._instances: list[Instance] = []
        self._unused: list[str] = []
        self._remark = ""

    # Signals

    def remark(self, text: str) -> None:
        """Say what the next assignment is about; printed above it."""
        self._remark = text

    def input(self, name: str, shape: Shape, comment: str = "") -> Value:
        """Return an input port."""
        self._ports.setdefault(name, Port(name, "in", shape, comment))
        return Value(shape, "signal", name=name)

    def output(self, name: str, value: Value, shape: Shape | None = None, comment: str = "") -> Value:
        """Drive an output port, and return it."""
        shape = shape or value.shape
        self._ports[name] = Port(name, "out", shape, comment)
        self._assign(Signal(name, shape), value)
        return Value(shape, "signal", name=name)

    def let(self, name: str, value: Value, shape: Shape | None = None) -> Value:
        """Return a named signal that has the value."""
        shape = shape or value.shape
        signal = Signal(self._free(name), shape)
        self._signals[signal.name] = signal
        self._assign(signal, value)
        return Value(shape, "signal", name=signal.name)

    def wire(self, name: str, shape: Shape, *, unused: bool = False) -> Value:
        """Return a signal that an instance drives."""
        self._signals[name] = Signal(name, shape)
        if unused:
            self._unused.append(name)
        return Value(shape, "signal", name=name)

    def port(self, name: str, shape: Shape, comment: str = "") -> None:
        """Add an output port that an instance drives."""
        self._ports[name] = Port(name, "out", shape, comment)

    def register(self, name: str, shape: Shape, *, port: bool = False, reset: int = 0) -> Value:
        """Return a register, an output port or not; `next` says what it takes."""
        if port:
            self._ports[name] = Port(name, "out", shape)
        else:
            self._signals[name] = Signal(name, shape)
        self._flip_flops.append(FlipFlop(Signal(name, shape), f"next_{name}", reset))
        self.input("clk", BIT)
        self.input("rst_n", BIT)
        return Value(shape, "signal", name=name)

    def next(self, register: Value, value: Value) -> Value:
        """Say what a register takes at every rising edge, and return that."""
        return self.let(f"next_{register.name}", value, register.shape)

    def delayed(self, name: str, value: Value) -> Value:
        """Return a register that has the value one clock later."""
        register = self.register(name, value.shape)
        self.next(register, value)
        return register

    def table(
        self, name: str, index: Value, values: Sequence[int | None], shape: Shape, comments: Sequence[str]
    ) -> Value:
        """Return a signal that `index` chooses from `values`, of which None may be anything.

        Where all are the same, it is that number, and nothing chooses.
        """
        given = [value for value in values if value is not None]
        usual = max(set(given), key=given.count) if given else 0
        full = tuple(usual if value is None else int(value) for value in values)
        if set(full) == {usual}:
            return constant(usual, shape)
        signal = Signal(self._free(name), shape)
        self._signals[signal.name] = signal
        where = Signal(index.name, index.shape)
        self._tables.append(Table(signal, where, full, tuple(comments)))
        return Value(shape, "signal", name=signal.name)

    def instance(
        self,
        label: str,
        module: Module | MemoryModule,
        connections: Mapping[str, Value | str],
        values: Mapping[str, int | str] | None = None,
    ) -> None:
        """Put a module in; what is connected to an input may be an expression."""
        connected = []
        for port, value in connections.items():
            if isinstance(value, Value) and value.operation != "signal":
                value = self.let(f"{label}_{port}", value)
            connected.append((port, value.name if isinstance(value, Value) else value))
        self._instances.append(Instance(label, module, tuple(connected), values or {}))

    # Assignments

    def _free(self, name: str) -> str:
        candidate, number = name, 2
        while candidate in self._signals or candidate in self._ports:
            candidate, number = f"{name}_{number}", number + 1
        return candidate

    def _assign(self, target: Signal, value: Value) -> None:
        """Add the assignment of an expression, and those of the expressions in it, before it."""
        remark, self._remark = self._remark, ""
        if value.operation == "copy" and value.operands[0].operation in ("add", "subtract"):
            value = attrs.evolve(value.operands[0], shape=value.shape)  # the sum modulo 2^bits
        amount = None
        operands: tuple[Operand | Literal | Logic, ...]
        fits = _same(value.shape, target.shape)
        if value.operation in ("signal", "constant", "copy") or not fits:
            copied = value.operands[0] if value.operation == "copy" and fits else value
            operation, operands = "copy", (self._operand(copied, target.shape, target.name),)
        else:
            operation = value.operation
            operands = tuple(
                self._operand(operand, shape, target.name)
                for operand, shape in zip(value.operands, _operand_shapes(value), strict=True)
            )
            amount = Affine(value.amount) if operation == "slice" else None
        self._assignments.append(Assignment(target, operation, operands, amount, remark))

    def _operand(self, value: Value, shape: Shape, target: str) -> Operand | Literal | Logic:
        if value.operation == "constant":
            kept = value.amount if shape.signed else value.amount % (1 << bits_of(shape))
            return Literal(kept, shape)
        if value.operation == "copy" and value.operands[0].operation == "signal":
            inner = value.operands[0]
            if bits_of(inner.shape) >= bits_of(value.shape) >= bits_of(shape):
                value = inner  # cut at once
        if value.operation in LOGIC:
            inner_values = [self._operand(operand, BIT, target) for operand in value.operands]
            return Logic(value.operation, tuple(inner_values), BIT)
        if value.operation != "signal":
            value = self.let(f"{target}_part", value)
        have, want = bits_of(value.shape), bits_of(shape)
        how = "same" if have == want else "extend" if have < want else "low"
        return Operand(Signal(value.name, value.shape), how, shape)

    def module(self) -> Module:
        """Return what has grown."""
        ports = sorted(self._ports.values(), key=lambda p: (p.name not in ("clk", "rst_n"), p.direction))
        return Module(
            name=self.name,
            summary=self.summary,
            parameters=(),
            ports=tuple(ports),
            signals=tuple(self._signals.values()),
            assignments=tuple(self._assignments),
            instances=tuple(self._instances),
            unread=self._unread(),
            flip_flops=tuple(self._flip_flops),
            tables=tuple(self._tables),
        )

    def _unread(self) -> tuple[str, ...]:
        """Return the signals and inputs of which some bits are read by nothing."""
        read: dict[str, int] = {table.index.name: -1 for table in self._tables}
        read |= {flip_flop.next_value: -1 for flip_flop in self._flip_flops}
        read |= {signal: -1 for instance in self._instances for _, signal in instance.connections}
        read |= dict.fromkeys(("clk", "rst_n"), -1)
        for assignment in self._assignments:
            for operand in _leaves(assignment.operands):
                if isinstance(operand, Operand):
                    bits = (1 << bits_of(operand.shape)) - 1 if operand.conversion == "low" else -1
                    if assignment.operation == "slice" and assignment.amount is not None:
                        bits = (1 << bits_of(assignment.target.shape)) - 1 << assignment.amount.constant
                    read[operand.signal.name] = read.get(operand.signal.name, 0) | bits
        shapes = {name: signal.shape for name, signal in self._signals.items()}
        shapes |= {name: port.shape for name, port in self._ports.items() if port.direction == "in"}
        whole = {name: (1 << bits_of(shape)) - 1 for name, shape in shapes.items()}
        partly = [name for name, bits in whole.items() if read.get(name, 0) & bits != bits]
        return tuple(dict.fromkeys([*partly, *self._unused]))


def _leaves(operands: Iterable[Operand | Literal | Logic]) -> Iterator[Operand | Literal]:
    """Yield what logic is made of."""
    for operand in operands:
        if isinstance(operand, Logic):
            yield from _leaves(operand.operands)
        else:
            yield operand


def _same(left: Shape, right: Shape) -> bool:
    return left.kind == right.kind and bits_of(left) == bits_of(right)


def _operand_shapes(value: Value) -> list[Shape]:
    """Return the shapes in which an operation reads its operands."""
    match value.operation:
        case "equal" | "not_equal" | "less":
            common = _common(value.operands[0].shape, value.operands[1].shape)
            return [common, common]
        case "select":
            return [BIT, value.shape, value.shape]
        case "slice" | "join":
            return [operand.shape for operand in value.operands]
        case "and" | "or" | "not":
            return [BIT] * len(value.operands)
        case _:
            return [value.shape] * len(value.operands)
