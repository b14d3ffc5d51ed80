"""What marks a function as a hook, or as a plugin's implementation of one."""

from __future__ import annotations

import pluggy

hookspec = pluggy.HookspecMarker("sc")
"""Marks a function as the specification of a hook."""

hookimpl = pluggy.HookimplMarker("sc")
"""Marks a function of a plugin as its implementation of a hook."""
