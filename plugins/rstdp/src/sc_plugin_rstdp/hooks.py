"""What the registry asks for."""

from sc_core import hookimpl


@hookimpl
def sc_register_plasticity() -> type:
    """Return the plasticity."""
    from sc_plugin_rstdp.plasticity import RewardModulatedSTDP

    return RewardModulatedSTDP


@hookimpl
def sc_register_learner() -> type:
    """Return the learner."""
    from sc_plugin_rstdp.learner import RewardModulatedLearner

    return RewardModulatedLearner
