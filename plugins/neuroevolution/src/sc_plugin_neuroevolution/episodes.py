"""Networks that act on an environment: many of them, in many episodes, side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sc_core.contracts import Episodes
from sc_core.errors import ShapeError
from sc_core.model import Network
from sc_core.simulation import Forward, NetworkArrays, checked_inputs
from sc_plugin_neuroevolution.weights import side_by_side


def returns(network: Network, candidates: NDArray[np.float64], episodes: Episodes) -> NDArray[np.float64]:
    """Return the sum of rewards of every candidate in every episode.

    Parameters
    ----------
    network : Network
        Reset before each episode; its state goes on from step to step.
    candidates : ndarray, shape (n_candidates, n_weights)
        The weights of each, as `weights_of` returns them.
    episodes : Episodes
        The same for all candidates.

    Returns
    -------
    ndarray, shape (n_candidates, n_episodes)

    Raises
    ------
    ShapeError
        If the environment's observations or actions do not fit the network.
    NumericalError
        If an observation is not finite.
    """
    environment, n_steps = episodes.environment, episodes.n_steps
    _check_sizes(network, episodes)
    together = side_by_side(network, candidates)
    n_candidates, n_episodes = len(candidates), len(episodes.seeds)
    arrays = NetworkArrays(together, n_steps, n_episodes)
    forward, output = Forward(arrays), arrays.output(together.output_population.name)
    arrays.reset()
    inputs = np.empty((n_steps, n_episodes, n_candidates, environment.n_observations), together.dtype)
    window = inputs.reshape(n_steps, n_episodes, -1)
    sums = np.zeros(n_episodes * n_candidates)
    running = np.ones(sums.size, np.bool_)
    observations = environment.reset(np.repeat(episodes.seeds, n_candidates))
    while True:
        inputs[...] = observations.reshape(inputs.shape[1:])
        forward.run(checked_inputs(together, window))
        votes = output.sum(axis=0).reshape(n_episodes, n_candidates, environment.n_actions)
        observations, rewards, ended = environment.step(votes.argmax(axis=2).ravel())
        sums += np.where(running, rewards, 0.0)
        running &= ~ended
        if not running.any():
            return sums.reshape(n_episodes, n_candidates).T
        arrays.continue_from(arrays)


def _check_sizes(network: Network, episodes: Episodes) -> None:
    environment = episodes.environment
    for population, what, n in (
        (network.input_population, "observations", environment.n_observations),
        (network.output_population, "actions", environment.n_actions),
    ):
        if population.n != n:
            raise ShapeError(
                f"population {population.name!r} has {population.n} neurons, but the environment has {n} {what}"
            )
