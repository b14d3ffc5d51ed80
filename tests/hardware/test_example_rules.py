"""The two small rules against their equations, in floats and lists where the rules have integers and widths."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest

from sc_hardware.example_rules import homeostatic_threshold, pair_stdp


def faded(value, shift):
    return value - math.ceil(value / 2**shift)


@pytest.mark.parametrize(
    "bits",
    [(12, 10, 4, 200, 3, 2), (1, 2, 0, 1, 0, 0), (31, 30, 30, 255, 30, 0), (6, 5, 1, 9, 0, 1)],
    ids=str,
)
def test_pair_stdp(bits):
    parameters = dict(zip(pair_stdp.parameters, bits, strict=True))
    weight_bits, trace_bits, decay, amplitude, potentiation, depression = bits
    rng, (weight, x, y) = np.random.default_rng(0), (2**weight_bits // 2, 0, 0)
    for pre, post in (rng.random((400, 2)) < 0.3).tolist():
        state = {"weight": weight, "pre_trace": x, "post_trace": y}
        after = pair_stdp.step(state, {"pre_spike": pre, "post_spike": post}, parameters)
        change = (math.floor(x / 2**potentiation) if post else 0) - (
            math.floor(y / 2**depression) if pre else 0
        )
        weight = min(max(weight + change, 0), 2**weight_bits - 1)
        x = min(faded(x, decay) + amplitude * pre, 2**trace_bits - 1)
        y = min(faded(y, decay) + amplitude * post, 2**trace_bits - 1)
        assert after == {"weight": weight, "pre_trace": x, "post_trace": y}


def test_a_threshold_finds_its_rate():
    rng, threshold, spikes = np.random.default_rng(1), 0, []
    parameters = {"threshold_bits": 12, "rate_shift": 3}
    for drive in rng.exponential(300.0, 20_000):
        spike = bool(drive > threshold)
        expected = min(max(threshold + (2**3 - 1 if spike else -1), 0), 2**12 - 1)
        threshold = homeostatic_threshold.step({"threshold": threshold}, {"post_spike": spike}, parameters)[
            "threshold"
        ]
        assert threshold == expected
        spikes.append(spike)
    assert np.mean(spikes[2000:]) == pytest.approx(2**-3, rel=0.02)


@pytest.mark.parametrize("rule", [pair_stdp, homeostatic_threshold], ids=lambda rule: rule.name)
def test_they_are_short(rule):
    lines, _ = inspect.getsourcelines(rule.function)
    assert len(lines) < 40
    assert all(node.name is None or len(node.name) < 35 for node in rule.graph.nodes)
