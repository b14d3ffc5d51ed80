"""State as nested mappings, split into named tensors and a plain JSON tree, and put together again.

An array at ``{"learner": {"first_moment": [array]}}`` becomes the tensor ``"learner/first_moment/0"``, and
the tree keeps ``{"$tensor": "learner/first_moment/0"}`` in its place. JSON has no NaN or infinity: these
become ``{"$float": "nan"}``. Keys that begin with ``$`` are written with one more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sc_core.errors import CheckpointError

_STORED_KINDS = "biuf"


def split_state(state: Mapping[str, Any]) -> tuple[Any, dict[str, NDArray[Any]]]:
    """Split a state into a JSON tree and tensors.

    Parameters
    ----------
    state : mapping
        Nested mappings and lists; leaves are arrays of bool, integers or floats, or plain JSON values.

    Returns
    -------
    tree : object
        What `json.dumps` takes with ``allow_nan=False``.
    tensors : dict of str to ndarray
        Contiguous little-endian copies, by their path in `state`.

    Raises
    ------
    CheckpointError
        If a leaf is neither an array that can be stored nor a plain value; the message names its path.

    Examples
    --------
    >>> import numpy as np
    >>> tree, tensors = split_state({"learner": {"moments": [np.zeros(2)], "lr": 0.1}})
    >>> tree
    {'learner': {'moments': [{'$tensor': 'learner/moments/0'}], 'lr': 0.1}}
    >>> list(tensors)
    ['learner/moments/0']
    """
    tensors: dict[str, NDArray[Any]] = {}
    return _split(state, "", tensors), tensors


def join_state(tree: Any, tensors: Mapping[str, NDArray[Any]]) -> Any:
    """Put together what `split_state` took apart.

    Parameters
    ----------
    tree : object
        The JSON tree.
    tensors : mapping of str to ndarray
        The tensors that it names.

    Returns
    -------
    object
        The state, with the arrays in their places.

    Raises
    ------
    CheckpointError
        If the tree names a tensor that is not there.
    """
    if isinstance(tree, list):
        return [join_state(item, tensors) for item in tree]
    if not isinstance(tree, dict):
        return tree
    if "$float" in tree:
        return float(tree["$float"])
    if "$tensor" in tree:
        name = tree["$tensor"]
        if name not in tensors:
            raise CheckpointError(f"the tensor {name!r} is missing")
        return tensors[name]
    return {key.removeprefix("$"): join_state(value, tensors) for key, value in tree.items()}


def _split(value: Any, path: str, tensors: dict[str, NDArray[Any]]) -> Any:
    if isinstance(value, Mapping):
        return {_tree_key(key, path): _split(item, _join(path, key), tensors) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_split(item, _join(path, str(index)), tensors) for index, item in enumerate(value)]
    if isinstance(value, np.ndarray | np.generic):
        tensors[path] = _storable(value, path)
        return {"$tensor": path}
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": repr(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise CheckpointError(
        f"cannot save the state at {path!r}: {type(value).__name__} is neither an array nor a plain value"
    )


def _tree_key(key: Any, path: str) -> str:
    if not isinstance(key, str):
        raise CheckpointError(f"cannot save the state at {path!r}: its key {key!r} is not a string")
    return "$" + key if key.startswith("$") else key


def _join(path: str, key: str) -> str:
    # A slash within a key must not look like one between keys, or two paths could collide.
    key = str(key).replace("%", "%25").replace("/", "%2F")
    return f"{path}/{key}" if path else key


def _storable(value: NDArray[Any] | np.generic, path: str) -> NDArray[Any]:
    array = np.asarray(value)
    if array.dtype.kind not in _STORED_KINDS or array.dtype.itemsize > 8:
        raise CheckpointError(f"cannot save the array at {path!r}: dtype {array.dtype} cannot be stored")
    # safetensors writes the buffer as it lies in memory: it must be C-contiguous and little-endian.
    return np.array(array, dtype=array.dtype.newbyteorder("<"), order="C", copy=True)
