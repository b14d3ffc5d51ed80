"""A Verilog module as terms of the solver z3, read from what yosys makes of the emitted file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs
import z3

from sc_hardware.verification import yosys


@attrs.frozen
class ModuleTerms:
    """A combinational module.

    Attributes
    ----------
    inputs : dict of str to solver term
        A free variable for every input: a bool for one wire, else a bit vector.
    outputs : dict of str to solver term
        Over `inputs`.
    """

    inputs: dict[str, z3.ExprRef]
    outputs: dict[str, z3.ExprRef]


def read_module(source: yosys.Source, folder: Path, *, wires: Sequence[str] = ()) -> ModuleTerms:
    """Return the terms of a combinational Verilog module.

    Parameters
    ----------
    source : Source
        The module, with its parameters.
    folder : pathlib.Path
        Where its files are.
    wires : sequence of str
        Signals within it that are wanted among the outputs.

    Raises
    ------
    ProgramFailed
        If yosys refuses it.
    """
    return read_elaborated({"checked": source}, folder, wires=wires)["checked"]


def read_elaborated(
    sources: Mapping[str, yosys.Source], folder: Path, *, wires: Sequence[str] = ()
) -> dict[str, ModuleTerms]:
    """Return the terms of several combinational modules, by names of their own; see `read_module`."""
    modules = {
        f"module_{place}": name for place, name in enumerate(sources)
    }  # Yosys splits commands at spaces
    commands = []
    for module, name in modules.items():
        commands += [*yosys.elaborate(sources[name], module), f"design -stash {module}"]
    commands += [f"design -copy-from {module} -as {module} {module}" for module in modules]
    yosys.run_script([*commands, "write_smt2 -wires checked.smt2"], folder)
    terms = _terms((folder / "checked.smt2").read_text(), list(modules), wires)
    return {name: terms[module] for module, name in modules.items()}


def read_modules(names: Sequence[str], folder: Path) -> dict[str, ModuleTerms]:
    """Return the terms of many combinational modules, each in a file ``<name>.v``, at their default parameters.

    Parameters
    ----------
    names : sequence of str
        Of modules that contain no others.
    folder : pathlib.Path
        Where the files are.

    Raises
    ------
    ProgramFailed
        If yosys refuses one of them.
    """
    files = " ".join(f"{name}.v" for name in names)
    yosys.run_script([f"read_verilog {files}", "proc", "opt_clean", "write_smt2 -wires modules.smt2"], folder)
    return _terms((folder / "modules.smt2").read_text(), names)


def _terms(text: str, names: Sequence[str], wires: Sequence[str] = ()) -> dict[str, ModuleTerms]:
    """Return what yosys has written, as terms; `wires` within the modules are among the outputs."""
    ports: dict[str, dict[str, list[tuple[str, int]]]] = {}
    module = ""
    for line in text.splitlines():
        match line.split():
            case [";", "yosys-smt2-module", name]:
                module = name
                ports[module] = {"input": [], "output": []}
            case [";", ("yosys-smt2-input" | "yosys-smt2-output") as side, name, bits]:
                ports[module][side.removeprefix("yosys-smt2-")].append((name, int(bits)))
            case [";", "yosys-smt2-wire", name, bits] if name in wires:
                ports[module]["output"].append((name, int(bits)))
    values = []
    for module in names:
        values.append(f"(declare-const |state of {module}| |{module}_s|)")
        for name, n_bits in [*ports[module]["input"], *ports[module]["output"]]:
            sort = "Bool" if n_bits == 1 else f"(_ BitVec {n_bits})"
            values.append(f"(declare-const |{module} {name}| {sort})")
            values.append(f"(assert (= |{module} {name}| (|{module}_n {name}| |state of {module}|)))")
    # In a context of its own: z3 would put yosys' definitions into every later model.
    parsed = z3.parse_smt2_string(text + "\n".join(values), ctx=z3.Context())
    assertions = (assertion.translate(z3.main_ctx()) for assertion in parsed)
    found = {}
    for module in names:
        sides = ports[module]
        terms = {name: next(assertions).children()[1] for name, _ in [*sides["input"], *sides["output"]]}
        found[module] = _module_terms(terms, [name for name, _ in sides["input"]])
    return found


def _module_terms(terms: dict[str, z3.ExprRef], inputs: list[str]) -> ModuleTerms:
    """Return a module with free variables for its inputs."""
    variables = {name: z3.Const(name, terms[name].sort()) for name in inputs}
    renamed = [pair for name, variable in variables.items() for pair in _pieces(terms[name], variable)]
    outputs = {name: z3.substitute(term, *renamed) for name, term in terms.items() if name not in variables}
    return ModuleTerms(variables, outputs)


def _pieces(term: z3.ExprRef, variable: z3.ExprRef) -> list[tuple[z3.ExprRef, z3.ExprRef]]:
    """Return what yosys calls the parts of an input, each with that part of the variable.

    An input is a concatenation of them; one wire is the comparison of such a part with 1, or a bool itself.
    """
    if z3.is_bool(term):
        (part,) = _leaves(term)
        if z3.is_bool(part):
            return [(part, variable)]
        return [(part, z3.If(variable, z3.BitVecVal(1, 1), z3.BitVecVal(0, 1)))]
    pairs = []
    below = term.size()
    for part in _leaves(term):
        below -= part.size()
        pairs.append((part, z3.Extract(below + part.size() - 1, below, variable)))
    return pairs


def _leaves(term: z3.ExprRef) -> list[z3.ExprRef]:
    """Return the parts of the state in a term, the highest first."""
    if z3.is_app(term) and term.decl().kind() == z3.Z3_OP_UNINTERPRETED:
        return [term]
    return [leaf for child in term.children() for leaf in _leaves(child)]
