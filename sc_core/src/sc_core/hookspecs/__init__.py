"""The hooks by which a plugin comes in: one per kind. Their docstrings are the manual for plugin authors.

A plugin is a distribution with an entry point in the group ``sc.<kind>``. The entry point's *name* is the
name that users write; its *value* is a module of yours, the hooks module. In it stands one function,
``sc_register_<kind>()``, marked with `hookimpl`. The registry imports the hooks module when the plugin is
asked for by name, never to list it, and calls that function. The function imports your class and returns it:
imports of other packages belong inside the function or in the module that it imports.

In the docstring of each hook, every code block starts with the name of the file that it belongs to. Written
into these files, the blocks are a distribution: ``pip install .`` in its folder puts it into ``scn plugins
list``. The last block, ``run.toml``, is the part of a run's configuration, for ``scn train run.toml``, that
uses the plugin.

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

from sc_core.hookspecs.callback import sc_register_callback
from sc_core.hookspecs.hdl import sc_register_hdl
from sc_core.hookspecs.learner import sc_register_learner
from sc_core.hookspecs.markers import hookimpl, hookspec
from sc_core.hookspecs.plasticity import sc_register_plasticity
from sc_core.hookspecs.scheduler import sc_register_scheduler

__all__ = [
    "hookimpl",
    "hookspec",
    "sc_register_callback",
    "sc_register_hdl",
    "sc_register_learner",
    "sc_register_plasticity",
    "sc_register_scheduler",
]
