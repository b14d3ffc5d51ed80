"""Which plugins are installed, and how to get at them.

A plugin is found through the entry points of its distribution and is imported only when it is asked for:
listing imports none. The functions of this module are the methods of one `Registry` that lives as long as the
process.

Examples
--------
>>> from sc_core import registry
>>> class Constant:
...     lr = 0.1
...     def step(self): return self.lr
...     @classmethod
...     def from_run(cls, learner, total_steps): return cls()
...     def state_dict(self): return {}
...     def load_state_dict(self, state): pass
>>> registry.register("scheduler", "constant", Constant)
>>> registry.create("scheduler", "constant").step()
0.1
>>> "constant" in registry.view("scheduler")
True
>>> registry.unregister("scheduler", "constant")
"""

from sc_core.registry.kinds import KINDS
from sc_core.registry.plugins import PluginRecord, PluginView, Registry

_installed = Registry()

names = _installed.names
records = _installed.records
get = _installed.get
create = _installed.create
view = _installed.view
register = _installed.register
unregister = _installed.unregister

__all__ = [
    "KINDS",
    "PluginRecord",
    "PluginView",
    "Registry",
    "create",
    "get",
    "names",
    "records",
    "register",
    "unregister",
    "view",
]
