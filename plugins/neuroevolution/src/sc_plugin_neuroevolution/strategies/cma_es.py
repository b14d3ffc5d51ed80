"""CMA-ES, as the package cma computes it; its state is its history (specs/neuroevolution.md)."""

from __future__ import annotations

import math
import warnings
from typing import Any, ClassVar

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from sc_core.contracts import State
from sc_core.errors import CheckpointError, ConfigurationError
from sc_plugin_neuroevolution.strategies.strategy import as_scale, as_weights, checked_fitness, ranks

_LARGEST_FULL_COVARIANCE = 5000


@attrs.frozen(kw_only=True)
class CMAESOptions:
    """Options of `CMAES`.

    Parameters
    ----------
    population_size : int, optional
        4 + 3 ln n, rounded down, unless given.
    sigma : float
        First standard deviation, in units of the weight's scale.
    diagonal : bool
        Whether the covariance matrix stays diagonal.
    """

    population_size: int | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.ge(4))
    )
    sigma: float = attrs.field(default=0.5, validator=attrs.validators.gt(0))
    diagonal: bool = attrs.field(default=False, validator=attrs.validators.instance_of(bool))


class CMAES:
    """Draws from a normal distribution whose mean, covariance and size it adapts.

    Parameters
    ----------
    initial : array_like, shape (n,)
        The first mean; n at least 2.
    scale : array_like, scalar or shape (n,)
        The unit of `sigma` for each weight.
    seed : int
    **options
        The fields of `CMAESOptions`.

    Attributes
    ----------
    population_size, n_generations : int

    Raises
    ------
    ConfigurationError, ValueError, ShapeError, NumericalError
        If an option or the first mean is not usable.

    Notes
    -----
    Hansen 2016, arXiv:1604.00772.

    Examples
    --------
    >>> import numpy as np
    >>> strategy = CMAES(np.zeros(3), seed=1)
    >>> for _ in range(100):
    ...     strategy.tell(-np.square(strategy.ask() - [1.0, 2.0, 3.0]).sum(axis=1))
    >>> bool(np.abs(strategy.solution - [1.0, 2.0, 3.0]).max() < 1e-6)
    True
    """

    Options: ClassVar = CMAESOptions

    def __init__(self, initial: ArrayLike, scale: ArrayLike = 1.0, seed: int = 0, **options: Any) -> None:
        self.options = CMAESOptions(**options)
        self._first = as_weights(initial)
        n = self._first.size
        self._scale = as_scale(scale, n)
        if n < 2:
            raise ConfigurationError("strategy", "cma-es needs at least 2 weights")
        if n > _LARGEST_FULL_COVARIANCE and not self.options.diagonal:
            raise ConfigurationError(
                "strategy.diagonal",
                f"must be true for {n} weights: a full covariance matrix is for {_LARGEST_FULL_COVARIANCE} at most",
            )
        self.population_size = self.options.population_size or 4 + math.floor(3 * math.log(n))
        self._begin(seed)

    def _begin(self, seed: int) -> None:
        with warnings.catch_warnings():
            # Only its plots need it, which nothing here asks for.
            warnings.filterwarnings("ignore", "Could not import matplotlib", UserWarning)
            from cma import CMAEvolutionStrategy
        from threadpoolctl import ThreadpoolController

        self._libraries = ThreadpoolController()
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
        chosen = {
            "randn": lambda *shape: rng.standard_normal(shape),
            "seed": np.nan,  # leaves numpy's global generator alone
            "popsize": self.population_size,
            "CMA_stds": self._scale,
            "CMA_diagonal": self.options.diagonal,
            "verbose": -9,
        }
        self._seed = seed
        self._search = CMAEvolutionStrategy(self._first, self.options.sigma, chosen)
        self._history: list[NDArray[np.float64]] = []
        self._candidates: NDArray[np.float64] | None = None

    def _one_thread(self) -> Any:
        """Keep BLAS to one thread: the bits of products and eigenvectors depend on their number."""
        return self._libraries.limit(limits=1, user_api="blas")

    @property
    def n_generations(self) -> int:
        """How many generations it has been told about."""
        return len(self._history)

    @property
    def solution(self) -> NDArray[np.float64]:
        """The mean, (n,)."""
        return np.array(self._search.result.xfavorite, np.float64)

    def ask(self) -> NDArray[np.float64]:
        """Return candidates that the distribution yields, (population_size, n)."""
        if self._candidates is None:
            with self._one_thread():
                self._candidates = np.array(self._search.ask(), np.float64)
        return self._candidates.copy()

    def tell(self, fitness: ArrayLike) -> None:
        """Take the fitness of each candidate and adapt the distribution.

        Raises
        ------
        ShapeError, NumericalError
            As `Strategy.tell`.
        """
        known = checked_fitness(fitness, self.population_size, self.n_generations)
        self._tell_ranks(ranks(-known))

    def _tell_ranks(self, costs: NDArray[np.float64]) -> None:
        with self._one_thread():
            self._search.tell(list(self.ask()), costs.tolist())
        self._history.append(costs)
        self._candidates = None

    def state_dict(self) -> State:
        """Return the ranks of every generation, which lead to where the search is; the mean to compare with."""
        return {
            "seed": self._seed,
            "ranks": np.array(self._history).reshape(-1, self.population_size),
            "mean": self.solution,
            "initial": self._first.copy(),
            "scale": self._scale.copy(),
        }

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned, by going through all its generations again.

        Raises
        ------
        CheckpointError
            If it is of another population or other options, or this machine or version of cma computes other bits.
        """
        history = np.array(state["ranks"], np.float64)
        initial = np.array(state["initial"], np.float64)
        if (
            history.ndim != 2
            or history.shape[1] != self.population_size
            or initial.shape != self._first.shape
        ):
            raise CheckpointError(
                f"the saved search has {history.shape[-1]} candidates of {initial.size} weights, "
                f"this one {self.population_size} of {self._first.size}"
            )
        self._first, self._scale = initial, np.array(state["scale"], np.float64)
        self._begin(int(state["seed"]))
        for costs in history:
            self._tell_ranks(costs)
        if not np.array_equal(self.solution, state["mean"]):
            raise CheckpointError(
                "the saved search cannot be continued: its generations lead to another mean here. It needs the same "
                "options and the same versions of cma and numpy"
            )
