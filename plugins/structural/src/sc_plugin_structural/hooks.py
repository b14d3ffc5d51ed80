"""What the registry asks for."""

from sc_core import hookimpl


@hookimpl
def sc_register_plasticity() -> type:
    """Return the plasticity."""
    from sc_plugin_structural.plasticity import StructuralPlasticity

    return StructuralPlasticity


@hookimpl
def sc_register_learner() -> type:
    """Return the learner."""
    from sc_plugin_structural.sparse_training import SparseTrainingLearner

    return SparseTrainingLearner
