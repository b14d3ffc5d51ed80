"""How fast bounded online learning adapts, in pairings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sc_neurocore._handing_on import hand_on

if TYPE_CHECKING:
    from sc_plugin_online_o1.adaptation import (
        build_online_o1_adaptation_benchmark,
        write_online_o1_adaptation_benchmark,
    )

__all__ = ["build_online_o1_adaptation_benchmark", "write_online_o1_adaptation_benchmark"]

__getattr__, __dir__ = hand_on(__name__, dict.fromkeys(__all__, "sc_plugin_online_o1.adaptation"))
