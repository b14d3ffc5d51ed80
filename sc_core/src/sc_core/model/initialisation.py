"""How large weights must be for a population to be active without saturating (specs/neurons.md, eq. 8)."""

from __future__ import annotations

import numpy as np

from sc_core.model.neurons import LI, CubaLIF, Input, Neuron


def fluctuation_gain(target: Neuron, constant: float, fluctuating: float, *, dt: float = 1.0) -> float:
    """Return the gain g for which weights of standard deviation g/sqrt(fan-in) drive `target` to its threshold.

    Parameters
    ----------
    target : neuron model
        An LI readout is treated as if it had a threshold 1 above v_leak. Per-neuron parameters enter by their
        mean.
    constant : float
        Mean square of the presynaptic neurons' time-averaged activity; p² for spikes of probability p per step.
    fluctuating : float
        Variance of their activity from step to step; p (1 - p) for spikes of probability p per step.
    dt : float
        Length of a step, ms.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If there is no activity at all, or `target` is an Input.

    Notes
    -----
    Rossbroich, Gygax & Zenke 2022, Neuromorphic Computing and Engineering 2:044016.

    Examples
    --------
    >>> from sc_core import LIF
    >>> fluctuation_gain(LIF(tau=20.0), constant=0.25, fluctuating=0.0)
    2.0
    >>> p = 0.05
    >>> round(fluctuation_gain(LIF(tau=20.0), constant=p**2, fluctuating=p * (1 - p)), 1)
    16.5
    """
    if constant < 0 or fluctuating < 0 or constant + fluctuating == 0:
        raise ValueError(f"activity must be >= 0 and not all 0, got {constant} and {fluctuating}")
    if isinstance(target, Input):
        raise ValueError("an Input has no membrane to drive")
    alpha = float(np.exp(-dt / np.mean(target.tau_mem if isinstance(target, CubaLIF) else target.tau)))
    distance = 1.0
    if not isinstance(target, LI):
        distance = float(np.mean(target.v_threshold) - np.mean(target.v_leak))
    if isinstance(target, CubaLIF):
        beta = float(np.exp(-dt / np.mean(target.tau_syn)))
        filtered = (1 - alpha) ** 2 * (1 + alpha * beta)
        filtered /= (1 - alpha**2) * (1 - beta**2) * (1 - alpha * beta)
        deviation = np.mean(target.w_in) * np.sqrt(constant / (1 - beta) ** 2 + fluctuating * filtered)
    else:
        deviation = np.sqrt(constant + fluctuating * (1 - alpha) / (1 + alpha))
    return float(distance / (np.mean(target.r) * deviation))
