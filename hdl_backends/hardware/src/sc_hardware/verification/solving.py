"""Decide a claim about solver terms: by z3, and where that takes long by Yices."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import attrs
import z3

from sc_hardware.verification.programs import ProgramFailed, find_program, run_program

_FIRST_TRY = 0.5  # seconds for z3; what it cannot do in them, Yices does better


@attrs.frozen
class Proof:
    """What became of a claim.

    Attributes
    ----------
    claim : str
        In words.
    holds : bool or None
        None where the time was not enough.
    method : str
        Who decided: ``"z3"``, ``"yices"``, ``"yosys sat"``.
    seconds : float
    counterexample : dict of str to str
        Values of the inputs for which it does not hold, where the solver gave them.
    """

    claim: str
    holds: bool | None
    method: str
    seconds: float
    counterexample: dict[str, str] = attrs.Factory(dict)


def prove(claim: str, term: z3.BoolRef, *, time_limit: float) -> Proof:
    """Decide whether a term is true for all values of its variables.

    Parameters
    ----------
    claim : str
        What the term says, in words.
    term : solver term
        A bool.
    time_limit : float
        Seconds after which it is given up.

    Returns
    -------
    Proof
    """
    start = time.monotonic()
    solver = z3.Solver()
    solver.set("timeout", max(1, round(1000 * min(time_limit, _FIRST_TRY))))
    solver.add(z3.Not(term))
    answer = solver.check()
    if answer == z3.unsat:
        return Proof(claim, True, "z3", time.monotonic() - start)
    if answer == z3.sat:
        model = solver.model()
        values = {str(variable): str(model[variable]) for variable in model if variable.arity() == 0}
        return Proof(claim, False, "z3", time.monotonic() - start, dict(sorted(values.items())))
    holds = _by_yices(solver, time_limit - (time.monotonic() - start))
    return Proof(claim, holds, "yices", time.monotonic() - start)


def _by_yices(solver: z3.Solver, time_limit: float) -> bool | None:
    if time_limit <= 0:
        return None
    # z3 defines the functions that it writes for division and the like; Yices wants to be told the logic first.
    problem = "(set-logic QF_BV)\n" + solver.to_smt2()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "problem.smt2").write_text(problem)
        try:
            output = run_program(
                [find_program("yices-smt2"), "problem.smt2"], Path(folder), time_limit=time_limit
            )
        except ProgramFailed as error:
            if "stopped after" in error.output:
                return None
            raise
    return {"unsat": True, "sat": False}.get(output.strip())
