"""The options of the plasticity and of the learner (specs/structural.md)."""

from __future__ import annotations

from typing import Any, Literal

import attrs

from sc_core.choice import gradient_learner_table

_NOT_NEGATIVE: Any = attrs.validators.ge(0)
_POSITIVE: Any = attrs.validators.gt(0)


@attrs.frozen
class StructuralOptions:
    """Options of `StructuralPlasticity`.

    Parameters
    ----------
    growth_rate : float
        Share of the synapses that may grow in a round.
    prune_threshold : float
        Weights closer to 0 than this are pruned.
    rule : {"activity", "slots"}
        Change the pattern by the neurons' activity, or reuse slots as the users' documentation says.
    interval : float
        Time between two rounds, ms.
    window : float
        How long a presynaptic spike counts as recent, ms.
    initial_weight : float
        Size of a new synapse's weight.
    min_fan_in, min_fan_out : int
        What pruning leaves each neuron.
    max_fan_in, max_fan_out : int, optional
        What growth does not exceed.
    seed : int
        Of the generator that `update` uses where the rule was not bound to a simulation.
    """

    growth_rate: float = attrs.field(default=0.001, validator=[_NOT_NEGATIVE, attrs.validators.le(1)])
    prune_threshold: float = attrs.field(default=0.01, validator=_NOT_NEGATIVE)
    rule: Literal["activity", "slots"] = attrs.field(
        default="activity", validator=attrs.validators.in_(("activity", "slots"))
    )
    interval: float = attrs.field(default=1000.0, validator=_POSITIVE)
    window: float = attrs.field(default=20.0, validator=_POSITIVE)
    initial_weight: float = attrs.field(default=0.02, validator=_POSITIVE)
    min_fan_in: int = attrs.field(default=0, validator=_NOT_NEGATIVE)
    min_fan_out: int = attrs.field(default=0, validator=_NOT_NEGATIVE)
    max_fan_in: int | None = None
    max_fan_out: int | None = None
    seed: int = attrs.field(default=0, validator=_NOT_NEGATIVE)

    def __attrs_post_init__(self) -> None:
        for way in ("fan_in", "fan_out"):
            least, most = getattr(self, f"min_{way}"), getattr(self, f"max_{way}")
            if most is not None and most < max(least, 1):
                raise ValueError(f"max_{way} must be at least 1 and min_{way} = {least}, got {most}")


@attrs.frozen
class SparseTrainingOptions:
    """Options of `SparseTrainingLearner`.

    Parameters
    ----------
    learner : str or dict
        A gradient learner by name, or a table with its name and options.
    method : {"rigl", "set", "deep_r"}
        What goes and what grows.
    every : int
        Updates between two rounds.
    fraction : float
        Share of the synapses that a round replaces; `set` and `rigl`.
    until : int, optional
        Updates over which the share falls to 0 along half a cosine; `set` and `rigl`.
    l1 : float
        Pull towards 0; `deep_r`.
    temperature : float
        Of the noise on the weights; `deep_r`.
    projections : list of str, optional
        Names; all that are trainable and not full unless given.
    seed : int
        Of the random choices.
    """

    learner: str | dict[str, Any] = attrs.field(default="bptt", converter=gradient_learner_table)
    method: Literal["rigl", "set", "deep_r"] = attrs.field(
        default="rigl", validator=attrs.validators.in_(("rigl", "set", "deep_r"))
    )
    every: int = attrs.field(default=100, validator=attrs.validators.ge(1))
    fraction: float = attrs.field(default=0.3, validator=[_POSITIVE, attrs.validators.lt(1)])
    until: int | None = attrs.field(default=None, validator=attrs.validators.optional(attrs.validators.ge(1)))
    l1: float = attrs.field(default=1e-4, validator=_NOT_NEGATIVE)
    temperature: float = attrs.field(default=0.0, validator=_NOT_NEGATIVE)
    projections: list[str] | None = None
    seed: int = attrs.field(default=0, validator=_NOT_NEGATIVE)
