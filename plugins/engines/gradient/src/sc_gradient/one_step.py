"""Learning in networks that can only be stepped: the one-step formula (specs/bptt.md, eq. 26-27)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import attrs
import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike, NDArray

from sc_core.contracts import Batch, State
from sc_core.errors import ConfigurationError, NumericalError, SCError, ShapeError
from sc_gradient.losses import Loss, find_loss, refuse_non_finite
from sc_gradient.options import GradientOptions
from sc_gradient.surrogates import Surrogate

Array: TypeAlias = NDArray[Any]

_THRESHOLD = 1.0  # of the surrogate: the documented attributes do not tell a population's own
_SPIKED = 0.9  # a membrane above this counts as a spike where a population does not keep its spikes
_OFFERED = {
    "populations": ("n", "voltages", "step_all", "reset_all"),
    "projections": ("source", "target", "indptr", "indices", "data"),
}
_USED_OPTIONS = {"loss_fn", "lr", "surrogate", "surrogate_slope", "surrogate_scale", "k", "update"}


@attrs.frozen(eq=False)
class _Record:
    """One sequence: what each population (by its place) received and was in every step.

    Parameters
    ----------
    output, voltages, spikes : list of ndarray, shape (n_steps, n)
        What `step_all` returned; the membranes after it; and the spikes as a projection sees them.
    spikes_before : list of ndarray, shape (n,)
        Those of the step before the first one.
    """

    output: list[Array]
    voltages: list[Array]
    spikes: list[Array]
    spikes_before: list[Array]


class OneStepEngine:
    """Loss and one-step gradient of a network that offers only the documented attributes.

    Parameters
    ----------
    network : object
        With `populations` (each ``n``, ``voltages``, ``step_all(currents)``, ``reset_all()``, and ``spikes`` if it
        keeps them) and `projections` (``source``, ``target``, ``indptr``, ``indices``, ``data``). Inputs are currents
        of the first population, the output is that of the last.
    loss : str, mapping, Loss or callable
        As `find_loss` takes it.
    surrogate : Surrogate
        At a threshold of 1.

    Attributes
    ----------
    n_runs : int
        As that of `GradientEngine`.

    Raises
    ------
    ConfigurationError
        If an attribute is missing, or a projection is not in the CSR form.
    """

    def __init__(
        self, network: Any, loss: str | Mapping[str, Any] | Loss | Callable[..., float], surrogate: Surrogate
    ) -> None:
        _check_network(network)
        self.network = network
        self.loss = find_loss(loss)
        self.surrogate = surrogate
        self.n_runs = 0
        self._sent: list[Array] = []
        self._seen: list[Array] = []
        populations = list(network.populations)
        self._ends = [
            (_place(populations, projection.source), _place(populations, projection.target))
            for projection in network.projections
        ]

    def checked_inputs(self, inputs: ArrayLike) -> Array:
        """Return `inputs` as (n_steps, batch, n_input), float64.

        Raises
        ------
        ShapeError, NumericalError
            If they do not fit the first population, or are not finite.
        """
        array, n = np.asarray(inputs, dtype=np.float64), self.network.populations[0].n
        if array.ndim not in (2, 3) or array.shape[-1] != n or 0 in array.shape:
            raise ShapeError(
                f"inputs have shape {array.shape}, but the first population has {n} neurons: expected "
                f"(n_steps, {n}) or (n_steps, batch, {n}), with at least one step and one sequence"
            )
        if not np.isfinite(array).all():
            raise NumericalError("inputs contain NaN or infinity")
        return array if array.ndim == 3 else array[:, None]

    def loss_and_outputs(self, batch: Batch, *, after: int | None = None) -> tuple[float, Array]:
        """Return the loss, and the outputs (n_steps, batch, n_output)."""
        outputs = _outputs(self._run(batch, after))
        return self.loss.loss_and_gradient(outputs, batch.targets)[0], outputs

    def loss_and_gradient(self, batch: Batch, *, after: int | None = None) -> tuple[float, list[Array]]:
        """Return the loss and one gradient per projection, in the order of its `data`.

        Parameters
        ----------
        batch : sc_core.Batch
        after : int, optional
            `n_runs` after the window before: the state goes on from there, of a single sequence.

        Raises
        ------
        ShapeError, NumericalError
            If the batch does not fit, or the loss or a gradient is not finite.
        """
        records = self._run(batch, after)
        loss, errors = self.loss.loss_and_gradient(_outputs(records), batch.targets)
        refuse_non_finite(loss)
        gradients = [np.zeros_like(np.asarray(p.data, dtype=np.float64)) for p in self.network.projections]
        for sequence, record in enumerate(records):
            for place, delta in self._deltas(record, errors[:, sequence]).items():
                for number, (source, target) in enumerate(self._ends):
                    if target == place:
                        gradients[number] += self._at_synapses(
                            number, self._arriving(record, source, target), delta
                        )
        for number, gradient in enumerate(gradients):
            if not np.isfinite(gradient).all():
                raise NumericalError(f"the gradient of projections[{number}] is not finite")
        return loss, gradients

    def _run(self, batch: Batch, after: int | None) -> list[_Record]:
        inputs = self.checked_inputs(batch.inputs)
        if after is not None and after != self.n_runs:
            raise SCError("the state of the window before is lost: the learner was used for something else")
        if after is not None and inputs.shape[1] != 1:
            raise ShapeError(
                f"a network that is not a sc_core.Network keeps the state of one sequence from window to window, "
                f"got {inputs.shape[1]}"
            )
        self.n_runs += 1
        return [self._run_sequence(inputs[:, n], after is None) for n in range(inputs.shape[1])]

    def _run_sequence(self, inputs: Array, from_reset: bool) -> _Record:
        populations = self.network.populations
        if from_reset:
            for population in populations:
                population.reset_all()
            self._sent = [np.zeros(population.n) for population in populations]
            self._seen = [np.zeros(population.n) for population in populations]
        shape = len(inputs)
        output, voltages, spikes = (
            [np.empty((shape, population.n)) for population in populations] for _ in range(3)
        )
        record = _Record(output, voltages, spikes, list(self._seen))
        matrices = [self._matrix(number) for number in range(len(self._ends))]
        for t in range(shape):
            for place, population in enumerate(populations):
                current = inputs[t].copy() if place == 0 else np.zeros(population.n)
                for matrix, (source, target) in zip(matrices, self._ends, strict=True):
                    if target == place:
                        # Those of this step where the source has been stepped, otherwise of the step before.
                        current += self._sent[source] @ matrix
                self._sent[place] = np.array(population.step_all(current), dtype=np.float64)
                output[place][t], voltages[place][t] = self._sent[place], population.voltages
                self._seen[place] = spikes[place][t] = _spikes_of(population)
        return record

    def _matrix(self, number: int) -> scipy.sparse.csr_array:
        projection, (source, target) = self.network.projections[number], self._ends[number]
        shape = (self.network.populations[source].n, self.network.populations[target].n)
        return scipy.sparse.csr_array((projection.data, projection.indices, projection.indptr), shape=shape)

    def _deltas(self, record: _Record, errors: Array) -> dict[int, Array]:
        """Return what reaches each population's membranes within a step, shape (n_steps, n) (eq. 26)."""
        last = len(self.network.populations) - 1
        deltas: dict[int, Array] = {}
        for place in reversed(range(last + 1)):
            reaching = errors.astype(np.float64) if place == last else np.zeros_like(record.voltages[place])
            for number, (source, target) in enumerate(self._ends):
                if source == place and target > place:
                    reaching = reaching + deltas[target] @ self._matrix(number).T
            deltas[place] = reaching * self.surrogate.derivative(record.voltages[place] - _THRESHOLD)
        return deltas

    def _arriving(self, record: _Record, source: int, target: int) -> Array:
        """Return the presynaptic spikes that reach a projection in each step, shape (n_steps, n)."""
        if source < target:
            return record.spikes[source]
        return np.concatenate([record.spikes_before[source][None], record.spikes[source][:-1]])

    def _at_synapses(self, number: int, arriving: Array, delta: Array) -> Array:
        """Return the sum over steps for each synapse (eq. 27)."""
        projection = self.network.projections[number]
        presynaptic = np.repeat(np.arange(arriving.shape[1]), np.diff(projection.indptr))
        gradient: Array = np.einsum("tk,tk->k", arriving[:, presynaptic], delta[:, projection.indices])
        return gradient


