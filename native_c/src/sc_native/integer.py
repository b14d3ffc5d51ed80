"""The kernel of networks in whole numbers, on NumPy arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sc_native._kernels import ffi, lib
from sc_native.buffers import Buffers, check

MODELS = {"Input": lib.SC_INPUT, "LIF": lib.SC_LIF, "LI": lib.SC_LI}
_INTEGER, _BYTE = np.dtype(np.int32), np.dtype(np.uint8)


class IntegerPopulationView(NamedTuple):
    """One population as the kernel sees it (csrc/integer.cdef).

    Parameters
    ----------
    model : str
        A key of `MODELS`.
    n : int
    parameters : mapping of str to int
        By the names of the C struct; what is absent is 0.
    arrays : mapping of str to ndarray or None
        ``membrane`` and ``refractory`` (batch, n) int32, ``spikes`` (history + n_steps, batch, n) uint8,
        ``membrane_record`` (n_steps, batch, n) int32; what a model lacks is absent.
    """

    model: str
    n: int
    parameters: Mapping[str, int]
    arrays: Mapping[str, NDArray[Any] | None]


class IntegerProjectionView(NamedTuple):
    """One projection as the kernel sees it: CSR arrays, int32; populations by their place."""

    source: int
    target: int
    delay: int
    indptr: NDArray[np.int32]
    indices: NDArray[np.int32]
    data: NDArray[np.int32]


def run(
    populations: Sequence[IntegerPopulationView],
    projections: Sequence[IntegerProjectionView],
    n_steps: int,
    batch: int,
    history: int,
    n_threads: int,
) -> None:
    """Advance a network through a window, in place; populations stand in the order of a step.

    Raises
    ------
    TypeError, ValueError
        If an array is not what the kernel takes.
    KernelError
        If delays or places make no sense.
    """
    buffers = Buffers()
    c_populations = buffers.new("integer_population[]", len(populations))
    rows: dict[str, tuple[int, np.dtype[Any]]] = {
        "membrane": (batch, _INTEGER),
        "refractory": (batch, _INTEGER),
        "spikes": ((history + n_steps) * batch, _BYTE),
        "membrane_record": (n_steps * batch, _INTEGER),
    }
    for struct, view in zip(c_populations, populations, strict=True):
        struct.model, struct.n = MODELS[view.model], view.n
        for name, value in view.parameters.items():
            setattr(struct, name, value)
        for name, (count, dtype) in rows.items():
            setattr(struct, name, buffers.pointer(view.arrays.get(name), dtype, count * view.n, name))
    c_projections = buffers.new("integer_projection[]", max(len(projections), 1))
    for struct, (source, target, delay, indptr, indices, data) in zip(
        c_projections, projections, strict=False
    ):
        struct.source, struct.target, struct.delay = source, target, delay
        struct.indptr = buffers.pointer(indptr, _INTEGER, populations[source].n + 1, "indptr")
        struct.indices = buffers.pointer(indices, _INTEGER, len(data), "indices")
        struct.data = buffers.pointer(data, _INTEGER, len(data), "data")
    current = np.empty(n_threads * max(view.n for view in populations), np.int32)
    code = lib.sc_integer_run(
        c_populations,
        len(populations),
        c_projections,
        len(projections),
        n_steps,
        batch,
        history,
        ffi.from_buffer("int32_t[]", current),
        n_threads,
    )
    check(code, "sc_integer_run")
