import hashlib
import json
import math

import numpy as np
import pytest

import sc_run
from sc_core.errors import CheckpointError
from sc_run.checkpoint import load_best, read_checkpoint, store_best, write_checkpoint
from sc_run.state_tree import join_state, split_state

_STATE = {
    "arrays": {
        "single": np.linspace(0, 1, 5, dtype=np.float32),
        "empty": np.zeros((0, 3), np.uint16),
        "scalar": np.array(2.5),
        "columns": np.arange(6).reshape(2, 3).T,
        "big_endian": np.arange(4, dtype=">i4"),
        "bits": np.array([True, False]),
    },
    "list": [np.arange(3), {"a/b": np.ones(1), "a": {"b": np.zeros(1)}}],
    "a%2Fb": [1, "text", None, True, (1, 2)],
    "$tensor": "not a tensor",
    "floats": [0.1, -0.0, 5e-324, 1.7976931348623157e308, math.nan, math.inf, -math.inf, np.float64(1 / 3)],
    "rng": np.random.default_rng(5).bit_generator.state,
}


def assert_same(first, second):
    if isinstance(first, dict):
        assert first.keys() == second.keys()
        for key in first:
            assert_same(first[key], second[key])
    elif isinstance(first, list | tuple):
        assert len(first) == len(second)
        for one, other in zip(first, second, strict=True):
            assert_same(one, other)
    elif isinstance(first, np.ndarray):
        assert first.shape == second.shape
        assert first.dtype.newbyteorder("=") == second.dtype.newbyteorder("=")
        np.testing.assert_array_equal(first, second)
    elif isinstance(first, float):
        assert np.float64(first).tobytes() == np.float64(second).tobytes()
    else:
        assert type(first) is type(second)
        assert first == second


def test_a_state_comes_back_bit_for_bit(tmp_path):
    best = store_best(tmp_path, 3, {"weights": np.arange(4.0)})
    write_checkpoint(tmp_path, 5, _STATE, best)
    checkpoint = read_checkpoint(tmp_path)
    assert checkpoint.step == 5
    assert_same(_STATE, checkpoint.state)
    np.testing.assert_array_equal(load_best(tmp_path)["weights"], np.arange(4.0))
    assert checkpoint.state["arrays"]["single"].flags.writeable


def test_tensors_are_named_by_their_path():
    tree, tensors = split_state({"learner": {"first_moment": [np.zeros(2)]}})
    assert list(tensors) == ["learner/first_moment/0"]
    assert_same(join_state(tree, tensors), {"learner": {"first_moment": [np.zeros(2)]}})


@pytest.mark.parametrize(
    ("leaf", "word"),
    [(object(), "object"), (np.array(["text"]), "<U4"), (np.zeros(2, complex), "complex128")],
)
def test_what_cannot_be_stored_is_named(leaf, word):
    with pytest.raises(CheckpointError, match=f"'learner/odd'.*{word}"):
        split_state({"learner": {"odd": leaf}})


def test_equal_states_make_equal_files(tmp_path, files_of):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_checkpoint(tmp_path / name, 5, _STATE, None)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


def test_only_what_is_referred_to_is_kept(tmp_path):
    first = store_best(tmp_path, 1, {"weights": np.zeros(2)})
    write_checkpoint(tmp_path, 1, {"a": np.zeros(1)}, first)
    (tmp_path / "checkpoint" / "latest.json.tmp").write_bytes(b"half")
    second = store_best(tmp_path, 2, {"weights": np.ones(2)})
    write_checkpoint(tmp_path, 2, {"a": np.ones(1)}, second)
    names = {path.name for path in (tmp_path / "checkpoint").iterdir()}
    assert len(names) == 3
    assert {"latest.json", second.file} < names


def test_no_checkpoint_yet(tmp_path):
    assert read_checkpoint(tmp_path) is None
    with pytest.raises(CheckpointError, match="not stored a best network yet"):
        load_best(tmp_path)


@pytest.fixture
def run(config, workplace):
    config["training"]["epochs"] = 1
    sc_run.train(config, output="run", progress=False)
    return workplace / "run"


def damage_latest(run, change):
    path = run / "checkpoint" / "latest.json"
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))


def the(run, prefix):
    return next((run / "checkpoint").glob(prefix + "*"))


@pytest.mark.parametrize("prefix", ["step-", "best-", "latest"])
@pytest.mark.parametrize("damage", ["truncated", "edited", "missing", "empty"])
def test_a_damaged_checkpoint_is_refused_by_name(run, prefix, damage):
    path = the(run, prefix)
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "empty":
        path.write_bytes(b"")
    else:
        middle = content.rindex(b"1") if prefix == "latest" else len(content) - 3
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    with pytest.raises(CheckpointError) as caught:
        sc_run.resume(run, progress=False)
    assert path.name in str(caught.value)


def test_every_single_changed_byte_of_latest_is_noticed(run):
    path = the(run, "latest")
    content = path.read_bytes()
    for place in range(0, len(content), 37):
        if content[place : place + 1].isspace():
            continue
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(CheckpointError):
            read_checkpoint(run)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[1, 2]", "not a checkpoint"),
        (b'{"format": "other"}', "not a checkpoint"),
        (b"\xff\xfe", "cannot be read"),
    ],
)
def test_a_foreign_file_is_refused(run, content, words):
    the(run, "latest").write_bytes(content)
    with pytest.raises(CheckpointError, match=words):
        read_checkpoint(run)


def test_another_format_version_is_refused(run):
    damage_latest(run, lambda record: record.update(version=99))
    with pytest.raises(CheckpointError, match="version 99, this sc-run reads 1"):
        read_checkpoint(run)


def test_digests_are_sha256(run):
    record = json.loads(the(run, "latest").read_text())
    for entry in (record["tensors"], record["best"]):
        content = (run / "checkpoint" / entry["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
