"""Several tasks made of one data set, learned one after the other."""

import json

import numpy as np
import pytest

import sc_run
from sc_core import registry
from sc_core.errors import ConfigurationError
from sc_run.config import config_table, parse_config
from sc_run.data import dataset_from_arrays
from sc_run.parts import assemble
from sc_run.samples import Samples
from sc_run.tasks import Classes, Permuted


class Crash(Exception):
    pass


@pytest.fixture
def holding():
    """Register `holding`: the small learner, with what a task's end does to it, and all its calls written down."""
    delta = registry.get("learner", "delta")

    class Holding(delta):
        calls_seen: list = []  # noqa: RUF012
        crash_at = None

        def __init__(self, network, **options):
            super().__init__(network, **options)
            self.anchor = np.zeros_like(self.projection.data)
            self.strength = 0.0

        def note(self, *call):
            if len(self.calls_seen) == self.crash_at:
                raise Crash
            self.calls_seen.append(call)

        def learn(self, batch):
            metrics = super().learn(batch)
            self.note("learn", batch.targets)
            self.projection.data[...] += self.strength * (self.anchor - self.projection.data)
            return metrics

        def consolidate(self, batches):
            batches = list(batches)
            inputs = np.concatenate([batch.inputs for batch in batches], axis=1)
            labels = np.concatenate([batch.targets for batch in batches])
            self.note("consolidate", labels)
            self.anchor = self.projection.data * (1 + inputs.mean(dtype=np.float64))
            self.strength += 0.05

        def state_dict(self):
            return {**super().state_dict(), "anchor": self.anchor, "strength": self.strength}

        def load_state_dict(self, state):
            super().load_state_dict(state)
            self.anchor, self.strength = state["anchor"].copy(), state["strength"]

    registry.register("learner", "holding", Holding)
    yield Holding
    registry.unregister("learner", "holding")


@pytest.fixture
def in_tasks(config):
    """A configuration of three tasks."""
    config["learner"] = {"name": "holding"}
    config["data"]["tasks"] = {"name": "permuted", "n_tasks": 3}
    config["training"] = {"epochs": 2, "batch_size": 16}
    return config


