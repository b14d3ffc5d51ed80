"""The hooks by which a plugin comes in: one per kind. Their docstrings are the manual for plugin authors.

A plugin is a distribution with an entry point in the group ``sc.<kind>``. The entry point's *name* is the
name that users write; its *value* is a module of yours, the hooks module. In it stands one function,
``sc_register_<kind>()``, marked with `hookimpl`. The registry imports the hooks module when the plugin is
asked for by name, never to list it, and calls that function. The function imports your class and returns it:
imports of other packages belong inside the function or in the module that it imports.

In each docstring below, every code block starts with the name of the file that it belongs to. Written into
these files, the blocks are a distribution: ``pip install .`` in its folder puts it into ``scn plugins list``.
The last block, ``run.toml``, is the part of a run's configuration, for ``scn train run.toml``, that uses the
plugin.

What holds for all kinds:

- Options. A class attribute ``Options`` (a frozen attrs class) names the keyword options of the constructor,
  with types, defaults and validators. A run checks the user's table against it before anything starts, and
  reports ``scheduler.every: must be >= 1, got 0``. A class without ``Options`` takes none.
- State. ``state_dict()`` returns all that the future depends on, in nested mappings with string keys, whose
  leaves are NumPy arrays, bool, int, float, str, None or lists of these; ``load_state_dict(state)`` takes it
  over. A run that was stopped and resumed must end with the same bits as one that was not.
- Randomness comes from a `numpy.random.Generator`, whose state is part of ``state_dict()``.
- Errors. Raise one of `sc_core.errors`, saying what is wrong, where, and what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from sc_core.contracts import Callback, HDLBackend, Learner, Plasticity, Scheduler

hookspec = pluggy.HookspecMarker("sc")
"""Marks a function as the specification of a hook."""

hookimpl = pluggy.HookimplMarker("sc")
"""Marks a function of a plugin as its implementation of a hook."""


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


@hookspec
def sc_register_scheduler() -> type[Scheduler]:  # type: ignore[empty-body]
    """Return the class of a scheduler: the learning rate as a function of the number of updates.

    Called once per process, when the scheduler is first asked for by name: by ``[scheduler] name = "..."`` in
    a run's configuration, or by ``sc_core.registry.get("scheduler", ...)``.

    Returns
    -------
    type
        A class with

        - ``from_run(learner, total_steps, **options)``, a class method that constructs it: ``learner.lr`` is
          the rate to start from, `total_steps` the number of updates that the run will make;
        - ``step()``: advances by one update and returns its rate, a float. A run calls it once before each
          update and sets ``learner.lr`` to the result;
        - ``lr``, an attribute: what the last ``step`` returned;
        - ``state_dict()`` and ``load_state_dict(state)``.

    Notes
    -----
    .. versionadded:: 0.1

    Examples
    --------
    The rate is halved after every so many updates.

    .. code-block:: toml

        # file: pyproject.toml
        [build-system]
        requires = ["hatchling>=1.27"]
        build-backend = "hatchling.build"

        [project]
        name = "sc-plugin-halving"
        version = "0.1.0"
        description = "A rate that is halved again and again, a scheduler for sc-core"
        dependencies = ["attrs>=24.2", "sc-core>=0.1,<0.2"]

        [project.entry-points."sc.scheduler"]
        halving = "sc_plugin_halving.hooks"

    .. code-block:: python

        # file: src/sc_plugin_halving/__init__.py
        # (an empty file)

    .. code-block:: python

        # file: src/sc_plugin_halving/hooks.py
        from sc_core import hookimpl

        @hookimpl
        def sc_register_scheduler():
            from .scheduler import HalvingScheduler
            return HalvingScheduler

    .. code-block:: python

        # file: src/sc_plugin_halving/scheduler.py
        import attrs

        @attrs.frozen
        class HalvingOptions:
            every: int = attrs.field(default=100, validator=attrs.validators.ge(1))

        class HalvingScheduler:
            Options = HalvingOptions

            def __init__(self, lr_init, every=100):
                self.lr_init, self.every = lr_init, every
                self.lr, self._updates = lr_init, 0

            @classmethod
            def from_run(cls, learner, total_steps, **options):
                return cls(learner.lr, **options)

            def step(self):
                self.lr = self.lr_init * 0.5 ** (self._updates // self.every)
                self._updates += 1
                return self.lr

            def state_dict(self):
                return {"lr_init": self.lr_init, "lr": self.lr, "updates": self._updates}

            def load_state_dict(self, state):
                self.lr_init, self.lr, self._updates = state["lr_init"], state["lr"], state["updates"]

    .. code-block:: toml

        # file: run.toml
        [scheduler]
        name = "halving"
        every = 50
    """


@hookspec
def sc_register_callback() -> type[Callback]:  # type: ignore[empty-body]
    """Return the class of a callback: something that watches a run.

    Called once per process, when the callback is first asked for by name: by a ``[[callbacks]]`` table with
    ``name = "..."`` in a run's configuration, or by ``sc_core.registry.get("callback", ...)``.

    Returns
    -------
    type
        A class ``cls(**options)`` with

        - ``start(run)``: called once, first. ``run.folder`` is the run's folder (a `pathlib.Path`; relative
          paths of yours are meant within it), ``run.network`` the network, ``run.request_stop()`` ends the
          run after the current update;
        - ``log(metrics, step)``: called after update number `step` with a mapping of metric names to floats;
          not every metric comes each time;
        - ``close()``: called once, last, also when the run fails;
        - ``state_dict()`` and ``load_state_dict(state)``; a resumed run calls the latter right after
          ``start``;
        - optionally ``log_array(name, values, step)``, called after each epoch with the weights of each projection
          (a distribution: one dimension) and each spiking population's rates and raster (n_steps, n);
        - optionally ``log_figure(name, figure, step)``, for programs that draw with matplotlib; a run does not.

        A callback that raises is reported once and switched off; the run goes on.

    Notes
    -----
    .. versionadded:: 0.1

    Examples
    --------
    Stop the run when the loss has not improved for a while.

    .. code-block:: toml

        # file: pyproject.toml
        [build-system]
        requires = ["hatchling>=1.27"]
        build-backend = "hatchling.build"

        [project]
        name = "sc-plugin-early-stop"
        version = "0.1.0"
        description = "Ends a run whose loss no longer falls, a callback for sc-core"
        dependencies = ["attrs>=24.2", "sc-core>=0.1,<0.2"]

        [project.entry-points."sc.callback"]
        early-stop = "sc_plugin_early_stop.hooks"

    .. code-block:: python

        # file: src/sc_plugin_early_stop/__init__.py
        # (an empty file)

    .. code-block:: python

        # file: src/sc_plugin_early_stop/hooks.py
        from sc_core import hookimpl

        @hookimpl
        def sc_register_callback():
            from .callback import EarlyStopCallback
            return EarlyStopCallback

    .. code-block:: python

        # file: src/sc_plugin_early_stop/callback.py
        import attrs

        @attrs.frozen
        class EarlyStopOptions:
            metric: str = "loss"
            patience: int = attrs.field(default=100, validator=attrs.validators.ge(1))

        class EarlyStopCallback:
            Options = EarlyStopOptions

            def __init__(self, metric="loss", patience=100):
                self.metric, self.patience = metric, patience
                self._run, self._best, self._worse = None, None, 0

            def start(self, run):
                self._run = run

            def log(self, metrics, step):
                if self.metric not in metrics:
                    return
                value = metrics[self.metric]
                if self._best is None or value < self._best:
                    self._best, self._worse = value, 0
                else:
                    self._worse += 1
                if self._worse >= self.patience:
                    self._run.request_stop()

            def close(self):
                pass

            def state_dict(self):
                return {"best": self._best, "worse": self._worse}

            def load_state_dict(self, state):
                self._best, self._worse = state["best"], state["worse"]

    .. code-block:: toml

        # file: run.toml
        [[callbacks]]
        name = "early-stop"
        patience = 200
    """


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


@hookspec
def sc_register_hdl() -> type[HDLBackend]:  # type: ignore[empty-body]
    """Return the class of an HDL backend: it renders designs in one hardware description language.

    Called once per process, when the backend is first asked for by name, by ``sc_core.registry.get("hdl",
    ...)``; sc-hardware asks for it so.

    Returns
    -------
    type
        A class ``cls(**options)`` with

        - ``file_suffix``, an attribute: the suffix of the sources, with the dot;
        - ``emit(design)``: a mapping of file names to the text of the sources. A design is an attrs object of
          the distribution sc-hardware, which describes its fields: memories, widths, datapaths and schedule;
        - ``testbench(design, vectors)``: the same, for a self-checking testbench that applies `vectors`, a
          sequence of mappings from port to value, one per step;
        - ``memory_images(design)``: the same, for the initial contents of the memories;
        - ``lint_command(files)``: the command line, a list of words, that checks `files`.

        Backends are stateless.

    Notes
    -----
    .. versionadded:: 0.1

    Examples
    --------
    A backend for programs that read designs: everything that is in the design, as JSON.

    .. code-block:: toml

        # file: pyproject.toml
        [build-system]
        requires = ["hatchling>=1.27"]
        build-backend = "hatchling.build"

        [project]
        name = "sc-plugin-json-design"
        version = "0.1.0"
        description = "Hardware designs as JSON, an HDL backend for sc-core"
        dependencies = ["attrs>=24.2", "sc-core>=0.1,<0.2"]

        [project.entry-points."sc.hdl"]
        json = "sc_plugin_json_design.hooks"

    .. code-block:: python

        # file: src/sc_plugin_json_design/__init__.py
        # (an empty file)

    .. code-block:: python

        # file: src/sc_plugin_json_design/hooks.py
        from sc_core import hookimpl

        @hookimpl
        def sc_register_hdl():
            from .backend import JSONBackend
            return JSONBackend

    .. code-block:: python

        # file: src/sc_plugin_json_design/backend.py
        import json
        import sys
        import attrs

        class JSONBackend:
            file_suffix = ".json"

            def emit(self, design):
                fields = attrs.asdict(design)
                text = json.dumps(fields, indent=1, default=lambda array: array.tolist())
                return {"design.json": text}

            def testbench(self, design, vectors):
                return {"vectors.json": json.dumps([dict(vector) for vector in vectors])}

            def memory_images(self, design):
                return {}          # design.json holds the memories

            def lint_command(self, files):
                return [sys.executable, "-m", "json.tool", files[0]]

    With it installed, ``sc_core.registry.create("hdl", "json").emit(design)`` returns the text.
    """
