"""Opening a run's folder to look at its result."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import attrs

from sc_core.contracts import Batch, OpenedRun
from sc_core.errors import CheckpointError, ConfigurationError
from sc_core.model import Network
from sc_run.checkpoint import load_best
from sc_run.config import parse_config, read_toml
from sc_run.parts import Parts, assemble
from sc_run.random_streams import random_stream
from sc_run.run_folder import CONFIG_NAME
from sc_run.samples import SampleGenerations, Samples, draw_all


@attrs.frozen(eq=False)
class _BestOfRun:
    folder: Path
    parts: Parts

    @property
    def network(self) -> Network:
        return self.parts.network

    def batches(self, part: Literal["train", "validation", "test"]) -> Iterable[Batch]:
        pool = {"train": self.parts.train, "validation": self.parts.validation, "test": self.parts.test}[part]
        if isinstance(pool, SampleGenerations):
            pool = pool.samples
        if not isinstance(pool, Samples):
            raise ConfigurationError(str(self.folder), f"this run learns from {pool.unit}, not from samples")
        config = self.parts.config
        rng = random_stream(config.seed, "evaluation")
        return draw_all(pool, config.training.batch_size, self.parts.encoder, rng)


def open_run(folder: str | Path) -> OpenedRun:
    """Open a run with its best network.

    Parameters
    ----------
    folder : path
        The folder that ``scn train`` made.

    Returns
    -------
    OpenedRun

    Raises
    ------
    CheckpointError
        If `folder` is not a run's, the run has no best network yet, or a file of the checkpoint is damaged.
    ConfigurationError
        If its configuration cannot be followed any more.
    """
    folder = Path(folder)
    path = folder / CONFIG_NAME
    if not path.is_file():
        raise CheckpointError(f"{folder}: not the folder of a run: it has no {CONFIG_NAME}")
    parts = assemble(parse_config(read_toml(path), folder.resolve()), path.read_text(encoding="utf-8"))
    parts.network.load_state_dict(load_best(folder))
    return _BestOfRun(folder, parts)
