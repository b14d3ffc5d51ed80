"""What every emitted folder holds besides sources: pictures, file lists for build flows, tables of bit fields."""

LANGUAGES = ("verilog", "vhdl")
"""HDL backends that write a folder unless others are named."""
