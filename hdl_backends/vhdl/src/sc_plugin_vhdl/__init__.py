"""The HDL backend ``vhdl``: fixed-point rules as VHDL-2008."""

__version__ = "0.1.0"
