"""A simulation's value change dump (VCD) as a picture: a lane for each signal, a column for each clock."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs

from sc_core.errors import ConfigurationError, MissingDependency, UnknownPlugin
from sc_hardware.emission.drawing import ACCENT, FAINT, FILL, INK, Drawing

_LANE, _CLOCK, _TOP, _GAP = 30, 46, 46, 6


@attrs.frozen
class Trace:
    """A signal of a simulation, clock by clock.

    Parameters
    ----------
    name : str
        As in the sources.
    kind : str
        ``"bit"``, ``"unsigned"`` or ``"signed"``.
    values : tuple of int or None
        Just before each rising edge of the clock: what the edge meets. None where a simulation does not know.
    """

    name: str
    kind: str
    values: tuple[int | None, ...]


def read_traces(vcd: Path, scope: str, clock: str, signals: Sequence[tuple[str, str]]) -> list[Trace]:
    """Read signals of one scope from a VCD, for all of its clocks.

    Parameters
    ----------
    vcd : pathlib.Path
    scope : str
        Where the signals are: ``"lane_tb.tested"``.
    clock : str
        The clock's name.
    signals : sequence of (str, str)
        Names, and ``"bit"``, ``"unsigned"`` or ``"signed"``, which a VCD does not say.

    Returns
    -------
    list of Trace

    Raises
    ------
    ConfigurationError
        If a signal is not in the scope.
    MissingDependency
        If vcdvcd is not installed.
    """
    try:
        from vcdvcd import VCDVCD
    except ImportError as error:
        raise MissingDependency("pictures of waveforms need vcdvcd: pip install vcdvcd") from error

    listed = VCDVCD(str(vcd), only_sigs=True).signals
    full = {name.partition("[")[0]: name for name in listed if name.startswith(f"{scope}.")}
    wanted = [f"{scope}.{name}" for name in (clock, *(name for name, _kind in signals))]
    for name in wanted:
        if name not in full:
            raise ConfigurationError("waveform", f"{vcd.name} has no signal {name!r}")
    dump = VCDVCD(str(vcd), signals=[full[name] for name in wanted])
    edges = [time for time, value in dump[full[wanted[0]]].tv if value == "1"]
    traces = []
    for (name, kind), place in zip(signals, wanted[1:], strict=True):
        signal = dump[full[place]]
        times = [time for time, _value in signal.tv]
        before = [signal.tv[bisect_left(times, edge) - 1][1] for edge in edges]
        values = tuple(_number(bits, int(signal.size), kind) for bits in before)
        traces.append(Trace(name, kind, values))
    return traces


def cut(traces: Sequence[Trace], begin: int, end: int) -> list[Trace]:
    """Return the clocks from `begin` to before `end`."""
    return [attrs.evolve(trace, values=trace.values[begin:end]) for trace in traces]


def _number(bits: str, width: int, kind: str) -> int | None:
    if not set(bits) <= {"0", "1"}:
        return None
    value = int(bits, 2)  # a VCD leaves out leading zeros
    return value - (1 << width) if kind == "signed" and value >> width - 1 else value


def waveform_svg(title: str, clock: str, traces: Sequence[Trace], first_clock: int = 0) -> str:
    """Draw a clock and traces.

    Parameters
    ----------
    title : str
    clock : str
        The clock's name.
    traces : sequence of Trace
        All of the same length. Bits are lines, numbers are boxes with their value, filled by its share of the
        largest absolute value of the trace.
    first_clock : int
        The number of the first.

    Returns
    -------
    str
        An SVG.

    Examples
    --------
    >>> svg = waveform_svg("counting", "clk", [Trace("count", "unsigned", (0, 1, 2))])
    >>> svg.count("<rect"), ">count<" in svg
    (7, True)
    """
    n_clocks = len(traces[0].values)
    left = 24 + 7.2 * max(len(trace.name) for trace in traces)
    drawing = Drawing(left + n_clocks * _CLOCK + 12, _TOP + (len(traces) + 1) * _LANE + 8, title)
    drawing.text(10, 18, title, size=12, bold=True)
    for clock_number in range(n_clocks):
        x = left + clock_number * _CLOCK
        drawing.line([(x, _TOP - 4), (x, _TOP + (len(traces) + 1) * _LANE)], stroke=FAINT, width=0.6)
        drawing.text(
            x + _CLOCK / 2, _TOP - 8, str(first_clock + clock_number), size=9, anchor="middle", fill=INK
        )
    _bits(drawing, clock, left, _TOP, [level for _ in range(n_clocks) for level in (0, 1)], _CLOCK / 2)
    for place, trace in enumerate(traces, start=1):
        y = _TOP + place * _LANE
        if trace.kind == "bit":
            _bits(drawing, trace.name, left, y, trace.values, _CLOCK)
        else:
            _numbers(drawing, trace, left, y)
    return drawing.svg()


def _name(drawing: Drawing, name: str, left: float, y: float) -> None:
    drawing.text(left - 12, y + _LANE / 2 + 4, name, anchor="end")


def _bits(
    drawing: Drawing, name: str, left: float, y: float, levels: Sequence[int | None], step: float
) -> None:
    _name(drawing, name, left, y)
    high, low = y + _GAP, y + _LANE - _GAP
    points = []
    for place, level in enumerate(levels):
        height = (high + low) / 2 if level is None else high if level else low
        points += [(left + place * step, height), (left + (place + 1) * step, height)]
    drawing.line(points, width=1.6)


def _numbers(drawing: Drawing, trace: Trace, left: float, y: float) -> None:
    _name(drawing, trace.name, left, y)
    largest = max(1, *(abs(value or 0) for value in trace.values))
    height = _LANE - 2 * _GAP + 4
    begin = 0
    for end in range(1, len(trace.values) + 1):
        value = trace.values[begin]
        if end < len(trace.values) and trace.values[end] == value:
            continue
        x, width = left + begin * _CLOCK, (end - begin) * _CLOCK
        filled = height * abs(value or 0) / largest
        drawing.box(x, y + _GAP - 2 + height - filled, width, filled, fill=FILL, stroke="none")
        drawing.box(x, y + _GAP - 2, width, height, stroke=ACCENT)
        drawing.text(
            x + width / 2, y + _LANE / 2 + 4, "x" if value is None else str(value), size=10, anchor="middle"
        )
        begin = end


def add_waveform(
    files: dict[str, str], draw: Callable[[], str], shown: str, report: Callable[[str], None]
) -> None:
    """Add ``waveform.svg`` to a folder's files, or report why it is missing: a picture is not worth a failure.

    Parameters
    ----------
    files : dict of str to str
        Text by name.
    draw : callable
        Returns the picture; raises MissingDependency or UnknownPlugin where it cannot.
    shown : str
        What it shows, for the report.
    report : callable
        Called with a line.
    """
    try:
        files["waveform.svg"] = draw()
    except (MissingDependency, UnknownPlugin) as error:
        report(f"no waveform.svg: {error}")
        return
    report(f"waveform.svg: {shown}, simulated by Icarus Verilog")
