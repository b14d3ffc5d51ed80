"""Parameters of neurons drawn from distributions."""

import numpy as np
import pytest
import scipy.stats

from sc_core.errors import ConfigurationError
from sc_run.builder import Drive, build_network
from sc_run.config import config_table, parse_config

DRIVE = Drive(constant=0.25, fluctuating=0.1)


def build(config, folder, neuron, n=8, seed=3):
    config["network"]["populations"][1].update(neuron=neuron, n=n)
    return build_network(parse_config(config, folder).network, DRIVE, np.random.default_rng(seed))


@pytest.mark.parametrize(
    ("spread", "expected"),
    [
        ({"distribution": "uniform", "low": 5.0, "high": 40.0}, scipy.stats.uniform(5, 35)),
        ({"distribution": "log_uniform", "low": 5, "high": 80}, scipy.stats.loguniform(5, 80)),
        ({"distribution": "gamma", "mean": 20.0}, scipy.stats.gamma(3, scale=20 / 3)),
        ({"distribution": "gamma", "mean": 20.0, "shape": 10}, scipy.stats.gamma(10, scale=2)),
    ],
)
def test_values_have_the_distribution(spread, expected, config, tmp_path):
    tau = build(config, tmp_path, {"name": "LIF", "tau": spread}, n=4000).populations[1].neuron.tau
    assert len(set(tau)) == 4000
    assert scipy.stats.kstest(tau, expected.cdf).pvalue > 0.01


def test_the_seed_decides_and_weights_do_not_depend_on_it(config, tmp_path):
    spread = {"distribution": "uniform", "low": 19.0, "high": 21.0}
    neuron = {"name": "CubaLIF", "tau_mem": spread, "tau_syn": spread, "refractory_steps": 1}
    one, same, other = (build(config, tmp_path, neuron, seed=seed) for seed in (3, 3, 4))
    assert one.populations[1].neuron == same.populations[1].neuron
    assert one.populations[1].neuron.refractory_steps == 1
    assert one.populations[1].neuron.tau_mem != other.populations[1].neuron.tau_mem
    assert one.populations[1].neuron.tau_mem != one.populations[1].neuron.tau_syn
    plain = build(config, tmp_path, "CubaLIF")
    # The gain follows the mean time constant, the drawn numbers stay.
    for projection, its in zip(one.projections, plain.projections, strict=True):
        np.testing.assert_allclose(projection.data / projection.data[0], its.data / its.data[0], rtol=1e-5)


def test_a_list_gives_each_neuron_its_own(config, tmp_path):
    taus = [float(tau) for tau in range(3, 11)]
    assert build(config, tmp_path, {"name": "LIF", "tau": taus}).populations[1].neuron.tau == tuple(taus)
    with pytest.raises(
        ConfigurationError, match=r"populations\[1\].neuron: tau has 8 values for .* 9 neurons"
    ):
        build(config, tmp_path, {"name": "LIF", "tau": taus}, n=9)


def test_the_resolved_configuration_keeps_the_distribution(config, tmp_path):
    spread = {"distribution": "gamma", "mean": 20.0}
    config["network"]["populations"][1]["neuron"] = {"name": "LIF", "tau": spread}
    parsed = parse_config(config, tmp_path)
    table = config_table(parsed)
    assert table["network"]["populations"][1]["neuron"]["tau"] == {**spread, "shape": 3.0}
    assert parse_config(table, tmp_path).network == parsed.network


@pytest.mark.parametrize(
    ("neuron", "message"),
    [
        (
            {"tau": {"distribution": "unifrom", "low": 1}},
            r"neuron.tau: no distribution 'unifrom'; .*mean 'uniform'",
        ),
        (
            {"tau": {"low": 1.0, "high": 2.0}},
            r"neuron.tau.distribution: is required and missing; there are: gamma",
        ),
        (
            {"tau": {"distribution": "uniform", "low": 2.0, "high": 1.0}},
            r"neuron.tau.high: must be >= low, 2.0",
        ),
        ({"tau": {"distribution": "log_uniform", "low": 0.0, "high": 1.0}}, r"neuron.tau.low: must be > 0"),
        ({"reset": {"distribution": "uniform"}}, r"neuron.reset: cannot differ .*; of LIF can: r, v_leak"),
        (
            {"tau": {"distribution": "uniform", "low": -2.0, "high": -1.0}},
            r"populations\[1\].neuron: a value was drawn that is not allowed: tau must be > 0$",
        ),
        (
            {"v_reset": {"distribution": "uniform", "low": 0.0, "high": 2.0}},
            r"populations\[1\].neuron: a value was drawn that is not allowed: v_reset: must be below v_threshold$",
        ),
    ],
)
def test_mistakes_are_refused_by_name(neuron, message, config, tmp_path):
    with pytest.raises(ConfigurationError, match=message):
        build(config, tmp_path, {"name": "LIF", **neuron})
