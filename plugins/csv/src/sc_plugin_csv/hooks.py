"""How the plugin comes into the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sc_core import hookimpl

if TYPE_CHECKING:
    from sc_plugin_csv.callback import CSVCallback


@hookimpl
def sc_register_callback() -> type[CSVCallback]:
    """Return the callback ``csv``."""
    from sc_plugin_csv.callback import CSVCallback

    return CSVCallback
