"""The network kernels on NumPy arrays: forward, backward and weight gradient over whole windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sc_native._kernels import ffi, lib
from sc_native.buffers import SUFFIXES, Buffers, check, kernel

Arrays: TypeAlias = Mapping[str, NDArray[Any] | None]

MODELS = {
    "Input": lib.SC_INPUT,
    "LIF": lib.SC_LIF,
    "CubaLIF": lib.SC_CUBA_LIF,
    "ALIF": lib.SC_ALIF,
    "LI": lib.SC_LI,
}
SURROGATES = {"fast_sigmoid": lib.SC_FAST_SIGMOID, "arctan": lib.SC_ARCTAN, "triangle": lib.SC_TRIANGLE}

_COEFFICIENTS = (
    "decay_membrane",
    "input_gain",
    "leak_drive",
    "threshold",
    "reset_value",
    "decay_synapse",
    "input_weight",
    "decay_adaptation",
    "adaptation_strength",
)
_STATE = ("membrane", "synaptic_current", "adaptation")
_RECORDS = ("drive", "membrane_record", "adaptation_record")


class NativeNetwork:
    """The C view of a network's arrays for one batch and one window.

    It holds pointers, so it is built once and used for many calls; arrays are changed in place, never replaced.

    Parameters
    ----------
    dtype : numpy.dtype
        float32 or float64, of every array but the integer ones.
    n_steps, batch, history : int
        Steps of the window, sequences, and steps that outputs keep before the window.
    """

    def __init__(self, dtype: np.dtype[Any], n_steps: int, batch: int, history: int) -> None:
        self._dtype, self._suffix = dtype, SUFFIXES[dtype]
        self._n_steps, self._batch, self._history = n_steps, batch, history
        self._buffers = Buffers()
        self._sizes: list[int] = []
        self._populations: Any = None
        self._projections: Any = None
        self._scratch: Any = None
        self._n_projections = 0

    def _real(self, array: NDArray[Any] | None, size: int, name: str) -> Any:
        return self._buffers.pointer(array, self._dtype, size, name)

    def set_populations(self, populations: Sequence[tuple[str, int, bool, int, Arrays]]) -> None:
        """Set the populations in the order of a step.

        Parameters
        ----------
        populations : sequence of (model, n, reset_to_value, refractory_steps, arrays)
            `arrays` holds coefficients (n,), state (batch, n), ``refractory`` (batch, n) int32, ``drive``,
            ``membrane_record``, ``adaptation_record`` (n_steps, batch, n) and ``output``
            (history + n_steps, batch, n), by the names of the C struct; what a model lacks is absent or None.
        """
        structs = self._buffers.new(f"population_{self._suffix}[]", len(populations))
        self._sizes = [n for _, n, *_ in populations]
        for struct, (model, n, reset_to_value, refractory_steps, arrays) in zip(
            structs, populations, strict=True
        ):
            struct.model, struct.n = MODELS[model], n
            struct.reset_to_value, struct.refractory_steps = int(reset_to_value), refractory_steps
            for names, size in (
                (_COEFFICIENTS, n),
                (_STATE, self._batch * n),
                (_RECORDS, self._n_steps * self._batch * n),
                (("output",), (self._history + self._n_steps) * self._batch * n),
            ):
                for name in names:
                    setattr(struct, name, self._real(arrays.get(name), size, name))
            struct.refractory = self._buffers.pointer(
                arrays.get("refractory"), np.dtype(np.int32), self._batch * n, "refractory"
            )
        self._populations = structs
        scratch = np.empty(self._batch * max(self._sizes), dtype=self._dtype)
        self._scratch = self._real(scratch, scratch.size, "scratch")

    def set_projections(
        self,
        projections: Sequence[tuple[int, int, int, NDArray[np.int32], NDArray[np.int32], NDArray[Any]]],
    ) -> None:
        """Set the projections.

        Parameters
        ----------
        projections : sequence of (source, target, delay, indptr, indices, data)
            `source` and `target` count populations as `set_populations` got them.
        """
        structs = self._buffers.new(f"projection_{self._suffix}[]", len(projections))
        index = np.dtype(np.int32)
        for struct, (source, target, delay, indptr, indices, data) in zip(structs, projections, strict=True):
            struct.source, struct.target, struct.delay = source, target, delay
            rows, columns = self._sizes[source], self._sizes[target]
            struct.indptr = self._buffers.pointer(indptr, index, rows + 1, "indptr")
            struct.indices = self._buffers.pointer(indices, index, data.size, "indices")
            struct.data = self._real(data, data.size, "data")
            # A canonical matrix with as many entries as places holds every column in order.
            struct.dense = int(data.size == rows * columns)
        self._projections, self._n_projections = structs, len(projections)

    def forward(self, n_threads: int) -> None:
        """Advance through the window: fills outputs and records, changes the state."""
        function = kernel("sc_forward", self._dtype)
        code = function(
            self._populations, len(self._sizes), self._projections, self._n_projections,
            self._n_steps, self._batch, self._history, self._scratch, n_threads,
        )  # fmt: skip
        check(code, "sc_forward")

    def backward(
        self,
        gradients: Sequence[Arrays],
        surrogate: str,
        slope: float,
        scale: float,
        through_reset: bool,
        n_threads: int,
    ) -> None:
        """Back-propagate through the window that `forward` recorded.

        Parameters
        ----------
        gradients : sequence of mappings, one per population
            ``output_gradient`` and ``current_gradient`` (n_steps, batch, n); ``membrane_gradient``,
            ``synaptic_gradient``, ``adaptation_gradient`` (batch, n).
        surrogate : str
            A key of `SURROGATES`.
        """
        buffers = Buffers()
        structs = buffers.new(f"gradient_{self._suffix}[]", len(gradients))
        for struct, n, arrays in zip(structs, self._sizes, gradients, strict=True):
            for name in ("output_gradient", "current_gradient"):
                size = self._n_steps * self._batch * n
                setattr(struct, name, buffers.pointer(arrays.get(name), self._dtype, size, name))
            for name in ("membrane_gradient", "synaptic_gradient", "adaptation_gradient"):
                setattr(struct, name, buffers.pointer(arrays.get(name), self._dtype, self._batch * n, name))
        function = kernel("sc_backward", self._dtype)
        code = function(
            self._populations, structs, len(self._sizes), self._projections, self._n_projections,
            self._n_steps, self._batch, self._history, SURROGATES[surrogate], slope, scale,
            int(through_reset), self._scratch, n_threads,
        )  # fmt: skip
        check(code, "sc_backward")

    def weight_gradient(
        self,
        projection: int,
        output: NDArray[Any],
        current_gradient: NDArray[Any],
        weight_gradient: NDArray[Any],
        n_threads: int,
    ) -> None:
        """Add the window's gradient of one projection's weights to `weight_gradient` (n_synapses,)."""
        struct = self._projections[projection]
        n_source, n_target = self._sizes[struct.source], self._sizes[struct.target]
        buffers = Buffers()
        code = kernel("sc_weight_gradient", self._dtype)(
            ffi.addressof(struct), n_source, n_target,
            buffers.pointer(output, self._dtype, (self._history + self._n_steps) * self._batch * n_source, "output"),
            buffers.pointer(
                current_gradient, self._dtype, self._n_steps * self._batch * n_target, "current_gradient"
            ),
            self._n_steps, self._batch, self._history,
            buffers.pointer(weight_gradient, self._dtype, weight_gradient.size, "weight_gradient"), n_threads,
        )  # fmt: skip
        check(code, "sc_weight_gradient")
