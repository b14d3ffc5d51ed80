"""The backend ``verilog``: designs as Verilog-2001."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sc_hardware.lane.design import LaneDesign, MemoryModule, Module
from sc_hardware.lane.vectors import Vectors, tested_module
from sc_hardware.projection_engine import HardwareDesign
from sc_hardware.projection_engine.operations import Operation
from sc_plugin_verilog.rendering import template
from sc_plugin_verilog.testbench import engine_testbench_files, harness_text, testbench_files


class VerilogBackend:
    """Renders designs of sc-hardware as Verilog-2001, one module per file.

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
    >>> sorted(VerilogBackend().emit(build_lane(spike_counter)))
    ['sc_spike_counter.v', 'sc_spike_counter_stage_0.v', 'sc_spike_counter_step.v']
    """

    file_suffix = ".v"

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
            f"{module.name}{self.file_suffix}": self.module_text(module, [design.heading])
            for module in design.modules
        }

    def module_text(self, module: Module | MemoryModule, heading: Sequence[str] = ()) -> str:
        """Return one module as text, without those that it contains."""
        if isinstance(module, MemoryModule):
            return template("memory.v.j2").render(module=module, heading=heading)
        connected = {signal for instance in module.instances for _, signal in instance.connections}
        assigned = {assignment.target.name for assignment in module.assignments} - connected
        registers = {flip_flop.signal.name for flip_flop in module.flip_flops}
        registers |= {table.target.name for table in module.tables}
        return template("module.v.j2").render(
            module=module,
            heading=heading,
            assigned=assigned,
            inner={signal.name for signal in module.signals} - connected,
            registers=registers | ({"update_done"} if module.registers else set()),
        )

    def testbench(
        self,
        design: LaneDesign,
        vectors: Vectors,
        *,
        parameters: Mapping[str, int],
        target: str = "lane",
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
            ``<module>_tb.v`` and ``<module>_tb.hex``. Run with ``+waveform``, it writes ``<module>_tb.vcd``.

        Raises
        ------
        ConfigurationError
            If a port has no value.
        """
        return testbench_files(tested_module(design, target), vectors, parameters)

    def engine_testbench(
        self,
        design: HardwareDesign,
        operations: Sequence[Operation],
        *,
        stalls: int = 0,
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
        return engine_testbench_files(design, operations, stalls=stalls)

    def harness(
        self, design: LaneDesign, *, parameters: Mapping[str, int], target: str = "lane"
    ) -> dict[str, str]:
        """Return the C++ that applies a testbench's vectors to a module compiled by Verilator."""
        module = tested_module(design, target)
        return {f"{module.name}_harness.cpp": harness_text(module, parameters)}

    def memory_images(self, design: LaneDesign | HardwareDesign) -> dict[str, str]:
        """Return the initial contents of the memories, by file name: a word a line; a lane has none."""
        return design.image_files() if isinstance(design, HardwareDesign) else {}

    def lint_command(self, files: Sequence[str]) -> list[str]:
        """Return the command line that checks sources; the top module is in the last file."""
        return ["verilator", "--lint-only", "-Wall", "--default-language", "1364-2001", *files]
