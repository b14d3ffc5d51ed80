"""Lists of spikes of several parts, put together, against sorting."""

import numpy as np
import pytest

import sc_native

if not sc_native.available:
    pytest.skip("the compiled kernels are not installed", allow_module_level=True)

from sc_native.spikes import merge


@pytest.mark.parametrize("n_parts", [1, 2, 5])
@pytest.mark.parametrize("skipped", [0, 3])
def test_parts_are_put_together_step_by_step(n_parts, skipped):
    rng = np.random.default_rng(n_parts)
    n_steps, room = 40, 1000
    counts = rng.poisson(0.8, (n_parts, n_steps))
    start = np.arange(n_parts)[:, None] * room + np.cumsum(np.pad(counts, ((0, 0), (1, 0))), axis=1)
    spike = rng.integers(0, 90, n_parts * room).astype(np.int32)
    places = np.concatenate([np.arange(part[skipped], part[-1]) for part in start])
    steps = np.concatenate([np.repeat(np.arange(n_steps - skipped), part[skipped:]) for part in counts])
    order = np.lexsort((places, steps))  # of one step, the parts in turn
    step, neuron = merge(start, spike, skipped, 7)
    np.testing.assert_array_equal(step, 7 + steps[order])
    np.testing.assert_array_equal(neuron, spike[places[order]])


def test_lists_that_do_not_fit_are_refused():
    with pytest.raises(TypeError, match="spike must be int32"):
        merge(np.zeros((1, 3), np.int64), np.zeros(4), 0, 0)
