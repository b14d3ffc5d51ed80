"""The backend ``verilog``: designs as Verilog-2001."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sc_hardware.lane.design import LaneDesign, Module
from sc_hardware.lane.vectors import Vectors, tested_module
from sc_plugin_verilog.rendering import template
from sc_plugin_verilog.testbench import harness_text, testbench_files


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

    def emit(self, design: LaneDesign) -> dict[str, str]:
        """Return the sources of a design.

        Parameters
        ----------
        design : LaneDesign
            The design.

        Returns
        -------
        dict of str to str
            Text by file name, each after those that it needs.
        """
        heading = [
            f"Rule: {design.rule}. Emitted by sc-hardware; the lines of the rule stand over what they become."
        ]
        return {
            f"{module.name}{self.file_suffix}": self.module_text(module, heading) for module in design.modules
        }

    def module_text(self, module: Module, heading: Sequence[str] = ()) -> str:
        """Return one module as text, without those that it contains."""
        assigned = {assignment.target.name for assignment in module.assignments}
        inner = {signal.name for signal in module.signals}
        return template("module.v.j2").render(
            module=module,
            heading=heading,
            assigned=assigned,
            inner=inner,
            loads=any(register.load for register in module.registers),
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

    def harness(
        self, design: LaneDesign, *, parameters: Mapping[str, int], target: str = "lane"
    ) -> dict[str, str]:
        """Return the C++ that applies a testbench's vectors to a module compiled by Verilator."""
        module = tested_module(design, target)
        return {f"{module.name}_harness.cpp": harness_text(module, parameters)}

    def memory_images(self, design: LaneDesign) -> dict[str, str]:
        """Return the initial contents of the memories: a lane has none."""
        return {}

    def lint_command(self, files: Sequence[str]) -> list[str]:
        """Return the command line that checks sources; the top module is in the last file."""
        return ["verilator", "--lint-only", "-Wall", "--default-language", "1364-2001", *files]
