"""Which kernels count votes."""

from __future__ import annotations

from typing import Any

from sc_core import kernels


def vote_kernels() -> Any:
    """Return `sc_native.votes`, or the NumPy references with the same functions where it is not to be used."""
    if kernels.native():
        from sc_native import votes

        return votes
    from sc_plugin_federated import votes_reference

    return votes_reference