def rows_of(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def samples(n=12, n_classes=6):
    rng = np.random.default_rng(0)
    return Samples(rng.random((n, 8)), rng.permutation(np.arange(n) % n_classes), 1.0)


def test_permuted_tasks_have_the_same_samples_in_another_order_of_features():
    parts = [samples(12), samples(6)]
    train, test = Permuted(n_tasks=3).divide(parts, np.random.default_rng(1))
    assert (len(train), len(test)) == (36, 18)
    orders = []
    for part, before in ((train, parts[0]), (test, parts[1])):
        np.testing.assert_array_equal(part.of_task(0).inputs, before.inputs)
        for task in range(3):
            mine = part.of_task(task)
            np.testing.assert_array_equal(mine.targets, before.targets)
            np.testing.assert_array_equal(np.sort(mine.inputs, axis=1), np.sort(before.inputs, axis=1))
            # Values are distinct: the first sample gives away the permutation.
            order = [before.inputs[0].tolist().index(value) for value in mine.inputs[0]]
            np.testing.assert_array_equal(mine.inputs, before.inputs[:, order])
            orders.append(order)
    assert orders[:3] == orders[3:]
    assert len({tuple(order) for order in orders}) == 3


def test_temporal_samples_keep_their_steps():
    part = Samples(np.arange(24.0).reshape(2, 3, 4), np.array([0, 1]), 1.0)
    (divided,) = Permuted(n_tasks=2).divide([part], np.random.default_rng(0))
    second = divided.of_task(1).inputs
    np.testing.assert_array_equal(np.sort(second, axis=2), part.inputs)
    np.testing.assert_array_equal(second[1] - second[0], np.full((3, 4), 12.0))


@pytest.mark.parametrize("shared", [False, True])
def test_class_tasks_have_the_samples_of_their_classes(shared):
    tasks = Classes(groups=((4, 1), (0, 2, 5)), shared_labels=shared)
    before = samples()
    (after,) = tasks.divide([before], np.random.default_rng(0))
    first = 0 if shared else 2
    expected = {0: {4: 0, 1: 1}, 1: {0: first, 2: first + 1, 5: first + 2}}
    for task, labels in expected.items():
        mine = after.of_task(task)
        chosen = np.isin(before.targets, list(labels))
        np.testing.assert_array_equal(mine.inputs, before.inputs[chosen])
        assert mine.targets.tolist() == [labels[label] for label in before.targets[chosen]]
    assert len(after) == 10
    dataset = dataset_from_arrays("six", before.inputs, before.targets)
    assert tasks.n_classes(dataset) == (3 if shared else 5)


def test_stages_of_learning_and_what_ends_them(in_tasks, workplace, holding):
    parts = assemble(parse_config(in_tasks, workplace), "")
    sc_run.train(in_tasks, output="run", progress=False)
    # 45 samples to train on in each task: three batches, two epochs.
    assert [call[0] for call in holding.calls_seen] == (["learn"] * 6 + ["consolidate"]) * 2 + ["learn"] * 6
    for task in (0, 1):
        np.testing.assert_array_equal(holding.calls_seen[7 * task + 6][1], parts.train.of_task(task).targets)
    assert parts.n_steps == 18


def test_only_samples_of_the_present_task_are_learned_from(in_tasks, workplace, holding):
    rng = np.random.default_rng(3)
    np.savez("four.npz", inputs=rng.random((48, 6)), targets=np.arange(48) % 4)
    in_tasks["data"] |= {"name": "four.npz", "tasks": {"name": "classes", "groups": [[3, 1], [0, 2]]}}
    in_tasks["network"]["populations"][2]["n"] = 4
    sc_run.train(in_tasks, output="run", progress=False)
    end = [call[0] for call in holding.calls_seen].index("consolidate")
    before, after = holding.calls_seen[:end], holding.calls_seen[end + 1 :]
    assert set(holding.calls_seen[end][1]) == {0, 1}
    assert set(np.concatenate([labels for _, labels in before])) == {0, 1}
    assert set(np.concatenate([labels for _, labels in after])) == {2, 3}


def test_every_task_is_tested_when_one_ends(in_tasks, workplace, holding):
    result = sc_run.train(in_tasks, output="run", progress=False)
    rows = rows_of(workplace / "run")
    tests = [row for row in rows if "test_accuracy" in row]
    assert [row["step"] for row in tests] == [6, 12, 18]
    for row in tests:
        each = [row[f"test_task_{task}_accuracy"] for task in (1, 2, 3)]
        assert row["test_accuracy"] == pytest.approx(np.mean(each))
    assert len({tuple(row.values())[1:] for row in tests}) > 1
    assert {f"test_{name}": value for name, value in result.test_metrics.items()} == {
        name: value for name, value in tests[-1].items() if name != "step"
    }
    # The validation part is asked for the tasks that have begun.
    seen = [sum("validation_task" in name for name in row) for row in rows if "epoch" in row]
    assert seen == [1, 1, 2, 2, 3, 3]
    assert result.best_step == result.n_steps == 18  # nothing is selected


def test_together_they_are_one_data_set(in_tasks, workplace, holding):
    in_tasks["training"]["tasks"] = "together"
    result = sc_run.train(in_tasks, output="run", progress=False)
    assert [call[0] for call in holding.calls_seen] == ["learn"] * 18  # 135 samples, nine batches, two epochs
    rows = rows_of(workplace / "run")
    assert [row["step"] for row in rows if "test_task_3_accuracy" in row] == [18]
    assert [row["epoch"] for row in rows if "validation_task_3_accuracy" in row] == [1, 2]
    assert result.best_step in (9, 18)


def test_a_run_that_crashed_anywhere_ends_with_the_same_bits(in_tasks, workplace, holding, files_of):
    in_tasks["training"]["checkpoint_every"] = 4
    sc_run.train(in_tasks, output="undisturbed", progress=False)
    assert [number for number, call in enumerate(holding.calls_seen) if call[0] == "consolidate"] == [6, 13]
    for crash_at in (2, 5, 6, 7, 13, 14, 19):
        folder = f"crash-{crash_at}"
        holding.calls_seen.clear()
        holding.crash_at = crash_at
        with pytest.raises(Crash):
            sc_run.train(in_tasks, output=folder, progress=False)
        holding.crash_at = None
        sc_run.resume(folder, progress=False)
        assert files_of(workplace / folder) == files_of(workplace / "undisturbed"), crash_at


def test_a_request_to_stop_ends_the_run_not_the_task(in_tasks, workplace, holding):
    in_tasks["callbacks"] = [{"name": "lines", "stop_at": 2}]
    result = sc_run.train(in_tasks, output="run", progress=False)
    assert result.n_steps == 2
    assert [call[0] for call in holding.calls_seen] == ["learn"] * 2
    assert "task_3_accuracy" in result.test_metrics


def test_tasks_survive_the_configuration_file(in_tasks, workplace, holding):
    in_tasks["data"]["tasks"] = {"name": "classes", "groups": [[0, 1], [2, 3]]}
    in_tasks["training"]["tasks"] = "together"
    parsed = parse_config(in_tasks, workplace)
    table = config_table(parsed)
    assert table["data"]["tasks"] == {
        "name": "classes",
        "groups": [[0, 1], [2, 3]],
        "shared_labels": False,
    }
    assert parse_config(table, workplace) == parsed


@pytest.mark.parametrize(
    ("tasks", "training", "words"),
    [
        ({"name": "permuted"}, {}, r"^data.tasks.n_tasks: is required and missing"),
        ({"name": "permuted", "n_tasks": 1}, {}, r"^data.tasks.n_tasks: must be >= 2, got 1"),
        ("rotated", {}, r"^data.tasks: no way to make tasks 'rotated'; there are: permuted, classes"),
        ({"name": "classes", "groups": [[0, 1]]}, {}, r"^data.tasks.groups: its length must be >= 2"),
        ({"name": "classes", "groups": [[0, 1], [2]]}, {}, r"^data.tasks.groups: must have at least two"),
        ({"name": "classes", "groups": [[0, 1], [1, 2]]}, {}, r"must have no class twice, found 1 2 times"),
        (
            {"name": "classes", "groups": [[0, 1], [2, 3]]},
            {},
            r"^data.tasks.groups: the classes of .* are 0 to 2",
        ),
        (None, {"tasks": "together"}, r"^training.tasks: needs several tasks, but data.tasks is missing"),
        (
            {"name": "permuted", "n_tasks": 2},
            {"select": "loss"},
            r"^training.select: has no meaning for tasks",
        ),
    ],
)
def test_mistakes_are_refused_by_their_key(config, workplace, tasks, training, words):
    if tasks is not None:
        config["data"]["tasks"] = tasks
    config["training"] |= training
    with pytest.raises(ConfigurationError, match=words):
        sc_run.train(config, output="run", progress=False)
    assert not (workplace / "run").exists()


def test_sequences_have_no_classes_to_group(config, workplace):
    np.savez("wave.npz", inputs=np.ones((20, 6)), targets=np.ones((20, 5, 3)))
    config["data"] |= {"name": "wave.npz", "tasks": {"name": "classes", "groups": [[0, 1], [2, 3]]}}
    with pytest.raises(ConfigurationError, match=r"^data.tasks: .*wave.npz' has no classes"):
        sc_run.train(config, output="run", progress=False)
