"""How the plugin comes into the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sc_core import hookimpl

if TYPE_CHECKING:
    from sc_plugin_step.scheduler import StepScheduler


@hookimpl
def sc_register_scheduler() -> type[StepScheduler]:
    """Return the scheduler ``step``."""
    from sc_plugin_step.scheduler import StepScheduler

    return StepScheduler
