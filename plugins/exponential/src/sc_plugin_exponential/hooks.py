"""How the plugin comes into the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sc_core import hookimpl

if TYPE_CHECKING:
    from sc_plugin_exponential.scheduler import ExponentialScheduler


@hookimpl
def sc_register_scheduler() -> type[ExponentialScheduler]:
    """Return the scheduler ``exponential``."""
    from sc_plugin_exponential.scheduler import ExponentialScheduler

    return ExponentialScheduler
