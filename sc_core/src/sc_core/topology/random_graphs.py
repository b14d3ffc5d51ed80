"""Patterns by chance: independent synapses, fixed in-degree, small world, scale-free."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sc_core.errors import ConfigurationError
from sc_core.topology.assembly import (
    DEFAULT_GAIN,
    check_synapse_count,
    generator,
    initial_weights,
    neighbours_on_ring,
    positive_integer,
    probability,
    row_pointers,
    sparse,
)
from sc_core.topology.regular import ring_targets

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray
    from scipy.sparse import csr_array


def random(
    n_source: int,
    n_target: int,
    *,
    rng: np.random.Generator,
    density: float | None = None,
    in_degree: int | None = None,
    self_connections: bool = True,
    weight: float | None = None,
    gain: float = DEFAULT_GAIN,
    dtype: DTypeLike = np.float32,
) -> csr_array:
    """Connect neurons at random, with a probability or with a fixed number of sources for each target.

    Time and memory are proportional to the number of synapses.

    Parameters
    ----------
    n_source, n_target : int
        Numbers of neurons.
    rng : numpy.random.Generator
        Draws the pattern, then the weights.
    density : float, optional
        Probability of each synapse, independently of the others. Either this or `in_degree` is given.
    in_degree : int, optional
        How many distinct source neurons each target neuron has.
    self_connections : bool
        False leaves out synapses from neuron *i* to neuron *i* of a population connected with itself.
    weight : float, optional
        The weight of every synapse. By default weights are normal with mean 0 and standard deviation
        gain / sqrt(fan-in), the fan-in being the expected number of synapses of a target neuron, at least 1.
    gain : float
        Scale of drawn weights.
    dtype : dtype
        float32 (the default) or float64.

    Returns
    -------
    scipy.sparse.csr_array, shape (n_source, n_target)

    Raises
    ------
    ConfigurationError
        If an argument is not allowed; its path is the argument's name.

    References
    ----------
    E. N. Gilbert (1959). Random graphs. Annals of Mathematical Statistics 30, 1141-1144.
    V. Batagelj, U. Brandes (2005). Efficient generation of large random networks. Phys. Rev. E 71, 036113.

    Examples
    --------
    >>> import numpy as np
    >>> from sc_core import topology
    >>> rng = np.random.default_rng(7)
    >>> weights = topology.random(1000, 1000, in_degree=10, self_connections=False, rng=rng)
    >>> weights.nnz, int(weights.diagonal().any())
    (10000, 0)
    """
    sources, targets = positive_integer("n_source", n_source), positive_integer("n_target", n_target)
    generator(rng)
    if not self_connections and sources != targets:
        raise ConfigurationError(
            "self_connections",
            f"False is for a population connected with itself, not for {sources} -> {targets} neurons",
        )
    candidates = sources if self_connections else sources - 1
    if density is not None and in_degree is None:
        chance = probability("density", density)
        fan_in = chance * candidates
        check_synapse_count(fan_in * targets)
        rows, columns = _independent_synapses(sources, targets, chance, self_connections, rng)
    elif in_degree is not None and density is None:
        fan_in = degree = positive_integer("in_degree", in_degree)
        if degree > candidates:
            raise ConfigurationError(
                "in_degree",
                f"must be at most {candidates}, the number of possible sources, got {in_degree!r}",
            )
        check_synapse_count(degree * targets)
        rows, columns = _fixed_in_degree(sources, targets, degree, self_connections, rng)
    else:
        raise ConfigurationError("density", "give either density or in_degree")
    weights = initial_weights(columns.size, fan_in, weight=weight, gain=gain, rng=rng, dtype=dtype)
    return sparse(weights, columns, row_pointers(rows, sources), targets)


def small_world(
    n: int,
    neighbours: int,
    rewiring_probability: float,
    *,
    rng: np.random.Generator,
    weight: float | None = None,
    gain: float = DEFAULT_GAIN,
    dtype: DTypeLike = np.float32,
) -> csr_array:
    """Connect neurons as a ring and rewire synapses by chance: the small world of Watts and Strogatz.

    The graph is directed. A rewired synapse keeps its source; its target is drawn uniformly from the neurons
    that are neither the source nor already its target. Every neuron has exactly `neighbours` targets.

    Parameters
    ----------
    n : int
        Number of neurons.
    neighbours : int
        Synapses from each neuron: even, at least 2, less than `n`.
    rewiring_probability : float
        0 leaves the ring as it is, 1 rewires every synapse.
    rng : numpy.random.Generator
        Draws the pattern, then the weights.
    weight : float, optional
        The weight of every synapse. By default weights are normal with mean 0 and standard deviation
        gain / sqrt(neighbours).
    gain : float
        Scale of drawn weights.
    dtype : dtype
        float32 (the default) or float64.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
        No neuron connects to itself.

    Raises
    ------
    ConfigurationError
        If an argument is not allowed; its path is the argument's name.

    References
    ----------
    D. J. Watts, S. H. Strogatz (1998). Collective dynamics of 'small-world' networks. Nature 393, 440-442.

    Examples
    --------
    >>> import numpy as np
    >>> from sc_core import topology
    >>> weights = topology.small_world(100, 6, 0.1, rng=np.random.default_rng(7))
    >>> set(np.diff(weights.indptr).tolist())
    {6}
    """
    size = positive_integer("n", n)
    reach = neighbours_on_ring(neighbours, size)
    chance = probability("rewiring_probability", rewiring_probability)
    generator(rng)
    check_synapse_count(2 * reach * size)
    synapses = np.arange(size)[:, None] * size + ring_targets(size, reach)
    rewired = rng.random(synapses.shape) < chance
    themselves = np.arange(size) * (size + 1)
    taken = np.sort(np.concatenate([synapses[~rewired], themselves]))
    new = _draw_distinct(np.nonzero(rewired)[0], size, taken, rng)
    rows, columns = np.divmod(np.sort(np.concatenate([synapses[~rewired], new])), size)
    weights = initial_weights(columns.size, 2 * reach, weight=weight, gain=gain, rng=rng, dtype=dtype)
    return sparse(weights, columns, row_pointers(rows, size), size)


def scale_free(
    n: int,
    attachments: int,
    *,
    rng: np.random.Generator,
    weight: float | None = None,
    gain: float = DEFAULT_GAIN,
    dtype: DTypeLike = np.float32,
) -> csr_array:
    """Connect neurons by preferential attachment: the scale-free graph of Barabási and Albert.

    The first ``attachments + 1`` neurons are all connected with each other; each further one attaches to
    `attachments` earlier ones, chosen with a probability proportional to the number of their edges. Each edge
    becomes two synapses, one either way, so that in- and out-degrees both have the heavy tail.

    Parameters
    ----------
    n : int
        Number of neurons.
    attachments : int
        Edges of each new neuron, less than `n`.
    rng : numpy.random.Generator
        Draws the pattern, then the weights.
    weight : float, optional
        The weight of every synapse. By default weights are normal with mean 0 and standard deviation
        gain / sqrt(in-degree of the target neuron).
    gain : float
        Scale of drawn weights.
    dtype : dtype
        float32 (the default) or float64.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
        A symmetric pattern (the weights of the two directions differ); no neuron connects to itself.

    Raises
    ------
    ConfigurationError
        If an argument is not allowed; its path is the argument's name.

    References
    ----------
    A.-L. Barabási, R. Albert (1999). Emergence of scaling in random networks. Science 286, 509-512.

    Examples
    --------
    >>> import numpy as np
    >>> from sc_core import topology
    >>> weights = topology.scale_free(100, 2, rng=np.random.default_rng(7))
    >>> weights.nnz == 2 * (3 + 2 * 97)
    True
    """
    size = positive_integer("n", n)
    per_neuron = positive_integer("attachments", attachments)
    if per_neuron >= size:
        raise ConfigurationError("attachments", f"must be less than n = {size}, got {attachments!r}")
    check_synapse_count(2.0 * per_neuron * size)
    ends = _attach_preferentially(size, per_neuron, generator(rng))
    rows, columns = np.divmod(np.sort(ends * size + ends[:, ::-1], axis=None), size)
    in_degree = np.bincount(columns, minlength=size)[columns]
    weights = initial_weights(columns.size, in_degree, weight=weight, gain=gain, rng=rng, dtype=dtype)
    return sparse(weights, columns, row_pointers(rows, size), size)


def _independent_synapses(
    n_source: int, n_target: int, chance: float, self_connections: bool, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return rows and columns, in order, of synapses that exist with probability `chance` each."""
    total = n_source * n_target
    found = [np.empty(0, np.int64)]
    last = -1
    while last < total - 1 and chance > 0.0:
        expected = (total - 1 - last) * chance
        gaps = rng.geometric(chance, size=int(expected + 4.0 * math.sqrt(expected)) + 16)
        positions = last + np.cumsum(np.minimum(gaps, total))  # the minimum keeps the sum within int64
        found.append(positions[positions < total])
        last = int(positions[-1])
    rows, columns = np.divmod(np.concatenate(found), n_target)
    if self_connections:
        return rows, columns
    others = rows != columns
    return rows[others], columns[others]


