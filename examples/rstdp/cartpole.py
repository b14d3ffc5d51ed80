"""CartPole, balanced by two spiking neurons that learn by reward alone.

2200 place cells, of which one spikes where the cart and its pole are; two neurons that push the cart to the left and
to the right; between them synapses with R-STDP. A fall is punished, and that is all that they are told.

    python examples/rstdp/cartpole.py [FOLDER]     (some minutes on one core)

Every seed is kept as soon as it is done; called again with the same folder, it goes on with those that are missing.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import gymnasium
import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

from sc_core import LIF, Input, Network, Population, Projection, Simulation, registry
from sc_core.atomic_file import replacing, write_atomically
from sc_core.simulation import PoissonStimulus, SpikeRecorder
from sc_core.simulation.stimuli import Events

mpl.use("Agg")
import matplotlib.pyplot as plt

SEEDS, EPISODES, GOAL = 5, 600, 195.0
TEST = range(20_000_000, 20_000_100)  # seeds of episodes; those of training are smaller
DT = 4.0  # ms
WINDOW = 5  # steps of the network in one of the cart, which takes 20 ms
PAUSE = 100  # steps between two episodes, so that eligibilities fade
NOISE = 0.5**0.5  # weight of the background's spikes, 250 Hz of each sign: variance 1 in each step
RULE = {
    "learning_rate": 0.003,
    "a_minus": 0.5,
    "tau_plus": 10.0,
    "tau_eligibility": 200.0,
    "tau_reward": 4.0,
    "tau_baseline": 5000.0,
    "w_max": 3.0,
}

# %%
# The four numbers that describe cart and pole are cut into intervals; a place cell stands for one box of them.

EDGES = (
    np.array([-1.2, -0.4, 0.4, 1.2]),  # position
    np.array([-0.8, -0.25, 0.25, 0.8]),  # velocity
    np.array([-0.14, -0.1, -0.06, -0.03, -0.01, 0.01, 0.03, 0.06, 0.1, 0.14]),  # angle, radians
    np.array([-1.5, -0.8, -0.3, 0.0, 0.3, 0.8, 1.5]),  # angular velocity
)
N_PLACES = int(np.prod([len(edges) + 1 for edges in EDGES]))


def place_of(observation: NDArray[Any]) -> int:
    """Return the place cell of an observation."""
    place = 0
    for edges, value in zip(EDGES, observation, strict=True):
        place = place * (len(edges) + 1) + int(np.searchsorted(edges, value, side="right"))
    return place


@attrs.define
class Sight:
    """A stimulus: the place cell that spikes in every step, if any; the body sets it."""

    place: int | None = None

    def check(self, name: str, n: int, n_steps: int, dt: float) -> None:
        """Refuse nothing."""

    def events(self, first: int, n_steps: int, n: int, dt: float, spikes: bool) -> Events:
        """Return a spike for each step."""
        each = 0 if self.place is None else 1
        neuron = np.full(each * n_steps, self.place or 0, np.int32)
        return Events(each * np.arange(n_steps + 1), neuron, np.ones(each * n_steps))

    def state_dict(self) -> Mapping[str, Any]:
        """Return nothing: what is seen is the body's to say."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Do nothing."""


# %%
# Both neurons begin with the same weight everywhere, inhibit each other and receive Poisson noise of both signs: that
# is how they explore. A fall takes 1 from the rule's modulator, which is 0 otherwise; its running baseline becomes
# slightly negative, so that not to fall is a small reward.


def make_network() -> Network:
    """Return a fresh network."""
    places = Population("places", N_PLACES, Input())
    pushes = Population("pushes", 2, LIF(tau=10.0))
    plastic = Projection(places, pushes, np.full((N_PLACES, 2), 1.2), name="plastic")
    rivalry = Projection(pushes, pushes, [[0.0, -2.0], [-2.0, 0.0]], delay=1, name="rivalry")
    return Network([places, pushes], [plastic, rivalry], dt=DT)


