"""The HDL backend ``verilog``: fixed-point rules as Verilog-2001."""

__version__ = "0.1.0"
