"""How the plugin comes into the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sc_core import hookimpl

if TYPE_CHECKING:
    from sc_plugin_warmup_cosine.scheduler import WarmupCosineScheduler


@hookimpl
def sc_register_scheduler() -> type[WarmupCosineScheduler]:
    """Return the scheduler ``warmup-cosine``."""
    from sc_plugin_warmup_cosine.scheduler import WarmupCosineScheduler

    return WarmupCosineScheduler