class Agent:
    """A body for a network: it sees, acts, and is punished for falls.

    Parameters
    ----------
    network : Network
    rng : numpy.random.Generator
        Of what it tries out.
    learns : bool
        Whether there are plasticity and noise.
    """

    def __init__(self, network: Network, rng: np.random.Generator, *, learns: bool) -> None:
        self._sight, self._rng = Sight(), rng
        noise = [
            PoissonStimulus(1000.0 / DT, each, weight)
            for each, weight in zip(rng.spawn(2), (NOISE, -NOISE), strict=True)
        ]
        self._simulation = Simulation(
            network,
            {"plastic": registry.create("plasticity", "rstdp", **RULE)} if learns else {},
            rng,
            stimuli={"places": self._sight, "pushes": noise if learns else []},
        )

    def live(self, place: int | None, n_steps: int, reward: float) -> NDArray[Any]:
        """Spend some steps at a place, after a reward; return how often each of the two neurons spiked."""
        self._sight.place = place
        modulator = np.zeros(n_steps)
        modulator[0] = reward
        recording = self._simulation.advance(
            n_steps * DT, modulator=modulator, record=[SpikeRecorder("pushes")]
        )
        return np.bincount(recording.spikes["pushes"].neurons, minlength=2)

    def play(self, environment: Any, seed: int) -> float:
        """Play an episode to its end, and rest; return how many steps it took."""
        observation, _ = environment.reset(seed=seed)
        total, fell, over = 0.0, False, False
        while not (fell or over):
            left, right = self.live(place_of(observation), WINDOW, 0.0)
            action = int(right > left) if right != left else int(self._rng.integers(2))
            observation, reward, fell, over, _ = environment.step(action)
            total += reward
        self.live(None, PAUSE, -float(fell))
        return total


# %%
# 600 episodes; then a hundred others with the weights as they are: no plasticity, no noise.


def train(seed: int) -> dict[str, Any]:
    """Return the returns of training, and those of a hundred test episodes before and after it."""
    rng = np.random.default_rng(seed)
    environment, network = gymnasium.make("CartPole-v1"), make_network()

    def test() -> list[float]:
        tested = Agent(network, np.random.default_rng(0), learns=False)
        return [tested.play(environment, episode) for episode in TEST]

    frozen = test()
    learner = Agent(network, rng, learns=True)
    returns = [learner.play(environment, int(rng.integers(10_000_000))) for _ in range(EPISODES)]
    return {"training": returns, "frozen": frozen, "test": test()}


def play_at_random() -> list[float]:
    """Return a hundred test episodes' returns without any network."""
    rng, environment = np.random.default_rng(0), gymnasium.make("CartPole-v1")
    returns = []
    for episode in TEST:
        environment.reset(seed=episode)
        total, over = 0.0, False
        while not over:
            _, reward, fell, late, _ = environment.step(int(rng.integers(2)))
            total, over = total + float(reward), fell or late
        returns.append(total)
    return returns


def draw(path: Path, results: Mapping[str, Any]) -> None:
    """Draw a line for each seed, the mean of 20 episodes with noise; and as dots the tests without it."""
    figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    for number, (seed, result) in enumerate(results["seeds"].items()):
        curve = np.convolve(result["training"], np.full(20, 0.05), mode="valid")
        axes.plot(np.arange(20, len(curve) + 20), curve, f"C{number}", linewidth=1, label=f"seed {seed}")
        axes.plot(
            [1.02 * EPISODES],
            [np.mean(result["test"])],
            f"C{number}o",
            label=None if number else "test, no noise",
        )
    frozen = np.mean([np.mean(result["frozen"]) for result in results["seeds"].values()])
    axes.axhline(GOAL, color="0.5", linestyle=":", label="goal")
    axes.axhline(frozen, color="0.2", linestyle="--", linewidth=1, label="frozen")
    axes.axhline(np.mean(results["random"]), color="0.6", linestyle="-.", linewidth=1, label="random")
    axes.set(title="CartPole-v1", xlabel="episode", ylabel="return while learning, noise on", ylim=(0, 505))
    axes.legend(fontsize="small", ncols=2)
    with replacing(path) as unfinished:
        figure.savefig(unfinished, dpi=120, format=path.suffix[1:])
    plt.close(figure)


# %%
# Five seeds, beside an agent that does not learn and one that pushes at random.


def main(folder: Path) -> None:
    """Train, keep the results, draw them."""
    path = folder / "rstdp_cartpole.json"
    results: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    results.setdefault("random", play_at_random())
    print(f"random: {np.mean(results['random']):.1f}", flush=True)
    for seed in map(str, range(SEEDS)):
        if seed not in results.setdefault("seeds", {}):
            results["seeds"][seed] = train(int(seed))
            write_atomically(path, (json.dumps(results) + "\n").encode())
        result = results["seeds"][seed]
        print(
            f"seed {seed}: frozen {np.mean(result['frozen']):.1f}, learnt {np.mean(result['test']):.1f}",
            flush=True,
        )
    draw(path.with_suffix(".png"), results)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
