"""Episodes by which the individuals of a generation are judged (specs/run.md)."""

from __future__ import annotations

from typing import Any, ClassVar

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_core.contracts import Environment, Episodes, Generation

_SEEDS_OF_A_PART = 2**30
_ge = attrs.validators.ge


@attrs.frozen(kw_only=True)
class EnvironmentTable:
    """The section ``[environment]``.

    Parameters
    ----------
    name : str
        One of gymnasium's, or ``"module:attribute"``.
    n_steps : int
        Steps of the network for each of the environment's.
    train_episodes, validation_episodes, test_episodes : int
        Of an epoch, of each validation and of the test.
    base_folder : str
        Where modules are looked for.
    options : mapping
        What the environment itself takes.
    """

    name: str
    n_steps: int = attrs.field(default=1, validator=_ge(1))
    train_episodes: int = attrs.field(default=100, validator=_ge(1))
    validation_episodes: int = attrs.field(default=20, validator=_ge(0))
    test_episodes: int = attrs.field(default=100, validator=_ge(0))
    base_folder: str = "."
    options: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen(eq=False)
class EpisodePool:
    """What episodes are drawn from.

    Parameters
    ----------
    environment : Environment
    n_steps : int
        Steps of the network for each of the environment's.
    n_episodes : int
        How many an epoch, or an evaluation, has.
    part : int
        No two parts have a seed in common.
    """

    unit: ClassVar[str] = "episodes"

    environment: Environment
    n_steps: int
    n_episodes: int
    part: int

    def __len__(self) -> int:
        return self.n_episodes

    def draw(self, chosen: NDArray[np.int64], encoder: Any, rng: np.random.Generator) -> Generation:
        """Return as many new episodes as `chosen` has entries; nothing is encoded."""
        seeds = self.part * _SEEDS_OF_A_PART + rng.integers(_SEEDS_OF_A_PART, size=len(chosen))
        return Generation(Episodes(self.environment, seeds, self.n_steps))

    def of_task(self, task: int) -> EpisodePool:
        """Return itself: there is one task."""
        return self


def make_episode_pools(environment: Environment, table: EnvironmentTable) -> list[EpisodePool]:
    """Return the pools of training, validation and test episodes."""
    sizes = (table.train_episodes, table.validation_episodes, table.test_episodes)
    return [EpisodePool(environment, table.n_steps, size, part) for part, size in enumerate(sizes)]


def observe_at_random(environment: Environment, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return what 16 episodes show in their first 50 steps under random actions, (50, 16, n_observations)."""
    observed = [environment.reset(rng.integers(_SEEDS_OF_A_PART, size=16))]
    while len(observed) < 50:
        observed.append(environment.step(rng.integers(environment.n_actions, size=16))[0])
    return np.array(observed, np.float64)
