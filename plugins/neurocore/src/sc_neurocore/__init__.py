"""The documented import paths: each name is handed on from its plugin, when it is first used."""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING

from sc_neurocore._handing_on import hand_on

if TYPE_CHECKING:
    from sc_neurocore.network.neurons import StochasticLIFNeuron

__version__ = "0.1.0"

__all__ = ["StochasticLIFNeuron"]


def _refuse_to_mix() -> None:
    """Refuse to work where another distribution has installed files into this package."""
    try:
        other = importlib.metadata.version("sc-neurocore")
    except importlib.metadata.PackageNotFoundError:
        return
    raise ImportError(
        f"the package sc_neurocore belongs to the distribution sc-neurocore {other}, which is installed beside "
        "sc-plugin-neurocore: the two would mix. Uninstall both, then install the one that you want: "
        "pip uninstall sc-neurocore sc-plugin-neurocore"
    )


_refuse_to_mix()
__getattr__, __dir__ = hand_on(__name__, {"StochasticLIFNeuron": "sc_neurocore.network.neurons"})
