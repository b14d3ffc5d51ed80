"""Networks in whole numbers on disk: ``network.json`` and ``weights.npz`` in one folder."""

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
        If a projection learns: a rule is code, which no file holds.
    """
    for projection in network.projections.values():
        if projection.rule is not None:
            raise ConfigurationError(f"{projection.name}.rule", "a network that learns cannot be stored yet")
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
        "projections": [
            attrs.asdict(projection, filter=attrs.filters.exclude("weights", "rule", "parameters"))
            for projection in network.projections.values()
        ],
    }
    write_atomically(folder / "weights.npz", packed.getvalue())
    write_atomically(folder / "network.json", (json.dumps(table, indent=1) + "\n").encode())


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
        projections.append(IntegerProjection(**row, weights=scipy.sparse.csr_array(arrays, shape=shape)))
    return IntegerNetwork(populations, projections, outputs=table["outputs"])
