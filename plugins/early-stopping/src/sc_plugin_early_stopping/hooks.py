"""How the plugin comes into the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sc_core import hookimpl

if TYPE_CHECKING:
    from sc_plugin_early_stopping.callback import EarlyStoppingCallback


@hookimpl
def sc_register_callback() -> type[EarlyStoppingCallback]:
    """Return the callback ``early-stopping``."""
    from sc_plugin_early_stopping.callback import EarlyStoppingCallback

    return EarlyStoppingCallback
