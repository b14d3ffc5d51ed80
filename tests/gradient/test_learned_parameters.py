"""Which parameters of neurons are learned, and how the optimiser moves them."""

import itertools
import math

import numpy as np
import pytest

from sc_core import ALIF, LI, LIF, Batch, CubaLIF, Input, Network, Population, Projection, options
from sc_core.errors import ConfigurationError, NumericalError
from sc_gradient import GradientEngine, GradientOptions, Optimiser, OptimiserOptions, Surrogate
from sc_gradient import find_learned_parameters as find


def network(dtype=np.float64):
    rng = np.random.default_rng(2)
    source, first = Population("source", 2, Input()), Population("first", 3, CubaLIF(v_reset=-0.5))
    second, readout = Population("second", 3, ALIF(tau=(5.0, 10.0, 20.0))), Population("readout", 2, LI())
    chain = [source, first, second, readout]
    return Network(
        chain,
        [
            Projection(a, b, (10 * rng.normal(1, 1, (a.n, b.n))).astype(dtype))
            for a, b in itertools.pairwise(chain)
        ],
    )


def zeros(net, learned):
    return [np.zeros_like(projection.data) for projection in net.projections] + [
        np.zeros_like(parameter.values) for parameter in learned
    ]


def names(learned):
    return [f"{parameter.population.name}.{parameter.name}" for parameter in learned]


def test_names_hold_for_every_population_that_has_them():
    found = find(network(), ["tau", "v_threshold"])
    assert names(found) == [
        "first.v_threshold",
        "second.tau",
        "second.v_threshold",
        "readout.tau",
    ]
    assert found[1].values.tolist() == [5.0, 10.0, 20.0]
    assert find(network(), []) == ()


def test_names_by_population():
    found = find(network(np.float32), {"readout": ["tau"], "first": ["tau_mem", "tau_syn"]})
    assert names(found) == ["first.tau_mem", "first.tau_syn", "readout.tau"]
    assert {parameter.values.dtype for parameter in found} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (
            ["tau", "v_treshold"],
            r"learned_parameters: no population learns 'v_treshold'; .*mean 'v_threshold'\?",
        ),
        (["v_leak"], r"learned_parameters: no population learns 'v_leak'; there are: tau_syn, "),
        (
            {"first": ["tau"]},
            r"learned_parameters.first: 'tau' is no parameter of CubaLIF that is learned; there are: tau_syn",
        ),
        (
            {"source": ["tau"]},
            r"learned_parameters.source: 'tau' is no parameter of Input that is learned; there are: none",
        ),
        ({"frist": ["tau"]}, r"learned_parameters.frist: there is no such population, .*mean 'first'\?"),
        (["tau", "tau"], r"learned_parameters: 'tau' occurs twice"),
    ],
)
def test_what_cannot_be_learned_is_refused_by_name(wanted, message):
    net = network()
    with pytest.raises(ConfigurationError, match=message):
        find(net, wanted)
    assert not any(population.learned_parameters for population in net.populations)


def test_the_option_as_a_configuration_file_has_it():
    for written, read in (
        (["tau"], ("tau",)),
        ({"first": ["tau_mem", "tau_syn"]}, {"first": ("tau_mem", "tau_syn")}),
    ):
        chosen = options.structure(GradientOptions, {"learned_parameters": written}, "learner")
        assert chosen.learned_parameters == read
        assert options.unstructure(chosen)["learned_parameters"] == written
    with pytest.raises(ConfigurationError, match=r"learner.learned_parameters: must be a list"):
        options.structure(GradientOptions, {"learned_parameters": "tau"}, "learner")
    with pytest.raises(ConfigurationError, match=r"learned_parameters: must be a list of names or a table"):
        GradientOptions(learned_parameters="tau")


def test_a_step_is_relative_to_the_distance_from_what_is_not_allowed():
    net = network()
    learned = find(net, {"first": ["tau_mem", "v_threshold"], "second": ["adaptation_strength"]})
    optimiser = Optimiser(net, OptimiserOptions(), learned)
    gradients = zeros(net, learned)
    for place, slope in zip((3, 4, 5), (0.3, -0.2, 0.7), strict=True):
        gradients[place][1] = slope
    assert [one.shape for one in optimiser.parameters] == [one.shape for one in gradients]
    optimiser.update(gradients, lr=0.1)
    first, second = net.populations[1].neuron, net.populations[2].neuron
    # d = tau: step lr d dL/dtau on ln d. d = v_threshold - v_reset = 1.5.
    assert first.tau_mem == pytest.approx((20.0, 20 * math.exp(-0.1 * 20 * 0.3), 20.0), rel=1e-14)
    assert first.v_threshold == pytest.approx((1.0, -0.5 + 1.5 * math.exp(0.1 * 1.5 * 0.2), 1.0), rel=1e-14)
    assert second.adaptation_strength == pytest.approx((1.8, 1.8 - 0.1 * 0.7, 1.8), rel=1e-14)
    assert first.tau_mem[0] == 20.0


