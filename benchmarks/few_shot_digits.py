"""Few-shot learning of pairs of digits that meta-training never saw: MAML, first order, Reptile, from scratch.

    python benchmarks/few_shot_digits.py            # 5 seeds, 1 and 5 shots; JSON and plot in runs/few-shot-digits
    python benchmarks/few_shot_digits.py --tune     # how the rates below were chosen, on a seed of its own

A task is two digits, as spikes: 1 or 5 samples of each to adapt to, 15 of each to be judged by. Each seed draws 10 of
the 45 pairs of digits for the test and leaves the others for meta-training, and draws the network's initial weights
(the same for every method) and all tasks. Reported is the accuracy on tasks of the held-out pairs after one gradient
step on the support set: there the methods differ in nothing but the weights that they begin with and the rate of that
step. docs/benchmarks.md quotes the table.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from sc_core.contracts import TaskBatch
from sc_core.model import LI, LIF, Input, Network, Population, Projection, fluctuation_gain
from sc_core.topology import dense
from sc_plugin_maml import MetaLearner
from sc_run.builder import measure_drive
from sc_run.data import load
from sc_run.encoders import Rate
from sc_run.few_shot import FewShotPool, FewShotTable, make_few_shot_pools

N_STEPS, N_HIDDEN, N_TEST_PAIRS, SURROGATE_SLOPE = 25, 64, 10, 5.0
TUNING_SEED, TUNING_SHOTS = 1000, 5
TASKS_PER_STEP, TEST_TASKS, CURVE_TASKS = 4, 400, 100
ENCODER = Rate(n_steps=N_STEPS, max_rate=300.0)
METHODS: dict[str, dict[str, Any]] = {
    "MAML": {"inner_steps": 1, "order": 2, "optimiser": "adam"},
    "first-order MAML": {"inner_steps": 1, "order": 1, "optimiser": "adam"},
    # With one inner step Reptile is joint training; its paper takes several.
    "Reptile": {"inner_steps": 5, "method": "reptile"},
    "from scratch": {"inner_steps": 1},
}
INNER_RATES = (0.5, 2.0)
OUTER_RATES = {
    "MAML": (0.005, 0.01, 0.02),
    "first-order MAML": (0.005, 0.01, 0.02),
    "Reptile": (0.1, 0.2, 0.6),
    "from scratch": (1.0,),
}
RATES = {  # (inner, outer): the best of --tune --outer-steps 300
    "MAML": (0.5, 0.02),
    "first-order MAML": (0.5, 0.02),
    "Reptile": (2.0, 0.1),
    "from scratch": (0.5, 1.0),
}


@attrs.frozen
class Outcome:
    """One run: accuracy on held-out pairs against outer steps, and at the end after 0, 1 and 5 inner steps."""

    method: str
    shots: int
    seed: int
    curve: list[tuple[int, float]]
    accuracy: dict[int, float]
    seconds: float


def make_pools(shots: int, seed: int) -> tuple[list[FewShotPool], list[FewShotPool]]:
    """Return the pairs of digits that meta-training sees, and those that it does not: a pool of tasks for each."""
    pairs = np.random.default_rng((seed, 0)).permutation(list(itertools.combinations(range(10), 2)))
    table = FewShotTable(ways=2, shots=shots, queries=15)
    (digits, _, _) = make_few_shot_pools(load("digits"), table, dt=1.0)
    pools = [FewShotPool(digits.samples, [digits.members[c] for c in pair], table, 1) for pair in pairs]
    return pools[N_TEST_PAIRS:], pools[:N_TEST_PAIRS]


def draw(pools: Sequence[FewShotPool], n: int, rng: np.random.Generator) -> TaskBatch:
    """Return `n` tasks, each of any of the pools."""
    chosen = rng.integers(len(pools), size=n)
    return TaskBatch(pools[c].draw(np.arange(1), ENCODER, rng).tasks[0] for c in chosen)


def make_network(pools: Sequence[FewShotPool], seed: int) -> Network:
    """Return the network that every method begins with."""
    rng = np.random.default_rng((seed, 1))
    neuron = LIF(tau=10.0)
    drive = measure_drive(draw(pools, 8, np.random.default_rng((seed, 2))).tasks[0].query.inputs)
    pixels, hidden = Population("pixels", 64, Input()), Population("hidden", N_HIDDEN, neuron)
    digit = Population("digit", 2, LI(tau=10.0))
    gain = 2 * fluctuation_gain(neuron, drive.constant, drive.fluctuating)
    return Network(
        [pixels, hidden, digit],
        [
            Projection(pixels, hidden, dense(64, N_HIDDEN, gain=gain, rng=rng)),
            Projection(hidden, digit, dense(N_HIDDEN, 2, rng=rng)),
        ],
    )


def accuracy_after(network: Network, tasks: TaskBatch, rate: float, n_steps: int) -> float:
    """Return the mean accuracy on the query sets after steps on the support sets."""
    judge = MetaLearner(network, inner_lr=rate, inner_steps=max(n_steps, 1), surrogate_slope=SURROGATE_SLOPE)
    return judge.evaluate(tasks)["accuracy" if n_steps else "accuracy_before"]


def run(method: str, shots: int, seed: int, rates: tuple[float, float], outer_steps: int) -> Outcome:
    """Meta-train once, at an inner and an outer rate, and test."""
    rate, outer_rate = rates
    start = time.perf_counter()
    train, test = make_pools(shots, seed)
    network, rng = make_network(train, seed), np.random.default_rng((seed, 3))
    curve_tasks = draw(test, CURVE_TASKS, np.random.default_rng((seed, 4)))
    test_tasks = draw(test, TEST_TASKS, np.random.default_rng((seed, 5)))
    learner = MetaLearner(
        network, inner_lr=rate, outer_lr=outer_rate, surrogate_slope=SURROGATE_SLOPE, **METHODS[method]
    )
    curve = [(0, accuracy_after(network, curve_tasks, rate, 1))]
    for step in range(1, outer_steps + 1 if method != "from scratch" else 1):
        learner.learn(draw(train, TASKS_PER_STEP, rng))
        if step % max(1, outer_steps // 8) == 0:
            curve.append((step, accuracy_after(network, curve_tasks, rate, 1)))
    accuracy = {n: accuracy_after(network, test_tasks, rate, n) for n in (0, 1, 5)}
    return Outcome(method, shots, seed, curve, accuracy, time.perf_counter() - start)


def nearest_mean(shots: int, seed: int) -> float:
    """Return the accuracy of the nearest class mean of the spike counts, which learns nothing beforehand."""
    tasks = draw(make_pools(shots, seed)[1], TEST_TASKS, np.random.default_rng((seed, 5))).tasks
    right = []
    for task in tasks:
        support, query = (part.inputs.sum(axis=0, dtype=np.float64) for part in (task.support, task.query))
        means = np.stack([support[task.support.targets == label].mean(axis=0) for label in (0, 1)])
        distance = np.square(query[:, None] - means).sum(axis=2)
        right.append(np.mean(distance.argmin(axis=1) == task.query.targets))
    return float(np.mean(right))


def interval(values: ArrayLike) -> tuple[float, float]:
    """Return the mean and half of its 95 % confidence interval (Student's t over seeds)."""
    seeds = np.asarray(values)
    spread = stats.t.ppf(0.975, seeds.size - 1) * seeds.std(ddof=1) / np.sqrt(seeds.size)
    return float(seeds.mean()), float(spread)


def in_percent(values: ArrayLike) -> str:
    """Return mean and interval for a table."""
    mean, spread = interval(values)
    return f"{100 * mean:.1f} ± {100 * spread:.1f}"


def tune(outer_steps: int) -> None:
    """Print each method's accuracy at each pair of rates, on a seed that the results do not use."""
    for method in METHODS:
        for rates in itertools.product(INNER_RATES, OUTER_RATES[method]):
            found = run(method, TUNING_SHOTS, TUNING_SEED, rates, outer_steps).accuracy[1]
            print(f"{method}, inner {rates[0]:g}, outer {rates[1]:g}: {100 * found:.1f} %", flush=True)


def outcomes(shots: Sequence[int], seeds: int, outer_steps: int) -> Iterator[Outcome]:
    """Yield every run, method by method within a seed."""
    for shot, seed, method in itertools.product(shots, range(seeds), METHODS):
        done = run(method, shot, seed, RATES[method], outer_steps)
        print(
            f"{shot}-shot, seed {seed}, {method}: {100 * done.accuracy[1]:.1f} %, {done.seconds:.0f} s",
            flush=True,
        )
        yield done


def print_table(done: Sequence[Outcome], baseline: dict[int, list[float]]) -> None:
    """Print accuracies, and by how much MAML is ahead of each other method on the same seeds."""
    for shot in sorted(baseline):
        by_method = {name: [o for o in done if o.shots == shot and o.method == name] for name in METHODS}
        exact = [o.accuracy[1] for o in by_method["MAML"]]
        print(f"\n| {shot}-shot | no step | one step | five steps | MAML ahead by |\n|{5 * '---|'}")
        for name, mine in by_method.items():
            ahead = in_percent(np.subtract(exact, [o.accuracy[1] for o in mine])) if name != "MAML" else ""
            cells = [in_percent([o.accuracy[n] for o in mine]) for n in (0, 1, 5)]
            print(f"| {name} | {' | '.join(cells)} | {ahead} |")
        mean = baseline[shot]
        ahead = in_percent(np.subtract(exact, mean))
        print(f"| nearest class mean | | {in_percent(mean)} | | {ahead} |")


def plot(done: Sequence[Outcome], path: Path) -> None:
    """Plot accuracy on held-out pairs after one step against outer steps; thin lines are seeds."""
    from matplotlib.figure import Figure

    shots = sorted({o.shots for o in done})
    figure = Figure(figsize=(5 * len(shots), 4), layout="constrained")
    for axes, shot in zip(np.atleast_1d(figure.subplots(1, len(shots), sharey=True)), shots, strict=True):
        for colour, name in enumerate(METHODS):
            curves = [o.curve for o in done if o.shots == shot and o.method == name]
            steps = [step for step, _ in curves[0]]
            values: NDArray[Any] = 100 * np.array([[value for _, value in curve] for curve in curves])
            if len(steps) == 1:
                axes.axhline(values.mean(), color=f"C{colour}", linestyle="--", label=name)
                continue
            axes.plot(steps, values.T, color=f"C{colour}", linewidth=0.5)
            axes.plot(steps, values.mean(axis=0), color=f"C{colour}", label=name)
        axes.set(title=f"{shot}-shot", xlabel="outer steps")
    figure.axes[0].set_ylabel("accuracy on held-out pairs after one step, %")
    figure.axes[0].legend()
    figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=5, help="seeds 0, 1, ...")
    parser.add_argument("--shots", type=int, nargs="+", default=[1, 5], choices=[1, 5])
    parser.add_argument("--outer-steps", type=int, default=600)
    parser.add_argument("--tune", action="store_true", help="compare rates instead")
    parser.add_argument("--output", type=Path, default=Path("runs/few-shot-digits"))
    arguments = parser.parse_args()
    if arguments.tune:
        tune(arguments.outer_steps)
        return
    done = list(outcomes(arguments.shots, arguments.seeds, arguments.outer_steps))
    baseline = {
        shot: [nearest_mean(shot, seed) for seed in range(arguments.seeds)] for shot in arguments.shots
    }
    arguments.output.mkdir(parents=True, exist_ok=True)
    record = {
        "outer_steps": arguments.outer_steps,
        "rates": RATES,
        "runs": [attrs.asdict(outcome) for outcome in done],
        "nearest_class_mean": baseline,
    }
    (arguments.output / "results.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    plot(done, arguments.output / "curves.svg")
    print_table(done, baseline)


if __name__ == "__main__":
    main()
