"""The installed plugins as a table or as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress

from sc_core import registry
from sc_core.errors import PluginError
from sc_core.registry import KINDS, PluginRecord


def plugin_records(kind: str | None, *, check: bool) -> list[PluginRecord]:
    """Return the records of the installed plugins.

    Parameters
    ----------
    kind : str or None
        Only this kind.
    check : bool
        Whether to import each plugin, so that those that do not work have their error in the record.

    Returns
    -------
    list of PluginRecord

    Raises
    ------
    ConfigurationError
        If there is no such kind.
    """
    kinds = list(KINDS) if kind is None else [kind]
    if check:
        for each in kinds:
            for record in registry.records(each):
                with suppress(PluginError):  # the registry remembers it in the record
                    registry.get(each, record.name)
    return [record for each in kinds for record in registry.records(each)]


def to_json(records: Sequence[PluginRecord]) -> str:
    """Return the records as a JSON list of objects."""
    return json.dumps([record._asdict() for record in records], indent=2)


def as_lines(records: Sequence[PluginRecord]) -> list[str]:
    """Return the records as the lines of an aligned table."""
    if not records:
        return ["no plugin is installed; try: pip install sc-plugin-bptt"]
    rows = [("KIND", "NAME", "DISTRIBUTION", "VERSION", "")]
    for record in records:
        last = record.summary if record.error is None else f"ERROR: {' '.join(record.error.split())}"
        rows.append((record.kind, record.name, record.distribution, record.version, last))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return [
        "  ".join(
            [*(cell.ljust(width) for cell, width in zip(row[:4], widths, strict=True)), row[4]]
        ).rstrip()
        for row in rows
    ]
