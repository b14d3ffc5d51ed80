"""A Verilog module as terms of the solver z3, read from what yosys makes of the emitted file."""

from __future__ import annotations

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


def read_module(source: yosys.Source, folder: Path) -> ModuleTerms:
    """Return the terms of a combinational Verilog module.

    Parameters
    ----------
    source : Source
        The module, with its parameters.
    folder : pathlib.Path
        Where its files are.

    Raises
    ------
    ProgramFailed
        If yosys refuses it.
    """
    text = yosys.write_smt2(yosys.elaborate(source, "checked"), "checked", folder)
    directions: dict[str, list[tuple[str, int]]] = {"input": [], "output": []}
    for line in text.splitlines():
        words = line.split()
        if words[:1] == [";"] and len(words) == 4 and words[1] in ("yosys-smt2-input", "yosys-smt2-output"):
            directions[words[1].removeprefix("yosys-smt2-")].append((words[2], int(words[3])))
    ports = [*directions["input"], *directions["output"]]
    values = []
    for name, bits in ports:
        sort = "Bool" if bits == 1 else f"(_ BitVec {bits})"
        values.append(f"(declare-const |port {name}| {sort})")
        values.append(f"(assert (= |port {name}| (|checked_n {name}| state)))")
    text += "(declare-const state |checked_s|)\n" + "\n".join(values)
    meaning = [assertion.children() for assertion in z3.parse_smt2_string(text)]
    terms = {name: pair[1] for (name, _), pair in zip(ports, meaning, strict=True)}
    variables = {name: z3.Const(name, terms[name].sort()) for name, _ in directions["input"]}
    renamed = [pair for name, variable in variables.items() for pair in _pieces(terms[name], variable)]
    outputs = {name: z3.substitute(terms[name], *renamed) for name, _ in directions["output"]}
    return ModuleTerms(variables, outputs)


def _pieces(term: z3.ExprRef, variable: z3.ExprRef) -> list[tuple[z3.ExprRef, z3.ExprRef]]:
    """Return what yosys calls the parts of an input, each with that part of the variable.

    An input is a concatenation of them; one wire is the comparison of such a part with 1.
    """
    if z3.is_bool(term):
        part = next(child for child in _leaves(term))
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
