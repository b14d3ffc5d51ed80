"""Learning rules: through time, by eligibility, across tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sc_neurocore._handing_on import hand_on

if TYPE_CHECKING:
    from sc_plugin_bptt import BPTTLearner
    from sc_plugin_eprop import EligibilityTrace
    from sc_plugin_homeostatic import HomeostaticPlasticity
    from sc_plugin_maml import MetaLearner
    from sc_plugin_rstdp import RewardModulatedLearner
    from sc_plugin_short_term import ShortTermPlasticity
    from sc_plugin_structural import StructuralPlasticity
    from sc_plugin_tbptt import TBPTTLearner

__all__ = [
    "BPTTLearner",
    "EligibilityTrace",
    "HomeostaticPlasticity",
    "MetaLearner",
    "RewardModulatedLearner",
    "ShortTermPlasticity",
    "StructuralPlasticity",
    "TBPTTLearner",
]

__getattr__, __dir__ = hand_on(
    __name__,
    {
        "BPTTLearner": "sc_plugin_bptt",
        "EligibilityTrace": "sc_plugin_eprop",
        "HomeostaticPlasticity": "sc_plugin_homeostatic",
        "MetaLearner": "sc_plugin_maml",
        "RewardModulatedLearner": "sc_plugin_rstdp",
        "ShortTermPlasticity": "sc_plugin_short_term",
        "StructuralPlasticity": "sc_plugin_structural",
        "TBPTTLearner": "sc_plugin_tbptt",
    },
)


def _fast_sigmoid_surrogate(v: ArrayLike, threshold: float = 1.0) -> NDArray[np.float64]:
    """Return the documented surrogate derivative, beta / (1 + beta abs(v - threshold))^2 with beta = 25.

    Examples
    --------
    >>> _fast_sigmoid_surrogate([1.0, 1.04, 0.96])
    array([25.  ,  6.25,  6.25])
    """
    from sc_gradient import Surrogate

    surrogate = Surrogate("fast_sigmoid", slope=25.0, scale=25.0)
    return surrogate.derivative(np.asarray(v, dtype=np.float64) - threshold)
