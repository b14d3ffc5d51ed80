"""The arrays of derivatives along a direction of the weights, as the kernels see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sc_native._kernels import ffi
from sc_native.buffers import SUFFIXES, Buffers

_WINDOW = ("membrane", "distance", "current_gradient")
_CARRIES = ("membrane_carry", "synaptic_carry", "adaptation_carry")

Arrays: TypeAlias = Mapping[str, NDArray[Any] | None]


class TangentArrays:
    """Derivatives of each population, and the direction (csrc/tangent.cdef): checked once, held while it lives.

    Parameters
    ----------
    dtype : numpy.dtype
        float32 or float64, of every array.
    shape : (n_steps, batch, history)
    sizes : sequence of int
        Neurons of each population.
    populations : sequence of mappings
        By the names of the C struct, what a model lacks being absent: ``output`` (history + n_steps, batch, n);
        ``membrane``, ``distance``, ``current_gradient`` (n_steps, batch, n); ``membrane_carry``,
        ``synaptic_carry``, ``adaptation_carry`` (batch, n); ``output_gradient`` (n_steps, batch, n), or
        (1, batch, n) where it is the same in every step. Empty for an Input.
    directions : sequence of ndarray, shape (n_synapses,), one per projection
    """

    def __init__(
        self,
        dtype: np.dtype[Any],
        shape: tuple[int, int, int],
        sizes: Sequence[int],
        populations: Sequence[Arrays],
        directions: Sequence[NDArray[Any]],
    ) -> None:
        n_steps, batch, history = shape
        self._buffers = Buffers()
        self.structs = self._buffers.new(f"tangent_{SUFFIXES[dtype]}[]", len(populations))
        pointer = self._buffers.pointer
        for struct, n, arrays in zip(self.structs, sizes, populations, strict=True):
            gradient = arrays.get("output_gradient")
            steps = 1 if gradient is not None and len(gradient) == 1 else n_steps
            struct.output_gradient = pointer(gradient, dtype, steps * batch * n, "output_gradient")
            struct.output_gradient_steps = steps
            for names, size in (
                (("output",), (history + n_steps) * batch * n),
                (_WINDOW, n_steps * batch * n),
                (_CARRIES, batch * n),
            ):
                for name in names:
                    setattr(struct, name, pointer(arrays.get(name), dtype, size, name))
        c_type = "float *[]" if SUFFIXES[dtype] == "f32" else "double *[]"
        self.directions = ffi.new(
            c_type, [pointer(values, dtype, values.size, "direction") for values in directions]
        )
