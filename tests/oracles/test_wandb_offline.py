"""An offline run of Weights & Biases: written whole, without a single connection to anywhere."""

import json
import os
import re
import socket
import struct
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

pytest.importorskip("wandb", reason="wandb is not installed; `tox run -e oracles` has it")

PROGRAM = """
    import json
    from pathlib import Path
    from types import SimpleNamespace
    import numpy as np
    from sc_core import registry

    def begin():
        callback = registry.create("callback", "wandb", project="sc-neurocore", mode="offline")
        callback.start(SimpleNamespace(folder=Path.cwd() / 'run'))
        return callback

    callback = begin()
    for step in range(1, 11):
        callback.log({"loss": 1 / step}, step)
    callback.log_array("weights", np.linspace(-1, 1, 100), 10)
    callback.log_array("raster", np.eye(30, 20), 10)
    state = json.loads(json.dumps(callback.state_dict()))
    callback.close()
    resumed = begin()
    resumed.load_state_dict(state)
    resumed.log({"loss": 0.05}, 11)
    resumed.close()
    print("ID", state["id"])
"""


@pytest.fixture
def listener():
    """The URL of a server that answers nobody, and the connections that were made to it."""
    connections = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept():
            while True:
                try:
                    connection, address = server.accept()
                except OSError:
                    return
                connections.append(address)
                connection.close()

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", connections


def messages(content):
    """Yield the messages of an offline run's file: LevelDB's log format after a header of seven bytes."""
    assert content.startswith(b":W&B")
    place, message = 7, b""
    while place + 7 <= len(content):
        left_of_block = 32768 - place % 32768
        if left_of_block < 7:
            place += left_of_block
            continue
        _checksum, length, kind = struct.unpack_from("<IHB", content, place)
        message += content[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # a whole message, or the last part of one
            yield message
            message = b""


def history(file):
    """Return the rows that an offline run has logged."""
    from wandb.proto.wandb_internal_pb2 import Record

    records = [Record.FromString(message) for message in messages(file.read_bytes())]
    return [
        {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in record.history.item}
        for record in records
        if record.WhichOneof("record_type") == "history"
    ]


@pytest.fixture
def run_cut_off(tmp_path, listener):
    """A function that runs a program whose every way to the network ends at the listener."""
    url, _ = listener
    everywhere = dict.fromkeys(
        ("WANDB_BASE_URL", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"), url
    )
    home = dict.fromkeys(("HOME", "WANDB_CONFIG_DIR", "WANDB_CACHE_DIR"), str(tmp_path))

    def run(program):
        finished = subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            env={**os.environ, **everywhere, **home, "NO_PROXY": "", "no_proxy": "", "WANDB_SILENT": "true"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    return run


def test_the_example_of_the_readme_runs(run_cut_off, tmp_path):
    readme = Path(__file__).parents[2] / "plugins" / "wandb" / "README.md"
    (example,) = re.findall(r"(?ms)^```python\n(# needs wandb.*?)^```$", readme.read_text())
    run_cut_off(example)
    (file,) = (tmp_path / "wandb").glob("offline-run-*/run-*.wandb")
    assert [(row["_step"], row["loss"]) for row in history(file)] == [(1, 2.25), (2, 1.5)]


def test_an_offline_run_is_written_without_network(run_cut_off, tmp_path, listener):
    output = run_cut_off(textwrap.dedent(PROGRAM))
    assert listener[1] == []
    run_id = output.split("ID ")[1].strip()
    files = sorted((tmp_path / "run" / "wandb").glob(f"offline-run-*/run-{run_id}.wandb"))
    rows = [row for file in files for row in history(file)]
    losses = {row["_step"]: row["loss"] for row in rows if "loss" in row}
    assert losses == {**{step: 1 / step for step in range(1, 11)}, 11: 0.05}
    (shown,) = [row for row in rows if "weights" in row or any(key.startswith("weights") for key in row)]
    assert shown["_step"] == 10
    assert "histogram" in json.dumps(
        {key: value for key, value in shown.items() if key.startswith("weights")}
    )
    images = list((tmp_path / "run" / "wandb").rglob("media/images/raster_*.png"))
    assert len(images) == 1
