"""How much state a number of synapses has, whatever the length of the sequence."""

from __future__ import annotations

from typing import Any

from sc_plugin_online_o1.config import STATE_FIELDS, OnlineO1Config, integer


def build_online_o1_memory_proof(
    *, n_synapses: int, config: OnlineO1Config, sequence_length: int | None = None
) -> dict[str, Any]:
    """Return the bits of state that `n_synapses` lanes hold: all of it, for any sequence.

    Parameters
    ----------
    n_synapses : int
        At least 0.
    config : OnlineO1Config
    sequence_length : int, optional
        Changes nothing; at least 0.

    Returns
    -------
    dict
        Counts in bits, and the fields that make them up.

    Raises
    ------
    TypeError
        If a number is a bool or no integer.
    ValueError
        If a number is negative.

    Examples
    --------
    >>> build_online_o1_memory_proof(n_synapses=1000, config=OnlineO1Config())["total_state_bits"]
    52000
    """
    count = _count("n_synapses", n_synapses)
    if sequence_length is not None:
        _count("sequence_length", sequence_length)
    return {
        "schema_version": "sc-neurocore.online-o1.memory-proof.v1",
        "n_synapses": count,
        "state_fields": list(STATE_FIELDS),
        "per_synapse_state_bits": config.per_synapse_state_bits,
        "total_state_bits": count * config.per_synapse_state_bits,
        "sequence_length_independent": True,
        "hidden_history_fields": [],
    }


def _count(name: str, value: Any) -> int:
    number = integer(name, value)
    if number < 0:
        raise ValueError(f"{name}: must be at least 0, got {number}")
    return number
