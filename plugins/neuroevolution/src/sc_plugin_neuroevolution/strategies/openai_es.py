"""OpenAI's evolution strategy: antithetic noise, ranks, Adam (specs/neuroevolution.md, eq. 1-3)."""

from __future__ import annotations

from typing import Any, ClassVar

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from sc_core.contracts import State
from sc_core.errors import CheckpointError
from sc_plugin_neuroevolution.strategies.strategy import (
    as_scale,
    as_weights,
    checked_fitness,
    generation_rng,
    ranks,
)

_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8
_gt = attrs.validators.gt


@attrs.frozen(kw_only=True)
class OpenAIESOptions:
    """Options of `OpenAIES`.

    Parameters
    ----------
    population_size : int
        Even.
    sigma : float
        Standard deviation of the noise, in units of the weight's scale.
    lr : float
        Rate of Adam's steps, in the same units.
    decay : float
        Strength of the pull towards the first weights.
    """

    population_size: int = attrs.field(default=64, validator=attrs.validators.ge(2))
    sigma: float = attrs.field(default=0.1, validator=_gt(0))
    lr: float = attrs.field(default=0.03, validator=_gt(0))
    decay: float = attrs.field(default=0.0, validator=attrs.validators.ge(0))

    @population_size.validator
    def _check_even(self, attribute: attrs.Attribute[int], population_size: int) -> None:
        if population_size % 2:
            raise ValueError(f"population_size must be even, got {population_size}")


def gradient_estimate(
    noise: NDArray[np.float64], values: NDArray[np.float64], sigma: float
) -> NDArray[np.float64]:
    """Return the estimated gradient of what is evaluated at plus and minus the noise (eq. 2, without decay).

    Parameters
    ----------
    noise : ndarray, shape (n_pairs, n)
    values : ndarray, shape (2 n_pairs,)
        At mean + sigma noise, then at mean - sigma noise.
    sigma : float

    Returns
    -------
    ndarray, shape (n,)

    Examples
    --------
    >>> gradient_estimate(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([3.0, 1.0, -3.0, -1.0]), 1.0)
    array([1.5, 0.5])
    """
    n_pairs = len(noise)
    differences = values[:n_pairs] - values[n_pairs:]
    # No matrix product: its bits may depend on the number of BLAS's threads.
    total: NDArray[np.float64] = np.sum(differences[:, None] * noise, axis=0)
    return total / (2 * n_pairs * sigma)


class OpenAIES:
    """Climbs the fitness that noise around the mean has on average.

    Parameters
    ----------
    initial : array_like, shape (n,)
        The first mean.
    scale : array_like, scalar or shape (n,)
        The unit of `sigma` and `lr` for each weight.
    seed : int
    **options
        The fields of `OpenAIESOptions`.

    Attributes
    ----------
    lr : float
        May be set between two generations.
    n_generations : int

    Raises
    ------
    ConfigurationError, ValueError, ShapeError, NumericalError
        If an option or the first mean is not usable.

    Notes
    -----
    Salimans et al. 2017, arXiv:1703.03864, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> strategy = OpenAIES(np.zeros(3), seed=1, lr=0.1)
    >>> for _ in range(100):
    ...     strategy.tell(-np.square(strategy.ask() - [1.0, 2.0, 3.0]).sum(axis=1))
    >>> bool(np.abs(strategy.solution - [1.0, 2.0, 3.0]).max() < 0.2)
    True
    """

    Options: ClassVar = OpenAIESOptions

    def __init__(self, initial: ArrayLike, scale: ArrayLike = 1.0, seed: int = 0, **options: Any) -> None:
        self.options = OpenAIESOptions(**options)
        self.lr = self.options.lr
        self.n_generations = 0
        self._seed = seed
        self._first = as_weights(initial)
        self._scale = as_scale(scale, self._first.size)
        self._mean = self._first.copy()
        self._moments = np.zeros((2, self._first.size))

    @property
    def population_size(self) -> int:
        """Candidates of a generation."""
        return self.options.population_size

    @property
    def solution(self) -> NDArray[np.float64]:
        """The mean, (n,)."""
        return self._mean.copy()

    def _noise(self) -> NDArray[np.float64]:
        shape = (self.population_size // 2, self._mean.size)
        return generation_rng(self._seed, self.n_generations).standard_normal(shape)

    def ask(self) -> NDArray[np.float64]:
        """Return the mean plus the noise, and minus it, (population_size, n)."""
        steps = self.options.sigma * self._scale * self._noise()
        return np.concatenate([self._mean + steps, self._mean - steps])

    def tell(self, fitness: ArrayLike) -> None:
        """Take the fitness of each candidate and move the mean.

        Raises
        ------
        ShapeError, NumericalError
            As `Strategy.tell`.
        """
        known = checked_fitness(fitness, self.population_size, self.n_generations)
        centred = ranks(known) / (self.population_size - 1) - 0.5
        gradient = gradient_estimate(self._noise(), centred, self.options.sigma)
        gradient -= self.options.decay * (self._mean - self._first) / self._scale
        self.n_generations += 1
        self._mean += self.lr * self._scale * self._adam(gradient)

    def _adam(self, gradient: NDArray[np.float64]) -> NDArray[np.float64]:
        first, second = self._moments
        first += (1 - _BETA_1) * (gradient - first)
        second += (1 - _BETA_2) * (np.square(gradient) - second)
        unbiased = first / (1 - _BETA_1**self.n_generations)
        step: NDArray[np.float64] = unbiased / (
            np.sqrt(second / (1 - _BETA_2**self.n_generations)) + _EPSILON
        )
        return step

    def state_dict(self) -> State:
        """Return the mean, Adam's moments, the rate, and how many generations there were."""
        return {
            "first": self._first.copy(),
            "mean": self._mean.copy(),
            "moments": self._moments.copy(),
            "scale": self._scale.copy(),
            "lr": self.lr,
            "n_generations": self.n_generations,
            "seed": self._seed,
        }

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned.

        Raises
        ------
        CheckpointError
            If it is of another number of weights.
        """
        mean = np.array(state["mean"], np.float64)
        if mean.shape != self._mean.shape:
            raise CheckpointError(f"the saved mean has {mean.size} weights, this one {self._mean.size}")
        self._mean, self._first = mean, np.array(state["first"], np.float64)
        self._moments = np.array(state["moments"], np.float64)
        self._scale = np.array(state["scale"], np.float64)
        self.lr = float(state["lr"])
        self.n_generations, self._seed = int(state["n_generations"]), int(state["seed"])
