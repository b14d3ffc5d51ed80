"""What every strategy offers, and what they share: the randomness of a generation, fitness made comparable."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import scipy.stats
from numpy.typing import ArrayLike, NDArray

from sc_core.contracts import Stateful
from sc_core.errors import NumericalError, ShapeError


class Strategy(Stateful, Protocol):
    """Searches a space of n weights by the fitness of candidates.

    Attributes
    ----------
    n_generations : int
        How many generations it has been told about.
    """

    n_generations: int

    @property
    def population_size(self) -> int:
        """Candidates of a generation."""
        ...

    def ask(self) -> NDArray[np.float64]:
        """Return the generation's candidates, (population_size, n): the same until `tell` is called."""
        ...

    def tell(self, fitness: ArrayLike) -> None:
        """Take the fitness of each candidate, (population_size,); more is better, NaN is worst.

        Raises
        ------
        ShapeError
            If there is not one number for each candidate.
        NumericalError
            If no candidate has a fitness above minus infinity. The strategy has not changed then.
        """
        ...

    @property
    def solution(self) -> NDArray[np.float64]:
        """What the search has come to, (n,)."""
        ...


def generation_rng(seed: int, generation: int) -> np.random.Generator:
    """Return the randomness of one generation (specs/neuroevolution.md)."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(generation,))))


def checked_fitness(fitness: ArrayLike, population_size: int, generation: int) -> NDArray[np.float64]:
    """Return fitness as an array in which NaN is minus infinity.

    Raises
    ------
    ShapeError, NumericalError
        As `Strategy.tell`.
    """
    array = np.array(fitness, np.float64)
    if array.shape != (population_size,):
        raise ShapeError(
            f"the fitness of generation {generation} has shape {array.shape}, expected one number for each of "
            f"{population_size} candidates: ({population_size},)"
        )
    array[np.isnan(array)] = -np.inf
    if np.all(array == -np.inf):
        raise NumericalError(
            f"no candidate of generation {generation} has a fitness: all are NaN or minus infinity"
        )
    return array


def ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the place of each value in ascending order, from 0; equals have their mean place.

    Examples
    --------
    >>> ranks(np.array([0.3, -np.inf, 0.3]))
    array([1.5, 0. , 1.5])
    """
    places: NDArray[np.float64] = scipy.stats.rankdata(values) - 1.0
    return places


def as_scale(scale: ArrayLike, n: int) -> NDArray[np.float64]:
    """Return the unit of each of n weights.

    Raises
    ------
    ShapeError
        If it is neither one number nor n of them, or one is not above 0.
    """
    array = np.asarray(scale, np.float64)
    if array.shape not in ((), (n,)) or not np.all(np.isfinite(array) & (array > 0)):
        raise ShapeError(f"scale must be a number > 0, or {n} of them, one for each weight")
    return np.broadcast_to(array, (n,)).copy()


def as_weights(initial: ArrayLike) -> NDArray[Any]:
    """Return a vector of first weights, a private copy.

    Raises
    ------
    ShapeError, NumericalError
        If it is no vector with at least one entry, or not finite.
    """
    array = np.array(initial, np.float64)
    if array.ndim != 1 or not array.size:
        raise ShapeError(
            f"the first weights must be a vector with at least one entry, got shape {array.shape}"
        )
    if not np.isfinite(array).all():
        raise NumericalError("the first weights contain NaN or infinity")
    return array
