"""From an offer to the plugin's class: import its hooks module and call its own hook, nobody else's."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import pluggy

from sc_core import hookspecs
from sc_core.errors import BrokenPlugin, MissingDependency
from sc_core.registry.discovery import Offer
from sc_core.registry.kinds import contract_gaps


def new_manager() -> pluggy.PluginManager:
    """Return a plugin manager for one kind.

    It knows the hooks of all kinds, because one module may serve several of them and a hook that it does not
    know counts as misspelt.
    """
    manager = pluggy.PluginManager("sc")
    manager.add_hookspecs(hookspecs)
    return manager


def load(manager: pluggy.PluginManager, offer: Offer) -> type[Any]:
    """Import the plugin that `offer` names and return its class.

    Parameters
    ----------
    manager : pluggy.PluginManager
        That of the plugin's kind; it keeps the hooks module.
    offer : Offer

    Raises
    ------
    MissingDependency
        If a module that the plugin imports is not installed.
    BrokenPlugin
        If anything else goes wrong; the cause is chained.
    """
    try:
        module = offer.entry_point.load()
        plugin = _call_hook(manager, module, offer)
    except BrokenPlugin:
        raise
    except ModuleNotFoundError as error:
        raise _absent_module(offer, error) from error
    except Exception as error:
        problem = f"cannot be loaded: {type(error).__name__}: {error}"
        raise _broken(offer, problem) from error
    gaps = contract_gaps(offer.kind, plugin)
    if gaps:
        raise _broken(offer, f"is not a {offer.kind}: what its hook returned lacks {', '.join(gaps)}")
    return plugin  # type: ignore[no-any-return]  # contract_gaps has found that it is a class


def _call_hook(manager: pluggy.PluginManager, module: ModuleType, offer: Offer) -> Any:
    """Call the hook of `module` alone, so that one plugin's error stays its own."""
    hook = f"sc_register_{offer.kind}"
    try:
        if not manager.is_registered(module):  # it is, where it serves two names
            manager.register(module, name=offer.entry_point.value)
            manager.check_pending()
    except pluggy.PluginValidationError as error:
        if manager.is_registered(module):
            manager.unregister(module)  # or the next plugin's check would find its hooks
        raise _broken(
            offer, f"has a wrong hook; its kind needs {hook}() without arguments: {error}"
        ) from error
    calls = [call for call in getattr(manager.hook, hook).get_hookimpls() if call.plugin is module]
    if not calls:
        raise _broken(offer, f"has no function {hook}() marked with @hookimpl")
    return calls[0].function()


def _broken(offer: Offer, problem: str) -> BrokenPlugin:
    return BrokenPlugin(f"the {offer.kind} {offer.name!r} of {offer.origin} {problem}")


def _absent_module(offer: Offer, error: ModuleNotFoundError) -> BrokenPlugin:
    module = error.name or ""
    package = module.partition(".")[0]
    if not package or package == offer.entry_point.module.partition(".")[0]:
        return _broken(offer, f"cannot be imported: {error}")
    return MissingDependency(
        f"the {offer.kind} {offer.name!r} of {offer.origin} needs the module {module!r}, "
        f"which is not installed; try: pip install {_requirement_for(package, offer)!r}"
    )


def _requirement_for(package: str, offer: Offer) -> str:
    """Return the plugin's own requirement that goes by the name of `package`, else the name."""
    for line in offer.project.requirements:
        requirement = line.partition(";")[0].strip()
        name = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
        if re.sub(r"[-.]", "_", name).lower() == package.lower():
            return requirement
    return package
