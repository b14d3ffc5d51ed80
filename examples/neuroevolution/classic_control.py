"""Acrobot and CartPole, solved by spiking networks that evolved.

A spiking network of about forty neurons swings a two-link pendulum up, and another balances a pole: CMA-ES finds
their weights by nothing but the return of whole episodes.

    python examples/neuroevolution/classic_control.py [FOLDER]     (five minutes on one core)

Every seed is kept as soon as it is done; called again with the same folder, it goes on with those that are missing.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
import matplotlib as mpl
import numpy as np
from many_episodes import ManyAcrobots, ManyCartPoles

from sc_core import LI, LIF, Input, Network, Population, Projection, registry, topology
from sc_core.atomic_file import replacing, write_atomically
from sc_core.contracts import Environment, Episodes, Generation
from sc_run.environments import GymnasiumEpisodes

mpl.use("Agg")
import matplotlib.pyplot as plt

N_HIDDEN, N_STEPS, SEEDS = 32, 4, 5
POPULATION, EPISODES, EVERY, GENERATIONS = 32, 4, 5, 300
VALIDATION = 10_000_000 + np.arange(100)  # seeds of episodes; those of training are smaller
TEST = 20_000_000 + np.arange(100)


@attrs.frozen
class Task:
    """An environment, a copy of it for training, the goal, and a validation return at which training ends."""

    name: str
    training: Callable[[], Environment]
    goal: float
    enough: float


TASKS = (Task("Acrobot-v1", ManyAcrobots, -100.0, -90.0), Task("CartPole-v1", ManyCartPoles, 475.0, 495.0))

# %%
# Observations are the currents into 32 LIF neurons; the action is the readout with the largest sum over four steps of
# the network, which are one step of the environment.


def make_network(n_observations: int, n_actions: int, rng: np.random.Generator) -> Network:
    """Return a fresh network."""
    senses = Population("senses", n_observations, Input())
    hidden = Population("hidden", N_HIDDEN, LIF(tau=5.0))
    actions = Population("actions", n_actions, LI(tau=5.0))
    return Network(
        [senses, hidden, actions],
        [
            Projection(senses, hidden, topology.dense(n_observations, N_HIDDEN, gain=5.0, rng=rng)),
            Projection(hidden, actions, topology.dense(N_HIDDEN, n_actions, rng=rng)),
        ],
    )


# %%
# All 32 individuals of a generation play the same four episodes. Every fifth generation the mean of the distribution
# plays 100 others; where that is good enough, it plays 100 further ones in gymnasium itself.


def train(task: Task, seed: int) -> dict[str, Any]:
    """Return the validation returns and that of the test."""
    rng = np.random.default_rng(seed)
    environment = task.training()
    network = make_network(environment.n_observations, environment.n_actions, rng)
    strategy = {"name": "cma-es", "population_size": POPULATION, "sigma": 1.0}
    learner = registry.create("learner", "neuroevolution", network, strategy=strategy, seed=seed)
    validation = Generation(Episodes(environment, VALIDATION, N_STEPS))
    returns = [learner.evaluate(validation)["return"]]
    while returns[-1] < task.enough and EVERY * (len(returns) - 1) < GENERATIONS:
        for _ in range(EVERY):
            learner.learn(Generation(Episodes(environment, rng.integers(10_000_000, size=EPISODES), N_STEPS)))
        returns.append(learner.evaluate(validation)["return"])
    gymnasium = GymnasiumEpisodes(task.name)
    test = learner.evaluate(Generation(Episodes(gymnasium, TEST, N_STEPS)))
    return {"validation_return": returns, "test_return": test["return"]}


def draw(path: Path, results: Mapping[str, Mapping[str, Any]]) -> None:
    """Draw a panel for each task, a line for each seed."""
    figure, panels = plt.subplots(1, len(TASKS), figsize=(8.0, 3.2), layout="constrained")
    for task, axes in zip(TASKS, panels, strict=True):
        for seed, result in results[task.name].items():
            curve = result["validation_return"]
            axes.plot(EVERY * np.arange(len(curve)), curve, linewidth=1, label=f"seed {seed}")
        axes.axhline(task.goal, color="0.5", linestyle=":", label="goal")
        axes.set(title=task.name, xlabel="generation", ylabel="mean return of 100 episodes")
    panels[0].legend(fontsize="small")
    with replacing(path) as unfinished:
        figure.savefig(unfinished, dpi=120, format=path.suffix[1:])
    plt.close(figure)


# %%
# Five seeds of each.


def main(folder: Path) -> None:
    """Train, keep the results, draw them."""
    path = folder / "neuroevolution_classic_control.json"
    results: dict[str, dict[str, Any]] = json.loads(path.read_text()) if path.exists() else {}
    for task in TASKS:
        of_seeds = results.setdefault(task.name, {})
        for seed in range(SEEDS):
            if str(seed) not in of_seeds:
                of_seeds[str(seed)] = train(task, seed)
                write_atomically(path, (json.dumps(results, indent=1) + "\n").encode())
            result = of_seeds[str(seed)]
            generations = EVERY * (len(result["validation_return"]) - 1)
            print(
                f"{task.name}, seed {seed}: {result['test_return']:.1f} after {generations} generations",
                flush=True,
            )
    draw(path.with_suffix(".png"), results)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
