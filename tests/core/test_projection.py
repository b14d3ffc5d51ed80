"""Projections: the canonical CSR matrix, per-synapse state, and rewiring against a dictionary of synapses."""

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from sc_core import LI, LIF, Input, Population, Projection
from sc_core.errors import CheckpointError, ConfigurationError, NumericalError, ShapeError


def endpoints(n_source, n_target):
    return Population("source", n_source, Input()), Population("target", n_target, LIF())


def test_unsorted_and_duplicate_entries_become_canonical_on_a_copy():
    given_ = scipy.sparse.csr_array(
        (np.array([1.0, 2.0, 4.0]), np.array([2, 0, 2], dtype=np.int64), np.array([0, 3, 3], dtype=np.int64)),
        shape=(2, 3),
    )
    projection = Projection(*endpoints(2, 3), given_)
    assert projection.indices.tolist() == [0, 2]
    assert projection.data.tolist() == [2.0, 5.0]
    assert projection.indices.dtype == projection.indptr.dtype == np.int32
    assert given_.data.tolist() == [1.0, 2.0, 4.0], "the caller's matrix is left alone"


def test_data_is_changed_in_place_and_shared():
    projection = Projection(*endpoints(1, 2), [[1.0, 2.0]])
    view = projection.data
    projection.data += 1
    projection.data = [5.0, 6.0]
    assert view.tolist() == [5.0, 6.0]
    assert projection.weights.toarray().tolist() == [[5.0, 6.0]]


@pytest.mark.parametrize(
    ("weights", "error", "words"),
    [
        (np.ones((3, 2)), ShapeError, r"weights have shape \(3, 2\).*expected \(2, 3\)"),
        (np.full((2, 3), np.nan), NumericalError, "source->target: weights contain NaN"),
        (np.ones((2, 3), dtype=complex), ConfigurationError, "must be float32 or float64, got complex128"),
    ],
)
def test_bad_weights_are_refused_by_name(weights, error, words):
    with pytest.raises(error, match=words):
        Projection(*endpoints(2, 3), weights)


@pytest.mark.parametrize("delay", [-1, 1.5, True])
def test_bad_delays_are_refused_by_name(delay):
    with pytest.raises(ConfigurationError, match=r"source->target.delay: must be an integer >= 0"):
        Projection(*endpoints(1, 1), [[1.0]], delay=delay)


def test_impossible_endpoints_are_refused():
    readout, hidden = Population("readout", 1, LI()), Population("hidden", 1, LIF())
    with pytest.raises(ConfigurationError, match=r"'readout' is an LI readout"):
        Projection(readout, hidden, [[1.0]])
    with pytest.raises(ConfigurationError, match=r"'source' is an Input"):
        Projection(hidden, endpoints(1, 1)[0], [[1.0]])


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_rewiring_equals_a_dictionary_of_synapses(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    n_source, n_target = data.draw(st.integers(1, 7)), data.draw(st.integers(1, 7))
    dense = (rng.random((n_source, n_target)) < data.draw(st.floats(0, 1))) * rng.random((n_source, n_target))
    projection = Projection(*endpoints(n_source, n_target), dense)
    projection.register("moment", rng.random(projection.n_synapses))
    projection.register("age", 7, dtype=np.int16)
    projection.synapse_state["age"][...] = np.arange(projection.n_synapses)
    rows, columns = dense.nonzero()
    expected = {
        (i, j): (w, m, a)
        for i, j, w, m, a in zip(
            rows.tolist(),
            columns.tolist(),
            projection.data.tolist(),
            projection.synapse_state["moment"].tolist(),
            projection.synapse_state["age"].tolist(),
            strict=True,
        )
    }
    prune = rng.random(projection.n_synapses) < data.draw(st.floats(0, 1))
    for i, j in zip(rows[prune].tolist(), columns[prune].tolist(), strict=True):
        del expected[i, j]
    free = [(i, j) for i in range(n_source) for j in range(n_target) if (i, j) not in expected]
    rng.shuffle(free)
    growing = free[: data.draw(st.integers(0, len(free)))]
    values = rng.random(len(growing))
    for place, value in zip(growing, values.tolist(), strict=True):
        expected[place] = (value, 0.0, 7)
    projection.rewire(
        prune=prune if data.draw(st.booleans()) else np.flatnonzero(prune),
        grow=([i for i, _ in growing], [j for _, j in growing], values) if growing else None,
    )
    rows, columns = (part.tolist() for part in projection.weights.tocoo().coords)
    found = {
        (i, j): (w, m, a)
        for i, j, w, m, a in zip(
            rows,
            columns,
            projection.data.tolist(),
            projection.synapse_state["moment"].tolist(),
            projection.synapse_state["age"].tolist(),
            strict=True,
        )
    }
    assert found == expected
    assert projection.weights.has_canonical_format
    assert projection.indices.dtype == projection.indptr.dtype == np.int32


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"prune": [2]}, "mask or indices in 0..1"),
        ({"grow": ([0], [0], [1.0])}, r"synapse \(0, 0\) exists already"),
        ({"grow": ([1, 1], [0, 0], [1.0, 2.0])}, "names a synapse twice"),
        ({"grow": ([2], [0], [1.0])}, "presynaptic neurons must be integers in 0..1"),
        ({"grow": ([1], [0], [np.inf])}, "NaN or infinity"),
    ],
)
def test_impossible_rewiring_is_refused_and_changes_nothing(request_, words):
    projection = Projection(*endpoints(2, 2), [[1.0, 0.0], [0.0, 2.0]])
    with pytest.raises((ConfigurationError, NumericalError), match=words):
        projection.rewire(**request_)
    assert projection.weights.toarray().tolist() == [[1.0, 0.0], [0.0, 2.0]]
    assert projection.pattern_version == 0


def test_per_synapse_state_is_registered_once():
    projection = Projection(*endpoints(1, 2), [[1.0, 2.0]])
    projection.register("eligibility")
    with pytest.raises(ConfigurationError, match=r"source->target.eligibility: this per-synapse state"):
        projection.register("eligibility")
    with pytest.raises(ShapeError, match=r"expected shape \(2,\), got \(3,\)"):
        projection.register("sign", np.ones(3))


def test_state_moves_to_a_projection_with_another_pattern():
    first = Projection(*endpoints(2, 2), [[1.0, 0.0], [0.0, 2.0]])
    first.register("moment", 0.5)
    first.rewire(prune=[0], grow=([1], [0], [3.0]))
    second = Projection(*endpoints(2, 2), np.ones((2, 2)))
    second.load_state_dict(first.state_dict())
    np.testing.assert_array_equal(second.weights.toarray(), first.weights.toarray())
    second.rewire(grow=([0], [1], [1.0]))
    assert second.synapse_state["moment"].tolist() == [0.5, 0.5, 0.5]
    with pytest.raises(
        CheckpointError, match=r"projection 'source->target': the saved state has 2 presynaptic"
    ):
        Projection(*endpoints(3, 2), np.ones((3, 2))).load_state_dict(first.state_dict())
