"""Bounded fixed-point online learning: reward-modulated STDP, the same bits in Python, C, Verilog and VHDL."""

__version__ = "0.1.0"
