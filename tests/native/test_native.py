"""sc-native alone: plain arrays in, plain arrays out; nothing reaches C unchecked."""

import math
import os
import subprocess
import sys

import numpy as np
import pytest

import sc_native

if not sc_native.available:
    pytest.skip("the compiled kernels are not installed", allow_module_level=True)

from sc_native.buffers import Buffers, KernelError, aligned
from sc_native.network import NativeNetwork, PopulationView, ProjectionView

N_STEPS, BATCH, N_TARGET = 5, 2, 3
DECAY = math.exp(-1 / 10)


def events(kept, n):
    """Room for the events of `kept` (steps, batch) rows of n neurons, nothing of it zero."""
    return {
        "event_start": np.full(kept, -1, np.int64),
        "event_count": np.full(kept, -1, np.int32),
        "event_index": np.full((*kept, n), -1, np.int32),
    }


def listed(arrays, name="event_index"):
    """What the events list for each row."""
    flat = arrays[name].ravel()
    ranges = zip(arrays["event_start"].ravel(), arrays["event_count"].ravel(), strict=True)
    return [flat[start : start + count].tolist() for start, count in ranges]


def build(dtype, projection, history=0):
    """Two inputs onto three leaky integrators; returns the network and the arrays of both populations."""
    kept = (history + N_STEPS, BATCH)
    source = events(kept, 2)
    source["event_start"][:history] = source["event_count"][:history] = 0
    decay = np.full(N_TARGET, DECAY, dtype)
    readout = {
        "decay_membrane": decay,
        "input_gain": 1 - decay,
        "leak_drive": np.zeros(N_TARGET, dtype),
        "membrane": np.zeros((BATCH, N_TARGET), dtype),
        "current": np.zeros((N_STEPS, BATCH, N_TARGET), dtype),
        "output": np.zeros((*kept, N_TARGET), dtype),
    }
    views = [PopulationView("Input", 2, False, 0, source), PopulationView("LI", N_TARGET, False, 0, readout)]
    native = NativeNetwork(np.dtype(dtype), (N_STEPS, BATCH, history), views, [projection], [0, 1, 2])
    return native, source, readout


def sparse(dtype, delay=0):
    """Neuron 0 reaches targets 0 and 2, neuron 1 target 1."""
    indptr, indices = np.array([0, 2, 3], np.int32), np.array([0, 2, 1], np.int32)
    return ProjectionView(0, 1, delay, indptr, indices, np.array([2.0, 3.0, 5.0], dtype))


def dense(dtype, delay=0):
    """All to all, with weights 1 ... 6."""
    indptr, indices = np.array([0, 3, 6], np.int32), np.tile(np.arange(3, dtype=np.int32), 2)
    return ProjectionView(0, 1, delay, indptr, indices, np.arange(1, 7).astype(dtype))


