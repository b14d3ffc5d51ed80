"""Every documented learning algorithm, scheduler and callback."""

from __future__ import annotations

from sc_neurocore._handing_on import hand_on
from sc_neurocore.learning import (
    advanced,
    callbacks,
    federated,
    lifelong,
    neuroevolution,
    online_o1,
    schedulers,
)

_HOMES = {
    name: module.__name__
    for module in (advanced, schedulers, callbacks, online_o1, federated, lifelong, neuroevolution)
    for name in module.__all__
}

__all__ = list(_HOMES)
__getattr__, __dir__ = hand_on(__name__, _HOMES)
