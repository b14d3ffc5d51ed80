"""How the plugin comes into the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sc_core import hookimpl

if TYPE_CHECKING:
    from sc_plugin_vhdl.backend import VHDLBackend


@hookimpl
def sc_register_hdl() -> type[VHDLBackend]:
    """Return the HDL backend ``vhdl``."""
    from sc_plugin_vhdl.backend import VHDLBackend

    return VHDLBackend
