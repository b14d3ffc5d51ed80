"""The documented class: a decaying outer product, times an error."""

import math

import numpy as np
import pytest

from sc_core.errors import ConfigurationError, NumericalError, ShapeError
from sc_plugin_eprop import EligibilityTrace


def test_the_documented_formula():
    rng = np.random.default_rng(0)
    traces = EligibilityTrace(tau_e=7.0, dt=0.5)
    assert traces.decay == math.exp(-0.5 / 7.0)
    pre, post = rng.integers(0, 2, (9, 3)), rng.integers(0, 2, (9, 4))
    errors = rng.normal(size=(9, 4))
    for t in range(9):
        result = traces.update(pre[t], post[t], errors[t])
        expected = np.zeros((3, 4))
        for s in range(t + 1):
            for i in range(3):
                for j in range(4):
                    expected[i, j] += math.exp(-(t - s) * 0.5 / 7.0) * pre[s, i] * post[s, j]
        np.testing.assert_allclose(result, expected * errors[t], rtol=1e-12, atol=1e-15)
        assert result.shape == (3, 4)


def test_defaults():
    assert EligibilityTrace().decay == math.exp(-1 / 20)


def test_the_result_is_no_view_of_the_trace():
    traces = EligibilityTrace()
    traces.update([1], [1], [1.0])[...] = 99.0
    assert traces.update([0], [0], [1.0]) == pytest.approx(math.exp(-1 / 20))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([2.0], [1], [1.0]), NumericalError, "pre_spike must be 0 or 1"),
        (([1], [float("nan")], [1.0]), NumericalError, "post_spike must be 0 or 1"),
        (([1], [1], [float("inf")]), NumericalError, "error_signal contains NaN or infinity"),
        (([[1]], [1], [1.0]), ShapeError, r"pre_spike must have one value per neuron, got shape \(1, 1\)"),
        (
            ([1], [1, 0], [1.0]),
            ShapeError,
            r"error_signal has shape \(1,\), expected that of post_spike, \(2,\)",
        ),
    ],
)
def test_what_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        EligibilityTrace().update(*arguments)


def test_neurons_stay_the_same():
    traces = EligibilityTrace()
    traces.update([1, 0], [1], [1.0])
    with pytest.raises(ShapeError, match="have 3 and 1 neurons, but the trace is of 2 and 1"):
        traces.update([1, 0, 1], [1], [1.0])


@pytest.mark.parametrize("arguments", [{"tau_e": 0.0}, {"dt": -1.0}, {"tau_e": float("nan")}])
def test_times_are_positive(arguments):
    (name,) = arguments
    with pytest.raises(ConfigurationError, match=f"{name}: must be > 0"):
        EligibilityTrace(**arguments)
