"""Bounded model checking: assertions of a module, for all inputs, in so many clocks from its initial state.

All clocks are one question to a SAT solver. That is many times faster here than one clock after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sc_hardware.verification import yosys
from sc_hardware.verification.programs import ProgramFailed, find_program, run_program


def prove_bounded(
    commands: Sequence[str], module: str, folder: Path, *, depth: int, time_limit: float
) -> bool | None:
    """Prove the assertions of a module in its first clocks, under its assumptions.

    Parameters
    ----------
    commands : sequence of str
        Yosys commands that make the module.
    module : str
        Its name.
    folder : pathlib.Path
        Where the files are.
    depth : int
        Clocks.
    time_limit : float
        Seconds after which it is given up.

    Returns
    -------
    bool or None
        Whether they hold; None where the time was not enough.

    Raises
    ------
    ProgramFailed
        If the module cannot be read or Yices is not there.
    """
    script = [*commands, f"hierarchy -top {module}", f"write_smt2 -stbv -wires {module}.smt2"]
    yosys.run_script(script, folder)
    lines = ["(set-logic QF_BV)", (folder / f"{module}.smt2").read_text()]
    lines += [f"(declare-fun clock{k} () |{module}_s|)" for k in range(depth)]
    lines += [f"(assert (|{module}_i| clock0))", f"(assert (|{module}_is| clock0))"]
    lines += [f"(assert (not (|{module}_is| clock{k})))" for k in range(1, depth)]
    for k in range(depth):
        lines += [f"(assert (|{module}_{kind}| clock{k}))" for kind in "hu"]
    lines += [f"(assert (|{module}_t| clock{k} clock{k + 1}))" for k in range(depth - 1)]
    broken = " ".join(f"(not (|{module}_a| clock{k}))" for k in range(depth))
    lines += [f"(assert (or {broken}))", "(check-sat)"]
    (folder / f"{module}_bounded.smt2").write_text("\n".join(lines))
    solver: list[str | Path] = [find_program("yices-smt2"), "--delegate=y2sat", f"{module}_bounded.smt2"]
    try:
        answer = run_program(solver, folder, time_limit=time_limit)
    except ProgramFailed as error:
        if "stopped after" in error.output:
            return None
        raise
    verdicts = [line for line in answer.splitlines() if line in ("sat", "unsat")]  # beside statistics
    if len(verdicts) != 1:
        raise ProgramFailed("yices-smt2", answer)
    return verdicts == ["unsat"]