class PlainDescent:
    """Gradient descent on the `data` of any network's projections, in place.

    Parameters
    ----------
    network : object
        As for `OneStepEngine`.
    options : GradientOptions

    Raises
    ------
    ConfigurationError
        If an option asks for more.
    """

    def __init__(self, network: Any, options: GradientOptions) -> None:
        self.network = network
        defaults = type(options)()
        for field in attrs.fields(type(options)):
            unused = field.name not in _USED_OPTIONS
            if unused and getattr(options, field.name) != getattr(defaults, field.name):
                raise ConfigurationError(
                    field.name,
                    "needs a sc_core.Network; one that can only be stepped is trained by plain gradient descent",
                )

    @property
    def parameters(self) -> list[Array]:
        """The weights of each projection."""
        return [projection.data for projection in self.network.projections]

    def update(self, gradients: Sequence[Array], lr: float) -> None:
        """Take one step along `gradients`, one array per projection, at rate `lr`."""
        for weights, gradient in zip(self.parameters, gradients, strict=True):
            weights -= (lr * gradient).astype(weights.dtype)

    def state_dict(self) -> State:
        """Return nothing: a step depends on nothing before it."""
        return {}

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned."""


def _check_network(network: Any) -> None:
    for part, attributes in _OFFERED.items():
        if not hasattr(network, part):
            raise ConfigurationError(
                "network", f"must be a sc_core.Network, got {type(network).__name__}, which has no {part}"
            )
        for number, member in enumerate(getattr(network, part)):
            for attribute in attributes:
                if not hasattr(member, attribute):
                    path = f"network.{part}[{number}]"
                    raise ConfigurationError(
                        path, f"{type(member).__name__} has no {attribute}; needed: {', '.join(attributes)}"
                    )
    if not len(network.populations):
        raise ConfigurationError("network.populations", "a network needs at least one population")
    for number, projection in enumerate(network.projections):
        _check_synapses(f"network.projections[{number}]", list(network.populations), projection)


def _check_synapses(path: str, populations: list[Any], projection: Any) -> None:
    for end in ("source", "target"):
        if not any(getattr(projection, end) is population for population in populations):
            raise ConfigurationError(f"{path}.{end}", "is not one of the network's populations")
    data, indptr, indices = projection.data, np.asarray(projection.indptr), np.asarray(projection.indices)
    if not isinstance(data, np.ndarray) or data.dtype.kind != "f" or not data.flags.writeable:
        raise ConfigurationError(f"{path}.data", "must be a writable array of floats, to be changed in place")
    n_source, n_target = projection.source.n, projection.target.n
    if indptr.shape != (n_source + 1,) or indptr[0] != 0 or (np.diff(indptr) < 0).any():
        raise ConfigurationError(
            f"{path}.indptr", f"must have {n_source + 1} values that begin with 0 and never fall"
        )
    if not (data.shape == indices.shape == (indptr[-1],)):
        raise ConfigurationError(
            f"{path}.data", f"and indices must have {indptr[-1]} values, got {data.shape} and {indices.shape}"
        )
    if indices.size and not 0 <= indices.min() <= indices.max() < n_target:
        raise ConfigurationError(f"{path}.indices", f"must lie in 0 ... {n_target - 1}")


def _place(populations: list[Any], wanted: Any) -> int:
    return next(place for place, population in enumerate(populations) if population is wanted)


def _spikes_of(population: Any) -> Array:
    if hasattr(population, "spikes"):
        return np.array(population.spikes, dtype=np.float64)
    return (np.asarray(population.voltages) > _SPIKED).astype(np.float64)


def _outputs(records: list[_Record]) -> Array:
    return np.stack([record.output[-1] for record in records], axis=1)
