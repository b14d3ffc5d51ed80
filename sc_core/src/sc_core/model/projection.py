"""A projection: the synapses from one population to another, as one CSR matrix, and all their state."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike, DTypeLike, NDArray

from sc_core.contracts.state import State
from sc_core.errors import CheckpointError, ConfigurationError, NumericalError, ShapeError
from sc_core.model.population import Population
from sc_core.model.rewiring import Rewiring

_INDEX_LIMIT = 2**31 - 1


def _canonical(weights: Any, name: str) -> scipy.sparse.csr_array:
    """Return a private, compact, sorted copy with int32 indices and float data."""
    matrix = scipy.sparse.csr_array(weights, copy=True)
    if matrix.ndim != 2:
        raise ShapeError(f"{name}: weights must be a matrix, got {matrix.ndim} dimension(s)")
    if matrix.dtype.kind in "iub":
        matrix = matrix.astype(np.float64)
    if matrix.dtype not in (np.float32, np.float64):
        raise ConfigurationError(f"{name}.weights", f"must be float32 or float64, got {matrix.dtype}")
    if not np.all(np.isfinite(matrix.data)):
        raise NumericalError(f"{name}: weights contain NaN or infinity")
    matrix.sum_duplicates()
    if max(matrix.nnz, *matrix.shape) > _INDEX_LIMIT:
        raise ConfigurationError(f"{name}.weights", f"at most {_INDEX_LIMIT} synapses fit, got {matrix.nnz}")
    matrix.indptr = matrix.indptr.astype(np.int32, copy=False)
    matrix.indices = matrix.indices.astype(np.int32, copy=False)
    return matrix


class Projection:
    """Synapses from `source` to `target`.

    Parameters
    ----------
    source, target : Population
    weights : sparse or dense matrix, shape (source.n, target.n)
        Rows are presynaptic. A canonical CSR copy is kept: sorted, duplicates summed, explicit zeros kept
        (but, as in scipy, a zero in a dense matrix is no synapse).
        float32 or float64 stays as it is; integers become float64.
    delay : int, default 0
        Steps from a spike to its arrival; 0 arrives in the same step.
    delays : float or array_like, shape (n_synapses,), optional
        In place of `delay`, one for each synapse, in CSR order: ms, multiples of the network's dt, at least one step.
        They are the per-synapse state ``delay``; a synapse that grows has the shortest of them. Only `Simulation`
        follows them.
    name : str, optional
        ``"source->target"`` unless given.
    trainable : bool, default True
        Whether learners may change the weights.

    Attributes
    ----------
    weights : scipy.sparse.csr_array
        The one matrix that everything shares.
    data, indices, indptr : ndarray
        Its arrays; `data` is changed in place. `rewire` replaces all three.
    pattern_version : int
        Counts the calls of `rewire`, for those who keep something derived from the pattern.

    Raises
    ------
    ShapeError
        If the matrix does not have shape (source.n, target.n).
    ConfigurationError, NumericalError
        If weights, delay or endpoints are not usable.

    Examples
    --------
    >>> from sc_core import Input, LIF, Population, Projection
    >>> source, target = Population("pixels", 2, Input()), Population("hidden", 3, LIF())
    >>> projection = Projection(source, target, [[0.5, 0.0, 1.0], [0.0, 2.0, 0.0]])
    >>> projection.data
    array([0.5, 1. , 2. ])
    >>> projection.indptr
    array([0, 2, 3], dtype=int32)
    """

    def __init__(
        self,
        source: Population,
        target: Population,
        weights: Any,
        delay: int = 0,
        *,
        delays: ArrayLike | None = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        self.source, self.target = source, target
        self.name = name if name is not None else f"{source.name}->{target.name}"
        if isinstance(delay, bool) or not isinstance(delay, int | np.integer) or delay < 0:
            raise ConfigurationError(f"{self.name}.delay", f"must be an integer >= 0 (steps), got {delay!r}")
        self._check_endpoints()
        self.weights = _canonical(weights, self.name)
        if self.weights.shape != (source.n, target.n):
            raise ShapeError(
                f"{self.name}: weights have shape {self.weights.shape}, but {source.name!r} has {source.n} "
                f"neurons and {target.name!r} {target.n}: expected ({source.n}, {target.n})"
            )
        self.delay = int(delay)
        self.trainable = trainable
        self.pattern_version = 0
        self._synapse_state: dict[str, NDArray[Any]] = {}
        self._fill: dict[str, Any] = {}
        if delays is not None:
            self._keep_delays(delays)

    def _keep_delays(self, delays: ArrayLike) -> None:
        if self.delay:
            raise ConfigurationError(f"{self.name}.delays", "replaces delay: give only one of them")
        kept = self.register("delay", delays, np.float64)
        if not (np.isfinite(kept) & (kept > 0)).all():
            raise ConfigurationError(f"{self.name}.delays", f"must be > 0 (ms), got {kept.min()}")
        self._fill["delay"] = float(kept.min()) if kept.size else self._fill["delay"]
        self.delay = 1  # nothing arrives in the same step: what the order of a step needs to know

    def _check_endpoints(self) -> None:
        if type(self.source.neuron).__name__ == "LI":
            raise ConfigurationError(
                self.name, f"{self.source.name!r} is an LI readout, which emits no spikes"
            )
        if type(self.target.neuron).__name__ == "Input":
            raise ConfigurationError(
                self.name, f"{self.target.name!r} is an Input, which nothing projects to"
            )

    def __repr__(self) -> str:
        return f"Projection({self.name!r}, {self.n_synapses} synapses, delay={self.delay})"

    @property
    def data(self) -> NDArray[Any]:
        """The weights, shape (n_synapses,), in CSR order; writable."""
        return self.weights.data

    @data.setter
    def data(self, values: ArrayLike) -> None:
        self.weights.data[...] = values  # in place, so that views stay valid; also serves `data += ...`

    @property
    def indices(self) -> NDArray[np.int32]:
        """Postsynaptic neuron of each synapse, shape (n_synapses,), int32."""
        return self.weights.indices

    @property
    def indptr(self) -> NDArray[np.int32]:
        """Start of each presynaptic neuron's synapses, shape (source.n + 1,), int32."""
        return self.weights.indptr

    @property
    def n_synapses(self) -> int:
        """How many synapses there are, explicit zeros included."""
        return int(self.weights.nnz)

    @property
    def synapse_state(self) -> Mapping[str, NDArray[Any]]:
        """Every registered per-synapse array by name (read-only mapping of writable arrays)."""
        return MappingProxyType(self._synapse_state)

    def register(self, name: str, initial: ArrayLike = 0.0, dtype: DTypeLike | None = None) -> NDArray[Any]:
        """Keep an array with one value per synapse, which `rewire` carries along.

        Parameters
        ----------
        name : str
            Refused if it exists.
        initial : array_like, scalar or shape (n_synapses,)
            A scalar is also what synapses that grow later begin with; otherwise those begin with 0.
        dtype : dtype, optional
            That of the weights unless given.

        Returns
        -------
        ndarray, shape (n_synapses,)
            Ask for it again after a `rewire`: ``projection.synapse_state[name]``.
        """
        if name in self._synapse_state:
            raise ConfigurationError(f"{self.name}.{name}", "this per-synapse state is registered already")
        array = np.empty(self.n_synapses, dtype=self.data.dtype if dtype is None else dtype)
        values = np.asarray(initial)
        if values.ndim and values.shape != array.shape:
            raise ShapeError(f"{self.name}.{name}: expected shape {array.shape}, got {values.shape}")
        array[...] = values
        self._synapse_state[name] = array
        self._fill[name] = values[()] if values.ndim == 0 else 0
        return array

    def unregister(self, name: str) -> None:
        """Forget a per-synapse array."""
        del self._synapse_state[name], self._fill[name]

    def rewire(
        self,
        prune: ArrayLike | None = None,
        grow: tuple[ArrayLike, ArrayLike, ArrayLike] | None = None,
    ) -> None:
        """Remove and add synapses in one compaction; every per-synapse array follows.

        Parameters
        ----------
        prune : array_like, optional
            Which synapses go: a mask of shape (n_synapses,), bool, or their indices.
        grow : (presynaptic, postsynaptic, weight), optional
            Three arrays of equal length. A synapse that exists and is not pruned in this call is refused.

        Raises
        ------
        ConfigurationError, ShapeError
            If `prune` or `grow` name synapses that cannot be.

        Notes
        -----
        Costs O(n_synapses); the arrays are replaced, so views taken before are no longer the projection's.

        Examples
        --------
        >>> from sc_core import Input, LIF, Population, Projection
        >>> source, target = Population("a", 2, Input()), Population("b", 2, LIF())
        >>> projection = Projection(source, target, [[1.0, 2.0], [0.0, 3.0]])
        >>> projection.rewire(prune=[0], grow=([1], [0], [0.5]))
        >>> projection.weights.toarray()
        array([[0. , 2. ],
               [0.5, 3. ]])
        """
        rewiring = Rewiring.plan(self.weights, prune, grow, self.name)
        for name, array in self._synapse_state.items():
            self._synapse_state[name] = rewiring.carry(array, self._fill[name])
        self.weights = rewiring.matrix(self.data)
        self.pattern_version += 1

    def state_dict(self) -> State:
        """Return weights, pattern and every per-synapse array."""
        return {
            "data": self.data,
            "indices": self.indices,
            "indptr": self.indptr,
            "synapse_state": dict(self._synapse_state),
            "fill": {name: np.asarray(value).item() for name, value in self._fill.items()},
        }

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned; the pattern may differ from the present one.

        Raises
        ------
        CheckpointError
            If the state does not fit this projection's populations.
        """
        indptr, indices, data = (np.asarray(state[key]) for key in ("indptr", "indices", "data"))
        if (
            indptr.shape != (self.source.n + 1,)
            or int(indptr[-1]) != data.size
            or data.dtype != self.data.dtype
        ):
            raise CheckpointError(
                f"projection {self.name!r}: the saved state has {indptr.size - 1} presynaptic neurons, "
                f"{data.size} synapses, {data.dtype}; expected {self.source.n} neurons, {self.data.dtype}"
            )
        same_pattern = np.array_equal(indptr, self.indptr) and np.array_equal(indices, self.indices)
        if same_pattern:
            self.data[...] = data
        else:
            self.weights = scipy.sparse.csr_array(
                (data.copy(), indices.astype(np.int32), indptr.astype(np.int32)), shape=self.weights.shape
            )
            self.pattern_version += 1
        self._fill = dict(state["fill"])
        self._synapse_state = {name: np.array(array) for name, array in state["synapse_state"].items()}
