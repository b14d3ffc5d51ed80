"""How the plugin comes into the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sc_core import hookimpl

if TYPE_CHECKING:
    from sc_plugin_wandb.callback import WandBCallback


@hookimpl
def sc_register_callback() -> type[WandBCallback]:
    """Return the callback ``wandb``."""
    from sc_plugin_wandb.callback import WandBCallback

    return WandBCallback
