"""How the plugin comes into the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sc_core import hookimpl

if TYPE_CHECKING:
    from sc_plugin_report.callback import ReportCallback


@hookimpl
def sc_register_callback() -> type[ReportCallback]:
    """Return the callback ``report``."""
    from sc_plugin_report.callback import ReportCallback

    return ReportCallback
