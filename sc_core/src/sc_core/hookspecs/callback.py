"""The hook by which a callback comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sc_core.hookspecs.markers import hookspec

if TYPE_CHECKING:
    from sc_core.contracts import Callback


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
