"""How the plugin comes into the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sc_core import hookimpl

if TYPE_CHECKING:
    from sc_plugin_cosine.scheduler import CosineScheduler


@hookimpl
def sc_register_scheduler() -> type[CosineScheduler]:
    """Return the scheduler ``cosine``."""
    from sc_plugin_cosine.scheduler import CosineScheduler

    return CosineScheduler
