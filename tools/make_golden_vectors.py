"""Compute specs/golden/neurons.json: the equations of specs/neurons.md in 50-digit decimal arithmetic.

It shares no code with the packages, so whoever ports a model (to C, to hardware, to another language) can hold
it against numbers that rounding has not touched. Run it again after a change of the specification.
"""

from __future__ import annotations

import json
import random
from decimal import Decimal, getcontext
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parents[1] / "specs" / "golden" / "neurons.json"
N_STEPS = 40

CASES: list[dict[str, Any]] = [
    {"model": "LIF", "tau": 20.0},
    {"model": "LIF", "tau": 7.5, "r": 1.5, "v_leak": 0.125, "v_threshold": 0.75, "v_reset": -0.25},
    {"model": "LIF", "tau": 10.0, "reset": "to_value", "v_reset": -0.5, "refractory_steps": 2},
    {"model": "CubaLIF", "tau_syn": 4.0, "tau_mem": 12.0, "w_in": 0.25},
    {"model": "CubaLIF", "tau_syn": 4.0, "tau_mem": 12.0, "reset": "to_value", "refractory_steps": 3},
    {"model": "ALIF", "tau": 10.0, "tau_adaptation": 50.0, "adaptation_strength": 2.0},
    {"model": "ALIF", "tau": 10.0, "tau_adaptation": 20.0, "refractory_steps": 1, "v_leak": 0.25},
    {"model": "LI", "tau": 8.0, "r": 2.0, "v_leak": -0.5},
]
DEFAULTS: dict[str, Any] = {
    "r": 1.0,
    "v_leak": 0.0,
    "v_threshold": 1.0,
    "v_reset": 0.0,
    "reset": "subtract",
    "refractory_steps": 0,
    "w_in": 1.0,
    "adaptation_strength": 1.8,
}


def trajectory(case: dict[str, Any], dt: Decimal, currents: list[Decimal]) -> dict[str, list[float]]:
    """Return the output z (or v) and the membrane after the reset, step by step."""
    exact: dict[str, Any] = {
        key: value if isinstance(value, str | int) else Decimal(value)
        for key, value in {**DEFAULTS, **case}.items()
    }
    model = exact["model"]
    alpha = (-dt / exact["tau_mem" if model == "CubaLIF" else "tau"]).exp()
    v, synaptic, adaptation, refractory = exact["v_leak"], Decimal(0), Decimal(0), 0
    outputs, membranes = [], []
    for current in currents:
        x = current
        if model == "CubaLIF":
            synaptic = (-dt / exact["tau_syn"]).exp() * synaptic + exact["w_in"] * x
            x = synaptic
        u = alpha * v + (1 - alpha) * (exact["v_leak"] + exact["r"] * x)
        spike = 0
        if model == "LI":
            v = u
        elif refractory:
            refractory -= 1
        else:
            threshold = exact["v_threshold"]
            if model == "ALIF":
                threshold += exact["adaptation_strength"] * adaptation
            spike, v = int(u >= threshold), u
            if spike:
                refractory = exact["refractory_steps"]
                subtract = exact["reset"] == "subtract"
                v = u - (exact["v_threshold"] - exact["v_reset"]) if subtract else exact["v_reset"]
        if model == "ALIF":
            rho = (-dt / exact["tau_adaptation"]).exp()
            adaptation = rho * adaptation + (1 - rho) * spike
        outputs.append(float(v if model == "LI" else spike))
        membranes.append(float(v))
    return {"output": outputs, "membrane": membranes}


def main() -> None:
    """Write the file."""
    getcontext().prec = 50
    draw = random.Random(20)  # noqa: S311  only a stimulus
    cases = []
    for case in CASES:
        for dt in ("1.0", "0.5"):
            # Multiples of 1/64 are exact in binary and in decimal.
            currents = [draw.randrange(-32, 320) / 64 for _ in range(N_STEPS)]
            result = trajectory(case, Decimal(dt), [Decimal(current) for current in currents])
            cases.append({"neuron": case, "dt": float(dt), "current": currents, **result})
    TARGET.parent.mkdir(exist_ok=True)
    text = json.dumps({"source": "specs/neurons.md", "digits": 50, "cases": cases}, indent=1)
    TARGET.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
