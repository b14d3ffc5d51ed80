"""The rule language: one Python function that is Python, C, Verilog and VHDL (specs/rules.md)."""

from sc_hardware.rules.errors import RuleError
from sc_hardware.rules.rule import Rule, rule
from sc_hardware.rules.types import Bit, Declaration, Postsynaptic, Presynaptic, Signed, Unsigned
from sc_hardware.rules.values import saturate, select, shift_right
from sc_hardware.rules.widths import Parameter

__all__ = [
    "Bit",
    "Declaration",
    "Parameter",
    "Postsynaptic",
    "Presynaptic",
    "Rule",
    "RuleError",
    "Signed",
    "Unsigned",
    "rule",
    "saturate",
    "select",
    "shift_right",
]
