"""Checkpoints: the state of a run as safetensors and JSON, with a single point of commit.

``checkpoint/latest.json`` *is* the checkpoint: it names the tensor files with their SHA-256, carries the
plain state and a digest of itself. Tensor files are written first, under names that contain their own digest,
so whatever a crash interrupts, ``latest.json`` names complete files. See specs/run.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
from numpy.typing import NDArray

from sc_core.atomic_file import TEMPORARY_SUFFIX, write_atomically
from sc_core.errors import CheckpointError
from sc_run.state_tree import join_state, split_state

FORMAT = "sc-run checkpoint"
FORMAT_VERSION = 1
FOLDER = "checkpoint"
_LATEST = "latest.json"
_SUFFIX = ".safetensors"


@attrs.frozen
class StoredTensors:
    """A tensor file that a checkpoint refers to.

    Parameters
    ----------
    file : str
        Its name within the checkpoint folder.
    sha256 : str
        The digest of its content, hexadecimal.
    """

    file: str
    sha256: str


@attrs.frozen(eq=False)
class Checkpoint:
    """A checkpoint as read back.

    Parameters
    ----------
    step : int
        The number of updates made.
    state : mapping
        The run's whole state, as it was given to `write_checkpoint`.
    tensors : StoredTensors
        The file with its arrays.
    best : StoredTensors or None
        The file with the best network's state, if the run has one.
    """

    step: int
    state: Mapping[str, Any]
    tensors: StoredTensors
    best: StoredTensors | None


def store_best(run_folder: Path, step: int, network_state: Mapping[str, Any]) -> StoredTensors:
    """Store the state of the network that is the best so far.

    It counts only once a later `write_checkpoint` refers to it.

    Parameters
    ----------
    run_folder : pathlib.Path
    step : int
        The number of updates after which the network had this state.
    network_state : mapping
        The network's ``state_dict()``.

    Returns
    -------
    StoredTensors
    """
    tree, tensors = split_state(network_state)
    return _store(run_folder / FOLDER, f"best-{step:09d}", tensors, {"step": step, "state": tree})


def write_checkpoint(
    run_folder: Path, step: int, state: Mapping[str, Any], best: StoredTensors | None
) -> None:
    """Make `state` the run's checkpoint, then remove the files that no checkpoint refers to any more.

    Parameters
    ----------
    run_folder : pathlib.Path
    step : int
        The number of updates made.
    state : mapping
        Nested mappings; leaves are arrays or plain values.
    best : StoredTensors or None
        What the last `store_best` returned.

    Raises
    ------
    CheckpointError
        If a value of the state cannot be stored.
    """
    folder = run_folder / FOLDER
    tree, tensors = split_state(state)
    stored = _store(folder, f"step-{step:09d}", tensors, {})
    record = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "step": step,
        "tensors": attrs.asdict(stored),
        "best": None if best is None else attrs.asdict(best),
        "state": tree,
    }
    record["digest"] = _digest_of(record)
    text = json.dumps(record, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    write_atomically(folder / _LATEST, text.encode())
    _remove_unreferenced(folder, stored, best)


def remove_leftovers(run_folder: Path, checkpoint: Checkpoint) -> None:
    """Remove what a process left behind that was killed between a commit and the cleaning up after it.

    Parameters
    ----------
    run_folder : pathlib.Path
        Held by this process.
    checkpoint : Checkpoint
        What `read_checkpoint` returned for it.
    """
    _remove_unreferenced(run_folder / FOLDER, checkpoint.tensors, checkpoint.best)


def read_checkpoint(run_folder: Path) -> Checkpoint | None:
    """Read the run's checkpoint and verify all of it.

    Parameters
    ----------
    run_folder : pathlib.Path

    Returns
    -------
    Checkpoint or None
        None where no checkpoint was ever written.

    Raises
    ------
    CheckpointError
        If a file is missing, truncated, edited or foreign; the message names the file and the reason.
    """
    path = run_folder / FOLDER / _LATEST
    record = _read_record(path)
    if record is None:
        return None
    stored = StoredTensors(**record["tensors"])
    tensors, _ = _load(path.parent, stored)
    best = None if record["best"] is None else StoredTensors(**record["best"])
    if best is not None:
        _read_verified(path.parent, best)
    try:
        return Checkpoint(record["step"], join_state(record["state"], tensors), stored, best)
    except CheckpointError as error:
        raise CheckpointError(f"{path.parent / record['tensors']['file']}: {error}") from None


def load_best(run_folder: str | Path) -> Mapping[str, Any]:
    """Load the state of a run's best network.

    Parameters
    ----------
    run_folder : path
        The folder that ``scn train`` made.

    Returns
    -------
    mapping
        What the network's ``load_state_dict`` takes.

    Raises
    ------
    CheckpointError
        If the run has no best network yet, or a file of the checkpoint is missing, truncated or edited.
    """
    folder = Path(run_folder) / FOLDER
    record = _read_record(folder / _LATEST)
    if record is None or record["best"] is None:
        raise CheckpointError(f"{folder / _LATEST}: this run has not stored a best network yet")
    return read_best(Path(run_folder), StoredTensors(**record["best"]))


def read_best(run_folder: Path, best: StoredTensors) -> Mapping[str, Any]:
    """Load the network's state that `store_best` stored.

    Parameters
    ----------
    run_folder : pathlib.Path
    best : StoredTensors
        What `store_best` returned.

    Returns
    -------
    mapping
        What the network's ``load_state_dict`` takes.

    Raises
    ------
    CheckpointError
        If the file is missing, truncated or edited.
    """
    tensors, extra = _load(run_folder / FOLDER, best)
    state: Mapping[str, Any] = join_state(extra["state"], tensors)
    return state


def _store(folder: Path, prefix: str, tensors: Mapping[str, NDArray[Any]], extra: Any) -> StoredTensors:
    import safetensors.numpy

    content = safetensors.numpy.save(dict(tensors), metadata={"sc-run": json.dumps(extra, allow_nan=False)})
    digest = hashlib.sha256(content).hexdigest()
    # With its digest in its name a file is never replaced by a different one of the same name, so the file
    # that the current latest.json names stays what it is until the next latest.json stands.
    stored = StoredTensors(f"{prefix}-{digest[:16]}{_SUFFIX}", digest)
    folder.mkdir(exist_ok=True)
    write_atomically(folder / stored.file, content)
    return stored


def _load(folder: Path, stored: StoredTensors) -> tuple[dict[str, NDArray[Any]], Any]:
    import safetensors.numpy

    content = _read_verified(folder, stored)
    # The header's length stands in the first eight bytes, little-endian; the metadata is part of the header.
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return dict(safetensors.numpy.load(content)), json.loads(header["__metadata__"]["sc-run"])


def _read_verified(folder: Path, stored: StoredTensors) -> bytes:
    path = folder / stored.file
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise CheckpointError(f"{path}: missing, though {_LATEST} refers to it") from None
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror})") from error
    if hashlib.sha256(content).hexdigest() != stored.sha256:
        raise CheckpointError(f"{path}: its content is not what was written (truncated or edited)")
    return content


def _read_record(path: Path) -> dict[str, Any] | None:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if path.parent.is_dir() and any(path.parent.glob("step-*" + _SUFFIX)) and _was_committed(path.parent):
            raise CheckpointError(f"{path}: missing, though tensor files of this run are there") from None
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{path}: cannot be read ({error})") from error
    try:
        record = json.loads(text)
    except ValueError as error:
        raise CheckpointError(f"{path}: not complete JSON (truncated or edited): {error}") from None
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise CheckpointError(f"{path}: not a checkpoint of sc-run")
    if record.get("version") != FORMAT_VERSION:
        raise CheckpointError(
            f"{path}: format version {record.get('version')!r}, this sc-run reads {FORMAT_VERSION}"
        )
    digest = record.pop("digest", None)
    if digest != _digest_of(record):
        raise CheckpointError(f"{path}: its digest does not match its content (edited)")
    return record


def _was_committed(folder: Path) -> bool:
    # Before its first commit a run can only have left the tensors of step 0.
    return any(not file.name.startswith("step-000000000-") for file in folder.glob("*" + _SUFFIX))


def _digest_of(record: Mapping[str, Any]) -> str:
    canonical = json.dumps(record, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _remove_unreferenced(folder: Path, *referenced: StoredTensors | None) -> None:
    names = {stored.file for stored in referenced if stored is not None}
    for pattern in ("step-*" + _SUFFIX, "best-*" + _SUFFIX, "*" + TEMPORARY_SUFFIX):
        for file in folder.glob(pattern):
            if file.name not in names:
                file.unlink()
