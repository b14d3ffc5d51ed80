"""The learner neuroevolution in a run: on a data set, in environments, and resumed after kills."""

import csv

import pytest
import tomli_w

import sc_run
from sc_core.errors import ConfigurationError


def network(n_in, n_hidden, n_out, **gain):
    return {
        "populations": [
            {"name": "in", "n": n_in, "neuron": "Input"},
            {"name": "hidden", "n": n_hidden, "neuron": {"name": "LIF", "tau": 5.0}},
            {"name": "out", "n": n_out, "neuron": {"name": "LI", "tau": 5.0}},
        ],
        "projections": [{"source": "in", "target": "hidden", **gain}, {"source": "hidden", "target": "out"}],
    }


def on_digits(**learner):
    return {
        "seed": 3,
        "data": {"name": "digits", "encoder": {"name": "current", "n_steps": 8}},
        "network": network(64, 8, 10),
        "learner": {"name": "neuroevolution", "strategy": {"name": "openai-es", "lr": 0.1}} | learner,
        "callbacks": [{"name": "csv"}],
        "training": {"epochs": 3, "batch_size": 100},
    }


def on_cart_pole(**learner):
    return {
        "seed": 1,
        "environment": {
            "name": "CartPole-v1",
            "n_steps": 2,
            "train_episodes": 16,
            "validation_episodes": 4,
            "test_episodes": 8,
            "options": {"max_episode_steps": 60},
        },
        "network": network(4, 8, 2, gain=4.0),
        "learner": {"name": "neuroevolution", "strategy": {"name": "cma-es", "population_size": 8}} | learner,
        "callbacks": [{"name": "csv"}],
        "training": {"epochs": 3, "batch_size": 2},
    }


def test_a_run_evolves_on_a_data_set(tmp_path):
    table = on_digits() | {"scheduler": {"name": "cosine"}}
    result = sc_run.train(table, output=tmp_path / "run", progress=False)
    rows = list(csv.DictReader((result.folder / "metrics.csv").read_text().splitlines()))
    fitness = [float(row["mean_fitness"]) for row in rows if row.get("mean_fitness")]
    rates = [float(row["lr"]) for row in rows if row.get("lr")]
    assert len(fitness) == result.n_steps == len(rates)
    assert fitness[-1] > fitness[0] + 0.2
    assert rates[0] == pytest.approx(0.1, rel=0.01)
    assert rates[-1] < 0.01
    assert result.test_metrics["accuracy"] > 0.15
    assert set(result.test_metrics) == {"loss", "accuracy"}


def test_a_run_evolves_in_an_environment(tmp_path, capsys):
    result = sc_run.train(on_cart_pole(), output=tmp_path / "run")
    assert result.n_steps == 24
    assert result.test_metrics["return"] > 40  # at random it is about 22, at most it is 60
    assert result.test_metrics["loss"] == -result.test_metrics["return"]
    assert "data: CartPole-v1, 16 episodes to train on, 4 to validate, 8 to test" in capsys.readouterr().out
    again = sc_run.train(sc_run_config(result.folder), output=tmp_path / "again", progress=False)
    assert again.test_metrics == result.test_metrics


def sc_run_config(folder):
    return folder / "config.toml"


def test_options_of_a_strategy_survive_the_resolved_configuration(tmp_path):
    strategy = {"name": "genetic", "population_size": 6, "bounds": [-1.0, 1.0]}
    table = on_cart_pole(strategy=strategy)
    table["training"]["epochs"] = 1
    result = sc_run.train(table, output=tmp_path / "run", progress=False)
    assert "bounds" in (result.folder / "config.toml").read_text()
    assert max(abs(p.data).max() for p in result.network.projections) <= 1.0
    again = sc_run.train(sc_run_config(result.folder), output=tmp_path / "again", progress=False)
    assert again.test_metrics == result.test_metrics


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        (lambda t: t.pop("environment"), "data", r"needs a section \[data\] or \[environment\]"),
        (lambda t: t.update(data={"name": "digits"}), "data", r"no place beside \[environment\]"),
        (
            lambda t: t.update(few_shot={"ways": 2, "shots": 1}),
            "few_shot",
            r"no place beside \[environment\]",
        ),
        (
            lambda t: t.update(learner="bptt"),
            "learner.name",
            "'bptt' learns from Batch; this run offers: Generation",
        ),
        (lambda t: t.update(network=network(3, 4, 2)), "network.populations[0].n", "has 4 observations"),
        (lambda t: t.update(network=network(4, 4, 3)), "network.populations[2].n", "has 2 actions"),
        (lambda t: t["environment"].update(n_steps=0), "environment.n_steps", ">= 1"),
        (lambda t: t.update(scheduler={"name": "cosine", "lr_init": 0.1}), "lr", "openai-es"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(change, path, words, tmp_path):
    table = on_cart_pole()
    change(table)
    with pytest.raises(ConfigurationError, match=words) as caught:
        sc_run.train(table, output=tmp_path / "run", progress=False)
    assert caught.value.path == path


@pytest.mark.slow
@pytest.mark.parametrize("make", [on_digits, on_cart_pole])
def test_an_evolution_killed_at_random_moments_ends_bit_identical(make, tmp_path, check_killed_runs):
    path = tmp_path / "run.toml"
    table = make()
    table["training"]["checkpoint_every"] = 3
    path.write_text(tomli_w.dumps(table))
    check_killed_runs(path, seed=3, kills=4)
