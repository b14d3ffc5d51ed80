"""Prove one configuration of a lane: Verilog, VHDL and rule are the same function (specs/hdl.md, "Proof")."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from sc_core import registry
from sc_hardware.lane.build import build_lane
from sc_hardware.lane.design import LaneDesign
from sc_hardware.rules import Rule
from sc_hardware.verification import ghdl, yosys
from sc_hardware.verification.against_rule import module_source, prove_against_rule
from sc_hardware.verification.bounds import prove_bounds
from sc_hardware.verification.registers import prove_registers
from sc_hardware.verification.solving import Proof

_SAT_FIRST = 20.0  # seconds for yosys' SAT solver; what it cannot do in them, Yices does better


def verify(
    rule: Rule,
    design: LaneDesign,
    parameters: Mapping[str, int],
    folder: Path,
    *,
    time_limit: float = 300.0,
    report: Callable[[Proof], None] = lambda proof: None,
) -> list[Proof]:
    """Prove that a lane is its rule in both languages, for one choice of parameters.

    Parameters
    ----------
    rule : Rule
        The rule.
    design : LaneDesign
        Its lane.
    parameters : mapping of str to int
        Those of the rule that differ from their defaults.
    folder : pathlib.Path
        An existing folder, into which sources are emitted and the tools write.
    time_limit : float
        Seconds for each claim.
    report : callable, optional
        Called with each proof as it is done.

    Returns
    -------
    list of Proof
        The lane is proven if all hold.

    Raises
    ------
    MissingProgram
        If ghdl, yosys or yices is not installed; the message says how to install it.
    ProgramFailed
        If one of them refuses what was emitted.
    """
    emit_sources(design, folder)
    proofs = prove_step(rule, design, parameters, folder, time_limit=time_limit, report=report)
    # The registers are watched through outputs that the lane itself need not have.
    fields = [field.name for field in rule.state]
    watched = build_lane(rule, module_name=design.lane.name, read=fields, load=fields[:1])
    (folder / "watched").mkdir()
    emit_sources(watched, folder / "watched")
    # Wires are the same at all widths, and multipliers between them slow the solvers down: the smallest will do.
    smallest = {parameter.name: parameter.low for parameter in rule.graph.parameters}
    return proofs + prove_registers(
        watched, smallest, folder / "watched", time_limit=time_limit, report=report
    )


def prove_step(
    rule: Rule,
    design: LaneDesign,
    parameters: Mapping[str, int],
    folder: Path,
    *,
    time_limit: float,
    report: Callable[[Proof], None] = lambda proof: None,
) -> list[Proof]:
    """Prove that the stages of a lane, emitted in both languages into a folder, are the rule; see `verify`."""
    proofs = prove_languages_equal(design, parameters, folder, time_limit=time_limit, report=report)
    proofs += prove_against_rule(rule, design, parameters, folder, time_limit=time_limit, report=report)
    return proofs + prove_bounds(rule, design, parameters, folder, time_limit=time_limit, report=report)


def emit_sources(design: LaneDesign, folder: Path) -> dict[str, list[str]]:
    """Write the sources of both languages into a folder; return the files' names by language."""
    names: dict[str, list[str]] = {}
    for language in ("verilog", "vhdl"):
        files = registry.create("hdl", language).emit(design)
        for name, text in files.items():
            (folder / name).write_text(text)
        names[language] = list(files)
    return names


def prove_languages_equal(
    design: LaneDesign,
    parameters: Mapping[str, int],
    folder: Path,
    *,
    time_limit: float,
    report: Callable[[Proof], None] = lambda proof: None,
) -> list[Proof]:
    """Prove that every stage, emitted in both languages into a folder, is the same in both; see `verify`."""
    proofs = []
    for module in design.stages:
        source = module_source(design, module, parameters)
        text = ghdl.to_verilog([f"{module.name}.vhd"], folder, top=module.name, generics=source.parameters)
        (folder / "from_vhdl.v").write_text(text)
        claim = f"{module.name}: the VHDL is the Verilog"
        proof = compare(
            claim, source, yosys.Source(("from_vhdl.v",), module.name), folder, time_limit=time_limit
        )
        proofs.append(proof)
        report(proof)
    return proofs


def compare(claim: str, gold: yosys.Source, gate: yosys.Source, folder: Path, *, time_limit: float) -> Proof:
    """Prove or refute that two combinational modules with the same ports are equal.

    Parameters
    ----------
    claim : str
        In words.
    gold, gate : Source
        The modules.
    folder : pathlib.Path
        Where their files are.
    time_limit : float
        Seconds after which it is given up.

    Returns
    -------
    Proof
    """
    start = time.monotonic()
    method = "yosys sat"
    holds = yosys.prove_by_sat(gold, gate, folder, time_limit=min(_SAT_FIRST, time_limit))
    if holds is None:
        method = "yices"
        commands = yosys.miter(gold, gate)
        holds = yosys.prove_by_yices(commands, "miter", folder, steps=1, time_limit=time_limit)
    return Proof(claim, holds, method, time.monotonic() - start)
