"""How the plugin comes into the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sc_core import hookimpl

if TYPE_CHECKING:
    from sc_plugin_verilog.backend import VerilogBackend


@hookimpl
def sc_register_hdl() -> type[VerilogBackend]:
    """Return the HDL backend ``verilog``."""
    from sc_plugin_verilog.backend import VerilogBackend

    return VerilogBackend
