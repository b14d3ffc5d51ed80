"""The plasticity: weak synapses go, new ones grow where activity agrees (specs/structural.md)."""

from __future__ import annotations

from typing import Any, ClassVar

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_core.contracts import State
from sc_core.errors import ConfigurationError
from sc_plugin_structural.activity import Activity
from sc_plugin_structural.options import StructuralOptions
from sc_plugin_structural.patterns import Degrees, Keys, draw_absent, keys_of, rows_of
from sc_plugin_structural.slots import reuse_slots

_CANDIDATES_PER_GROWTH, _ALL_PAIRS = 64, 10_000


@attrs.define(eq=False)
class _Care:
    """A projection in care: what the rule remembers of it."""

    projection: Any
    rng: np.random.Generator
    activity: Activity
    n_synapses: int
    sign: NDArray[np.float64]


class StructuralPlasticity:
    """Prunes weak synapses and grows new ones between neurons whose activity agrees.

    Parameters
    ----------
    growth_rate : float
        Share of the synapses that may grow in a round.
    prune_threshold : float
        Weights closer to 0 than this are pruned.
    **options
        The other fields of `StructuralOptions`. ``rule="slots"`` is the formula of the users' documentation.

    Attributes
    ----------
    consolidation_interval : float
        Time between two rounds, ms.

    Raises
    ------
    ValueError, TypeError
        If an option is not allowed.

    Notes
    -----
    Equations and order: specs/structural.md.

    Examples
    --------
    >>> import numpy as np
    >>> from sc_core import LIF, Input, Network, Population, Projection, Simulation
    >>> from sc_plugin_structural import StructuralPlasticity
    >>> source, target = Population("in", 2, Input()), Population("out", 2, LIF(tau=2.0))
    >>> projection = Projection(source, target, np.array([[3.0, 0.0], [0.005, 3.0]]))
    >>> network = Network([source, target], [projection])
    >>> rule = StructuralPlasticity(interval=100.0, window=5.0, initial_weight=0.5)
    >>> simulation = Simulation(network, {"in->out": rule}, np.random.default_rng(1))
    >>> volleys = np.zeros((100, 2))
    >>> volleys[::10] = 1.0                           # both inputs fire together: 0 -> 1 is worth having
    >>> record = simulation.run(volleys)
    >>> projection.weights.toarray()
    array([[3. , 0.5],
           [0. , 3. ]])
    """

    Options: ClassVar = StructuralOptions

    def __init__(self, growth_rate: float = 0.001, prune_threshold: float = 0.01, **options: Any) -> None:
        self.options = StructuralOptions(growth_rate=growth_rate, prune_threshold=prune_threshold, **options)
        self.consolidation_interval = self.options.interval
        self._care: _Care | None = None

    def bind(self, projection: Any, dt: float, rng: np.random.Generator) -> None:
        """Take a projection into care.

        Raises
        ------
        ConfigurationError
            If its pattern cannot be changed, or the interval is shorter than a step.
        """
        if self.options.rule == "activity" and not hasattr(projection, "rewire"):
            raise ConfigurationError(
                "rule", 'this projection has no rewire, so its pattern is fixed: choose rule = "slots"'
            )
        n_steps = round(self.options.interval / dt)
        if n_steps < 1:
            raise ConfigurationError(
                "interval", f"must be at least dt = {dt} ms, got {self.options.interval}"
            )
        window = max(1, round(self.options.window / dt))
        sums = np.bincount(rows_of(projection), projection.data, minlength=projection.source.n)
        self._care = _Care(
            projection,
            rng,
            Activity(n_steps, window, projection.source.n, projection.target.n),
            len(projection.data),
            np.where(sums < 0, -1.0, 1.0),
        )

    def after_step(self, pre: NDArray[Any], post: NDArray[Any], modulator: float) -> None:
        """Take note of who was active."""
        self._bound().activity.observe(pre, post)

    def consolidate(self, elapsed: float) -> None:
        """Make a round: prune, then grow."""
        care = self._bound()
        if self.options.rule == "slots":
            reuse_slots(care.projection.data, self.options, care.rng)
            return
        gone = self._weak(care)
        keys = keys_of(care.projection)
        grown = self._growing(care, keys, gone)
        rows, columns = np.divmod(grown, care.projection.target.n)
        care.projection.rewire(
            prune=gone, grow=(rows, columns, care.sign[rows] * self.options.initial_weight)
        )

    def update(self, projection: Any) -> None:
        """Take note of the spikes of the moment and make a round.

        Parameters
        ----------
        projection : Projection
            With `rule="slots"` any object with the documented attributes.

        Raises
        ------
        ConfigurationError
            If another projection is in care already.
        """
        if self._care is None:
            self.bind(projection, 1.0, np.random.default_rng(self.options.seed))
        care = self._bound()
        if care.projection is not projection:
            raise ConfigurationError("projection", "the rule has another one in care; make a rule for each")
        if self.options.rule == "activity":
            care.activity.observe(projection.source.spikes, projection.target.spikes)
        self.consolidate(0.0)

    def state_dict(self) -> State:
        """Return what the rule remembers of its projection."""
        care = self._bound()
        return {
            "activity": care.activity.state_dict(),
            "n_synapses": care.n_synapses,
            "sign": care.sign,
        }

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned, for the same projection."""
        care = self._bound()
        care.activity.load_state_dict(state["activity"])
        care.n_synapses = int(state["n_synapses"])
        care.sign[...] = state["sign"]

    def _bound(self) -> _Care:
        if self._care is None:
            raise ConfigurationError("structural", "is not bound to a projection yet")
        return self._care

    def _weak(self, care: _Care) -> NDArray[np.int64]:
        """Return the synapses that go."""
        projection, options = care.projection, self.options
        size = np.abs(projection.data)
        weak = np.flatnonzero(size < options.prune_threshold)
        weak = weak[np.argsort(size[weak], kind="stable")]
        rows = np.searchsorted(projection.indptr, weak, side="right") - 1
        went = Degrees.of(projection).remove(
            rows, projection.indices[weak], options.min_fan_out, options.min_fan_in
        )
        return weak[went]

    def _growing(self, care: _Care, keys: Keys, gone: NDArray[np.int64]) -> Keys:
        """Return the pairs that grow."""
        projection, options, n_target = care.projection, self.options, care.projection.target.n
        left = keys.size - gone.size
        wanted = min(max(1, int(options.growth_rate * keys.size)), care.n_synapses - left)
        if wanted <= 0 or options.growth_rate == 0:
            return np.empty(0, np.int64)
        candidates = self._candidates(care, keys, wanted)
        rows, columns = np.divmod(candidates, n_target)
        rho = care.activity.correlations(rows, columns)
        order = np.argsort(-rho, kind="stable")
        order = order[rho[order] > 0]
        degrees = Degrees.of(projection)
        gone_rows, gone_columns = np.divmod(keys[gone], n_target)
        degrees.remove(gone_rows, gone_columns, 0, 0)
        added = degrees.add(rows[order], columns[order], wanted, options.max_fan_out, options.max_fan_in)
        return candidates[order[added]]

    def _candidates(self, care: _Care, keys: Keys, wanted: int) -> Keys:
        """Return pairs of active neurons without a synapse, ascending."""
        pre, post = care.activity.active()
        n_target = care.projection.target.n
        rows, columns = np.divmod(keys, n_target)
        place_of_pre, place_of_post = np.full(care.projection.source.n, -1), np.full(n_target, -1)
        place_of_pre[pre], place_of_post[post] = np.arange(pre.size), np.arange(post.size)
        both = (place_of_pre[rows] >= 0) & (place_of_post[columns] >= 0)
        occupied = place_of_pre[rows[both]] * post.size + place_of_post[columns[both]]
        if care.projection.source is care.projection.target:
            same = np.intersect1d(pre, post)
            occupied = np.union1d(occupied, place_of_pre[same] * post.size + place_of_post[same])
        limit = max(_ALL_PAIRS, _CANDIDATES_PER_GROWTH * wanted)
        drawn = draw_absent(occupied, pre.size * post.size, limit, care.rng)
        i, j = np.divmod(drawn, max(post.size, 1))
        pairs: Keys = pre[i] * n_target + post[j]
        return pairs