def test_adam_sees_the_logarithm_and_decays_only_weights():
    """Adam's first step is lr whatever the gradient's size: the same relative change of every neuron."""
    net = network()
    learned = find(net, {"second": ["tau"]})
    optimiser = Optimiser(net, OptimiserOptions(optimiser="adamw", weight_decay=0.5), learned)
    gradients = zeros(net, learned)
    gradients[-1][...] = [1.0, -3.0, 0.5]
    weights = net.projections[0].data.copy()
    optimiser.update(gradients, lr=0.1)
    expected = np.array([5.0, 10.0, 20.0]) * np.exp([-0.1, 0.1, -0.1])
    np.testing.assert_allclose(net.populations[2].neuron.tau, expected, rtol=1e-8)
    np.testing.assert_allclose(net.projections[0].data, 0.95 * weights, rtol=1e-14)
    # A second step by hand, for the neuron whose logarithm had the gradients 5, then 1 * tau.
    tau = expected[0]
    gradients[-1][...] = [1.0, 0.0, 0.0]
    optimiser.update(gradients, lr=0.1)
    m, v = 0.1 * (0.9 * 5 + tau), 0.001 * (0.999 * 25 + tau**2)
    step = 0.1 * (m / (1 - 0.9**2)) / (math.sqrt(v / (1 - 0.999**2)) + 1e-8)
    assert net.populations[2].neuron.tau[0] == pytest.approx(tau * math.exp(-step), rel=1e-8)


def test_one_norm_over_weights_and_parameters():
    net = network()
    learned = find(net, {"second": ["tau"]})
    gradients = zeros(net, learned)
    gradients[0][0], gradients[-1][0] = 3.0, 0.8  # times tau = 5: 4, so the norm is 5
    weight = net.projections[0].data[0]
    Optimiser(net, OptimiserOptions(clip_norm=1.0), learned).update(gradients, lr=1.0)
    assert net.projections[0].data[0] == pytest.approx(weight - 0.6)
    assert net.populations[2].neuron.tau[0] == pytest.approx(5 * math.exp(-0.8))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("slope", [1e6, -1e6])
def test_a_step_out_of_range_changes_nothing_and_is_refused_by_name(slope, dtype):
    net = network(dtype)
    learned = find(net, ["v_threshold"])
    gradients = zeros(net, learned)
    for gradient in gradients:
        gradient[...] = 1.0
    gradients[-1][2] = slope
    before = [array.copy() for array in Optimiser(net, OptimiserOptions(), learned).parameters]
    optimiser = Optimiser(net, OptimiserOptions(), learned)
    with pytest.raises(
        NumericalError, match=r"v_threshold of population 'second' leaves its range: its step"
    ):
        optimiser.update(gradients, lr=1.0)
    for array, start in zip(optimiser.parameters, before, strict=True):
        np.testing.assert_array_equal(array, start)


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_values_stay_legal_whatever_the_gradients(name):
    net, rng = network(np.float32), np.random.default_rng(0)
    learned = find(net, ["tau", "tau_syn", "v_threshold"])
    optimiser = Optimiser(net, OptimiserOptions(optimiser=name, clip_norm=1.0), learned)
    for _ in range(200):
        optimiser.update(
            [rng.normal(3, 9, array.shape).astype(np.float32) for array in optimiser.parameters], 0.1
        )
    for population in net.populations[1:]:
        population.neuron  # noqa: B018 - it validates
    assert min(net.populations[2].neuron.tau) < 4.0


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_a_restored_optimiser_continues_bit_for_bit(name):
    rng = np.random.default_rng(0)
    nets = network(np.float32), network(np.float32)
    found = [find(net, ["tau", "v_threshold"]) for net in nets]
    one, two = (
        Optimiser(net, OptimiserOptions(optimiser=name, momentum=0.5), learned)
        for net, learned in zip(nets, found, strict=True)
    )
    steps = [[rng.normal(0, 0.1, a.shape).astype(np.float32) for a in one.parameters] for _ in range(8)]
    for gradients in steps[:4]:
        one.update(gradients, lr=0.1)
    nets[1].load_state_dict(nets[0].state_dict())
    two.load_state_dict(one.state_dict())
    for gradients in steps[4:]:
        one.update(gradients, lr=0.1)
        two.update(gradients, lr=0.1)
    for mine, its in zip(one.parameters, two.parameters, strict=True):
        assert mine.tobytes() == its.tobytes()


def test_descending_lowers_a_loss_that_only_time_constants_can_lower():
    """A frozen chain to a readout whose target is the response of another time constant."""

    def chain(tau):
        source, readout = Population("source", 1, Input()), Population("readout", 2, LI(tau=tau))
        return Network([source, readout], [Projection(source, readout, [[1.0, 1.0]], trainable=False)])

    inputs = np.zeros((60, 1, 1))
    inputs[::7] = 5.0
    net = chain(20.0)
    learned = find(net, ["tau"])
    engine = GradientEngine(net, "mean_square", Surrogate(), through_reset=False, learned=learned)
    optimiser = Optimiser(net, OptimiserOptions(optimiser="adam"), learned)
    batch = Batch(inputs, chain((4.0, 60.0)).run(inputs))
    for step in range(400):
        optimiser.update(engine.loss_and_gradient(batch)[1], lr=0.05 * 0.985**step)
    np.testing.assert_allclose(net.populations[1].neuron.tau, [4.0, 60.0], rtol=1e-3)


def test_a_second_learner_of_the_same_parameter_shares_its_array():
    net = Network([Population("p", 2, LIF())], [])
    first, second = find(net, ["tau"])[0], find(net, ["tau", "v_threshold"])[0]
    assert first.values is second.values
