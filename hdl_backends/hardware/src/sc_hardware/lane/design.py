"""What a lane is made of, in no particular language: modules, ports, widths, constants, signals, registers.

Every operand has the width and the sign of the operation that reads it, by a conversion that is decided here, for
all legal parameters at once. A backend prints; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from sc_hardware.rules.graph import Constant
from sc_hardware.rules.widths import Affine, Width


@attrs.frozen
class Shape:
    """What a signal looks like.

    Attributes
    ----------
    kind : str
        ``"bit"``, ``"unsigned"`` or ``"signed"``.
    width : Width
        How many bits, over the parameters.
    bits : str
        The same as written in the sources: the name of a parameter or of a width, or a number.
    """

    kind: str
    width: Width
    bits: str

    @property
    def signed(self) -> bool:
        """Whether it is in two's complement."""
        return self.kind == "signed"

    @property
    def is_bit(self) -> bool:
        """Whether it is one wire, not a vector."""
        return self.kind == "bit"


@attrs.frozen
class Parameter:
    """A parameter of a module, a generic of an entity."""

    name: str
    low: int
    high: int
    default: int


@attrs.frozen
class Port:
    """A connection of a module; `direction` is ``"in"`` or ``"out"``."""

    name: str
    direction: str
    shape: Shape
    comment: str = ""


@attrs.frozen
class NamedWidth:
    """A number of bits with a name, and why it is enough."""

    name: str
    value: Width
    derivation: str


@attrs.frozen
class NamedConstant:
    """A value with a name: a constant of the rule, the end of a range, or a parameter that is computed with."""

    name: str
    shape: Shape
    value: Constant | Affine
    comment: str


@attrs.frozen
class Signal:
    """A signal of a module, or a named constant, where it is read or assigned."""

    name: str
    shape: Shape


@attrs.frozen
class Operand:
    """A signal as an operation reads it.

    Attributes
    ----------
    signal : Signal
    conversion : str
        ``"same"``: its bits as they are. ``"extend"``: more bits, by its own sign, at least one more whatever the
        parameters. ``"low"``: its lowest bits, which hold its value there.
    shape : Shape
        What the operation reads.
    """

    signal: Signal
    conversion: str
    shape: Shape


@attrs.frozen
class Literal:
    """A number where it is read."""

    value: int
    shape: Shape


@attrs.frozen
class Logic:
    """``and``, ``or`` or ``not`` of bits where it is read; its operands can be such too."""

    operation: str
    operands: tuple[Operand | Literal | Logic, ...]
    shape: Shape


@attrs.frozen
class Assignment:
    """One operation and the signal that it drives.

    Attributes
    ----------
    target : Signal
    operation : str
        As in `sc_hardware.rules.graph`, but for five. ``copy``: the operand. ``top``: the highest bits of the
        operand, as many as the target has. ``clamp``: the first operand, if the second, its bits beyond the
        range, is 0 (or -1, where a fourth operand is no number); else the third, or the fourth if the first is
        negative. ``slice``: as many bits of the operand as the target has, from bit `amount` on. ``join``: the
        bits of all operands, the first lowest.
    operands : tuple of Operand, Literal or Logic
    amount : Affine or None
        Of a shift or a slice.
    source : str
        The line of the rule that says so; empty where it is the same as that of the assignment before.
    """

    target: Signal
    operation: str
    operands: tuple[Operand | Literal | Logic, ...]
    amount: Affine | None = None
    source: str = ""


@attrs.frozen
class Instance:
    """A module within a module.

    Attributes
    ----------
    label : str
    module : Module or MemoryModule
    connections : tuple of (str, str)
        Ports, and the signals that are connected to them.
    values : mapping of str to int or str, or None
        Its parameters, where they are not the defaults; None: all of them are those of the same name outside.
    """

    label: str
    module: Module | MemoryModule
    connections: tuple[tuple[str, str], ...]
    values: Mapping[str, int | str] | None = None


@attrs.frozen
class Register:
    """A part of the state: cleared by reset, loaded where `load` names a signal, else stepped.

    Attributes
    ----------
    signal : Signal
    next_value : str
        The signal that it takes over in a step.
    load : str or None
        The signal that it is loaded with.
    step_en, load_en : str
        The signals that say that it steps, and that fields are loaded instead.
    """

    signal: Signal
    next_value: str
    load: str | None
    step_en: str = "step_en"
    load_en: str = "load_en"


