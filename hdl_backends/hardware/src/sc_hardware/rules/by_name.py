"""Find a rule by the name of its plasticity, or by where it stands in somebody's code."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from sc_core import registry
from sc_core.errors import ConfigurationError
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
    found = _attribute_of(module_name, attribute) if colon else _rule_of(name)
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


def _rule_of(name: str) -> object:
    return getattr(registry.get("plasticity", name), "rule", None)


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