def values(dtype, history=0):
    return np.empty((history + N_STEPS, BATCH, 2), dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("connect", [sparse, dense])
@pytest.mark.parametrize("delay", [0, 2])
def test_impulse_response(dtype, connect, delay):
    native, _, readout = build(dtype, connect(dtype, delay), history=delay)
    activity = np.zeros((N_STEPS, BATCH, 2), dtype)
    activity[1, 0, 0], activity[2, 1, 1] = 1.0, 0.5
    native.set_values(0, activity, values(dtype, delay), 1)
    native.forward(1)
    response = (1 - DECAY) * DECAY ** np.arange(N_STEPS)
    rows = {sparse: ([2, 0, 3], [0, 5, 0]), dense: ([1, 2, 3], [4, 5, 6])}[connect]
    expected = np.zeros((N_STEPS, BATCH, N_TARGET))
    for (step, sample, size), row in zip(((1, 0, 1.0), (2, 1, 0.5)), rows, strict=True):
        begin = step + delay
        expected[begin:, sample] = size * np.outer(response[: N_STEPS - begin], row)
    np.testing.assert_allclose(readout["output"][delay:], expected, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("rate", [0.0, 0.05, 0.3, 1.0])
@pytest.mark.parametrize("n", [1, 7, 8, 9, 64, 101, 128])
def test_bytes_and_values_become_the_same_events(n, rate):
    """Also where every neuron is active, so that a list that ran over its row would spoil the next."""
    rng = np.random.default_rng(n)
    kept = (70, BATCH)
    spikes = (rng.random((*kept, n)) < rate).astype(np.uint8)
    values = rng.uniform(0.5, 1.5, spikes.shape).astype(np.float32) * spikes
    from_bytes, from_values = events(kept, n), events(kept, n)
    views = [PopulationView("Input", n, False, 0, arrays) for arrays in (from_bytes, from_values)]
    native = NativeNetwork(np.dtype(np.float32), (*kept, 0), views, [], [0, 1, 2])
    assert native.set_spikes(0, spikes, 2)
    kept_values = np.full(spikes.shape, np.nan, np.float32)
    native.set_values(1, values, kept_values, 2)
    rows = spikes.reshape(-1, n)
    assert listed(from_bytes) == listed(from_values) == [np.flatnonzero(row).tolist() for row in rows]
    of_active = listed({**from_values, "event_value": kept_values}, "event_value")
    assert of_active == [row[row != 0].tolist() for row in values.reshape(-1, n)]


@pytest.mark.parametrize("n", [3, 64, 90])
def test_bytes_that_are_no_spikes_are_refused(n):
    source = events((N_STEPS, BATCH), n)
    views = [PopulationView("Input", n, False, 0, source)]
    native = NativeNetwork(np.dtype(np.float32), (N_STEPS, BATCH, 0), views, [], [0, 1])
    activity = np.ones((N_STEPS, BATCH, n), np.uint8)
    assert native.set_spikes(0, activity, 2)
    activity[-1, -1, -1] = 2
    assert not native.set_spikes(0, activity, 2)


@pytest.mark.parametrize("connect", [sparse, dense])
@pytest.mark.parametrize("threads", [1, 3])
def test_weight_gradient_is_the_sum_of_products(connect, threads):
    rng = np.random.default_rng(0)
    native, _, readout = build(np.float64, connect(np.float64))
    activity, arriving = rng.random((N_STEPS, BATCH, 2)), rng.random((N_STEPS, BATCH, N_TARGET))
    native.set_values(0, activity, values(np.float64), threads)
    readout["current"][...] = arriving
    gradient = np.full(3 if connect is sparse else 6, np.nan)
    native.weight_gradient(0, gradient, threads)
    full = np.einsum("tbi,tbj->ij", activity, arriving)
    expected = [full[0, 0], full[0, 2], full[1, 1]] if connect is sparse else full.ravel()
    np.testing.assert_allclose(gradient, expected, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("spikes", [True, False])
@pytest.mark.parametrize("density", [0.1, 1.0])
@pytest.mark.parametrize(("n_target", "rate"), [(150, 0.1), (150, 0.03), (20, 0.03), (3, 0.03), (3, 0.1)])
@pytest.mark.parametrize("threads", [1, 3])
def test_weight_gradient_over_many_events(dtype, spikes, density, n_target, rate, threads):
    """Several chunks of rows, whose last is not whole, several blocks of columns, and rows shorter than a vector."""
    rng = np.random.default_rng(1)
    n_steps, batch, n_source, delay = 333, 5, 70, 1
    pattern = rng.random((n_source, n_target)) < density
    indptr = np.concatenate([[0], np.cumsum(pattern.sum(1))]).astype(np.int32)
    columns = np.nonzero(pattern)[1].astype(np.int32)
    activity = (rng.random((n_steps, batch, n_source)) < rate).astype(dtype)
    if not spikes:
        activity *= rng.normal(size=activity.shape)
    arriving = rng.normal(size=(n_steps, batch, n_target)).astype(dtype)
    target = {"current": arriving.copy()}
    source = events((delay + n_steps, batch), n_source)
    source["event_start"][:delay] = source["event_count"][:delay] = 0
    views = [
        PopulationView("Input", n_source, False, 0, source),
        PopulationView("LI", n_target, False, 0, target),
    ]
    projection = ProjectionView(0, 1, delay, indptr, columns, np.zeros(columns.size, dtype))
    native = NativeNetwork(np.dtype(dtype), (n_steps, batch, delay), views, [projection], [0, 1, 2])
    kept_values = np.empty((delay + n_steps, batch, n_source), dtype)
    if spikes:
        assert native.set_spikes(0, activity.astype(np.uint8), threads)
    else:
        native.set_values(0, activity, kept_values, threads)
    gradient = np.full(columns.size, np.nan, dtype)
    native.weight_gradient(0, gradient, threads)
    expected = np.einsum("tbi,tbj->ij", activity[:-delay].astype(float), arriving[delay:].astype(float))[
        pattern
    ]
    tolerance = 1e-12 if dtype is np.float64 else 2e-5
    np.testing.assert_allclose(gradient, expected, rtol=tolerance, atol=tolerance * abs(expected).max())


@pytest.mark.parametrize(
    ("array", "error", "words"),
    [
        (np.zeros(3, np.float32), TypeError, "weights must be float64, got float32"),
        (np.zeros(4), ValueError, "weights must be C-contiguous with 3 elements"),
        (np.zeros(6)[::2], ValueError, "weights must be C-contiguous"),
    ],
)
def test_buffers_refuse_what_c_would_misread(array, error, words):
    with pytest.raises(error, match=words):
        Buffers().pointer(array, np.dtype(np.float64), 3, "weights")


@pytest.mark.parametrize("size", [1, 15, 16, 17, 1000])
def test_aligned_zeros_share_no_cache_line(size):
    arrays = [aligned(size, np.dtype(np.float64)) for _ in range(20)]
    for array in arrays:
        assert array.ctypes.data % 128 == 0
        assert array.shape == (size,)
        assert not array.any()
    begins = sorted(array.ctypes.data for array in arrays)
    assert np.diff(begins).min() >= 128


def test_a_delay_beyond_the_kept_history_is_refused():
    native, _, _ = build(np.float64, sparse(np.float64, delay=2))
    with pytest.raises(KernelError, match=r"sc_forward refused its arguments"):
        native.forward(1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform cannot fork")
def test_a_forked_child_does_not_hang():
    """libgomp may hang in a child whose parent had threads; the child falls back to one."""
    program = """
import os, numpy as np
from sc_native.network import NativeNetwork, PopulationView
def run():
    a = np.full(1, 0.9)
    arrays = dict(output=np.zeros((5, 4, 1)), decay_membrane=a, input_gain=1 - a, leak_drive=0 * a,
                  membrane=np.zeros((4, 1)), drive=np.ones((5, 4, 1)), current=np.empty((5, 4, 1)))
    views = [PopulationView("LI", 1, False, 0, arrays)]
    NativeNetwork(np.dtype(np.float64), (5, 4, 0), views, [], [0, 1]).forward(2)
    return arrays["output"].sum()
expected = run()
child = os.fork()
if child == 0:
    os._exit(0 if run() == expected else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "0"
