"""Stepping a network with live plasticities: any rule that follows the contract takes part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from sc_core.contracts.state import State
from sc_core.errors import ConfigurationError
from sc_core.model.network import Network
from sc_core.model.projection import Projection
from sc_core.simulation.arrays import checked_inputs


@attrs.define(eq=False)
class _Bound:
    """A rule, its projection and the time since its last consolidation (ms)."""

    rule: Any
    projection: Projection
    elapsed: float = 0.0


class Simulation:
    """Steps one sequence at a time, with plasticities changing the weights on the way.

    The order within a step: every population advances as in specs/neurons.md, with the `scale` factors of its
    incoming projections' rules applied to what is delivered; then `after_step` of every rule, in the order
    given, each followed by its own `consolidate` where its interval has passed.

    Parameters
    ----------
    network : Network
    plasticities : mapping of str to (sequence of) Plasticity, optional
        Rules by the name of the projection that they change; they are bound here.
    rng : numpy.random.Generator, optional
        Source of the rules' randomness; needed if there are rules.

    Raises
    ------
    ConfigurationError
        If a name is no projection's, or rules come without `rng`.

    Examples
    --------
    >>> import numpy as np
    >>> from sc_core import LIF, Input, Network, Population, Projection, Simulation
    >>> source, target = Population("in", 1, Input()), Population("out", 1, LIF())
    >>> network = Network([source, target], [Projection(source, target, [[25.0]])])
    >>> Simulation(network).run(np.array([[1.0], [0.0], [1.0]]))["out"]
    array([[1.],
           [0.],
           [1.]])
    """

    def __init__(
        self,
        network: Network,
        plasticities: Mapping[str, Any] | None = None,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.network = network
        self._bound: list[_Bound] = []
        by_name = {projection.name: projection for projection in network.projections}
        for name, rules in (plasticities or {}).items():
            if name not in by_name:
                raise ConfigurationError(
                    "plasticities", f"no projection {name!r}; there are: {', '.join(by_name)}"
                )
            if rng is None:
                raise ConfigurationError("rng", "plasticities need a numpy.random.Generator")
            for rule in rules if isinstance(rules, Sequence) else [rules]:
                rule.bind(by_name[name], network.dt, rng)
                self._bound.append(_Bound(rule, by_name[name]))

    def run(self, inputs: ArrayLike, modulator: ArrayLike | None = None) -> dict[str, NDArray[np.float64]]:
        """Run one sequence from the reset state, rules at work.

        Parameters
        ----------
        inputs : array_like, shape (n_steps, n_input)
        modulator : array_like, shape (n_steps,), optional
            The third factor (reward) of each step; 0 unless given.

        Returns
        -------
        dict of str to ndarray, shape (n_steps, n), float64
            Every population's output by name.
        """
        drive = checked_inputs(self.network, inputs)[:, 0].astype(np.float64)
        if np.ndim(inputs) != 2:
            raise ConfigurationError(
                "inputs", "a simulation steps one sequence (n_steps, n_input), not a batch"
            )
        reward = np.zeros(len(drive)) if modulator is None else np.asarray(modulator, dtype=np.float64)
        if reward.shape != (len(drive),) or not np.isfinite(reward).all():
            raise ConfigurationError("modulator", f"must be {len(drive)} finite numbers, one per step")
        self.network.reset_all()
        record = {p.name: np.zeros((len(drive), p.n)) for p in self.network.populations}
        for t in range(len(drive)):
            self._step(t, drive[t], record)
            for bound in self._bound:
                self._learn(bound, t, record, float(reward[t]))
        return record

    def _step(self, t: int, drive: NDArray[np.float64], record: dict[str, NDArray[np.float64]]) -> None:
        for population in self.network.order:
            driven = population is self.network.input_population
            current = drive.copy() if driven else np.zeros(population.n)
            for projection in population.incoming:
                activity = _arriving(projection, t, record)
                for bound in self._bound:
                    if bound.projection is projection and hasattr(bound.rule, "scale"):
                        activity = activity * bound.rule.scale(activity)
                current += activity @ projection.weights
            record[population.name][t] = population.step_all(current)

    def _learn(self, bound: _Bound, t: int, record: dict[str, NDArray[np.float64]], modulator: float) -> None:
        projection = bound.projection
        if hasattr(bound.rule, "after_step"):
            bound.rule.after_step(
                _arriving(projection, t, record), record[projection.target.name][t], modulator
            )
        if hasattr(bound.rule, "consolidate"):
            bound.elapsed += self.network.dt
            # The sum of many steps may round to just below the interval.
            if bound.elapsed + 1e-9 * self.network.dt >= bound.rule.consolidation_interval:
                bound.rule.consolidate(bound.elapsed)
                bound.elapsed = 0.0

    def state_dict(self) -> State:
        """Return the state of every rule and the time since its last consolidation."""
        return {
            str(place): {"rule": bound.rule.state_dict(), "elapsed": bound.elapsed}
            for place, bound in enumerate(self._bound)
        }

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned, for the same rules in the same order."""
        for place, bound in enumerate(self._bound):
            bound.rule.load_state_dict(state[str(place)]["rule"])
            bound.elapsed = float(state[str(place)]["elapsed"])


def _arriving(projection: Projection, t: int, record: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the presynaptic activity that reaches the synapses in step t."""
    emitted = t - projection.delay
    activity = record[projection.source.name]
    return activity[emitted] if emitted >= 0 else np.zeros(projection.source.n)
