"""Files are replaced whole: after a failure or a kill at any moment the old file or the new one stands."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from sc_core.atomic_file import replacing, write_atomically

# Replaces a file of 64 equal KiB by another one, again and again, until it is killed.
WRITE_FOREVER = """
import itertools, pathlib, sys
from sc_core.atomic_file import write_atomically
for number in itertools.count():
    write_atomically(pathlib.Path(sys.argv[1]), bytes([number % 256]) * 65536)
"""


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, b"old")
    return path


def test_the_new_content_takes_the_place_of_the_old(path):
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert names_in(path.parent) == ["file"]


def test_the_old_file_stands_until_the_block_ends(path):
    with replacing(path) as unfinished:
        unfinished.write_bytes(b"new")
        assert path.read_bytes() == b"old"
        assert unfinished.parent == path.parent  # os.replace is atomic within one file system only
    assert path.read_bytes() == b"new"


def write_half(path):
    with replacing(path) as unfinished:
        unfinished.write_bytes(b"half of the n")
        raise RuntimeError("no more rows")


def test_a_block_that_raises_leaves_the_old_file_alone(path):
    with pytest.raises(RuntimeError, match="no more rows"):
        write_half(path)
    assert path.read_bytes() == b"old"
    assert names_in(path.parent) == ["file"]


@pytest.mark.parametrize("call", ["os.fsync", "os.replace"])
def test_a_failed_write_leaves_the_old_file_alone(path, monkeypatch, call):
    def fail(*arguments):
        raise OSError("disk full")

    monkeypatch.setattr(call, fail)
    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert names_in(path.parent) == ["file"]


def test_content_and_folder_are_forced_to_disk_around_the_replacement(path, monkeypatch):
    order = []
    replace, fsync = os.replace, os.fsync

    def watched_fsync(descriptor):
        order.append("folder" if os.path.samestat(os.fstat(descriptor), os.stat(path.parent)) else "content")
        fsync(descriptor)

    def watched_replace(old, new):
        order.append("replace")
        replace(old, new)

    monkeypatch.setattr("os.fsync", watched_fsync)
    monkeypatch.setattr("os.replace", watched_replace)
    write_atomically(path, b"new")
    assert order == ["content", "replace", "folder"]


def test_a_killed_writer_leaves_a_whole_file(tmp_path):
    path = tmp_path / "file"
    for pause in (0.0, 0.003, 0.007, 0.011):
        writer = subprocess.Popen([sys.executable, "-c", WRITE_FOREVER, path])
        path.unlink(missing_ok=True)
        while not path.exists():
            assert writer.poll() is None
            time.sleep(0.001)
        time.sleep(pause)
        writer.kill()
        assert writer.wait() == -signal.SIGKILL
        content = path.read_bytes()
        assert len(content) == 65536
        assert len(set(content)) == 1