@attrs.frozen
class RegisterGroup:
    """The parts of the state that step in the same clock of a pipeline."""

    step_en: str
    load_en: str
    registers: tuple[Register, ...]

    @property
    def loaded(self) -> tuple[Register, ...]:
        """Those that can be loaded."""
        return tuple(register for register in self.registers if register.load)


@attrs.frozen
class FlipFlop:
    """A register that takes `next_value` at every rising edge; reset, asynchronous, makes it `reset`."""

    signal: Signal
    next_value: str
    reset: int = 0


@attrs.frozen
class Table:
    """A signal whose value another one chooses: entry n where `index` is n, the last entry beyond.

    Attributes
    ----------
    target, index : Signal
    values : tuple of int
    comments : tuple of str
        One for each value.
    """

    target: Signal
    index: Signal
    values: tuple[int, ...]
    comments: tuple[str, ...]


READ_DURING_WRITE = ("old", "new", "unknown")


@attrs.frozen
class MemoryModule:
    """A simple dual-port memory: one read port, one write port, synchronous; parameters are as `parameters` says.

    Attributes
    ----------
    name : str
    summary : str
    read_during_write : str
        What a read returns of a word that is written in the same clock: one of `READ_DURING_WRITE`.
    """

    name: str
    summary: str
    read_during_write: str = "old"

    parameters = ("BITS", "ADDRESS_BITS", "WORDS", "IMAGE")


@attrs.frozen
class Module:
    """One module.

    Attributes
    ----------
    name : str
    summary : str
        What it does, in a sentence.
    parameters : tuple of Parameter
        Only those that it reads.
    ports : tuple of Port
    widths : tuple of NamedWidth
    constants : tuple of NamedConstant
    signals : tuple of Signal
        Those that are no ports.
    assignments : tuple of Assignment
        In an order in which each reads only what is above it.
    instances : tuple of Instance
    registers : tuple of Register
        A module that has some has the ports ``clk``, ``rst_n``, ``step_en`` and ``update_done`` as well.
    done : tuple of str
        The signals that say whether a step ends in this clock, and whether it is a load instead.
    unread : tuple of str
        Signals of which some bits are read by nothing, which a linter wants to be told.
    flip_flops : tuple of FlipFlop
        A module that has some has the ports ``clk`` and ``rst_n``.
    tables : tuple of Table
    """

    name: str
    summary: str
    parameters: tuple[Parameter, ...]
    ports: tuple[Port, ...]
    widths: tuple[NamedWidth, ...] = ()
    constants: tuple[NamedConstant, ...] = ()
    signals: tuple[Signal, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    instances: tuple[Instance, ...] = ()
    registers: tuple[Register, ...] = ()
    done: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    flip_flops: tuple[FlipFlop, ...] = ()
    tables: tuple[Table, ...] = ()

    @property
    def kept(self) -> tuple[Signal, ...]:
        """What it keeps from one clock to the next, but for ``update_done``."""
        return tuple(part.signal for parts in (self.registers, self.flip_flops) for part in parts)

    @property
    def register_groups(self) -> tuple[RegisterGroup, ...]:
        """The registers of the state, by the clock in which they step."""
        groups: dict[tuple[str, str], list[Register]] = {}
        for register in self.registers:
            groups.setdefault((register.step_en, register.load_en), []).append(register)
        return tuple(RegisterGroup(*enables, tuple(members)) for enables, members in groups.items())


@attrs.frozen
class LaneDesign:
    """A rule as hardware that steps one synapse per clock.

    Attributes
    ----------
    rule : str
        Its name.
    description : str
        What it does.
    lane : Module
        The registers, and the step between them.
    step : Module
        From state and inputs to the next state, combinational; a pipelined lane does without.
    stages : tuple of Module
        The step, cut at its multipliers: a multiplier's operands are ports of the stage that it is in.
    latency : int
        After how many clocks the lane shows what a step made of the state; more than 1 if it is pipelined.
    """

    rule: str
    description: str
    lane: Module
    step: Module
    stages: tuple[Module, ...]
    latency: int = 1

    @property
    def modules(self) -> tuple[Module, ...]:
        """All that the lane contains, each after those that it contains itself; the lane is the last."""
        step = (self.step,) if self.latency == 1 else ()
        return (*self.stages, *step, self.lane)

    @property
    def heading(self) -> str:
        """What stands at the top of every source."""
        return (
            f"Rule: {self.rule}. Emitted by sc-hardware; the lines of the rule stand over what they become."
        )
