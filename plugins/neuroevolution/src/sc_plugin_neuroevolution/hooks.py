"""What the registry asks for."""

from sc_core import hookimpl


@hookimpl
def sc_register_learner() -> type:
    """Return the learner."""
    from sc_plugin_neuroevolution.learner import NeuroevolutionLearner

    return NeuroevolutionLearner
