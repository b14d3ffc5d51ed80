"""The hook by which a learner comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sc_core.hookspecs.markers import hookspec

if TYPE_CHECKING:
    from sc_core.contracts import Learner


@hookspec
def sc_register_learner() -> type[Learner]:  # type: ignore[empty-body]
    """Return the class of a learner: something that improves a network from experience.

    Called once per process, when the learner is first asked for by name: by ``[learner] name = "..."`` in a
    run's configuration, or by ``sc_core.registry.get("learner", ...)``.

    Returns
    -------
    type
        A class ``cls(network, **options)`` with

        - ``consumes``, a class attribute: the type of experience that `learn` takes. `sc_core.Batch` has
          ``inputs`` (n_steps, batch, n_input) and ``targets``: class labels, an integer array (batch,), or a
          target sequence, (n_steps, batch, n_output);
        - ``lr``, an attribute: the learning rate; a scheduler sets it before each call of ``learn``;
        - ``learn(experience)``: improves the network in place and returns a mapping of metric names to
          floats, with ``"loss"`` where there is one;
        - ``state_dict()`` and ``load_state_dict(state)``: optimiser, random generators, ``lr``. The network's
          weights are saved by the run;
        - optionally ``evaluate(experience)``: the metrics, and ``"accuracy"``, without learning;
        - optionally ``consolidate(batches)``: between two tasks, with the samples of the one that ended.

        ``network.run(inputs)`` simulates from rest and returns the outputs, (n_steps, batch, n_output).
        ``network.projections`` are the plastic connections; ``projection.data`` (n_synapses,), float, are its
        weights, to be changed in place, in CSR order with ``projection.indptr`` (n_source + 1,) and
        ``projection.indices`` (n_synapses,), rows = presynaptic neurons.

    Notes
    -----
    .. versionadded:: 0.1

    Examples
    --------
    Learning without gradients: all weights are disturbed at random, once in each direction, and follow the
    difference in the loss (simultaneous perturbation, Spall 1992). It works for any network.

    .. code-block:: toml

        # file: pyproject.toml
        [build-system]
        requires = ["hatchling>=1.27"]
        build-backend = "hatchling.build"

        [project]
        name = "sc-plugin-perturbation"
        version = "0.1.0"
        description = "Learning by simultaneous perturbation, a learner for sc-core"
        dependencies = ["attrs>=24.2", "numpy>=2.0", "sc-core>=0.1,<0.2"]

        [project.entry-points."sc.learner"]
        perturbation = "sc_plugin_perturbation.hooks"

    .. code-block:: python

        # file: src/sc_plugin_perturbation/__init__.py
        # (an empty file)

    .. code-block:: python

        # file: src/sc_plugin_perturbation/hooks.py
        from sc_core import hookimpl

        @hookimpl
        def sc_register_learner():
            from .learner import PerturbationLearner
            return PerturbationLearner

    .. code-block:: python

        # file: src/sc_plugin_perturbation/learner.py
        import attrs
        import numpy as np
        from sc_core import Batch

        @attrs.frozen
        class PerturbationOptions:
            lr: float = attrs.field(default=1e-3, validator=attrs.validators.ge(0))
            size: float = attrs.field(default=1e-2, validator=attrs.validators.gt(0))
            seed: int = attrs.field(default=0, validator=attrs.validators.ge(0))

        class PerturbationLearner:
            Options = PerturbationOptions
            consumes = Batch

            def __init__(self, network, lr=1e-3, size=1e-2, seed=0):
                self.network, self.lr, self.size = network, lr, size
                self._rng = np.random.default_rng(seed)

            def learn(self, batch):
                weights = [projection.data for projection in self.network.projections]
                signs = [self._rng.choice([-1.0, 1.0], size=values.size) for values in weights]
                start = [values.copy() for values in weights]
                losses = []
                for direction in (1, -1):
                    for values, before, sign in zip(weights, start, signs):
                        values[:] = before + direction * self.size * sign
                    losses.append(self._loss(batch))
                slope = (losses[0] - losses[1]) / (2 * self.size)
                for values, before, sign in zip(weights, start, signs):
                    values[:] = before - self.lr * slope * sign
                return {"loss": (losses[0] + losses[1]) / 2}

            def _loss(self, batch):
                scores = self.network.run(batch.inputs).mean(axis=0)      # (batch, n_output)
                scores = scores - scores.max(axis=1, keepdims=True)
                log_sum = np.log(np.exp(scores).sum(axis=1))
                return float(np.mean(log_sum - scores[np.arange(len(scores)), batch.targets]))

            def state_dict(self):
                return {"lr": self.lr, "rng": self._rng.bit_generator.state}

            def load_state_dict(self, state):
                self.lr = state["lr"]
                self._rng.bit_generator.state = state["rng"]

    .. code-block:: toml

        # file: run.toml
        [learner]
        name = "perturbation"
        lr = 0.02
        size = 0.01
    """
