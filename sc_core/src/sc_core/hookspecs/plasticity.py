"""The hook by which a plasticity comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sc_core.hookspecs.markers import hookspec

if TYPE_CHECKING:
    from sc_core.contracts import Plasticity


@hookspec
def sc_register_plasticity() -> type[Plasticity]:  # type: ignore[empty-body]
    """Return the class of a plasticity: a local rule that changes a projection while the network runs.

    Called once per process, when the rule is first asked for by name: by the key ``plasticity`` of a
    projection in a run's configuration, or by ``sc_core.registry.get("plasticity", ...)``.

    Returns
    -------
    type
        A class ``cls(**options)`` with

        - ``bind(projection, dt, rng)``: called once, before the first step. `projection` offers ``source``
          and ``target`` (populations, whose ``n`` is their number of neurons) and the CSR arrays ``indptr``
          (source.n + 1,), ``indices`` (n_synapses,), the target neuron of each synapse, and ``data``
          (n_synapses,), float, its weights; rows = presynaptic neurons. `dt` is the length of a step in ms,
          `rng` a `numpy.random.Generator`, the only randomness to use; whoever made it saves its state;
        - at least one of the phases, which run in this order within a step:

          - ``scale(pre)`` returns (source.n,) factors for each presynaptic neuron's effect in this step;
          - ``after_step(pre, post, modulator)``: `pre` (source.n,) and `post` (target.n,) are the spikes that
            met at the projection in this step, 0.0 or 1.0; `modulator` is the reward, a float, 0.0 where
            there is none. `pre` is what was delivered in this step; where synapses have delays of their own
            (``projection.synapse_state["delay"]``, ms), or the class has an attribute ``sees_emission = True``,
            it is what the source emitted;
          - ``consolidate(elapsed)``, every ``consolidation_interval`` ms (an attribute of the rule), with the
            time since the last call in ms; it may call ``projection.rewire``;

        - ``state_dict()`` and ``load_state_dict(state)``: traces and the like. Weights are saved with the
          network.

        Optionally, ``compiled_step(n_steps, n_parts)`` offers `after_step` in C, for simulations that are compiled
        as a whole: see `sc_core.contracts.Plasticity`. Nobody needs it to take part.

        Change ``projection.data`` in place, and read it afresh in each call: ``rewire`` replaces the array.
        Each phase is gone through for all rules, in the order in which they are attached, before the next one
        begins; a rule sees the weights as the one before it left them.

    Notes
    -----
    .. versionadded:: 0.1

    Examples
    --------
    Hebbian learning with a slow decay: dw = learning_rate · pre · post - w · dt / tau.

    .. code-block:: toml

        # file: pyproject.toml
        [build-system]
        requires = ["hatchling>=1.27"]
        build-backend = "hatchling.build"

        [project]
        name = "sc-plugin-hebbian"
        version = "0.1.0"
        description = "Hebbian learning with decay, a plasticity for sc-core"
        dependencies = ["attrs>=24.2", "numpy>=2.0", "sc-core>=0.1,<0.2"]

        [project.entry-points."sc.plasticity"]
        hebbian = "sc_plugin_hebbian.hooks"

    .. code-block:: python

        # file: src/sc_plugin_hebbian/__init__.py
        # (an empty file)

    .. code-block:: python

        # file: src/sc_plugin_hebbian/hooks.py
        from sc_core import hookimpl

        @hookimpl
        def sc_register_plasticity():
            from .plasticity import HebbianPlasticity
            return HebbianPlasticity

    .. code-block:: python

        # file: src/sc_plugin_hebbian/plasticity.py
        import attrs
        import numpy as np

        @attrs.frozen
        class HebbianOptions:
            learning_rate: float = attrs.field(default=0.01, validator=attrs.validators.ge(0))
            tau: float = attrs.field(default=1e4, validator=attrs.validators.gt(0))      # ms

        class HebbianPlasticity:
            Options = HebbianOptions

            def __init__(self, learning_rate=0.01, tau=1e4):
                self.learning_rate, self.tau = learning_rate, tau

            def bind(self, projection, dt, rng):
                self.projection, self.dt = projection, dt

            def after_step(self, pre, post, modulator):
                projection = self.projection
                pre_of_synapse = np.repeat(pre, np.diff(projection.indptr))
                post_of_synapse = post[projection.indices]
                projection.data[:] += (
                    self.learning_rate * pre_of_synapse * post_of_synapse
                    - projection.data * (self.dt / self.tau)
                )

            def state_dict(self):
                return {}

            def load_state_dict(self, state):
                pass

    .. code-block:: toml

        # file: run.toml
        [network]
        projections = [
            { source = "pixels", target = "digit", plasticity = { name = "hebbian", tau = 5000.0 } },
        ]
    """
