"""The hook by which a scheduler comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sc_core.hookspecs.markers import hookspec

if TYPE_CHECKING:
    from sc_core.contracts import Scheduler


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
