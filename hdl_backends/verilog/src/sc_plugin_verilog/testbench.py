"""Self-checking testbenches in Verilog, and a harness in C++ for Verilator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sc_hardware.lane.design import Module, Port
from sc_hardware.lane.vectors import Vectors, columns, port_bits, to_hex, vector_ports
from sc_hardware.projection_engine import HardwareDesign
from sc_hardware.projection_engine.operations import Operation, testbench_values
from sc_hardware.projection_engine.operations import to_hex as to_hex_operations
from sc_plugin_verilog.rendering import template


def testbench_files(module: Module, vectors: Vectors, parameters: Mapping[str, int]) -> dict[str, str]:
    """Return the testbench of a module and its vectors, by file name; see `VerilogBackend.testbench`."""
    name = f"{module.name}_tb"
    text = template("testbench.v.j2").render(
        module=module,
        file=f"{name}.hex",
        ports=vector_ports(module),
        inputs=_side(module, "in"),
        outputs=_side(module, "out"),
        values={key.upper(): value for key, value in parameters.items()},
        n_vectors=len(next(iter(columns(module, vectors).values()))),
        clocked=bool(module.registers),
    )
    return {f"{name}.v": text, f"{name}.hex": to_hex(module, vectors, parameters)}


def harness_text(module: Module, parameters: Mapping[str, int]) -> str:
    """Return the C++ that drives a module compiled by Verilator; it reads the testbench's vectors."""
    bits = port_bits(module, parameters)
    digits = -(-sum(bits.values()) // 4)
    sides = {
        side: [(port.name, bits[port.name]) for port in _side(module, direction)]
        for side, direction in (("inputs", "in"), ("outputs", "out"))
    }
    return template("harness.cpp.j2").render(
        module=module,
        file=f"{module.name}_tb.hex",
        digits=digits,
        padding=4 * digits - sum(bits.values()),
        clocked=bool(module.registers),
        **sides,
    )


def engine_testbench_files(
    design: HardwareDesign, operations: Sequence[Operation], *, stalls: int
) -> dict[str, str]:
    """Return the testbench of an engine, the harness for Verilator and the operations, by file name."""
    name = f"{design.name}_tb"
    values = testbench_values(design, operations, f"{name}.hex") | {"stalls": stalls}
    return {
        f"{name}.v": template("engine_testbench.v.j2").render(values),
        f"{design.name}_harness.cpp": template("engine_harness.cpp.j2").render(values),
        f"{name}.hex": to_hex_operations(design, operations),
    }


def _side(module: Module, direction: str) -> list[Port]:
    return [port for port in vector_ports(module) if port.direction == direction]
