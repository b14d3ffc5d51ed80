"""Prove one configuration of a lane: Verilog, VHDL and rule are the same function (specs/hdl.md, "Proof")."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import z3

from sc_core import registry
from sc_hardware.lane.build import build_lane
from sc_hardware.lane.design import LaneDesign, Module
from sc_hardware.rules import Rule
from sc_hardware.verification import ghdl, yosys
from sc_hardware.verification.against_rule import module_source, prove_against_rule
from sc_hardware.verification.bounds import prove_bounds, saturated_sums
from sc_hardware.verification.pipeline import prove_delayed
from sc_hardware.verification.registers import prove_registers
from sc_hardware.verification.solving import Proof, prove
from sc_hardware.verification.verilog_terms import ModuleTerms, read_elaborated


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
    pipelined = design.latency > 1
    name = design.lane.name
    watched = build_lane(rule, module_name=name, read=fields, load=fields[:1], pipelined=pipelined)
    (folder / "watched").mkdir()
    emit_sources(watched, folder / "watched")
    # Wires are the same at all widths, and multipliers between them slow the solvers down: the smallest will do.
    smallest = {parameter.name: parameter.low for parameter in rule.graph.parameters}
    proofs += prove_registers(watched, smallest, folder / "watched", time_limit=time_limit, report=report)
    if pipelined:
        plain = build_lane(rule, module_name=f"{name}_plain", read=fields, load=fields[:1])
        proofs.append(prove_delayed(watched, plain, smallest, folder / "watched", time_limit=time_limit))
        report(proofs[-1])
    return proofs


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
    chosen = {**rule.graph.defaults, **parameters}
    terms = read_both(design, chosen, folder, wires=saturated_sums(design))
    proofs = prove_languages_equal(design, terms, time_limit=time_limit, report=report)
    for prove_more in (prove_against_rule, prove_bounds):
        proofs += prove_more(
            rule, design, chosen, folder, time_limit=time_limit, report=report, terms=terms["verilog"]
        )
    return proofs


def emit_sources(design: LaneDesign, folder: Path) -> dict[str, list[str]]:
    """Write the sources of both languages into a folder; return the files' names by language."""
    names: dict[str, list[str]] = {}
    for language in ("verilog", "vhdl"):
        files = registry.create("hdl", language).emit(design)
        for name, text in files.items():
            (folder / name).write_text(text)
        names[language] = list(files)
    return names


def read_both(
    design: LaneDesign, parameters: Mapping[str, int], folder: Path, *, wires: Sequence[str] = ()
) -> dict[str, dict[str, ModuleTerms]]:
    """Return the stages of a lane, emitted into a folder, by language and name; see `read_elaborated`.

    Parameters
    ----------
    design : LaneDesign
        A lane.
    parameters : mapping of str to int
        All parameters of the rule.
    folder : pathlib.Path
        Where the files of both languages are.
    wires : sequence of str
        Signals within the stages that are wanted among the outputs.
    """
    sources = {}
    for place, module in enumerate(design.stages):
        verilog = module_source(design, module, parameters)
        text = ghdl.to_verilog([f"{module.name}.vhd"], folder, top=module.name, generics=verilog.parameters)
        (folder / f"from_vhdl_{place}.v").write_text(text)
        sources["verilog", module.name] = verilog
        sources["vhdl", module.name] = yosys.Source((f"from_vhdl_{place}.v",), module.name)
    places = {f"{language} {name}": (language, name) for language, name in sources}
    terms = read_elaborated({key: sources[place] for key, place in places.items()}, folder, wires=wires)
    found: dict[str, dict[str, ModuleTerms]] = {"verilog": {}, "vhdl": {}}
    for key, (language, name) in places.items():
        found[language][name] = terms[key]
    return found


def prove_languages_equal(
    design: LaneDesign,
    terms: Mapping[str, Mapping[str, ModuleTerms]],
    *,
    time_limit: float,
    report: Callable[[Proof], None] = lambda proof: None,
) -> list[Proof]:
    """Prove that every stage, as `read_both` has read it, is the same in both languages; see `verify`."""
    proofs = []
    for module in design.stages:
        equal = _equal(module, terms["verilog"][module.name], terms["vhdl"][module.name])
        proofs.append(prove(f"{module.name}: the VHDL is the Verilog", equal, time_limit=time_limit))
        report(proofs[-1])
    return proofs


def _equal(module: Module, gold: ModuleTerms, gate: ModuleTerms) -> z3.BoolRef:
    """Return that all outputs of a module are equal in both; inputs of one name are the same."""
    outputs = [port.name for port in module.ports if port.direction == "out"]
    same_inputs = {n: t.sort() for n, t in gold.inputs.items()} == {
        n: t.sort() for n, t in gate.inputs.items()
    }
    if not same_inputs or any(
        name not in gate.outputs or gate.outputs[name].sort() != gold.outputs[name].sort() for name in outputs
    ):
        return z3.BoolVal(False)
    return z3.And(*(gold.outputs[name] == gate.outputs[name] for name in outputs))
