"""Find a rule by the name of its plasticity, or by where it stands in somebody's code."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from sc_core import registry
from sc_core.errors import ConfigurationError, PluginError
from sc_hardware.rules.rule import Rule


def find_rule(name: str) -> Rule:
    """Return a rule.

    Parameters
    ----------
    name : str
        A registered plasticity whose class has the attribute ``rule``, or ``"module:attribute"``; modules are looked
        for in the working folder too.

    Raises
    ------
    UnknownPlugin
        If no plasticity has this name.
    ConfigurationError
        If what is found is no fixed-point rule.

    Examples
    --------
    >>> find_rule("sc_hardware.no_module:rule")
    Traceback (most recent call last):
        ...
    sc_core.errors.ConfigurationError: rule: 'sc_hardware.no_module' cannot be imported: No module named ...
    """
    module_name, colon, attribute = name.partition(":")
    return _checked(name, _attribute_of(module_name, attribute)) if colon else registered_rule(name)


def registered_rule(name: str) -> Rule:
    """Return the rule of a registered plasticity.

    Raises
    ------
    UnknownPlugin
        If no plasticity has this name; it says how one might be installed.
    ConfigurationError
        If it has no fixed-point rule.
    """
    return _checked(name, getattr(registry.get("plasticity", name), "rule", None))


def registered_name(rule: Rule) -> str:
    """Return the name under which a rule is registered as a plasticity.

    Raises
    ------
    ConfigurationError
        If it is not.
    """
    for name in registry.names("plasticity"):
        try:
            found = registry.get("plasticity", name)
        except PluginError:  # somebody's plugin is broken; this rule is not in it
            continue
        if getattr(found, "rule", None) is rule:
            return name
    raise ConfigurationError(
        "rule",
        f"{rule.name} is not registered as a plasticity, so that no file can name it: register "
        "sc_hardware.rules.plasticity.plasticity(rule), as docs/fixed-point-rules.md shows",
    )


def _checked(name: str, found: object) -> Rule:
    if not isinstance(found, Rule):
        what = (
            "has no fixed-point rule"
            if found is None
            else f"is a {type(found).__name__}, not a fixed-point rule"
        )
        raise ConfigurationError(
            "rule", f"{name!r} {what}; decorate its function with sc_hardware.rules.rule"
        )
    return found


def _attribute_of(module_name: str, attribute: str) -> object:
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise ConfigurationError("rule", f"{module_name!r} cannot be imported: {error}") from error
    finally:
        sys.path.remove(here)
    if not hasattr(module, attribute):
        raise ConfigurationError("rule", f"the module {module_name!r} has no {attribute!r}")
    found: object = getattr(module, attribute)
    return found
