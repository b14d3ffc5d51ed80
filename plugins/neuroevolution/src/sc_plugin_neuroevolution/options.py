"""The learner's options."""

from __future__ import annotations

from typing import Any, Literal

import attrs

from sc_core.choice import Choice, choose_from
from sc_plugin_neuroevolution.strategies import STRATEGIES


def choose_strategy(value: object) -> Choice:
    """Check the choice of a strategy.

    Raises
    ------
    ConfigurationError
        If there is no such strategy, or an option is not allowed.
    """
    tables = {name: strategy.Options for name, strategy in STRATEGIES.items()}
    return choose_from(tables, "strategy", value, "strategy")


def _whole_table(value: object) -> dict[str, Any]:
    """Return the strategy's table with its defaults filled in, as a run keeps it."""
    choice = choose_strategy(value)
    return {"name": choice.name, **choice.keywords()}


@attrs.frozen
class NeuroevolutionOptions:
    """Options of `NeuroevolutionLearner` (specs/neuroevolution.md).

    Parameters
    ----------
    strategy : str or dict
        ``"genetic"``, ``"openai-es"`` or ``"cma-es"``, or a table with the name and its options.
    fitness : {"loss", "accuracy"}
        What a batch judges by: minus the loss, or the accuracy.
    loss_fn : str or dict
        As for `bptt`.
    seed : int
    """

    strategy: str | dict[str, Any] = attrs.field(default="cma-es", converter=_whole_table)
    fitness: Literal["loss", "accuracy"] = attrs.field(
        default="loss", validator=attrs.validators.in_(("loss", "accuracy"))
    )
    loss_fn: str | dict[str, Any] = "cross_entropy"
    seed: int = attrs.field(default=0, validator=[attrs.validators.instance_of(int), attrs.validators.ge(0)])
