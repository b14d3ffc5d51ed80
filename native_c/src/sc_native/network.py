"""The network kernels on NumPy arrays: forward, backward and weight gradient over whole windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sc_native._kernels import ffi, lib
from sc_native.buffers import SUFFIXES, Buffers, check, kernel
from sc_native.eprop import EpropArrays
from sc_native.tangent import TangentArrays

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
_WINDOW = ("drive", "current", "membrane_record", "adaptation_record", "synaptic_record")
_SUMS = (
    "membrane_decay_sum",
    "threshold_sum",
    "synaptic_decay_sum",
    "adaptation_decay_sum",
    "strength_sum",
)
_INTEGER, _OFFSET, _SUM = np.dtype(np.int32), np.dtype(np.int64), np.dtype(np.float64)


class PopulationView(NamedTuple):
    """One population as the kernels see it.

    Parameters
    ----------
    model : str
        A key of `MODELS`.
    n : int
    reset_to_value : bool
    refractory_steps : int
    arrays : mapping of str to ndarray
        By the names of the C struct, what a model lacks being absent or None: coefficients (n,); state
        (batch, n); ``initial_membrane`` (batch, n); ``refractory`` (batch, n) int32; ``drive``, ``current``,
        ``membrane_record``, ``adaptation_record``, ``synaptic_record`` (n_steps, batch, n); ``output``
        (history + n_steps, batch, n); ``event_start`` int64 and ``event_count`` int32 (history + n_steps, batch),
        ``event_index`` (history + n_steps, batch, n) int32.
    """

    model: str
    n: int
    reset_to_value: bool
    refractory_steps: int
    arrays: Arrays


class ProjectionView(NamedTuple):
    """One projection as the kernels see it: CSR arrays, rows = presynaptic.

    Parameters
    ----------
    source, target : int
        Places of the populations.
    delay : int
        Steps.
    indptr, indices : ndarray, int32
    data : ndarray
    """

    source: int
    target: int
    delay: int
    indptr: NDArray[np.int32]
    indices: NDArray[np.int32]
    data: NDArray[Any]


class NativeNetwork:
    """The C view of a network's arrays for one batch and one window.

    It holds pointers, so it is built once and used for many calls; arrays are changed in place, never replaced.

    Parameters
    ----------
    dtype : numpy.dtype
        float32 or float64, of every array but the integer ones.
    shape : (n_steps, batch, history)
        Steps of the window, sequences, and steps that outputs keep before the window.
    populations : sequence of PopulationView
        Populations of a loop stand together; otherwise in the order of a step.
    projections : sequence of ProjectionView
    group_start : sequence of int
        Places of the first population of each group (one population, or those of a loop), and the number of
        populations.
    """

    def __init__(
        self,
        dtype: np.dtype[Any],
        shape: tuple[int, int, int],
        populations: Sequence[PopulationView],
        projections: Sequence[ProjectionView],
        group_start: Sequence[int],
    ) -> None:
        self._dtype, self._suffix = dtype, SUFFIXES[dtype]
        self._n_steps, self._batch, self._history = shape
        self._buffers = Buffers()
        self._sizes = [population.n for population in populations]
        self._n_synapses = [projection.data.size for projection in projections]
        self._populations = self._buffers.new(f"population_{self._suffix}[]", len(populations))
        for struct, view in zip(self._populations, populations, strict=True):
            self._set_population(struct, view)
        self._projections = self._buffers.new(f"projection_{self._suffix}[]", len(projections))
        for struct, projection in zip(self._projections, projections, strict=True):
            self._set_projection(struct, projection)
        self._groups = ffi.new("int64_t[]", list(group_start))
        self._gradients = self._buffers.new(f"gradient_{self._suffix}[]", len(populations))
        self._gradient_arrays: list[dict[str, tuple[NDArray[Any] | None, Buffers]]] = [
            {} for _ in populations
        ]
        self._network = self._buffers.new(f"network_{self._suffix}[]", 1)
        self._network[0] = (
            self._populations, self._projections, self._groups,
            len(populations), len(projections), len(group_start) - 1, *shape,
        )  # fmt: skip
        self._workspace = np.empty(0, np.uint8)
        self._workspace_pointer = ffi.from_buffer("char[]", self._workspace)

    def _real(self, array: NDArray[Any] | None, size: int, name: str) -> Any:
        return self._buffers.pointer(array, self._dtype, size, name)

    def _set_population(self, struct: Any, view: PopulationView) -> None:
        n, arrays = view.n, view.arrays
        struct.model, struct.n = MODELS[view.model], n
        struct.reset_to_value, struct.refractory_steps = int(view.reset_to_value), view.refractory_steps
        kept = (self._history + self._n_steps) * self._batch
        for names, size in (
            (_COEFFICIENTS, n),
            ((*_STATE, "initial_membrane"), self._batch * n),
            (_WINDOW, self._n_steps * self._batch * n),
            (("output",), kept * n),
        ):
            for name in names:
                setattr(struct, name, self._real(arrays.get(name), size, name))
        pointer = self._buffers.pointer
        struct.refractory = pointer(arrays.get("refractory"), _INTEGER, self._batch * n, "refractory")
        struct.events.start = pointer(arrays.get("event_start"), _OFFSET, kept, "event_start")
        struct.events.count = pointer(arrays.get("event_count"), _INTEGER, kept, "event_count")
        struct.events.index = pointer(arrays.get("event_index"), _INTEGER, kept * n, "event_index")

    def _set_projection(self, struct: Any, view: ProjectionView) -> None:
        struct.source, struct.target, struct.delay = view.source, view.target, view.delay
        rows, columns = self._sizes[view.source], self._sizes[view.target]
        pointer = self._buffers.pointer
        struct.indptr = pointer(view.indptr, _INTEGER, rows + 1, "indptr")
        struct.indices = pointer(view.indices, _INTEGER, view.data.size, "indices")
        struct.data = self._real(view.data, view.data.size, "data")
        # A canonical matrix with as many entries as places holds every column in order.
        struct.dense = int(view.data.size == rows * columns)

    def set_spikes(self, place: int, spikes: NDArray[np.uint8], n_threads: int) -> bool:
        """Fill the events of an Input population for the window from spikes.

        Parameters
        ----------
        place : int
            Of the population.
        spikes : ndarray, shape (n_steps, batch, n), C-contiguous, uint8

        Returns
        -------
        bool
            False if they are no spikes, but have values above 1; then the events are of no use.
        """
        self._populations[place].events.value = ffi.NULL
        code = self._set_events("sc_events_from_bytes", place, spikes, n_threads)
        if code != lib.SC_NOT_SPIKES:
            check(code, "sc_events_from_bytes")
        return bool(code == 0)

    def set_values(self, place: int, activity: NDArray[Any], value: NDArray[Any], n_threads: int) -> None:
        """Fill the events of an Input population for the window from values.

        Parameters
        ----------
        place : int
            Of the population.
        activity : ndarray, shape (n_steps, batch, n), C-contiguous, the network's dtype
        value : ndarray, shape (history + n_steps, batch, n)
            Where to keep the values. It must live as long as this object.
        """
        size = (self._n_steps + self._history) * self._batch * self._sizes[place]
        self._populations[place].events.value = Buffers().pointer(value, self._dtype, size, "value")
        check(self._set_events("sc_events_from_values", place, activity, n_threads), "sc_events_from_values")

    def _set_events(self, name: str, place: int, activity: NDArray[Any], n_threads: int) -> int:
        n, shape = self._sizes[place], (self._n_steps, self._batch)
        buffers = Buffers()
        pointer = buffers.pointer(activity, activity.dtype, self._n_steps * self._batch * n, "activity")
        events = ffi.addressof(self._populations[place].events)
        return int(kernel(name, self._dtype)(pointer, *shape, n, self._history, events, n_threads))

    def forward(self, n_threads: int) -> None:
        """Advance through the window: fills outputs, events and records, changes the state."""
        workspace = self._real_workspace(kernel("sc_forward_workspace", self._dtype)(self._network))
        check(kernel("sc_forward", self._dtype)(self._network, workspace, n_threads), "sc_forward")

    def backward(
        self,
        gradients: Sequence[Arrays],
        surrogate: tuple[str, float, float],
        through_reset: bool,
        n_threads: int,
    ) -> None:
        """Back-propagate through the window that `forward` recorded: every ``current`` becomes dL/d x.

        Parameters
        ----------
        gradients : sequence of mappings, one per population
            ``output_gradient`` (n_steps, batch, n), or (1, batch, n) where it is the same in every step;
            ``membrane_gradient``, ``synaptic_gradient``,
            ``adaptation_gradient`` (batch, n). For the gradients of a population's parameters, all sums that its
            model has, float64, (batch, n): ``membrane_decay_sum``, ``threshold_sum``, ``synaptic_decay_sum``,
            ``adaptation_decay_sum``, ``strength_sum``.
        surrogate : (str, float, float)
            A key of `SURROGATES`, slope and scale.
        """
        buffers = Buffers()
        structs = self._gradient_structs(gradients)
        settings = self._surrogate_struct(buffers, surrogate, through_reset)
        workspace = self._real_workspace(
            kernel("sc_backward_workspace", self._dtype)(self._network, n_threads)
        )
        code = kernel("sc_backward", self._dtype)(self._network, structs, settings, workspace, n_threads)
        check(code, "sc_backward")

    def _gradient_structs(self, gradients: Sequence[Arrays]) -> Any:
        """Return the C view of `gradients`; only pointers to other arrays than in the call before are made anew."""
        for struct, n, arrays, held in zip(
            self._gradients, self._sizes, gradients, self._gradient_arrays, strict=True
        ):
            for name in held.keys() - arrays.keys():
                setattr(struct, name, ffi.NULL)
                del held[name]
            for name, array in arrays.items():
                if name in held and held[name][0] is array:
                    continue
                dtype, size = self._dtype, self._batch * n
                if name == "output_gradient":
                    struct.output_gradient_steps = (
                        1 if array is not None and len(array) == 1 else self._n_steps
                    )
                    size *= struct.output_gradient_steps
                elif name in _SUMS:
                    dtype = _SUM
                buffers = Buffers()
                setattr(struct, name, buffers.pointer(array, dtype, size, name))
                held[name] = (array, buffers)
        return self._gradients

    def _surrogate_struct(
        self, buffers: Buffers, surrogate: tuple[str, float, float], through_reset: bool
    ) -> Any:
        kind, slope, scale = surrogate
        settings = buffers.new(f"surrogate_{self._suffix}[]", 1)
        settings[0] = (SURROGATES[kind], slope, scale, int(through_reset))
        return settings

    def weight_gradient(self, projection: int, weight_gradient: NDArray[Any], n_threads: int) -> None:
        """Write the window's gradient of one projection's weights to `weight_gradient` (n_synapses,)."""
        size = kernel("sc_weight_gradient_workspace", self._dtype)(self._network, projection, n_threads)
        workspace = self._workspace_of(size)
        pointer = Buffers().pointer(
            weight_gradient, self._dtype, self._n_synapses[projection], "weight_gradient"
        )
        function = kernel("sc_weight_gradient", self._dtype)
        check(function(self._network, projection, pointer, workspace, n_threads), "sc_weight_gradient")

    def add_squared_weight_gradients(
        self, projection: int, share: NDArray[np.float64], total: NDArray[np.float64], n_threads: int
    ) -> None:
        """Add to `total` (n_synapses,) the sum over sequences of `share` (batch,) times their squared gradients."""
        buffers, batch = Buffers(), self._batch
        code = kernel("sc_squared_weight_gradients", self._dtype)(
            self._network,
            projection,
            buffers.pointer(share, _SUM, batch, "share"),
            buffers.pointer(total, _SUM, total.size, "total"),
            self._real_workspace(total.size),
            n_threads,
        )
        check(code, "sc_squared_weight_gradients")

    def tangent(self, populations: Sequence[Arrays], directions: Sequence[NDArray[Any]]) -> TangentArrays:
        """Return the view of a network's derivatives that the tangent kernels take."""
        shape = (self._n_steps, self._batch, self._history)
        return TangentArrays(self._dtype, shape, self._sizes, populations, directions)

    def tangent_forward(
        self, tangent: TangentArrays, surrogate: tuple[str, float, float], through_reset: bool, n_threads: int
    ) -> None:
        """Differentiate what `forward` recorded along the tangent's direction."""
        settings = self._surrogate_struct(Buffers(), surrogate, through_reset)
        function = kernel("sc_tangent_forward", self._dtype)
        code = function(self._network, tangent.structs, tangent.directions, settings, n_threads)
        check(code, "sc_tangent_forward")

    def tangent_backward(
        self,
        gradients: Sequence[Arrays],
        tangent: TangentArrays,
        surrogate: tuple[str, float, float],
        through_reset: bool,
        n_threads: int,
    ) -> None:
        """Run `backward` and its derivative at once, after `tangent_forward`; `gradients` as there."""
        buffers = Buffers()
        structs = self._gradient_structs(gradients)
        settings = self._surrogate_struct(buffers, surrogate, through_reset)
        function = kernel("sc_tangent_backward", self._dtype)
        code = function(self._network, structs, tangent.structs, tangent.directions, settings, n_threads)
        check(code, "sc_tangent_backward")

    def tangent_weights(
        self, projection: int, tangent: TangentArrays, products: NDArray[Any], n_threads: int
    ) -> None:
        """Write the derivative of one projection's weight gradient to `products` (n_synapses,)."""
        target = self._projections[projection].target
        population = self._populations[target]
        current = population.current
        # Spikes meet the derivative of dL/dx exactly as they meet dL/dx.
        population.current = tangent.structs[target].current_gradient
        try:
            self.weight_gradient(projection, products, n_threads)
        finally:
            population.current = current
        pointer = Buffers().pointer(products, self._dtype, products.size, "products")
        function = kernel("sc_tangent_weights", self._dtype)
        check(function(self._network, tangent.structs, projection, pointer, n_threads), "sc_tangent_weights")

    def eprop_window(self, projection: int, arrays: EpropArrays, n_threads: int) -> None:
        """Advance the eligibilities of one projection's synapses through the window that `forward` ran."""
        function = kernel("sc_eprop_window", self._dtype)
        check(function(self._network, projection, arrays.struct, n_threads), "sc_eprop_window")

    def _real_workspace(self, n_values: int) -> Any:
        workspace = self._workspace_of(n_values * self._dtype.itemsize)
        return ffi.cast("float *" if self._suffix == "f32" else "double *", workspace)

    def _workspace_of(self, size: int) -> Any:
        """Return at least `size` bytes, kept between calls: touching fresh memory is slow."""
        if self._workspace.size < size:
            self._workspace = np.empty(size, np.uint8)
            self._workspace_pointer = ffi.from_buffer("char[]", self._workspace)
        return self._workspace_pointer
