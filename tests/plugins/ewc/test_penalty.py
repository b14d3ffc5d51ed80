"""The penalty and its step, where everything has a closed form."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from sc_core import registry

CURVATURE = np.array([1.0, 2.0, 0.5, 3.0, 0.7, 0.0])


@pytest.fixture
def parabola(learners):
    """A function that returns an EWC learner around `parabola`, and its six parameters as one array."""

    def make(**options):
        lr = options.pop("lr", 0.1)
        learner = registry.create(
            "learner",
            "ewc",
            learners.two_by_two(),
            learner={"name": "parabola", "lr": lr},
            fisher="empirical",
            **options,
        )
        return learner, lambda: np.concatenate(learner.parameters)

    return make


def fisher_at(w, labels):
    """The mean of squared gradients of single samples, by hand."""
    return np.mean([(CURVATURE * (w - label)) ** 2 for label in labels], axis=0)


def test_without_a_task_before_it_is_the_wrapped_learner(parabola, learners):
    learner, parameters = parabola(ewc_lambda=5.0)
    w = parameters()
    loss, gradients = learner.loss_and_gradient(learners.labelled(2, 3))
    assert learner.learn(learners.labelled(2, 3)) == {"loss": loss, "penalty": 0.0}
    np.testing.assert_array_equal(parameters(), w - 0.1 * np.concatenate(gradients))


def test_a_step_minimises_the_penalty_of_every_task_and_the_distance_from_the_wrapped_step(
    parabola, learners
):
    """The proximal step, found by a minimiser that knows nothing of the formula."""
    learner, parameters = parabola(ewc_lambda=0.7, lr=0.2)
    tasks = []
    for labels in ([0, 2], [3, 5], [-1]):
        learner.learn(learners.labelled(*labels))
        tasks.append((parameters(), fisher_at(parameters(), labels)))
        learner.consolidate([learners.labelled(*labels)])
    w = parameters()
    gradients = np.concatenate(learner.loss_and_gradient(learners.labelled(4))[1])
    learner.learn(learners.labelled(4))
    for i, stepped in enumerate(w - 0.2 * gradients):

        def objective(u, i=i, stepped=stepped):
            springs = sum(0.35 * fisher[i] * (u - anchor[i]) ** 2 for anchor, fisher in tasks)
            return (u - stepped) ** 2 / 0.4 + springs

        expected = minimize_scalar(objective, bracket=(-3, 3), tol=1e-12).x
        assert parameters()[i] == pytest.approx(expected, abs=1e-7)


def test_the_penalty_is_the_sum_over_tasks(parabola, learners):
    learner, parameters = parabola(ewc_lambda=1.3)
    tasks = []
    for labels in ([0, 2], [3, 5], [-1, 7, 2]):
        for _ in range(3):
            learner.learn(learners.labelled(*labels))
        tasks.append((parameters(), fisher_at(parameters(), labels)))
        learner.consolidate([learners.labelled(label) for label in labels])
    parameters_now = parameters()
    expected = sum(0.65 * np.sum(fisher * (parameters_now - anchor) ** 2) for anchor, fisher in tasks)
    assert learner.learn(learners.labelled(9))["penalty"] == pytest.approx(expected, rel=1e-12)


def test_it_converges_to_the_minimum_of_loss_and_penalty(parabola, learners):
    learner, parameters = parabola(ewc_lambda=2.0)
    learner.consolidate([learners.labelled(1, 2)])
    anchor, fisher = parameters(), fisher_at(parameters(), [1, 2])
    for _ in range(2000):
        learner.learn(learners.labelled(5))
    springs = 2.0 * fisher
    free = CURVATURE + springs > 0
    expected = (CURVATURE * 5 + springs * anchor)[free] / (CURVATURE + springs)[free]
    np.testing.assert_allclose(parameters()[free], expected, rtol=1e-10)
    np.testing.assert_array_equal(parameters()[~free], anchor[~free])


@pytest.mark.parametrize("stiffness", [3.0, 1e6, 1e300])
def test_no_strength_diverges(parabola, learners, stiffness):
    """An explicit step along the penalty would be thrown back by stiffness - 1 times the distance, each time."""
    learner, parameters = parabola(ewc_lambda=stiffness / 0.1)
    learner.consolidate([learners.labelled(1)])
    anchor, fisher = parameters(), fisher_at(parameters(), [1])
    assert fisher.max() > 1
    for _ in range(50):
        stepped = parameters() - 0.1 * np.concatenate(learner.loss_and_gradient(learners.labelled(4))[1])
        learner.learn(learners.labelled(4))
        between = (parameters() - anchor) * (stepped - parameters())
        assert np.all(between >= -1e-12)  # never beyond the anchor
    limit = np.abs(CURVATURE * 3 / np.maximum(stiffness / 0.1 * fisher, 1e-300))
    held = fisher > 0.1
    assert np.all(np.abs(parameters() - anchor)[held] <= 2 * limit[held] + 1e-12)


def test_online_fades_older_tasks_and_hangs_all_on_the_latest_weights(parabola, learners):
    learner, parameters = parabola(ewc_lambda=0.4, variant="online", gamma=0.5)
    importance = 0.0
    for labels in ([0, 2], [3, 5], [-1]):
        learner.learn(learners.labelled(*labels))
        anchor = parameters()
        importance = 0.5 * importance + fisher_at(anchor, labels)
        learner.consolidate([learners.labelled(*labels)])
    learner.learn(learners.labelled(4))
    now = parameters()
    expected = 0.2 * np.sum(importance * (now - anchor) ** 2)
    assert learner.learn(learners.labelled(4))["penalty"] == pytest.approx(expected, rel=1e-12)


def test_variants_agree_on_a_single_task_and_differ_on_two(parabola, learners):
    results = []
    for variant in ("per_task", "online"):
        learner, parameters = parabola(variant=variant, ewc_lambda=1.0)
        weights = []
        for label in (2, 4, -2):
            for _ in range(2):
                learner.learn(learners.labelled(label))
            weights.append(parameters())
            learner.consolidate([learners.labelled(label)])
        results.append(weights)
    np.testing.assert_allclose(results[0][1], results[1][1], rtol=1e-13)
    assert np.all(np.abs(results[0][2] - results[1][2])[:5] > 1e-3)
