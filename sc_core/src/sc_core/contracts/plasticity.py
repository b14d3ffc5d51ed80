"""Plasticity: a local rule that changes a projection while the network runs."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import attrs
import numpy as np

from sc_core.contracts.state import Stateful


@attrs.frozen
class CompiledStep:
    """A rule's `after_step` in C, for one window of steps.

    Parameters
    ----------
    function : int
        Address of a C function ``void step(void *state, const met_spikes *met)``; the structure is described in
        sc-native's ``csrc/rules.cdef``.
    state : int
        What it is called with. Whoever made this keeps both alive until the next window.
    arrive : int
        Address of another such function, which is called before a step's spikes are delivered, with ``pre`` alone;
        0: none.
    """

    function: int
    state: int
    arrive: int = 0


@runtime_checkable
class Plasticity(Stateful, Protocol):
    """A local rule, bound to one projection and driven by the simulation.

    It is constructed as ``cls(**options)``, with the options that the class attribute ``Options`` describes.
    Beside `bind` it offers any of these phases, which run in this order within a step of length dt
    (specs/simulation.md):

    ``scale(pre) -> ndarray, shape (n_pre,)``
        A factor for each presynaptic neuron's effect in this step (short-term plasticity), after the
        presynaptic spikes `pre` are known and before they are delivered.
    ``after_step(pre, post, modulator) -> None``
        After the step: `pre` (n_pre,) and `post` (n_post,) are the spikes (0 or 1, float) that met at the
        projection: `pre` is what was delivered in this step, delayed as the projection delays, `post` what the
        target emitted. `modulator` is a float (reward), 0.0 where the simulation has none.
        The rule changes ``projection.data`` in place.
        Where synapses have delays of their own (``projection.synapse_state["delay"]``, ms), and for a rule with
        an attribute ``sees_emission = True``, `pre` is what the source emitted in this step.
    ``consolidate(elapsed) -> None``
        Every ``consolidation_interval`` ms (an attribute of the rule), with the time since the last call in ms:
        for homeostatic and structural rules, which may call ``projection.rewire``.

    A rule may offer its `after_step` in C as well:

    ``compiled_step(n_steps, n_parts) -> CompiledStep``
        Asked before each window of `n_steps` steps. The loop then calls the function once for every step and every
        part, instead of `after_step`; the rule counts the steps as made. Parts divide the postsynaptic neurons: each
        is gone through by one thread, which has all of the part's synapses to itself. What belongs to presynaptic
        neurons is shared, so a rule keeps it once for each part. Where the attribute is None, `after_step` is called.
    """

    def bind(self, projection: Any, dt: float, rng: np.random.Generator) -> None:
        """Take a projection into care.

        Parameters
        ----------
        projection : Projection
            Offers ``source``, ``target``, ``indptr``, ``indices``, ``data`` (CSR, rows = presynaptic).
        dt : float
            Length of a step in ms.
        rng : numpy.random.Generator
            The only randomness that the rule may use.
        """
        ...
