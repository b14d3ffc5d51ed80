"""What the registry asks for."""

from sc_core import hookimpl


@hookimpl
def sc_register_plasticity() -> type:
    """Return the plasticity."""
    from sc_plugin_online_o1.plasticity import OnlineO1Plasticity

    return OnlineO1Plasticity


@hookimpl
def sc_register_learner() -> type:
    """Return the learner."""
    from sc_plugin_online_o1.learner import OnlineO1Learner

    return OnlineO1Learner
