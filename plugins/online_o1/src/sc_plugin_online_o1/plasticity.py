"""The documented rule as a plasticity of sc-core."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from sc_hardware.rules import Rule
from sc_hardware.rules.plasticity import plasticity
from sc_plugin_online_o1.config import OnlineO1Config
from sc_plugin_online_o1.rules import fading_reward_modulated_stdp, reward_modulated_stdp
from sc_plugin_online_o1.synapses import OnlineO1Synapses


def _synapses(
    rule: Rule, indptr: NDArray[Any], indices: NDArray[Any], n_post: int, parameters: Mapping[str, int]
) -> OnlineO1Synapses:
    chosen: dict[str, Any] = dict(parameters)
    return OnlineO1Synapses(indptr, indices, n_post, OnlineO1Config(**chosen), rule=rule)


OnlineO1Plasticity = plasticity(reward_modulated_stdp, _synapses)
"""``online-o1``: options are the fields of `OnlineO1Config`, ``weight_unit`` and ``modulator_unit``."""

FadingOnlineO1Plasticity = plasticity(fading_reward_modulated_stdp, _synapses)
"""``online-o1-fading``: the same by the corrected rule."""
