"""How the plugin comes into the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sc_core import hookimpl

if TYPE_CHECKING:
    from sc_plugin_tensorboard.callback import TensorBoardCallback


@hookimpl
def sc_register_callback() -> type[TensorBoardCallback]:
    """Return the callback ``tensorboard``."""
    from sc_plugin_tensorboard.callback import TensorBoardCallback

    return TensorBoardCallback
