"""What the registry asks for: the corrected rule, under a name of its own."""

from sc_core import hookimpl


@hookimpl
def sc_register_plasticity() -> type:
    """Return the plasticity."""
    from sc_plugin_online_o1.plasticity import FadingOnlineO1Plasticity

    return FadingOnlineO1Plasticity