def _fixed_in_degree(
    n_source: int, n_target: int, degree: int, self_connections: bool, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return rows and columns, in order, of synapses from `degree` distinct sources to each target."""
    candidates = n_source if self_connections else n_source - 1
    nothing = np.empty(0, np.int64)
    if 2 * degree <= candidates:
        drawn = _draw_distinct(np.repeat(np.arange(n_target), degree), candidates, nothing, rng)
        columns, rows = np.divmod(drawn, candidates)
    else:
        absent = _draw_distinct(np.repeat(np.arange(n_target), candidates - degree), candidates, nothing, rng)
        present = np.ones(n_target * candidates, np.bool_)
        present[absent] = False
        columns, rows = np.divmod(np.flatnonzero(present), candidates)
    if not self_connections:
        rows += rows >= columns  # candidate number r of target j is neuron r, or r + 1 from j on
    rows, columns = np.divmod(np.sort(rows * n_target + columns), n_target)
    return rows, columns


def _draw_distinct(
    groups: NDArray[np.int64], n_choices: int, taken: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw a choice for each entry of `groups`, such that no choice occurs twice in a group.

    A choice c of group g is written as the key g · n_choices + c. The keys in `taken` (sorted) are not drawn.
    Drawing again what is taken, in order, gives every set of free choices the same probability.
    """
    accepted = []
    while groups.size:
        keys = groups * n_choices + rng.integers(n_choices, size=groups.size)
        fresh = np.zeros(keys.size, np.bool_)
        fresh[np.unique(keys, return_index=True)[1]] = True
        fresh &= ~_contains(taken, keys)
        accepted.append(keys[fresh])
        taken = np.sort(
            np.concatenate([taken, np.sort(keys[fresh])]), kind="stable"
        )  # merges two sorted runs
        groups = groups[~fresh]
    return np.concatenate([np.empty(0, np.int64), *accepted])


def _contains(sorted_keys: NDArray[np.int64], keys: NDArray[np.int64]) -> NDArray[np.bool_]:
    if sorted_keys.size == 0:
        return np.zeros(keys.size, np.bool_)
    places = np.minimum(np.searchsorted(sorted_keys, keys), sorted_keys.size - 1)
    found: NDArray[np.bool_] = sorted_keys[places] == keys
    return found


def _attach_preferentially(n: int, attachments: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the edges of a Barabási-Albert graph, shape (n_edges, 2)."""
    first, second = np.triu_indices(attachments + 1, k=1)
    n_edges = first.size + attachments * (n - attachments - 1)
    edges = np.empty((n_edges, 2), np.int64)
    edges[: first.size] = np.column_stack([first, second])
    ends = edges.reshape(
        -1
    )  # a neuron occurs once for each of its edges: a uniform draw prefers the well connected
    filled = first.size
    for newcomer in range(attachments + 1, n):
        chosen: list[int] = []
        while len(chosen) < attachments:
            draws = ends[rng.integers(2 * filled, size=attachments)]
            chosen = list(dict.fromkeys([*chosen, *draws.tolist()]))[:attachments]
        edges[filled : filled + attachments, 0] = newcomer
        edges[filled : filled + attachments, 1] = chosen
        filled += attachments
    return edges
