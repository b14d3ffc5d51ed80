"""The learner: a gradient learner's steps, and rounds that move synapses to where they are worth more."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sc_core import registry
from sc_core.choice import choose_plugin
from sc_core.contracts import Batch, GradientLearner, State
from sc_core.errors import ConfigurationError
from sc_core.model import Network, Projection
from sc_plugin_structural.options import SparseTrainingOptions
from sc_plugin_structural.patterns import Keys, draw_absent, keys_of

_SIGN = "deep_r_sign"


class SparseTrainingLearner:
    """Sparse training: a gradient learner whose pattern of synapses changes while their number stays.

    Parameters
    ----------
    network : sc_core.Network
        Trained in place.
    learner : str or mapping
        A gradient learner by name, or a table with its name and options.
    method : {"rigl", "set", "deep_r"}
        What goes and what grows.
    **options
        The other fields of `SparseTrainingOptions`.

    Attributes
    ----------
    lr : float
        The wrapped learner's rate.
    projections : tuple of Projection
        Those whose pattern changes.

    Raises
    ------
    ConfigurationError, ValueError, TypeError
        If an option is not allowed, or no projection has a pattern to change.
    PluginError
        If the wrapped learner is not installed.

    Notes
    -----
    Evci et al. 2020; Mocanu et al. 2018; Bellec et al. 2018. Equations: specs/structural.md. It is a gradient learner
    itself. RigL needs memory for a gradient of all pairs of a projection, once every `every` updates.

    Examples
    --------
    >>> import numpy as np
    >>> from sc_core import LI, Batch, Input, Network, Population, Projection, topology
    >>> from sc_plugin_structural import SparseTrainingLearner
    >>> rng = np.random.default_rng(3)
    >>> source, readout = Population("source", 20, Input()), Population("readout", 2, LI(tau=2.0))
    >>> projection = Projection(source, readout, topology.random(20, 2, density=0.2, rng=rng))
    >>> projection.data *= 0.1
    >>> network = Network([source, readout], [projection])
    >>> learner = SparseTrainingLearner(network, {"name": "bptt", "lr": 0.5}, every=5, fraction=0.5)
    >>> signal = np.zeros((5, 2, 20))
    >>> signal[:, 0, 3] = signal[:, 1, 7] = 1.0       # only two of the inputs tell the classes apart
    >>> for _ in range(40):
    ...     metrics = learner.learn(Batch(signal, np.array([0, 1])))
    >>> projection.n_synapses, bool((projection.weights[[3, 7]].toarray() != 0).all())
    (11, True)
    """

    Options: ClassVar = SparseTrainingOptions
    consumes: ClassVar[type[Any]] = Batch

    def __init__(
        self,
        network: Network,
        learner: str | Mapping[str, Any] = "bptt",
        method: str = "rigl",
        **options: Any,
    ) -> None:
        self.options = SparseTrainingOptions(learner=learner, method=method, **options)  # type: ignore[arg-type]
        self.network = network
        chosen = choose_plugin("learner", self.options.learner, "learner")
        self._learner: GradientLearner = registry.create("learner", chosen.name, network, **chosen.keywords())
        for name in (
            "loss",
            "evaluate",
            "consolidate",
        ):  # a run and wrapping learners ask whether it has them
            if hasattr(self._learner, name):
                setattr(self, name, getattr(self._learner, name))
        self.projections = _chosen_projections(network, self.options.projections)
        self._rng = np.random.default_rng(self.options.seed)
        self._updates = 0
        self._latest: Batch | None = None
        if self.options.method == "deep_r":
            for projection in self.projections:
                if _SIGN not in projection.synapse_state:
                    projection.register(_SIGN, 0, np.int8)
                self._draw_signs(projection)

    @property
    def lr(self) -> float:
        """The wrapped learner's rate."""
        return self._learner.lr

    @lr.setter
    def lr(self, rate: float) -> None:
        self._learner.lr = rate

    @property
    def parameters(self) -> Sequence[NDArray[Any]]:
        """The arrays that `apply` updates, live: the wrapped learner's. Ask again after each `apply`."""
        return self._learner.parameters

    def learn(self, experience: Batch) -> Mapping[str, float]:
        """Take one step on a batch, and make a round where it is due; returns ``"loss"`` before it."""
        loss, gradients = self.loss_and_gradient(experience)
        self.apply(gradients)
        return {"loss": loss}

    def loss_and_gradient(self, batch: Batch) -> tuple[float, Sequence[NDArray[Any]]]:
        """Return the wrapped learner's loss and gradient."""
        self._latest = batch
        return self._learner.loss_and_gradient(batch)

    def apply(self, gradients: Sequence[NDArray[Any]]) -> None:
        """Take the wrapped learner's step along `gradients`, and make a round where it is due.

        Raises
        ------
        ConfigurationError
            If `rigl` is to make a round and has never been asked for a gradient.
        """
        self._learner.apply(gradients)
        self._updates += 1
        due = self._updates % self.options.every == 0
        for projection in self.projections:
            if self.options.method == "deep_r":
                dormant = self._diffuse(projection)
                if due:
                    self._replace_dormant(projection, dormant)
            elif due:
                self._replace_weakest(projection)

    def state_dict(self) -> State:
        """Return the wrapped learner's state, the generator's and the count of updates."""
        return {
            "learner": self._learner.state_dict(),
            "rng": self._rng.bit_generator.state,
            "updates": self._updates,
        }

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned."""
        self._learner.load_state_dict(state["learner"])
        self._rng.bit_generator.state = state["rng"]
        self._updates = int(state["updates"])

    def _share(self) -> float:
        """Return the share of the synapses that a round replaces (eq. 2)."""
        fraction, until = self.options.fraction, self.options.until
        if until is None:
            return fraction
        if self._updates >= until:
            return 0.0
        return fraction / 2 * (1 + math.cos(math.pi * self._updates / until))

    def _replace_weakest(self, projection: Projection) -> None:
        share = self._share()
        if self.options.method == "set":
            positive = projection.data >= 0
            gone = np.concatenate([_weakest(projection, signed, share) for signed in (positive, ~positive)])
            self._rewire(projection, gone, self._random_pairs(projection, gone))
        else:
            gone = _weakest(projection, np.ones(projection.n_synapses, bool), share)
            best = self._steepest_pairs(projection, gone)
            keys = keys_of(projection)[gone]
            self._rewire(projection, gone[~np.isin(keys, best)], np.setdiff1d(best, keys))

    def _rewire(self, projection: Projection, gone: NDArray[np.int64], grown: Keys) -> None:
        if gone.size:
            rows, columns = np.divmod(grown, projection.target.n)
            projection.rewire(prune=gone, grow=(rows, columns, np.zeros(grown.size)))

    def _random_pairs(self, projection: Projection, gone: NDArray[np.int64]) -> Keys:
        """Return as many pairs as go: without a synapse, or of those that go where nothing else is left."""
        keys, n_pairs = keys_of(projection), projection.source.n * projection.target.n
        occupied = keys if n_pairs - keys.size >= gone.size else np.delete(keys, gone)
        return draw_absent(occupied, n_pairs, gone.size, self._rng)

    def _steepest_pairs(self, projection: Projection, gone: NDArray[np.int64]) -> Keys:
        """Return as many pairs as may go: those whose weight the loss depends on most, `gone` among them."""
        if self._latest is None:
            raise ConfigurationError("method", "rigl needs a batch: ask for loss_and_gradient before apply")
        keys, n_pairs = keys_of(projection), projection.source.n * projection.target.n
        absent = np.delete(np.arange(n_pairs), keys)
        rows, columns = np.divmod(absent, projection.target.n)
        projection.rewire(grow=(rows, columns, np.zeros(absent.size)))
        try:
            place = next(k for k, p in enumerate(self.network.projections) if p is projection)
            steepness = np.abs(self._learner.loss_and_gradient(self._latest)[1][place])
        finally:
            projection.rewire(prune=absent)  # with all pairs there, a synapse's place is its key
        eligible = np.union1d(absent, keys[gone])
        best = np.argsort(-steepness[eligible], kind="stable")[: gone.size]
        return eligible[best]

    def _diffuse(self, projection: Projection) -> NDArray[np.int64]:
        """Take the random step of Deep R (eq. 3) and return the synapses that are dormant after it."""
        sign = projection.synapse_state[_SIGN]
        strength = sign * projection.data - self.lr * self.options.l1
        if self.options.temperature:
            deviation = math.sqrt(2 * self.lr * self.options.temperature)
            strength = strength + deviation * self._rng.normal(size=strength.shape)
        dormant = strength < 0
        projection.data[...] = np.where(dormant, 0, sign * strength)
        return np.flatnonzero(dormant)

    def _replace_dormant(self, projection: Projection, dormant: NDArray[np.int64]) -> None:
        self._rewire(projection, dormant, self._random_pairs(projection, dormant))
        self._draw_signs(projection)

    def _draw_signs(self, projection: Projection) -> None:
        """Give every synapse that has no sign yet its weight's, or one at random."""
        sign = projection.synapse_state[_SIGN]
        new = sign == 0
        sign[new] = np.sign(projection.data[new])
        still = np.flatnonzero(sign == 0)
        sign[still] = self._rng.choice(np.array([-1, 1], np.int8), still.size)


def _weakest(projection: Projection, among: NDArray[np.bool_], share: float) -> NDArray[np.int64]:
    """Return the share of some synapses that is closest to 0."""
    places = np.flatnonzero(among)
    order = np.argsort(np.abs(projection.data[places]), kind="stable")
    return places[order[: int(share * places.size)]]


def _chosen_projections(network: Network, names: Sequence[str] | None) -> tuple[Projection, ...]:
    by_name = {projection.name: projection for projection in network.projections}
    if names is not None:
        unknown = [name for name in names if name not in by_name]
        if unknown:
            raise ConfigurationError(
                "projections", f"no projection {unknown[0]!r}; there are: {', '.join(by_name)}"
            )
        return tuple(by_name[name] for name in names)
    chosen = tuple(
        projection
        for projection in network.projections
        if projection.trainable and projection.n_synapses < projection.source.n * projection.target.n
    )
    if not chosen:
        raise ConfigurationError("projections", "every trainable projection is full: no pattern to change")
    return chosen
