"""Evolution of networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sc_neurocore._handing_on import hand_on

if TYPE_CHECKING:
    from sc_plugin_neuroevolution import SNNGeneticEvolver

__all__ = ["SNNGeneticEvolver"]

__getattr__, __dir__ = hand_on(__name__, {"SNNGeneticEvolver": "sc_plugin_neuroevolution"})
