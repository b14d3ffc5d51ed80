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

from sc_native.buffers import Buffers, KernelError
from sc_native.network import NativeNetwork

N_STEPS, BATCH = 5, 2


def population(model, n, dtype, **arrays):
    shape = (N_STEPS, BATCH, n)
    return (model, n, False, 0, {"output": np.zeros(shape, dtype), **arrays})


def integrator(dtype, n=3):
    """An input of 2 neurons onto n leaky integrators."""
    alpha = np.full(n, math.exp(-1 / 10), dtype)
    source = population("Input", 2, dtype)
    readout = population(
        "LI", n, dtype, decay_membrane=alpha, input_gain=1 - alpha, leak_drive=np.zeros(n, dtype),
        membrane=np.zeros((BATCH, n), dtype),
    )  # fmt: skip
    return source, readout


def csr(dtype):
    """Neuron 0 reaches targets 0 and 2, neuron 1 target 1."""
    return np.array([0, 2, 3], np.int32), np.array([0, 2, 1], np.int32), np.array([2.0, 3.0, 5.0], dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_impulse_response_through_sparse_synapses(dtype):
    source, readout = integrator(dtype)
    source[4]["output"][1, 0, 0] = 1.0
    source[4]["output"][2, 1, 1] = 0.5
    native = NativeNetwork(np.dtype(dtype), N_STEPS, BATCH, 0)
    native.set_populations([source, readout])
    native.set_projections([(0, 1, 0, *csr(dtype))])
    native.forward(1)
    alpha = math.exp(-1 / 10)
    kernel = (1 - alpha) * alpha ** np.arange(N_STEPS)
    expected = np.zeros((N_STEPS, BATCH, 3))
    expected[1:, 0, 0], expected[1:, 0, 2] = 2 * kernel[:-1], 3 * kernel[:-1]
    expected[2:, 1, 1] = 0.5 * 5 * kernel[:-2]
    np.testing.assert_allclose(readout[4]["output"], expected, rtol=1e-6)


def test_weight_gradient_is_the_sum_of_products():
    rng = np.random.default_rng(0)
    source, readout = integrator(np.float64)
    native = NativeNetwork(np.dtype(np.float64), N_STEPS, BATCH, 0)
    native.set_populations([source, readout])
    native.set_projections([(0, 1, 0, *csr(np.float64))])
    activity, arriving = rng.random((N_STEPS, BATCH, 2)), rng.random((N_STEPS, BATCH, 3))
    gradient = np.ones(3)
    native.weight_gradient(0, activity, arriving, gradient, 2)
    dense = np.einsum("tbi,tbj->ij", activity, arriving)
    np.testing.assert_allclose(gradient, 1 + np.array([dense[0, 0], dense[0, 2], dense[1, 1]]), rtol=1e-12)


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


def test_a_delay_beyond_the_kept_history_is_refused():
    native = NativeNetwork(np.dtype(np.float64), N_STEPS, BATCH, 0)
    native.set_populations(list(integrator(np.float64)))
    native.set_projections([(0, 1, 2, *csr(np.float64))])
    with pytest.raises(KernelError, match="sc_forward refused its arguments"):
        native.forward(1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform cannot fork")
def test_a_forked_child_does_not_hang():
    """libgomp may hang in a child whose parent had threads; the child falls back to one."""
    program = """
import os, numpy as np
from sc_native.network import NativeNetwork
def run():
    native = NativeNetwork(np.dtype(np.float64), 5, 4, 0)
    a = np.full(1, 0.9)
    arrays = dict(output=np.zeros((5, 4, 1)), decay_membrane=a, input_gain=1 - a, leak_drive=0 * a,
                  membrane=np.zeros((4, 1)), drive=np.ones((5, 4, 1)))
    native.set_populations([("LI", 1, False, 0, arrays)])
    native.set_projections([])
    native.forward(2)
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
