"""The Fisher information of a batch in one pass is that of its sequences one by one."""

import numpy as np
import pytest

import sc_native
from sc_core import ALIF, LI, LIF, Batch, CubaLIF, Input, Network, Population, Projection, topology
from sc_core.errors import NumericalError
from sc_gradient import RatePenalty
from sc_plugin_ewc.fisher import InformedLearner, empirical_fisher, exact_fisher

RESTING = ALIF(tau=10.0, adaptation_strength=0.5, refractory_steps=2)


def network(dtype=np.float64, neuron=None):
    rng = np.random.default_rng(3)
    source, readout = Population("source", 6, Input()), Population("readout", 4, LI(tau=10.0))
    hidden, deep = Population("hidden", 18, neuron or LIF(tau=10.0)), Population("deep", 40, LIF(tau=8.0))
    return Network(
        [source, hidden, deep, readout],
        [
            Projection(source, hidden, rng.normal(0, 4, (6, 18)).astype(dtype)),
            Projection(hidden, hidden, rng.normal(0, 1, (18, 18)).astype(dtype), delay=1),
            Projection(hidden, deep, 3 * topology.random(18, 40, density=0.4, rng=rng, dtype=dtype), delay=2),
            Projection(deep, readout, rng.normal(0, 0.3, (40, 4)).astype(dtype)),
            Projection(hidden, readout, rng.normal(0, 0.3, (18, 4)).astype(dtype), trainable=False),
        ],
    )


def batch(n=7, spikes=False):
    rng = np.random.default_rng(4)
    inputs = rng.random((20, n, 6))
    return Batch((inputs < 0.4).astype(np.uint8) if spikes else inputs, rng.integers(0, 4, n))


def both(learners, exact, b, net=network, **options):
    """Return the information at once and of single sequences, and the learner that could do both."""
    at_once, one_by_one = learners.Informed(net(), **options), learners.Descent(net(), **options)
    if exact:
        results = [
            exact_fisher(learner, [b], lambda labels: at_once.loss.alternatives(labels, 4))
            for learner in (at_once, one_by_one)
        ]
    else:
        results = [empirical_fisher(learner, [b]) for learner in (at_once, one_by_one)]
    return *results, at_once


@pytest.fixture(params=["native", "reference"])
def kernels(request, monkeypatch):
    if request.param == "native" and not sc_native.available:
        pytest.skip("the compiled kernels are not installed")
    monkeypatch.setenv("SC_KERNELS", request.param)


@pytest.mark.parametrize("spikes", [False, True])
@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("neuron", [LIF(tau=10.0), RESTING, CubaLIF()])
@pytest.mark.usefixtures("kernels")
def test_at_once_is_one_by_one(neuron, exact, spikes, learners):
    at_once, one_by_one, learner = both(learners, exact, batch(spikes=spikes), lambda: network(neuron=neuron))
    assert isinstance(learner, InformedLearner)
    assert learner.asked == 0
    for found, expected in zip(at_once, one_by_one, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12 * expected.max())
    assert all(values.max() > 0 for values in at_once[:4])
    assert not at_once[4].any()  # frozen


@pytest.mark.parametrize("readout", ["sum", "max", "last"])
def test_every_readout_and_heads(readout, learners):
    loss = {"name": "cross_entropy", "readout": readout, "heads": 2}
    at_once, one_by_one, _ = both(learners, True, batch(), loss_fn=loss)
    for found, expected in zip(at_once, one_by_one, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12 * expected.max())


@pytest.mark.usefixtures("kernels")
def test_parameters_of_neurons(learners):
    at_once, one_by_one, _ = both(learners, True, batch(), learned_parameters=["tau", "v_threshold"])
    assert len(at_once) == 10
    for found, expected in zip(at_once[5:], one_by_one[5:], strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12 * expected.max())
        assert found.max() > 0


def test_single_precision(learners):
    at_once, one_by_one, _ = both(learners, True, batch(spikes=True), lambda: network(np.float32))
    for found, expected in zip(at_once, one_by_one, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5 * expected.max())


def test_a_penalty_leaves_the_exact_information_and_makes_the_empirical_one_wait_for_each_sequence(learners):
    penalty = RatePenalty(population="hidden", strength=1e-3, upper=1.0)
    for exact in (True, False):
        at_once, one_by_one, learner = both(learners, exact, batch(), rate_penalties=[penalty])
        assert (learner.asked == 0) == exact
        for found, expected in zip(at_once, one_by_one, strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-10 * expected.max())


def test_another_loss_waits_for_each_sequence(learners):
    learner = learners.Informed(network(), loss_fn="mean_square")
    targets = np.random.default_rng(5).normal(size=(20, 3, 4))
    empirical_fisher(learner, [Batch(batch(3).inputs, targets)])
    assert learner.asked == 3


@pytest.mark.parametrize("spikes", [False, True])
def test_the_same_bits_for_any_number_of_threads(spikes, learners, monkeypatch):
    monkeypatch.setattr("sc_core.kernels._WORK_PER_THREAD", 1)
    found = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("SC_THREADS", threads)
        found.append(
            np.concatenate(learners.Informed(network()).fisher_information(batch(spikes=spikes), exact=True))
        )
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_what_is_not_finite_is_refused(learners):
    learner = learners.Informed(network())
    learner.engine.network.projections[3].data[0] = np.nan
    with pytest.raises(NumericalError, match="is not finite"):
        learner.fisher_information(batch(), exact=True)
