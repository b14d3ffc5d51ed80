"""Gradients through spiking networks: what the gradient learners share.

It registers no plugin; `sc-plugin-bptt`, `sc-plugin-tbptt` and others build on it.
"""

from sc_gradient.assembly import assemble
from sc_gradient.backward import Feedback, spike_derivative
from sc_gradient.batches import as_batch
from sc_gradient.engine import GradientEngine
from sc_gradient.learned_parameters import LearnedParameter, find_learned_parameters
from sc_gradient.losses import (
    LOSSES,
    CrossEntropy,
    FilteredMeanSquare,
    Loss,
    MeanSquare,
    RatePenalty,
    StepwiseCrossEntropy,
    TwiceDifferentiable,
    VanRossum,
    accuracy,
    find_loss,
)
from sc_gradient.one_step import OneStepEngine, PlainDescent
from sc_gradient.optimisers import Optimiser, OptimiserOptions
from sc_gradient.options import GradientOptions
from sc_gradient.surrogates import Surrogate

__version__ = "0.1.0"

__all__ = [
    "LOSSES",
    "CrossEntropy",
    "Feedback",
    "FilteredMeanSquare",
    "GradientEngine",
    "GradientOptions",
    "LearnedParameter",
    "Loss",
    "MeanSquare",
    "OneStepEngine",
    "Optimiser",
    "OptimiserOptions",
    "PlainDescent",
    "RatePenalty",
    "StepwiseCrossEntropy",
    "Surrogate",
    "TwiceDifferentiable",
    "VanRossum",
    "accuracy",
    "as_batch",
    "assemble",
    "find_learned_parameters",
    "find_loss",
    "spike_derivative",
]
