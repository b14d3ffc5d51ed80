"""The independent random streams of a run, all from its one seed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

# A stream's number is part of what a seed means: never reuse or renumber one.
_NUMBERS = {
    "network": 0,
    "order": 1,
    "encoding": 2,
    "plasticity": 3,
    "split": 4,
    "evaluation": 5,
    "tasks": 6,
    "clients": 7,
}
STREAMS = tuple(_NUMBERS)


def random_stream(seed: int, name: str) -> np.random.Generator:
    """Return the generator of one stream, in its initial state.

    The generator is PCG64 seeded by ``numpy.random.SeedSequence(seed, spawn_key=(number,))``, so the streams
    are independent of each other and of how much of another has been drawn.

    Parameters
    ----------
    seed : int
        The run's seed, >= 0.
    name : str
        One of `STREAMS`.

    Returns
    -------
    numpy.random.Generator

    Examples
    --------
    >>> int(random_stream(7, "order").integers(1000)) == int(random_stream(7, "order").integers(1000))
    True
    """
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(_NUMBERS[name],))))


def generator_state(rng: np.random.Generator) -> Mapping[str, Any]:
    """Return the state of a generator as nested plain values.

    Parameters
    ----------
    rng : numpy.random.Generator

    Returns
    -------
    mapping
        What ``rng.bit_generator.state`` takes.
    """
    return dict(rng.bit_generator.state)
