"""The fitness of many individuals, by a function that may fail, on any number of workers."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray


class FitnessWarning(UserWarning):
    """Individuals have no fitness: the function raised, or returned NaN. They never win."""


def evaluate(
    fitness: Callable[[Any], float], individuals: Iterable[Any], generation: int, n_jobs: int = 1
) -> NDArray[np.float64]:
    """Return the fitness of each individual; NaN, and a warning, where there is none.

    Parameters
    ----------
    fitness : callable
        Takes an individual, returns a number.
    individuals : iterable
    generation : int
        For the warning.
    n_jobs : int
        Workers, as joblib counts them: -1 is one for each processor.

    Returns
    -------
    ndarray, shape (n_individuals,)

    Warns
    -----
    FitnessWarning
        Once, with the number of individuals that have no fitness and the reason of the first.

    Examples
    --------
    >>> evaluate(abs, [-1, 2.5], generation=0)
    array([1. , 2.5])
    """
    from joblib import Parallel, delayed

    judged = Parallel(n_jobs=n_jobs)(delayed(_judge)(fitness, individual) for individual in individuals)
    failures = [failure for _, failure in judged if failure]
    if failures:
        warnings.warn(
            f"generation {generation}: {len(failures)} of {len(judged)} individuals have no fitness and cannot "
            f"win; the first: {failures[0]}",
            FitnessWarning,
            stacklevel=3,
        )
    return np.array([value for value, _ in judged], np.float64)


def _judge(fitness: Callable[[Any], float], individual: Any) -> tuple[float, str]:
    """Return the fitness, and why there is none."""
    try:
        value = float(fitness(individual))
    except Exception as error:  # whatever a user's function raises must not end the search
        return math.nan, f"the fitness function raised {type(error).__name__}: {error}"
    return value, "the fitness is NaN" if math.isnan(value) else ""
