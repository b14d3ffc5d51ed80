"""How large weights must be for a population to be active without saturating (specs/neurons.md, eq. 8)."""

from __future__ import annotations

import numpy as np

from sc_core.model.neurons import CubaLIF, Input, Neuron


def fluctuation_gain(target: Neuron, mean_square: float, *, dt: float = 1.0, constant: bool = False) -> float:
    """Return the gain g for which weights of standard deviation g/sqrt(fan-in) drive `target` to its threshold.

    Parameters
    ----------
    target : neuron model
        A readout without threshold is treated as if its threshold were 1 above v_leak. Per-neuron parameters
        enter by their mean.
    mean_square : float
        Mean of the squared presynaptic activity: for spikes the probability of a spike in a step.
    dt : float
        Length of a step, ms.
    constant : bool
        Whether the presynaptic activity stays constant over many steps (eq. 8a) instead of being independent
        from step to step (eq. 8b).

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If `mean_square` is not > 0, or `target` is an Input.

    Notes
    -----
    Rossbroich, Gygax & Zenke 2022, Neuromorphic Computing and Engineering 2:044016.

    Examples
    --------
    >>> from sc_core import LIF
    >>> fluctuation_gain(LIF(tau=20.0), 0.25, constant=True)
    2.0
    >>> round(fluctuation_gain(LIF(tau=20.0), 0.05), 1)
    28.3
    """
    if not mean_square > 0:
        raise ValueError(f"mean_square must be > 0, got {mean_square}")
    if isinstance(target, Input):
        raise ValueError("an Input has no membrane to drive")
    tau = target.tau_mem if isinstance(target, CubaLIF) else target.tau
    alpha = float(np.exp(-dt / np.mean(tau)))
    threshold = np.mean(getattr(target, "v_threshold", np.mean(target.v_leak) + 1.0))
    distance = float(threshold - np.mean(target.v_leak)) / float(np.mean(target.r))
    if not isinstance(target, CubaLIF):
        deviation = 1.0 if constant else np.sqrt((1 - alpha) / (1 + alpha))
        return float(distance / (np.sqrt(mean_square) * deviation))
    beta = float(np.exp(-dt / np.mean(target.tau_syn)))
    if constant:
        deviation = 1 / (1 - beta)
    else:
        variance = (1 - alpha) ** 2 * (1 + alpha * beta)
        variance /= (1 - alpha**2) * (1 - beta**2) * (1 - alpha * beta)
        deviation = np.sqrt(variance)
    return float(distance / (np.sqrt(mean_square) * deviation * np.mean(target.w_in)))
