"""The documented configuration of the rule."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import attrs

from sc_hardware.rules.types import extreme
from sc_plugin_online_o1.rules import PARAMETERS

RULE_FAMILY = "reward_modulated_stdp"
STATE_FIELDS = ("weight", "pre_trace", "post_trace", "eligibility")


def integer(name: str, value: Any) -> int:
    """Return an integer as int.

    Raises
    ------
    TypeError
        If it is none, or a bool.
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name}: must be an integer, got {value!r}")
    return int(value)


def _check(config: OnlineO1Config, attribute: Any, value: Any) -> None:
    parameter, number = PARAMETERS[attribute.name], integer(attribute.name, value)
    if not parameter.low <= number <= parameter.high:
        raise ValueError(f"{attribute.name}: must be from {parameter.low} to {parameter.high}, got {number}")


def _check_family(config: OnlineO1Config, attribute: Any, value: Any) -> None:
    if value != RULE_FAMILY:
        raise ValueError(f"rule_family: must be {RULE_FAMILY!r}, got {value!r}")


def _field(name: str) -> Any:
    return attrs.field(default=PARAMETERS[name].default, validator=_check)


@attrs.frozen
class OnlineO1Config:
    """Widths and shifts of the rule (specs/online-o1.md).

    Parameters
    ----------
    weight_bits : int
        1 to 31.
    trace_bits : int
        2 to 30.
    reward_bits : int
        1 to 30.
    learning_shift, trace_decay_shift : int
        0 to 30.
    rule_family : str
        ``"reward_modulated_stdp"``.

    Raises
    ------
    TypeError
        If a number is a bool or no integer.
    ValueError
        If a number is out of its range, or the family another one; the message names the field.

    Examples
    --------
    >>> config = OnlineO1Config(weight_bits=8)
    >>> config.max_weight, config.min_eligibility, config.per_synapse_state_bits
    (255, -2048, 44)
    """

    weight_bits: int = _field("weight_bits")
    trace_bits: int = _field("trace_bits")
    reward_bits: int = _field("reward_bits")
    learning_shift: int = _field("learning_shift")
    trace_decay_shift: int = _field("trace_decay_shift")
    rule_family: str = attrs.field(default=RULE_FAMILY, validator=_check_family)

    @property
    def parameters(self) -> dict[str, int]:
        """The rule's parameters by name."""
        return {name: int(getattr(self, name)) for name in PARAMETERS}

    @property
    def max_weight(self) -> int:
        """2^weight_bits - 1."""
        return extreme(False, self.weight_bits, largest=True)

    @property
    def max_trace(self) -> int:
        """2^trace_bits - 1."""
        return extreme(False, self.trace_bits, largest=True)

    @property
    def min_eligibility(self) -> int:
        """-2^(trace_bits - 1)."""
        return extreme(True, self.trace_bits, largest=False)

    @property
    def max_eligibility(self) -> int:
        """2^(trace_bits - 1) - 1."""
        return extreme(True, self.trace_bits, largest=True)

    @property
    def min_reward(self) -> int:
        """-2^(reward_bits - 1)."""
        return extreme(True, self.reward_bits, largest=False)

    @property
    def max_reward(self) -> int:
        """2^(reward_bits - 1) - 1."""
        return extreme(True, self.reward_bits, largest=True)

    @property
    def per_synapse_state_bits(self) -> int:
        """Bits of a synapse that stands alone, traces included: weight_bits + 3 trace_bits."""
        return self.weight_bits + 3 * self.trace_bits

    def to_scnir_annotation(self, *, rule_id: str) -> dict[str, Any]:
        """Return what describes the rule in an exchanged network.

        Parameters
        ----------
        rule_id : str
            Not empty.

        Raises
        ------
        ValueError
            If `rule_id` is empty.
        """
        if not rule_id:
            raise ValueError("rule_id: must not be empty")
        return {
            "schema_version": "sc-neurocore.online-o1.annotation.v1",
            "rule_id": rule_id,
            "rule_family": self.rule_family,
            "state_fields": list(STATE_FIELDS),
            "per_synapse_state_bits": self.per_synapse_state_bits,
            **self.parameters,
            "saturation_policy": "signed_eligibility_unsigned_weight",
            "hidden_history_fields": [],
            "sequence_length_independent": True,
        }
