"""Tasks of a few classes: how they are drawn, and how a run hands them to a learner."""

from pathlib import Path

import numpy as np
import pytest

import sc_run
from sc_core import registry
from sc_core.contracts import TaskBatch
from sc_core.errors import ConfigurationError
from sc_run.data import dataset_from_arrays
from sc_run.encoders import ENCODERS
from sc_run.few_shot import FewShotTable, make_few_shot_pools

N_CLASSES, PER_CLASS = 7, 9


def dataset():
    """Every sample's first feature is its class, its second its own number."""
    labels = np.repeat(np.arange(N_CLASSES), PER_CLASS)
    inputs = np.stack([labels, np.arange(labels.size)], axis=1).astype(np.float32)
    return dataset_from_arrays("numbered", inputs, labels)


def table(**changes):
    return FewShotTable(**({"ways": 2, "shots": 3, "queries": 4, "validation_classes": [0, 1]} | changes))


def tasks_of(pool, n=50, seed=0):
    drawn = pool.draw(np.arange(n), ENCODERS["current"](n_steps=2), np.random.default_rng(seed))
    assert isinstance(drawn, TaskBatch)
    assert len(drawn.tasks) == n
    return drawn.tasks


def classes_and_numbers(batch):
    assert batch.inputs.shape[0] == 2  # the encoder's steps
    return batch.inputs[0, :, 0].astype(int), batch.inputs[0, :, 1].astype(int)


def test_a_task_has_the_asked_samples_of_the_asked_classes():
    for task in tasks_of(make_few_shot_pools(dataset(), table(), dt=1.0)[0]):
        support, query = classes_and_numbers(task.support), classes_and_numbers(task.query)
        assert np.bincount(task.support.targets).tolist() == [3, 3]
        assert np.bincount(task.query.targets).tolist() == [4, 4]
        assert np.unique(np.concatenate([support[1], query[1]])).size == 14  # all different
        meaning = dict(zip(task.support.targets.tolist(), support[0].tolist(), strict=True))
        assert len(set(meaning.values())) == 2
        for (classes, _), targets in ((support, task.support.targets), (query, task.query.targets)):
            assert [meaning[target] for target in targets.tolist()] == classes.tolist()


def test_every_class_and_every_numbering_occurs():
    pairs = set()
    for task in tasks_of(make_few_shot_pools(dataset(), table(), dt=1.0)[0], 300):
        pairs.add(tuple(dict.fromkeys(classes_and_numbers(task.support)[0].tolist())))
    assert pairs == {(a, b) for a in range(2, 7) for b in range(2, 7) if a != b}


def test_the_parts_have_different_classes():
    seen = []
    for pool in make_few_shot_pools(dataset(), table(test_classes=[4, 5, 6]), dt=1.0):
        seen.append({c for task in tasks_of(pool) for c in classes_and_numbers(task.query)[0].tolist()})
    assert seen == [{2, 3}, {0, 1}, {4, 5, 6}]


def test_the_same_generator_gives_the_same_tasks():
    pool = make_few_shot_pools(dataset(), table(), dt=1.0)[0]
    for one, other in zip(tasks_of(pool), tasks_of(pool), strict=True):
        np.testing.assert_array_equal(one.query.inputs, other.query.inputs)
    assert any(
        not np.array_equal(one.query.inputs, other.query.inputs)
        for one, other in zip(tasks_of(pool), tasks_of(pool, seed=1), strict=True)
    )


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"test_classes": [7]}, "few_shot.test_classes", "labels 0 to 6, got 7"),
        ({"test_classes": [1, 2]}, "few_shot.test_classes", "label 1 is named twice"),
        ({"test_classes": [2]}, "few_shot.test_classes", "a task takes 2 classes, but there are 1"),
        ({"ways": 6, "validation_classes": []}, None, None),
        (
            {"ways": 6, "validation_classes": [0, 1, 2, 3, 4, 5]},
            "few_shot.ways",
            "6 classes, but there are 1",
        ),
        ({"queries": 7}, "few_shot.queries", r"3 \+ 7 samples of a class, but label 2 has 9"),
    ],
)
def test_what_cannot_be_is_refused_by_its_path(changes, path, words):
    if path is None:
        assert len(make_few_shot_pools(dataset(), table(**changes), dt=1.0)[0]) == 400
        return
    with pytest.raises(ConfigurationError, match=words) as refusal:
        make_few_shot_pools(dataset(), table(**changes), dt=1.0)
    assert refusal.value.path == path


def test_sequences_are_no_classes():
    sequences = dataset_from_arrays("waves", np.zeros((4, 2)), np.zeros((4, 5, 1)))
    with pytest.raises(ConfigurationError, match="need a data set with labels"):
        make_few_shot_pools(sequences, table(), dt=1.0)


