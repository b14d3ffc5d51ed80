"""Networks in whole numbers on disk: ``network.json`` and ``weights.npz`` in one folder.

A rule by which a projection learns is code: the file holds its registered name and its parameters.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import scipy.sparse

from sc_core.atomic_file import write_atomically
from sc_core.errors import CheckpointError, ConfigurationError
from sc_hardware.integer_network.network import IntegerNetwork, IntegerPopulation, IntegerProjection
from sc_hardware.integer_network.neurons import IntegerInput, IntegerLI, IntegerLIF
from sc_hardware.rules.by_name import registered_name, registered_rule

_MODELS = {"Input": IntegerInput, "LIF": IntegerLIF, "LI": IntegerLI}
_VERSION = "sc-hardware.integer-network.v1"


def save(network: IntegerNetwork, folder: Path) -> None:
    """Write a network into a folder, which is made where there is none.

    Parameters
    ----------
    network : IntegerNetwork
    folder : pathlib.Path

    Raises
    ------
    ConfigurationError
        If a projection learns by a rule that is not registered as a plasticity: a rule is code, of which a file
        holds the name.
    """
    rows = [_row(projection) for projection in network.projections.values()]
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {
        f"{number}.{name}": getattr(projection, name)
        for number, projection in enumerate(network.projections.values())
        for name in ("indptr", "indices", "data")
    }
    packed = io.BytesIO()
    np.savez(packed, **arrays)
    table = {
        "version": _VERSION,
        "outputs": network.outputs,
        "populations": [
            {
                "name": population.name,
                "n": population.n,
                "neuron": {
                    "model": type(population.neuron).__name__.removeprefix("Integer"),
                    **attrs.asdict(population.neuron),
                },
            }
            for population in network.populations.values()
        ],
        "projections": rows,
    }
    write_atomically(folder / "weights.npz", packed.getvalue())
    write_atomically(folder / "network.json", (json.dumps(table, indent=1) + "\n").encode())


def _row(projection: IntegerProjection) -> dict[str, Any]:
    row = attrs.asdict(projection, filter=attrs.filters.exclude("weights", "rule", "parameters"))
    if projection.rule is not None:
        try:
            row["rule"] = registered_name(projection.rule)
        except ConfigurationError as error:
            raise ConfigurationError(f"{projection.name}.rule", error.problem) from None
        row["parameters"] = dict(projection.parameters)
    return row


def load(folder: Path) -> IntegerNetwork:
    """Read what `save` wrote.

    Parameters
    ----------
    folder : pathlib.Path

    Returns
    -------
    IntegerNetwork

    Raises
    ------
    CheckpointError
        If a file is missing, damaged or of another version.
    UnknownPlugin
        If a rule by which a projection learns is not installed; it says what to install.
    """
    try:
        table = json.loads((folder / "network.json").read_text(encoding="utf-8"))
        if table["version"] != _VERSION:
            raise ValueError(f"version {table['version']!r}, this is {_VERSION!r}")
        with (folder / "weights.npz").open("rb") as file, np.load(file, allow_pickle=False) as weights:
            return _assemble(table, weights)
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"{folder}: not a network in whole numbers ({error})") from error


def _assemble(table: dict[str, Any], weights: Any) -> IntegerNetwork:
    populations = []
    for row in table["populations"]:
        neuron = dict(row["neuron"])
        populations.append(IntegerPopulation(row["name"], row["n"], _MODELS[neuron.pop("model")](**neuron)))
    sizes = {population.name: population.n for population in populations}
    projections = []
    for number, row in enumerate(table["projections"]):
        arrays = tuple(weights[f"{number}.{name}"] for name in ("data", "indices", "indptr"))
        shape = (sizes[row["source"]], sizes[row["target"]])
        if "rule" in row:
            row = {**row, "rule": registered_rule(row["rule"])}
        projections.append(IntegerProjection(**row, weights=scipy.sparse.csr_array(arrays, shape=shape)))
    return IntegerNetwork(populations, projections, outputs=table["outputs"])
