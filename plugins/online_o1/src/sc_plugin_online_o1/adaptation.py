"""The adaptation benchmark: how many rewarded pairings bring a weight to a target, in Python and in C."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import attrs

from sc_core import kernels
from sc_core.atomic_file import write_atomically
from sc_plugin_online_o1.config import OnlineO1Config, integer
from sc_plugin_online_o1.resources import estimate
from sc_plugin_online_o1.synapse import OnlineO1Synapse

_SCHEMA = "sc-neurocore.online-o1-adaptation-benchmark.v1"
_PAIRING = (
    (True, False),
    (False, True),
)  # the presynaptic spike, then the postsynaptic one, which is rewarded


def build_online_o1_adaptation_benchmark(
    *,
    config: OnlineO1Config | None = None,
    target_weight: int = 32768,
    max_pairings: int = 64,
    reward: int = 16,
) -> dict[str, Any]:
    """Pair spikes until the weight of a synapse that begins at 0 reaches a target.

    A pairing is two steps: a presynaptic spike without reward, then a postsynaptic spike with `reward`.

    Parameters
    ----------
    config : OnlineO1Config, optional
        The documented defaults unless given.
    target_weight : int
        Of 1 to the largest weight.
    max_pairings : int
        After so many, at least 1, it ends.
    reward : int
        Saturates to signed reward_bits.

    Returns
    -------
    dict
        Plain values, the same in every call: the arguments, and for ``python`` and ``native``: ``available``,
        ``steps_to_target`` (None if it was not reached), ``final_weight`` and ``weight_trace``, the weight after
        every step. ``parity`` tells whether both have the same trace; None where the compiled kernels do not run.
        Nothing ran on hardware, and nothing is timed.

    Raises
    ------
    TypeError, ValueError
        If a number is no integer or out of its range; the message names it.

    Examples
    --------
    >>> config = OnlineO1Config(8, 6, 4, 3, 2)
    >>> benchmark = build_online_o1_adaptation_benchmark(config=config, target_weight=50, reward=7)
    >>> benchmark["python"]["weight_trace"]
    [0, 27, 27, 54]
    """
    chosen = config if config is not None else OnlineO1Config()
    _check("target_weight", target_weight, 1, chosen.max_weight)
    _check("max_pairings", max_pairings, 1, None)
    integer("reward", reward)
    python = _section(_weights(chosen, target_weight, max_pairings, reward, in_c=False), target_weight)
    native = _section(
        _weights(chosen, target_weight, max_pairings, reward, in_c=True) if kernels.native() else None,
        target_weight,
    )
    return {
        "schema_version": _SCHEMA,
        "evidence_class": "deterministic_simulation",
        "hardware_measurement_claimed": False,
        "protocol": "pre_post_reward_pairing",
        "target_weight": target_weight,
        "max_pairings": max_pairings,
        "reward": reward,
        "config": attrs.asdict(chosen),
        "resource_estimate": estimate(chosen, n_synapses=1, target="generic").as_dict(),
        "python": python,
        "native": native,
        "parity": native["weight_trace"] == python["weight_trace"] if native["available"] else None,
    }


def write_online_o1_adaptation_benchmark(path: str | os.PathLike[str], **options: Any) -> dict[str, Any]:
    """Write `build_online_o1_adaptation_benchmark` to a JSON file, and return it.

    Parameters
    ----------
    path : path-like
        Written whole or not at all; its folder is made if need be.
    **options
        Those of `build_online_o1_adaptation_benchmark`.
    """
    benchmark = build_online_o1_adaptation_benchmark(**options)
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, (json.dumps(benchmark, indent=2, sort_keys=True) + "\n").encode())
    return benchmark


def _check(name: str, value: Any, least: int, most: int | None) -> None:
    if integer(name, value) < least or (most is not None and value > most):
        limit = "" if most is None else f" and at most {most}"
        raise ValueError(f"{name}: must be at least {least}{limit}, got {value}")


def _weights(config: OnlineO1Config, target: int, max_pairings: int, reward: int, *, in_c: bool) -> list[int]:
    """Return the weight after every step, up to the pairing that reaches the target."""
    synapse, weights = OnlineO1Synapse(config), []
    for _ in range(max_pairings):
        for (pre, post), given in zip(_PAIRING, (0, reward), strict=True):
            if in_c:
                synapse.run(pre_spikes=[pre], post_spikes=[post], rewards=[given])
            else:
                synapse.step(pre_spike=pre, post_spike=post, reward=given)
            weights.append(synapse.weight)
        if synapse.weight >= target:
            break
    return weights


def _section(weights: list[int] | None, target: int) -> dict[str, Any]:
    if weights is None:
        return {"available": False, "steps_to_target": None, "final_weight": None, "weight_trace": []}
    reached = [step for step, weight in enumerate(weights, start=1) if weight >= target]
    return {
        "available": True,
        "steps_to_target": reached[0] if reached else None,
        "final_weight": weights[-1],
        "weight_trace": weights,
    }
