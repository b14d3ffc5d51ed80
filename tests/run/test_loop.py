import json

import attrs
import numpy as np
import pytest

import sc_run
from sc_core import Batch, registry
from sc_core.errors import CheckpointError, ConfigurationError, NumericalError
from sc_run.checkpoint import read_checkpoint
from sc_run.config import parse_config
from sc_run.evaluation import evaluate, is_better, score
from sc_run.parts import assemble


def rows_of(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_a_run_from_beginning_to_end(config, workplace):
    result = sc_run.train(config, output="run", progress=False)
    assert result.n_steps == 18  # 45 samples to train on, 8 in a batch, 3 epochs
    rows = rows_of(workplace / "run")
    steps = [row for row in rows if "lr" in row]
    assert [row["step"] for row in steps] == list(range(1, 19))
    epochs = [row for row in rows if "epoch" in row]
    assert [(row["epoch"], row["step"]) for row in epochs] == [(1, 6), (2, 12), (3, 18)]
    # The last batch of an epoch has 5 samples, and counts by that.
    weights = [8, 8, 8, 8, 8, 5]
    expected = np.average([row["loss"] for row in steps[:6]], weights=weights)
    assert epochs[0]["train_loss"] == pytest.approx(expected, rel=1e-12)
    assert rows[-1] == {"step": 18, "test_accuracy": result.test_metrics["accuracy"]}


def test_the_best_network_on_validation_is_kept_and_tested_once(config, workplace, monkeypatch):
    # Validation accuracies as if the second epoch were the best; the test part is asked for after them.
    answers = iter([{"accuracy": 0.2}, {"accuracy": 0.9}, {"accuracy": 0.9}, {"accuracy": 0.4}])
    seen = []

    def pretend(network, learner, batches):
        seen.append(sum(batch.inputs.shape[1] for batch in batches))
        return next(answers)

    monkeypatch.setattr("sc_run.loop.evaluate", pretend)
    result = sc_run.train(config, output="run", progress=False)
    assert seen == [9, 9, 9, 18]
    assert result.best_step == 12
    assert result.validation_metrics == {"accuracy": 0.9}
    assert result.test_metrics == {"accuracy": 0.4}
    best = sc_run.load_best("run")["projections"]["hidden->class"]["data"]
    np.testing.assert_array_equal(result.network.projections[1].data, best)
    last = read_checkpoint(workplace / "run").state["network"]["projections"]["hidden->class"]["data"]
    assert not np.array_equal(best, last)


def test_the_same_seed_gives_the_same_bits(config, workplace, files_of):
    for name in ("one", "two"):
        sc_run.train(config, output=name, progress=False)
    config["seed"] = 8
    sc_run.train(config, output="three", progress=False)
    assert files_of(workplace / "one") == files_of(workplace / "two")
    assert rows_of(workplace / "one")[0] != rows_of(workplace / "three")[0]


def test_the_scheduler_sets_the_rate_before_each_update(config, workplace):
    config["scheduler"] = {"name": "halving", "every": 6}
    sc_run.train(config, output="run", progress=False)
    rates = [row["lr"] for row in rows_of(workplace / "run") if "lr" in row]
    assert rates == [0.1] * 6 + [0.05] * 6 + [0.025] * 6


def test_plasticity_alone_learns_from_every_sample(config, workplace):
    del config["learner"], config["scheduler"]
    config["network"]["projections"][0]["plasticity"] = "hebbian"
    before = assemble(parse_config(config, workplace), "").network.projections[0].data.copy()
    result = sc_run.train(config, output="run", progress=False)
    checkpoint = read_checkpoint(workplace / "run")
    assert checkpoint.state["plasticity"]["rules"]["0"]["rule"]["steps"] == 3 * 45 * 5
    assert np.any(result.network.projections[0].data != before)


def test_updates_come_before_plasticity_within_a_step(config, workplace, monkeypatch):
    config["network"]["projections"][0]["plasticity"] = "hebbian"
    config["training"]["epochs"] = 1
    calls = []
    learn = registry.get("learner", "delta").learn
    after_step = registry.get("plasticity", "hebbian").after_step
    monkeypatch.setattr(
        registry.get("learner", "delta"), "learn", lambda *a: (calls.append("learn"), learn(*a))[1]
    )
    monkeypatch.setattr(
        registry.get("plasticity", "hebbian"),
        "after_step",
        lambda *a: (calls.append("rule"), after_step(*a))[1],
    )
    sc_run.train(config, output="run", progress=False)
    assert calls[:42] == ["learn"] + ["rule"] * 40 + ["learn"]


def test_a_finished_run_says_so(config, workplace, capsys, files_of):
    first = sc_run.train(config, output="run", progress=False)
    before = files_of(workplace / "run")
    again = sc_run.resume("run")
    assert "finished already" in capsys.readouterr().out
    assert files_of(workplace / "run") == before
    assert (again.test_metrics, again.best_step) == (first.test_metrics, first.best_step)
    for one, other in zip(first.network.projections, again.network.projections, strict=True):
        np.testing.assert_array_equal(one.data, other.data)


@pytest.mark.parametrize("name", ["step-000000004-0123456789abcdef.safetensors", "latest.json.tmp"])
def test_what_a_kill_left_behind_after_the_last_commit_goes_at_resume(name, config, workplace, files_of):
    sc_run.train(config, output="run", progress=False)
    before = files_of(workplace / "run")
    (workplace / "run" / "checkpoint" / name).write_bytes(b"left over")
    sc_run.resume("run", progress=False)
    assert files_of(workplace / "run") == before


def test_nan_loss_stops_the_run_and_keeps_the_checkpoint(config, workplace):
    config["learner"] = {"name": "delta", "poison_at": 7}
    with pytest.raises(
        NumericalError, match=r"loss is nan after step 7; the last good checkpoint, of step 6"
    ):
        sc_run.train(config, output="run", progress=False)
    checkpoint = read_checkpoint(workplace / "run")
    assert checkpoint.step == 6
    assert np.isfinite(checkpoint.state["network"]["projections"]["hidden->class"]["data"]).all()


def test_nan_weights_are_never_saved(config, workplace, monkeypatch):
    learn = registry.get("learner", "delta").learn

    def poison(self, batch):
        learn(self, batch)
        if self.calls == 9:
            self.projection.data[0] = np.inf
        return {}

    monkeypatch.setattr(registry.get("learner", "delta"), "learn", poison)
    config["training"]["checkpoint_every"] = 3
    with pytest.raises(
        NumericalError, match=r"'hidden->class' has NaN or infinite weights after step 9.*step 6"
    ):
        sc_run.train(config, output="run", progress=False)
    assert read_checkpoint(workplace / "run").step == 6


def test_a_raising_callback_is_reported_once_and_switched_off(config, workplace, capsys):
    config["callbacks"] = [{"name": "lines", "path": "bad.jsonl", "fail_at": 4}, {"name": "lines"}]
    sc_run.train(config, output="run", progress=False)
    errors = capsys.readouterr().err
    assert errors.count("'lines' failed in log and is switched off: RuntimeError: the disk is on fire") == 1
    assert len((workplace / "run" / "bad.jsonl").read_text().splitlines()) == 3
    assert len(rows_of(workplace / "run")) == 18 + 3 + 1


class ArraysCallback:
    """Remembers the arrays that a run shows, and spoils them; may fail at one."""

    @attrs.frozen
    class Options:
        fail: bool = False

    def __init__(self, fail=False):
        self.fail = fail

    def start(self, run):
        self.network = run.network

    def log(self, metrics, step):
        pass

    def log_array(self, name, values, step):
        if self.fail:
            raise RuntimeError("no colours")
        SHOWN.append((name, step, values.copy()))
        values[...] = 0

    def close(self):
        pass

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass


SHOWN = []


def test_a_run_shows_weights_rates_and_rasters(config, workplace, files_of, monkeypatch):
    undisturbed = sc_run.train(config, output="undisturbed", progress=False)
    SHOWN.clear()
    registry.register("callback", "arrays", ArraysCallback)
    try:
        config["callbacks"] = [{"name": "arrays"}]
        result = sc_run.train(config, output="run", progress=False)
    finally:
        registry.unregister("callback", "arrays")
    names = ["weights/pixels->hidden", "weights/hidden->class", "rates/hidden", "raster/hidden"]
    assert [(name, step) for name, step, _ in SHOWN] == [
        (name, step) for step in (6, 12, 18) for name in names
    ]
    assert [values.shape for _, _, values in SHOWN[:4]] == [(48,), (24,), (8,), (5, 8)]
    rates, raster = SHOWN[2][2], SHOWN[3][2]
    assert set(np.unique(raster)) == {0.0, 1.0}
    assert 0 < rates.mean() < 1000
    assert not np.array_equal(SHOWN[1][2], SHOWN[5][2])  # the run has learned between
    # Whatever the callback does to the arrays, the run is the same.
    assert result.test_metrics == undisturbed.test_metrics


def test_a_callback_that_cannot_show_arrays_is_switched_off(config, workplace, capsys):
    registry.register("callback", "arrays", ArraysCallback)
    try:
        config["callbacks"] = [{"name": "arrays", "fail": True}]
        sc_run.train(config, output="run", progress=False)
    finally:
        registry.unregister("callback", "arrays")
    errors = capsys.readouterr().err
    assert errors.count("'arrays' failed in log_array and is switched off: RuntimeError: no colours") == 1


def test_a_callback_that_is_switched_off_stays_off(config, workplace):
    config["callbacks"] = [{"name": "lines", "path": "bad.jsonl", "fail_at": 4}]
    config["learner"] = {"name": "delta", "poison_at": 7}
    with pytest.raises(NumericalError):
        sc_run.train(config, output="run", progress=False)
    with pytest.raises(NumericalError):  # the same again: the run is deterministic
        sc_run.resume("run", progress=False)
    assert len((workplace / "run" / "bad.jsonl").read_text().splitlines()) == 3


def test_a_callback_can_stop_the_run(config, workplace):
    config["callbacks"] = [{"name": "lines", "stop_at": 8}]
    result = sc_run.train(config, output="run", progress=False)
    rows = rows_of(workplace / "run")
    assert result.n_steps == 8
    assert rows[-2]["epoch"] == 2
    assert "test_accuracy" in rows[-1]


def test_silent_neurons_are_mentioned_once(config, workplace, capsys):
    config["network"]["projections"][0]["gain"] = 1e-3
    sc_run.train(config, output="run", progress=False)
    assert capsys.readouterr().err.count("all 8 neurons of population 'hidden' are silent") == 1


def test_a_run_is_not_resumed_with_other_data_or_another_configuration(config, workplace):
    config["learner"] = {"name": "delta", "poison_at": 7}
    with pytest.raises(NumericalError):
        sc_run.train(config, output="run", progress=False)
    data = dict(np.load("small.npz"))
    np.savez("small.npz", inputs=data["inputs"] * 0.5, targets=data["targets"])
    with pytest.raises(CheckpointError, match="the data set is not the one"):
        sc_run.resume("run", progress=False)
    np.savez("small.npz", **data)
    path = workplace / "run" / "config.toml"
    path.write_text(path.read_text().replace("poison_at = 7", "poison_at = 0"))
    with pytest.raises(CheckpointError, match="the configuration is not the one"):
        sc_run.resume("run", progress=False)


def test_a_run_without_a_checkpoint_starts_anew(config, workplace, files_of):
    sc_run.train(config, output="run", progress=False)
    (workplace / "early").mkdir()
    (workplace / "early" / "config.toml").write_bytes((workplace / "run" / "config.toml").read_bytes())
    sc_run.resume("early", progress=False)
    assert files_of(workplace / "early") == files_of(workplace / "run")


def test_without_validation_the_last_network_counts(config, workplace):
    config["data"]["validation_fraction"] = 0.0
    result = sc_run.train(config, output="run", progress=False)
    assert result.validation_metrics == {}
    assert result.best_step == result.n_steps


def test_target_sequences_are_selected_by_loss(config, workplace, monkeypatch):
    rng = np.random.default_rng(2)
    np.savez("wave.npz", inputs=rng.random((20, 6)), targets=rng.random((20, 5, 3)))
    config["data"]["name"] = "wave.npz"
    del config["learner"], config["scheduler"]
    config["network"]["projections"][0]["plasticity"] = "hebbian"
    result = sc_run.train(config, output="run", progress=False)
    assert set(result.validation_metrics) == {"loss"}
    config["training"]["select"] = "accuracy"
    with pytest.raises(ConfigurationError, match=r"training\.select.*'accuracy'.*yields: loss"):
        sc_run.train(config, output="other", progress=False)


def test_targets_must_last_as_long_as_the_encoded_inputs(config, workplace):
    np.savez("wave.npz", inputs=np.ones((20, 6)), targets=np.ones((20, 4, 3)))
    config["data"]["name"] = "wave.npz"
    with pytest.raises(ConfigurationError, match=r"data\.encoder: makes 5 steps.* 4"):
        sc_run.train(config, output="run", progress=False)


def test_a_learner_of_other_experience_is_refused(config, workplace, monkeypatch):
    @attrs.frozen
    class Episode:
        pass

    monkeypatch.setattr(registry.get("learner", "delta"), "consumes", Episode)
    with pytest.raises(ConfigurationError, match=r"learner\.name: 'delta' learns from Episode"):
        sc_run.train(config, output="run", progress=False)


def test_evaluation_weighs_batches_by_their_size():
    class Network:
        def run(self, inputs):
            return inputs

    first = Batch(np.array([[[1.0, 0.0]] * 3]), np.array([0, 0, 0]))
    second = Batch(np.array([[[1.0, 0.0]]]), np.array([1]))
    assert evaluate(Network(), None, [first, second]) == {"accuracy": 0.75}
    assert evaluate(Network(), None, []) == {}
    assert score(np.ones((2, 1, 1)), np.zeros((2, 1, 1))) == {"loss": 1.0}


@pytest.mark.parametrize(
    ("new", "old", "select", "better"),
    [
        ({"accuracy": 0.5}, None, None, True),
        ({"accuracy": 0.5}, {"accuracy": 0.5}, None, False),
        ({"accuracy": 0.6, "loss": 2.0}, {"accuracy": 0.5, "loss": 1.0}, None, True),
        ({"accuracy": 0.6, "loss": 2.0}, {"accuracy": 0.5, "loss": 1.0}, "loss", False),
        ({"accuracy": 0.5, "loss": 0.9}, {"accuracy": 0.5, "loss": 1.0}, None, True),
        ({"loss": 0.9}, {"loss": 1.0}, None, True),
    ],
)
def test_what_is_better(new, old, select, better):
    assert is_better(new, old, select) is better


def test_run_folders_are_numbered(config, write_toml, workplace):
    config["training"]["epochs"] = 1
    path = write_toml(config)
    folders = [sc_run.train(path, progress=False).folder for _ in range(2)]
    assert [str(folder) for folder in folders] == ["runs/run-1", "runs/run-2"]


def test_a_folder_with_something_in_it_is_refused(config, workplace):
    (workplace / "full").mkdir()
    (workplace / "full" / "thesis.tex").write_text("")
    with pytest.raises(ConfigurationError, match="output: full exists already"):
        sc_run.train(config, output="full", progress=False)
    assert [path.name for path in (workplace / "full").iterdir()] == ["thesis.tex"]
