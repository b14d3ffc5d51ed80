"""Something chosen by name, with its options: a plugin, a neuron model, an encoder, a topology."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from sc_core import options, registry
from sc_core.errors import ConfigurationError


@attrs.frozen
class Choice:
    """What was chosen.

    Parameters
    ----------
    name : str
    options : attrs instance or None
        The checked options; None for a plugin that takes none.
    """

    name: str
    options: Any

    def keywords(self) -> dict[str, Any]:
        """Return the options that have a value, as keyword arguments."""
        if self.options is None:
            return {}
        return {
            field.alias: value
            for field in attrs.fields(type(self.options))
            if field.init and (value := getattr(self.options, field.name)) is not None
        }

    def table(self) -> dict[str, Any]:
        """Return the choice as a table of a configuration file, with all defaults filled in."""
        return {"name": self.name, **({} if self.options is None else options.unstructure(self.options))}


def choose_plugin(kind: str, value: object, path: str) -> Choice:
    """Check the choice of a plugin.

    Parameters
    ----------
    kind : str
        One of `sc_core.registry.KINDS`.
    value : str or mapping
        The plugin's name, or a table with the name and the options.
    path : str
        Where `value` stands.

    Returns
    -------
    Choice

    Raises
    ------
    ConfigurationError
        If an option is not allowed.
    PluginError
        If the plugin is not installed or does not work.

    Examples
    --------
    >>> import attrs
    >>> from sc_core import registry
    >>> from sc_core.choice import choose_plugin
    >>> class Noise:
    ...     @attrs.frozen
    ...     class Options:
    ...         size: float = 0.1
    ...     def bind(self, projection, dt, rng): pass
    ...     def consolidate(self, elapsed): pass
    ...     def state_dict(self): return {}
    ...     def load_state_dict(self, state): pass
    >>> registry.register("plasticity", "noise", Noise)
    >>> choose_plugin("plasticity", "noise", "plasticity").table()
    {'name': 'noise', 'size': 0.1}
    >>> registry.unregister("plasticity", "noise")
    """

    def options_class(name: str) -> type | None:
        return getattr(registry.get(kind, name), "Options", None)

    return _choose(value, path, kind, options_class)


def gradient_learner_table(value: object) -> dict[str, Any]:
    """Check the choice of a learner to wrap; a converter of an option ``learner``.

    Parameters
    ----------
    value : str or mapping
        A gradient learner's name, or a table with the name and the options.

    Returns
    -------
    dict
        The table with all defaults filled in, as a run keeps it.

    Raises
    ------
    ConfigurationError
        If an option is not allowed, or the learner does not offer what `sc_core.contracts.GradientLearner` does.
    PluginError
        If the learner is not installed or does not work.
    """
    choice = choose_plugin("learner", value, "learner")
    learner = registry.get("learner", choice.name)
    missing = [name for name in ("parameters", "loss_and_gradient", "apply") if not hasattr(learner, name)]
    if missing:
        raise ConfigurationError(
            "learner.name", f"{choice.name!r} is no gradient learner: it lacks {', '.join(missing)}"
        )
    return choice.table()


def choose_from(table: Mapping[str, type], what: str, value: object, path: str) -> Choice:
    """Check a choice from a table of attrs classes.

    Parameters
    ----------
    table : mapping of str to type
        The classes by name.
    what : str
        What they are, for messages: ``"neuron model"``.
    value : str or mapping
        The name, or a table with the name and the options.
    path : str
        Where `value` stands.

    Returns
    -------
    Choice
        Its options are an instance of the chosen class.

    Raises
    ------
    ConfigurationError
        If the name is unknown or an option is not allowed.
    """

    def options_class(name: str) -> type:
        if name not in table:
            near = difflib.get_close_matches(name, table, n=1, cutoff=0.5)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ConfigurationError(path, f"no {what} {name!r}; there are: {', '.join(table)}{hint}")
        return table[name]

    return _choose(value, path, what, options_class)


def _choose(value: object, path: str, what: str, options_class: Callable[[str], type | None]) -> Choice:
    if isinstance(value, str):
        value = {"name": value}
    if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
        raise ConfigurationError(
            path, f"must be the name of a {what}, or a table with its name, got {value!r}"
        )
    name = value["name"]
    given = {key: item for key, item in value.items() if key != "name"}
    found = options_class(name)
    if found is None:
        if given:
            raise ConfigurationError(f"{path}.{next(iter(given))}", f"the {what} {name!r} takes no options")
        return Choice(name, None)
    return Choice(name, options.structure(found, given, path))
