"""A gradient that is not finite: which one, and since which step."""

import numpy as np
import pytest

import sc_native
from sc_core import LI, LIF, Batch, Input, Network, Population, Projection
from sc_core.errors import NumericalError
from sc_gradient import GradientEngine, Surrogate, find_learned_parameters

KERNELS = [
    pytest.param(
        "native",
        marks=pytest.mark.skipif(not sc_native.available, reason="the compiled kernels are not installed"),
    ),
    "reference",
]
N_STEPS = 8
BATCH = Batch(np.ones((N_STEPS, 2, 1)), np.zeros((N_STEPS, 2, 1)))


class GradientWithAHole:
    """A finite loss whose gradient is not, in one step."""

    def __init__(self, step, value):
        self.step, self.value = step, value

    def loss_and_gradient(self, outputs, targets):
        gradient = np.ones_like(outputs)
        gradient[self.step, 1] = self.value
        return 1.0, gradient


def network(dtype=np.float64, delay=3):
    source, hidden = Population("source", 1, Input()), Population("hidden", 2, LIF(tau=5.0))
    readout = Population("readout", 1, LI())
    return Network(
        [source, hidden, readout],
        [
            Projection(source, hidden, np.array([[6.0, 5.0]], dtype), name="into"),
            Projection(hidden, readout, np.array([[1.0], [2.0]], dtype), delay=delay),
        ],
    )


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_projection_and_step_are_named(value, kernels, monkeypatch):
    """The readout's current in step 6 is what hidden sent in step 3, 3 steps before."""
    monkeypatch.setenv("SC_KERNELS", kernels)
    net = network()
    engine = GradientEngine(net, GradientWithAHole(6, value), Surrogate(), through_reset=False)
    with pytest.raises(NumericalError) as raised:
        engine.loss_and_gradient(BATCH)
    assert str(raised.value) == (
        "the gradient of projection 'into' is not finite, going backward first in step 3 of 8"
    )
    net.projections[0].trainable = False
    with pytest.raises(NumericalError, match=r"projection 'hidden->readout' is not .* in step 6 of 8$"):
        engine.loss_and_gradient(BATCH)


@pytest.mark.parametrize("kernels", KERNELS)
def test_a_parameter_of_neurons_is_named_too(kernels, monkeypatch):
    monkeypatch.setenv("SC_KERNELS", kernels)
    net = network()
    for projection in net.projections:
        projection.trainable = False
    learned = find_learned_parameters(net, {"hidden": ["tau"]})
    hole = GradientWithAHole(7, np.nan)
    engine = GradientEngine(net, hole, Surrogate(), through_reset=False, learned=learned)
    with pytest.raises(
        NumericalError, match=r"of tau of population 'hidden' is not finite, .* in step 4 of 8$"
    ):
        engine.loss_and_gradient(BATCH)


@pytest.mark.parametrize("kernels", KERNELS)
def test_a_real_explosion_in_single_precision(kernels, monkeypatch):
    """Each passage through a spike multiplies by 1e15: 1e15 in step 7, 1e30 in 6, over 3e38 in step 5."""
    monkeypatch.setenv("SC_KERNELS", kernels)
    source, hidden = Population("source", 1, Input()), Population("hidden", 1, LIF(tau=1.0))
    net = Network(
        [source, hidden],
        [
            Projection(source, hidden, np.array([[1.5]], np.float32), name="into"),
            Projection(hidden, hidden, np.array([[1.0]], np.float32), delay=1, name="again"),
        ],
    )

    class LastStep:
        def loss_and_gradient(self, outputs, targets):
            gradient = np.zeros_like(outputs)
            gradient[-1] = 1.0
            return 1.0, gradient

    engine = GradientEngine(net, LastStep(), Surrogate(scale=1e17), through_reset=False)
    with pytest.raises(NumericalError, match=r"projection 'into' is not finite, .* in step 5 of 8$"):
        engine.loss_and_gradient(BATCH)


@pytest.mark.parametrize("kernels", KERNELS)
def test_a_sum_that_overflows_has_no_step(kernels, monkeypatch):
    monkeypatch.setenv("SC_KERNELS", kernels)
    source, readout = Population("source", 1, Input()), Population("readout", 1, LI())
    net = Network([source, readout], [Projection(source, readout, np.array([[1.0]], np.float32))])

    class Large:
        def loss_and_gradient(self, outputs, targets):
            return 1.0, np.full_like(outputs, 1e38)

    engine = GradientEngine(net, Large(), Surrogate(), through_reset=False)
    inputs = np.full((2, 40, 1), 1e3, np.float32)
    with pytest.raises(
        NumericalError, match=r"'source->readout' is not finite: its sum over the steps overflowed"
    ):
        engine.loss_and_gradient(Batch(inputs, np.zeros((2, 40, 1))))
