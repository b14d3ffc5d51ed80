"""The registry: installed plugins and those that a program registers itself."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from sc_core.errors import (
    BrokenPlugin,
    DisabledPlugin,
    DuplicatePlugin,
    IncompatiblePlugin,
    PluginError,
    UnknownPlugin,
)
from sc_core.registry.compatibility import core_range
from sc_core.registry.discovery import Offer, installed_offers
from sc_core.registry.kinds import check_kind, contract_gaps

if TYPE_CHECKING:
    import pluggy

_DISABLED = "SC_DISABLED_PLUGINS"


class PluginRecord(NamedTuple):
    """One line of the list of plugins.

    Parameters
    ----------
    kind, name : str
        The kind of plugin and its name within the kind.
    distribution, version, summary : str
        What it came with; for a plugin that a program registered, ``"(this process)"``, ``""`` and the first
        line of the class's docstring.
    api_range : str
        The versions of sc-core that it says it works with; ``""`` where it says nothing.
    error : str or None
        Why it cannot be used, as far as known: listing imports no plugin.
    """

    kind: str
    name: str
    distribution: str
    version: str
    summary: str
    api_range: str
    error: str | None


class PluginView(Mapping[str, type[Any]]):
    """The plugins of one kind as a read-only mapping from name to class.

    Iterating and asking for membership import nothing; looking a name up imports that plugin.
    """

    def __init__(self, registry: Registry, kind: str) -> None:
        self._registry = registry
        self._kind = kind

    def __getitem__(self, name: str) -> type[Any]:
        try:
            return self._registry.get(self._kind, name)
        except UnknownPlugin as error:
            raise KeyError(name) from error

    def __contains__(self, name: object) -> bool:
        return name in self._registry.names(self._kind)

    def __iter__(self) -> Iterator[str]:
        return iter(self._registry.names(self._kind))

    def __len__(self) -> int:
        return len(self._registry.names(self._kind))

    def __repr__(self) -> str:
        return f"<{self._kind} plugins: {', '.join(self)}>"


class Registry:
    """Finds, lists and loads plugins.

    `sc_core.registry` offers the methods of one instance as functions; another instance starts afresh.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._offers: tuple[Offer, ...] | None = None
        self._registered: dict[tuple[str, str], type[Any]] = {}
        self._loaded: dict[tuple[str, str], type[Any]] = {}
        self._failures: dict[tuple[str, str], str] = {}
        self._managers: dict[str, pluggy.PluginManager] = {}

    def names(self, kind: str) -> tuple[str, ...]:
        """Return the names that can be asked for, sorted; disabled plugins are left out.

        Parameters
        ----------
        kind : str
            One of `KINDS`.

        Raises
        ------
        ConfigurationError
            If there is no such kind.
        """
        check_kind(kind)
        offered = {offer.name for offer in self._installed() if offer.kind == kind}
        registered = {name for its_kind, name in self._registered if its_kind == kind}
        return tuple(sorted(name for name in offered | registered if not _is_disabled(kind, name)))

    def records(self, kind: str) -> tuple[PluginRecord, ...]:
        """Describe all plugins of a kind, sorted by name; those that cannot be used carry their error.

        No plugin is imported, and no plugin makes this fail.

        Parameters
        ----------
        kind : str
            One of `KINDS`.

        Raises
        ------
        ConfigurationError
            If there is no such kind.
        """
        check_kind(kind)
        with self._lock:
            records = [self._record(offer) for offer in self._installed() if offer.kind == kind]
            records += [
                _record_of_registered(kind, name, plugin)
                for (its_kind, name), plugin in self._registered.items()
                if its_kind == kind
            ]
        return tuple(sorted(records, key=lambda record: (record.name, record.distribution)))

    def get(self, kind: str, name: str) -> type[Any]:
        """Return the class of a plugin, importing it if need be.

        Parameters
        ----------
        kind : str
            One of `KINDS`.
        name : str
            The plugin's name.

        Raises
        ------
        UnknownPlugin
            If no plugin has this name; the message names the nearest and how one might be installed.
        DisabledPlugin
            If the environment variable ``SC_DISABLED_PLUGINS`` names it: comma-separated, ``name`` or
            ``kind:name``.
        DuplicatePlugin
            If two distributions offer it.
        IncompatiblePlugin
            If it declares versions of sc-core that leave this one out.
        MissingDependency
            If it needs a module that is not installed.
        BrokenPlugin
            If it cannot be imported, or is not what its kind asks for.
        ConfigurationError
            If there is no such kind.
        """
        check_kind(kind)
        with self._lock:
            if (kind, name) not in self._registered and not self._offers_of(kind, name):
                raise self._unknown(kind, name)
            if _is_disabled(kind, name):
                raise DisabledPlugin(f"the {kind} {name!r} is disabled: {_DISABLED}={os.environ[_DISABLED]}")
            if (kind, name) in self._registered:
                return self._registered[kind, name]
            if (kind, name) not in self._loaded:
                self._loaded[kind, name] = self._load(kind, name)
            return self._loaded[kind, name]

    def create(self, kind: str, name: str, /, *arguments: Any, **options: Any) -> Any:
        """Return ``get(kind, name)(*arguments, **options)``; it raises what `get` and the plugin raise."""
        return self.get(kind, name)(*arguments, **options)

    def view(self, kind: str) -> PluginView:
        """Return the plugins of a kind as a read-only mapping from name to class.

        Raises
        ------
        ConfigurationError
            If there is no such kind.
        """
        check_kind(kind)
        return PluginView(self, kind)

    def register(self, kind: str, name: str, plugin: type[Any]) -> None:
        """Add a class to this registry, as if it were an installed plugin.

        Parameters
        ----------
        kind : str
            One of `KINDS`.
        name : str
            The name to give it.
        plugin : type
            What the kind's contract asks for, see `sc_core.contracts`.

        Raises
        ------
        DuplicatePlugin
            If the name is taken.
        BrokenPlugin
            If the class lacks something that its kind asks for.
        ConfigurationError
            If there is no such kind.
        """
        check_kind(kind)
        gaps = contract_gaps(kind, plugin)
        if gaps:
            raise BrokenPlugin(f"{plugin!r} is not a {kind}: it lacks {', '.join(gaps)}")
        with self._lock:
            origins = [offer.origin for offer in self._offers_of(kind, name)]
            if (kind, name) in self._registered:
                origins.append("a call of register()")
            if origins:
                raise DuplicatePlugin(
                    f"the {kind} {name!r} exists already, from {origins[0]}; choose another name"
                )
            self._registered[kind, name] = plugin

    def unregister(self, kind: str, name: str) -> None:
        """Remove what `register` added.

        Raises
        ------
        PluginError
            If `register` did not add it: an installed plugin goes away by uninstalling it.
        ConfigurationError
            If there is no such kind.
        """
        check_kind(kind)
        with self._lock:
            if self._registered.pop((kind, name), None) is None:
                raise PluginError(f"the {kind} {name!r} was not added by register()")

    def _installed(self) -> tuple[Offer, ...]:
        with self._lock:
            if self._offers is None:
                self._offers = installed_offers()
            return self._offers

    def _offers_of(self, kind: str, name: str) -> list[Offer]:
        return [offer for offer in self._installed() if (offer.kind, offer.name) == (kind, name)]

    def _unknown(self, kind: str, name: str) -> UnknownPlugin:
        import difflib

        names = self.names(kind)
        self._offers = None  # who now installs it, from a notebook say, finds it without a restart
        return UnknownPlugin(kind, name, names, next(iter(difflib.get_close_matches(name, names, 1)), None))

    def _load(self, kind: str, name: str) -> type[Any]:
        from sc_core.registry.loading import load, new_manager

        offers = self._offers_of(kind, name)
        if len(offers) > 1:
            raise DuplicatePlugin(_duplicate(offers))
        offer = offers[0]
        if offer.project.problem:
            raise BrokenPlugin(f"the {kind} {name!r} of {offer.origin} is broken: {offer.project.problem}")
        incompatibility = _incompatibility(offer)
        if incompatibility:
            raise IncompatiblePlugin(f"the {kind} {name!r} is not compatible: {incompatibility}")
        if kind not in self._managers:
            self._managers[kind] = new_manager()
        try:
            plugin = load(self._managers[kind], offer)
        except PluginError as error:
            self._failures[kind, name] = str(error)
            raise
        self._failures.pop((kind, name), None)
        return plugin

    def _record(self, offer: Offer) -> PluginRecord:
        project = offer.project
        return PluginRecord(
            kind=offer.kind,
            name=offer.name,
            distribution=project.name,
            version=project.version,
            summary=project.summary,
            api_range=core_range(project.requirements).text,
            error=self._known_error(offer),
        )

    def _known_error(self, offer: Offer) -> str | None:
        rivals = self._offers_of(offer.kind, offer.name)
        return (
            offer.project.problem
            or _disabled_error(offer.kind, offer.name)
            or (_duplicate(rivals) if len(rivals) > 1 else None)
            or _incompatibility(offer)
            or self._failures.get((offer.kind, offer.name))
        )


def _record_of_registered(kind: str, name: str, plugin: type[Any]) -> PluginRecord:
    summary = next(iter((plugin.__doc__ or "").strip().splitlines()), "")
    return PluginRecord(kind, name, "(this process)", "", summary, "", _disabled_error(kind, name))


def _incompatibility(offer: Offer) -> str | None:
    project = offer.project
    problem = core_range(project.requirements).problem
    return f"{project.name} {project.version} {problem}; try another version of either" if problem else None


def _duplicate(offers: list[Offer]) -> str:
    origins = " and ".join(offer.origin for offer in offers)
    return f"the {offers[0].kind} {offers[0].name!r} is offered twice, by {origins}; uninstall one of them"


def _is_disabled(kind: str, name: str) -> bool:
    blocked = {entry.strip() for entry in os.environ.get(_DISABLED, "").split(",")}
    return name in blocked or f"{kind}:{name}" in blocked


def _disabled_error(kind: str, name: str) -> str | None:
    return f"disabled by {_DISABLED}" if _is_disabled(kind, name) else None
