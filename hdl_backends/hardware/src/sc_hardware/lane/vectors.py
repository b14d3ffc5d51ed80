"""Test vectors: what goes into a module and what must come out, one line of hexadecimal digits each.

The same file is read by the Verilog testbench (``$readmemh``), the VHDL one (``hread``) and the C++ harness: the
ports one after the other, inputs first, the first port in the highest bits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sc_core.errors import ConfigurationError
from sc_hardware.lane.design import LaneDesign, Module, Port

Vectors = Sequence[Mapping[str, int]] | Mapping[str, "np.ndarray"]


def tested_module(design: LaneDesign, target: str) -> Module:
    """Return the module that a testbench is for: ``"lane"`` or ``"step"``.

    Raises
    ------
    ConfigurationError
        If it is neither.
    """
    if target not in ("lane", "step"):
        raise ConfigurationError("target", f"must be 'lane' or 'step', got {target!r}")
    return design.lane if target == "lane" else design.step


def vector_ports(module: Module) -> tuple[Port, ...]:
    """Return the ports in the order of a vector: all but the clock, inputs first."""
    ports = [port for port in module.ports if port.name != "clk"]
    return tuple(sorted(ports, key=lambda port: port.direction != "in"))


def port_bits(module: Module, parameters: Mapping[str, int]) -> dict[str, int]:
    """Return the number of bits of each port of a vector, for one choice of all parameters of the rule."""
    return {port.name: port.shape.width.value(parameters) for port in vector_ports(module)}


def columns(module: Module, vectors: Vectors) -> dict[str, np.ndarray]:
    """Return vectors as one array of Python ints for each port.

    Raises
    ------
    ConfigurationError
        If a port has no value.
    """
    names = [port.name for port in vector_ports(module)]
    try:
        if isinstance(vectors, Mapping):
            return {name: np.asarray(vectors[name]).astype(object) for name in names}
        return {name: np.array([int(row[name]) for row in vectors], dtype=object) for name in names}
    except KeyError as error:
        raise ConfigurationError("vectors", f"have no value for the port {error.args[0]!r}") from None


def to_hex(module: Module, vectors: Vectors, parameters: Mapping[str, int]) -> str:
    """Return vectors as text, one line each.

    Parameters
    ----------
    module : Module
        What is tested.
    vectors : sequence of mapping of str to int, or mapping of str to ndarray
        A value for every port but the clock; those of the outputs are what is expected.
    parameters : mapping of str to int
        All parameters of the rule.

    Returns
    -------
    str
        Hexadecimal digits.
    """
    values = columns(module, vectors)
    bits = port_bits(module, parameters)
    words: np.ndarray = np.zeros(len(next(iter(values.values()))), dtype=object)
    for name, column in values.items():
        words = words * (1 << bits[name]) + column.astype(object) % (1 << bits[name])
    digits = -(-sum(bits.values()) // 4)
    return "".join(f"{int(word):0{digits}x}\n" for word in words)
