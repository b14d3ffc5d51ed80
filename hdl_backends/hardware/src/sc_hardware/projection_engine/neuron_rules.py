"""The neurons of integer-network as rules: equations (1)-(5), written once, printed in every language."""

from __future__ import annotations

from typing import Any

from sc_hardware.integer_network import IntegerLI, IntegerLIF
from sc_hardware.rules import Bit, Parameter, Rule, Signed, Unsigned, rule, saturate, select

_LEAK = {
    "membrane_bits": Parameter(4, 32, default=16),
    "current_bits": Parameter(4, 32, default=16),
    "sum_bits": Parameter(1, 32, default=20),
    "decay_multiplier": Parameter(0, 2**16 - 1, default=1),
    "decay_shift": Parameter(0, 16, default=4),
}


def integrate(state: Any, inputs: Any, params: Any) -> Any:
    """Return u[t] (eq. 1-3)."""
    half = (1 << params.decay_shift) >> 1
    leak = (state.membrane * params.decay_multiplier + half) >> params.decay_shift
    current = saturate(inputs.total, Signed(params.current_bits))
    membrane_sum = state.membrane - leak + current
    return saturate(membrane_sum, Signed(params.membrane_bits))


@rule(
    state={"membrane": Signed("membrane_bits")},
    inputs={"total": Signed("sum_bits")},
    parameters=_LEAK,
)
def li_neuron(state: Any, inputs: Any, params: Any) -> Any:
    """Leaky integrator."""
    integrated = integrate(state, inputs, params)
    return state.replace(membrane=integrated)


@rule(
    state={"membrane": Signed("membrane_bits"), "refractory": Unsigned(8), "spike": Bit},
    inputs={"total": Signed("sum_bits")},
    parameters=_LEAK
    | {
        "threshold": Parameter(1, 2**31 - 1, default=256),
        "reset_value": Parameter(-(2**31) + 1, 2**31 - 1, default=0),
        "reset_to_value": Parameter(0, 1, default=0),
        "refractory_steps": Parameter(0, 255, default=0),
    },
)
def lif_neuron(state: Any, inputs: Any, params: Any) -> Any:
    """Leaky integrate-and-fire neuron with a refractory time."""
    held = state.refractory > 0
    integrated = select(held, state.membrane, integrate(state, inputs, params))
    spike = (integrated >= params.threshold) & ~held
    lowered = integrated - (params.threshold - params.reset_value)
    subtracted = saturate(lowered, Signed(params.membrane_bits))
    set_to_value = saturate(params.reset_value, Signed(params.membrane_bits))
    reset = select(params.reset_to_value == 1, set_to_value, subtracted)
    membrane = select(spike, reset, integrated)
    waited = state.refractory - select(held, 1, 0)
    refractory = saturate(select(spike, params.refractory_steps, waited), Unsigned(8))
    return state.replace(membrane=membrane, refractory=refractory, spike=spike)


def neuron_rule(neuron: IntegerLI, sum_bits: int) -> tuple[Rule, dict[str, int]]:
    """Return the rule of a neuron and its parameters, for currents of so many bits."""
    parameters = {
        "membrane_bits": neuron.membrane_bits,
        "current_bits": neuron.current_bits,
        "sum_bits": sum_bits,
        "decay_multiplier": neuron.decay_multiplier,
        "decay_shift": neuron.decay_shift,
    }
    if not isinstance(neuron, IntegerLIF):
        return li_neuron, parameters
    parameters |= {
        "threshold": neuron.threshold,
        "reset_value": neuron.reset_value,
        "reset_to_value": int(neuron.reset == "to_value"),
        "refractory_steps": neuron.refractory_steps,
    }
    return lif_neuron, parameters
