"""Which parameters of a rule are tried: corners of their ranges, every pair of values, random choices."""

from __future__ import annotations

import itertools

import numpy as np


def default(rule):
    return dict(rule.graph.defaults)


def corners(rule):
    """Return all choices of smallest and largest values; in the first all are smallest, in the last all largest."""
    ends = [(parameter.low, parameter.high) for parameter in rule.parameters.values()]
    return [dict(zip(rule.parameters, corner, strict=True)) for corner in itertools.product(*ends)]


def random_choices(rule, n, seed):
    rng = np.random.default_rng(seed)
    return [
        {name: int(rng.integers(p.low, p.high, endpoint=True)) for name, p in rule.parameters.items()}
        for _ in range(n)
    ]


def mixed(rule, *, seed, n_random):
    """Return the default, the smallest and the largest, some random choices, and some corners."""
    ends = corners(rule)
    chosen = np.random.default_rng(seed).permutation(len(ends))[:n_random]
    return [
        default(rule),
        ends[0],
        ends[-1],
        *random_choices(rule, n_random, seed),
        *(ends[place] for place in chosen),
    ]


def values_of(parameter):
    """Return the ends of a range, what is next to the lower one, the default and the middle."""
    low, high = parameter.low, parameter.high
    return sorted({low, min(low + 1, high), parameter.default, (low + high) // 2, high})


def pairs(values):
    """Return all pairs of values of two parameters, as sets of two (name, value)."""
    return {
        frozenset([(one, a), (other, b)])
        for one, other in itertools.combinations(values, 2)
        for a in values[one]
        for b in values[other]
    }


def pairwise(rule):
    """Return choices in which every pair of `values_of` two parameters occurs: a covering array of strength 2.

    Greedy: a row begins with the first missing pair; each other parameter takes the value that adds most of them.
    """
    values = {name: values_of(parameter) for name, parameter in rule.parameters.items()}
    if len(values) == 1:
        return [{name: value} for name, some in values.items() for value in some]
    missing = dict.fromkeys(sorted(pairs(values), key=sorted))  # a set, in an order that does not change
    rows = []
    while missing:
        row = dict(sorted(next(iter(missing))))
        for name in values:
            if name not in row:
                added = {
                    value: sum(frozenset([(name, value), item]) in missing for item in row.items())
                    for value in values[name]
                }
                row[name] = max(added, key=lambda value: added[value])
        for pair in itertools.combinations(row.items(), 2):
            missing.pop(frozenset(pair), None)
        rows.append({name: row[name] for name in values})
    return rows