class TaskLearner:
    """Learns nothing, and remembers what it saw."""

    consumes = TaskBatch
    lr = 0.1

    def __init__(self, network):
        self.sizes, self.evaluated = [], []
        type(self).last = self

    def learn(self, experience):
        self.sizes.append(len(experience.tasks))
        return {"loss": 1.0}

    def evaluate(self, experience):
        self.evaluated.append([task.query.inputs.copy() for task in experience.tasks])
        return {"accuracy": float(len(experience.tasks))}

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass


@pytest.fixture
def task_config(config, workplace):
    """Two classes each for training, validation and test."""
    rng = np.random.default_rng(0)
    np.savez("six.npz", inputs=rng.random((60, 6)), targets=np.arange(60) % 6)
    registry.register("learner", "of-tasks", TaskLearner)
    config["data"]["name"] = "six.npz"
    config["learner"] = {"name": "of-tasks"}
    del config["scheduler"]
    config["network"]["populations"][2]["n"] = 2
    held_out = {"validation_classes": [2, 3], "test_classes": [4, 5]}
    sizes = {"train_tasks": 10, "validation_tasks": 5, "test_tasks": 7}
    config["few_shot"] = {"ways": 2, "shots": 2, "queries": 3, **held_out, **sizes}
    config["training"] = {"epochs": 2, "batch_size": 4}
    yield config
    registry.unregister("learner", "of-tasks")


def test_a_run_draws_tasks_in_batches(task_config, capsys):
    result = sc_run.train(task_config, output="run")
    assert TaskLearner.last.sizes == [4, 4, 2] * 2
    assert [len(part) for part in TaskLearner.last.evaluated] == [4, 1, 4, 1, 4, 3]
    assert result.validation_metrics == {"accuracy": (4 * 4 + 1 * 1) / 5}
    assert "10 tasks to train on, 5 to validate, 7 to test" in capsys.readouterr().out


def test_validation_tasks_are_the_same_after_each_epoch(task_config):
    sc_run.train(task_config, output="run", progress=False)
    first, second = TaskLearner.last.evaluated[:2], TaskLearner.last.evaluated[2:4]
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_resolved_configuration_means_the_same(task_config, files_of):
    sc_run.train(task_config, output="first", progress=False)
    sc_run.train("first/config.toml", output="second", progress=False)
    assert files_of(Path("first")) == files_of(Path("second"))


def test_without_held_out_classes_the_last_network_counts(task_config):
    for name in ("validation_classes", "test_classes"):
        del task_config["few_shot"][name]
    result = sc_run.train(task_config, output="run", progress=False)
    assert result.validation_metrics == result.test_metrics == {}
    assert TaskLearner.last.evaluated == []


def test_a_learner_of_tasks_needs_them(task_config):
    del task_config["few_shot"]
    with pytest.raises(
        ConfigurationError,
        match=r"learns from TaskBatch; this run offers: Batch, Generation; a section \[few_shot\]",
    ):
        sc_run.train(task_config, output="run", progress=False)


def test_a_learner_of_batches_takes_no_tasks(task_config):
    task_config["learner"]["name"] = "delta"
    with pytest.raises(ConfigurationError, match="'delta' learns from Batch; this run offers: TaskBatch"):
        sc_run.train(task_config, output="run", progress=False)


def test_held_out_tasks_need_a_learner_that_evaluates(task_config, monkeypatch):
    monkeypatch.delattr(TaskLearner, "evaluate")
    with pytest.raises(ConfigurationError, match="'of-tasks' has no evaluate"):
        sc_run.train(task_config, output="run", progress=False)


def test_the_output_has_one_neuron_for_each_class_of_a_task(task_config):
    task_config["network"]["populations"][2]["n"] = 6
    with pytest.raises(ConfigurationError, match="has 6 neurons, but a task has 2 classes"):
        sc_run.train(task_config, output="run", progress=False)


def test_plasticity_takes_no_part(task_config):
    task_config["network"]["projections"][0]["plasticity"] = "hebbian"
    with pytest.raises(ConfigurationError, match=r"few_shot: tasks are for a learner alone"):
        sc_run.train(task_config, output="run", progress=False)


def test_few_shot_tasks_are_not_made_of_tasks_in_sequence(task_config):
    task_config["data"]["tasks"] = {"name": "classes", "groups": [[0, 1], [2, 3]], "shared_labels": True}
    with pytest.raises(ConfigurationError, match=r"few_shot: makes tasks of its own"):
        sc_run.train(task_config, output="run", progress=False)
