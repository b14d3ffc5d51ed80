"""What a gradient learner is made of: an engine for the network at hand, and what takes its gradients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from sc_core.model import Network
from sc_gradient.engine import GradientEngine
from sc_gradient.learned_parameters import find_learned_parameters
from sc_gradient.losses import Loss
from sc_gradient.one_step import OneStepEngine, PlainDescent
from sc_gradient.optimisers import Optimiser
from sc_gradient.options import GradientOptions

Engine: TypeAlias = GradientEngine | OneStepEngine
Descent: TypeAlias = Optimiser | PlainDescent


def assemble(
    network: Any, loss: str | Mapping[str, Any] | Loss | Callable[..., float], options: GradientOptions
) -> tuple[Engine, Descent]:
    """Return engine and optimiser.

    Parameters
    ----------
    network : sc_core.Network, or an object that offers the documented attributes
        The latter is trained by the one-step formula, see `OneStepEngine`.
    loss : str, mapping, Loss or callable
        As `find_loss` takes it.
    options : GradientOptions

    Raises
    ------
    ConfigurationError
        If network, loss and options do not fit each other.
    """
    surrogate = options.surrogate_derivative()
    if not isinstance(network, Network):
        return OneStepEngine(network, loss, surrogate), PlainDescent(network, options)
    learned = find_learned_parameters(network, options.learned_parameters)
    engine = GradientEngine(
        network,
        loss,
        surrogate,
        through_reset=options.through_reset,
        rate_penalties=options.rate_penalties,
        learned=learned,
    )
    return engine, Optimiser(network, options, learned)
