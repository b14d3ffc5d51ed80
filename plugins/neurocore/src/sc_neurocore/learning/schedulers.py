"""Learning-rate schedulers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sc_neurocore._handing_on import hand_on

if TYPE_CHECKING:
    from sc_plugin_cosine.scheduler import CosineScheduler
    from sc_plugin_exponential.scheduler import ExponentialScheduler
    from sc_plugin_step.scheduler import StepScheduler
    from sc_plugin_warmup_cosine.scheduler import WarmupCosineScheduler

__all__ = ["CosineScheduler", "ExponentialScheduler", "StepScheduler", "WarmupCosineScheduler"]

__getattr__, __dir__ = hand_on(
    __name__,
    {
        "CosineScheduler": "sc_plugin_cosine.scheduler",
        "ExponentialScheduler": "sc_plugin_exponential.scheduler",
        "StepScheduler": "sc_plugin_step.scheduler",
        "WarmupCosineScheduler": "sc_plugin_warmup_cosine.scheduler",
    },
)
