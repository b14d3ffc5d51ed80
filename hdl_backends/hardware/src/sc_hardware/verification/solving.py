"""Decide a claim about solver terms: by z3, where that takes long by Yices, and where that does too by z3."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import attrs
import z3

from sc_hardware.verification.programs import ProgramFailed, find_program, run_program

# What z3 cannot do within half a second or so, Yices does better, or not at all: multipliers that are one term on
# both sides are z3's. z3 counts its work: seconds would let another job on the machine decide who is asked.
_FIRST_TRY = 1_000_000
_SECOND_TRY = 30.0  # seconds


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
    solver.add(z3.Not(term))

    def left() -> float:
        return time_limit - (time.monotonic() - start)

    answer = _by_z3(solver, left(), work=_FIRST_TRY)
    if answer == z3.unknown:
        holds = _by_yices(solver, min(left(), _SECOND_TRY))
        if holds is not None:
            return Proof(claim, holds, "yices", time.monotonic() - start)
        answer = _by_z3(solver, left())
    seconds = time.monotonic() - start
    if answer != z3.sat:
        return Proof(claim, True if answer == z3.unsat else None, "z3", seconds)
    model = solver.model()
    values = {str(variable): str(model[variable]) for variable in model if variable.arity() == 0}
    return Proof(claim, False, "z3", seconds, dict(sorted(values.items())))


def _by_z3(solver: z3.Solver, time_limit: float, work: int = 0) -> z3.CheckSatResult:
    """Let z3 try for so many seconds, and for so much work if it is not 0."""
    if time_limit <= 0:
        return z3.unknown
    solver.set("timeout", max(1, round(1000 * time_limit)))
    solver.set("rlimit", work)
    return solver.check()


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
