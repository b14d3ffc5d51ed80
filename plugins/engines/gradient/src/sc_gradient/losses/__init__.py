"""Losses on a network's output, each with its gradient (specs/bptt.md)."""

from sc_gradient.losses.cross_entropy import CrossEntropy, StepwiseCrossEntropy, accuracy
from sc_gradient.losses.loss import Loss, TwiceDifferentiable, refuse_non_finite
from sc_gradient.losses.mean_square import FilteredMeanSquare, MeanSquare
from sc_gradient.losses.names import LOSSES, find_loss
from sc_gradient.losses.plain import PlainLoss
from sc_gradient.losses.rate_penalty import RatePenalty
from sc_gradient.losses.van_rossum import VanRossum

__all__ = [
    "LOSSES",
    "CrossEntropy",
    "FilteredMeanSquare",
    "Loss",
    "MeanSquare",
    "PlainLoss",
    "RatePenalty",
    "StepwiseCrossEntropy",
    "TwiceDifferentiable",
    "VanRossum",
    "accuracy",
    "find_loss",
    "refuse_non_finite",
]
