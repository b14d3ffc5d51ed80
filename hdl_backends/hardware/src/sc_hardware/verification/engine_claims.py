"""What is put into the copy of an engine that is proven: registers, relations and assertions, as Verilog."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from sc_hardware.projection_engine import HardwareDesign
from sc_hardware.projection_engine.memories import Memory
from sc_hardware.projection_engine.shapes import Plan


@attrs.define
class Claims:
    """Verilog that is collected for the end of the top module.

    Attributes
    ----------
    design : HardwareDesign
    text : list of str
    seen : dict of str to int
        Signals of inner modules that it reads, by their path, with their bits.
    quiet, remembered : list of str
        What holds whenever the engine waits for a start: in any case; of memories that a clear empties, whatever
        they held.
    """

    design: HardwareDesign
    text: list[str] = attrs.field(factory=list)
    seen: dict[str, int] = attrs.field(factory=dict)
    quiet: list[str] = attrs.field(factory=list)
    remembered: list[str] = attrs.field(factory=list)

    @property
    def plan(self) -> Plan:
        """The design's plan."""
        return Plan.of(self.design.name, self.design.layout)

    def see(self, path: str, bits: int = 1) -> str:
        """Return a signal of an inner module: ``rows.fetched``."""
        self.seen[path] = bits
        return f"\\{path} "

    def word(self, memory: Memory, number: int) -> str:
        """Return a word of a memory."""
        content = self.see(f"{memory.name}_memory.content", memory.total_bits)
        return f"{content}[{(number + 1) * memory.bits - 1}:{number * memory.bits}]"

    def wire(self, name: str, value: str, bits: int = 1) -> str:
        """Add a signal and return its name."""
        self.text.append(f"wire [{bits - 1}:0] {name} = {value};")
        return name

    def register(
        self, name: str, bits: int, changes: Sequence[tuple[str, str]], *, reset: str = "0", initial: str = ""
    ) -> str:
        """Add a register and return its name.

        Parameters
        ----------
        name : str
        bits : int
        changes : sequence of (str, str)
            Conditions and what it becomes; the first that holds counts.
        reset : str
            What reset makes of it.
        initial : str
            What it is to begin with; anything, unless given.
        """
        begin = f" = {initial}" if initial else ""
        arms = "".join(f" else if ({when}) {name} <= {value};" for when, value in changes)
        self.text.append(
            f"reg [{bits - 1}:0] {name}{begin};\n"
            f"    always @(posedge clk) if (!rst_n) {name} <= {reset};{arms}"
        )
        return name

    def claim(self, when: str, claim: str) -> None:
        """Add that a claim holds whenever a condition does, after the first clock."""
        self.text.append(f"always @* if (rst_n && !first && ({when})) assert ({claim});")

    def assume(self, assumption: str) -> None:
        """Add an assumption for all clocks."""
        self.text.append(f"always @* assume ({assumption});")

    def verilog(self) -> str:
        """Return all of it, with the wires that name what inner modules have."""
        named = [f"(* hierconn *) wire [{bits - 1}:0] \\{path} ;" for path, bits in self.seen.items()]
        return "".join(f"    {line}\n" for line in (*named, *self.text))
