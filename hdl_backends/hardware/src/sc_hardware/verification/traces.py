"""What the signals of a testbench do, clock by clock, by Icarus Verilog."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from sc_hardware.emission.waveform import Trace, read_traces
from sc_hardware.verification import icarus


def simulated_traces(files: Mapping[str, str], top: str, signals: Sequence[tuple[str, str]]) -> list[Trace]:
    """Simulate ``<top>_tb`` and return signals of what it tests, ``tested``.

    Parameters
    ----------
    files : mapping of str to str
        Verilog sources, each after those that it needs, and what they read, by name.
    top : str
    signals : sequence of (name, kind)
        As `read_traces` takes them.

    Returns
    -------
    list of Trace

    Raises
    ------
    MissingDependency
        If Icarus or vcdvcd is not installed.
    ProgramFailed
        If an output is not as expected.
    """
    with tempfile.TemporaryDirectory(prefix="scn-hdl-") as place:
        folder = Path(place)
        for name, text in files.items():
            (folder / name).write_text(text)
        verilog = [name for name in files if name.endswith(".v")]
        icarus.simulate(verilog, folder, top=f"{top}_tb", arguments=["+waveform"])
        return read_traces(folder / f"{top}_tb.vcd", f"{top}_tb.tested", "clk", signals)
