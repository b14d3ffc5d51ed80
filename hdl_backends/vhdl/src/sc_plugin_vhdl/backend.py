"""The backend ``vhdl``: designs as VHDL-2008."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sc_hardware.lane.design import LaneDesign, MemoryModule, Module, Port
from sc_hardware.lane.vectors import Vectors, columns, tested_module, to_hex, vector_ports
from sc_hardware.projection_engine import HardwareDesign
from sc_hardware.projection_engine.operations import Operation, testbench_values
from sc_hardware.projection_engine.operations import to_hex as operations_to_hex
from sc_plugin_vhdl.expressions import width_text
from sc_plugin_vhdl.rendering import template


class VHDLBackend:
    """Renders designs of sc-hardware as VHDL-2008, one entity per file.

    Names, ports and structure are those of the Verilog of the same design.

    Examples
    --------
    >>> from sc_hardware.lane import build_lane
    >>> from sc_hardware.rules import Bit, Parameter, Unsigned, rule, saturate, select
    >>> @rule(
    ...     state={"count": Unsigned("count_bits")},
    ...     inputs={"spike": Bit},
    ...     parameters={"count_bits": Parameter(1, 16, default=8)},
    ... )
    ... def spike_counter(state, inputs, params):
    ...     raised = state.count + select(inputs.spike, 1, 0)
    ...     return state.replace(count=saturate(raised, Unsigned(params.count_bits)))
    >>> list(VHDLBackend().emit(build_lane(spike_counter)))
    ['sc_spike_counter_stage_0.vhd', 'sc_spike_counter_step.vhd', 'sc_spike_counter.vhd']
    """

    file_suffix = ".vhd"

    def emit(self, design: LaneDesign | HardwareDesign) -> dict[str, str]:
        """Return the sources of a design.

        Parameters
        ----------
        design : LaneDesign or HardwareDesign
            The design.

        Returns
        -------
        dict of str to str
            Text by file name, each after those that it needs.
        """
        return {
            f"{module.name}{self.file_suffix}": module_text(module, [design.heading])
            for module in design.modules
        }

    def testbench(
        self, design: LaneDesign, vectors: Vectors, *, parameters: Mapping[str, int], target: str = "lane"
    ) -> dict[str, str]:
        """Return a self-checking testbench, and its vectors.

        Parameters
        ----------
        design : LaneDesign
            The design.
        vectors : sequence of mapping of str to int, or mapping of str to ndarray
            A value for every port but the clock: of inputs what is applied, of outputs what is expected, of a lane
            after the rising edge.
        parameters : mapping of str to int
            All parameters of the rule.
        target : {"lane", "step"}
            Which module is tested.

        Returns
        -------
        dict of str to str
            ``<module>_tb.vhd`` and ``<module>_tb.hex``.

        Raises
        ------
        ConfigurationError
            If a port has no value.
        """
        module = tested_module(design, target)
        ports = vector_ports(module)
        widths = [width_text(port.shape.width) for port in ports]
        offsets = [
            (port, " + ".join(reversed(widths[place + 1 :])) or "0") for place, port in enumerate(ports)
        ]
        name = f"{module.name}_tb"
        text = template("testbench.vhd.j2").render(
            module=module,
            file=f"{name}.hex",
            offsets=offsets,
            total=" + ".join(widths),
            inputs=[port for port in ports if port.direction == "in"],
            outputs=[port for port in ports if port.direction == "out"],
            values={key.upper(): value for key, value in parameters.items()},
            n_vectors=len(next(iter(columns(module, vectors).values()))),
            clocked=bool(module.registers),
        )
        return {f"{name}.vhd": text, f"{name}.hex": to_hex(module, vectors, parameters)}

    def engine_testbench(
        self, design: HardwareDesign, operations: Sequence[Operation], *, stalls: int = 0
    ) -> dict[str, str]:
        """Return a self-checking testbench of an engine, and its operations.

        Parameters
        ----------
        design : HardwareDesign
        operations : sequence of Operation
            What it does and expects.
        stalls : int
            Of 256 clocks, in how many the receiver of spikes is not ready.

        Returns
        -------
        dict of str to str
            Text by file name.
        """
        name = f"{design.name}_tb"
        values = testbench_values(design, operations, f"{name}.hex")
        text = template("engine_testbench.vhd.j2").render(values, stalls=stalls, initial=_initial)
        return {f"{name}.vhd": text, f"{name}.hex": operations_to_hex(design, operations)}

    def memory_images(self, design: LaneDesign | HardwareDesign) -> dict[str, str]:
        """Return the initial contents of the memories, by file name: a word a line; a lane has none."""
        return design.image_files() if isinstance(design, HardwareDesign) else {}

    def lint_command(self, files: Sequence[str]) -> list[str]:
        """Return the command line that checks sources, given in the order in which they need each other."""
        return [
            "ghdl",
            "-a",
            "--std=08",
            "-Wbinding",
            "-Wlibrary",
            "-Wunused",
            "-Wspecs",
            "-Wothers",
            "-Werror",
            *files,
        ]


def _initial(port: Port) -> str:
    """Return what an input of an engine is before the testbench drives it."""
    if port.direction != "in":
        return ""
    return " := '0'" if port.shape.is_bit else " := (others => '0')"


def module_text(module: Module | MemoryModule, heading: Sequence[str] = ()) -> str:
    """Return one entity with its architecture as text."""
    if isinstance(module, MemoryModule):
        return template("memory.vhd.j2").render(module=module, heading=heading)
    text = template("module.vhd.j2").render(module=module, heading=heading)
    # VHDL's character set ends at Latin-1; what a rule's comments or names hold beyond it is for readers only.
    return text.encode("ascii", "replace").decode("ascii")
