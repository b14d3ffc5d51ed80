"""Training metrics, distributions and rasters in Weights & Biases."""

from __future__ import annotations

import operator
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import attrs
import numpy as np
from numpy.typing import ArrayLike

from sc_core.errors import CheckpointError, ConfigurationError, MissingDependency
from sc_core.metrics import checked_metrics

if TYPE_CHECKING:
    from sc_core.contracts import Run, State


@attrs.frozen
class WandBOptions:
    """What a run's table ``[[callbacks]]`` may say; without a word of it ``wandb``'s own settings count.

    Parameters
    ----------
    project : str, default "sc-neurocore"
        The project that the run belongs to.
    mode : {"online", "offline", "disabled"}, optional
        ``"offline"`` writes the run into the run's folder and uses no network.
    entity, name, group, job_type, notes : str, optional
        As ``wandb.init`` has them.
    tags : list of str, optional
        As ``wandb.init`` has them.
    """

    project: str = attrs.field(default="sc-neurocore", validator=attrs.validators.min_len(1))
    mode: Literal["online", "offline", "disabled"] | None = None
    entity: str | None = None
    name: str | None = None
    group: str | None = None
    job_type: str | None = None
    notes: str | None = None
    tags: list[str] | None = None


class WandBCallback:
    """Logs into a run of Weights & Biases, which begins with the first thing that is logged.

    Whether it uses the network is for ``wandb`` to say: ``mode="offline"`` or ``WANDB_MODE=offline`` writes files,
    which ``wandb sync`` uploads later. Its reports to its makers are off, unless ``WANDB_ERROR_REPORTING`` says
    otherwise or it was imported before. A resumed run goes on with the same run of Weights & Biases.

    Parameters
    ----------
    project : str, default "sc-neurocore"
        The project that the run belongs to.
    **init_kwargs
        Handed on to ``wandb.init``; ``dir`` is the run's folder, or, without a run, wandb's default, unless given.

    Raises
    ------
    MissingDependency
        If the package ``wandb`` is not installed.
    """

    Options = WandBOptions

    def __init__(self, project: str = "sc-neurocore", **init_kwargs: Any) -> None:
        # Else it tells its makers of its use and its errors, even offline; wandb reads this when it is imported.
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        try:
            import wandb
        except ModuleNotFoundError as absent:
            raise MissingDependency(
                f"the callback 'wandb' needs the package {absent.name!r}, which is not installed; "
                "try: pip install 'sc-plugin-wandb[wandb]'"
            ) from absent
        self._wandb: Any = wandb
        self._settings = {"project": project, **init_kwargs}
        self._wandb_run: Any = None

    def start(self, run: Run) -> None:
        """Begin a run: its folder is where wandb writes, unless ``dir`` says otherwise."""
        self.close()
        self._settings.setdefault("dir", str(Path(run.folder)))

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Log each metric.

        Parameters
        ----------
        metrics : mapping of str to float
            Numbers by name.
        step : int
            The number of the update. wandb refuses to go back: values for a step before the last one are dropped.

        Raises
        ------
        ConfigurationError
            If a metric is no number; nothing is logged then.
        """
        self._log(checked_metrics(metrics), step)

    def log_array(self, name: str, values: ArrayLike, step: int) -> None:
        """Log an array.

        Parameters
        ----------
        name : str
        values : array_like
            One-dimensional: logged as a histogram. Two-dimensional, (n_steps, n): logged as an image, time from
            left to right, the first neuron at the top.
        step : int
            The number of the update.

        Raises
        ------
        ConfigurationError
            If `values` has another number of dimensions, or is empty.
        """
        array = np.asarray(values, dtype=np.float64)
        if array.ndim not in (1, 2) or array.size == 0:
            raise ConfigurationError(
                name, f"must have one or two dimensions and values, got shape {array.shape}"
            )
        shown = self._wandb.Histogram(array) if array.ndim == 1 else self._wandb.Image(array.T)
        self._log({name: shown}, step)

    def log_figure(self, name: str, figure: Any, step: int) -> None:
        """Log a matplotlib figure as an image."""
        self._log({name: self._wandb.Image(figure)}, step)

    def close(self) -> None:
        """End the run of Weights & Biases, if one has begun."""
        if self._wandb_run is not None:
            self._wandb_run.finish()
            self._wandb_run = None

    def state_dict(self) -> State:
        """Return the id of the run of Weights & Biases."""
        return {"id": self._settings.get("id")}

    def load_state_dict(self, state: State) -> None:
        """Go on with the run of Weights & Biases that `state` names.

        Raises
        ------
        CheckpointError
            If `state` is no state of this callback.
        """
        if "id" not in state:
            raise CheckpointError("this is no state of a W&B callback: it has no id")
        if state["id"] is not None:
            self._settings.update(id=state["id"], resume="allow")

    def _log(self, values: Mapping[str, Any], step: int) -> None:
        step = operator.index(step)
        if self._wandb_run is None:
            self._wandb_run = self._wandb.init(**self._settings)
            self._settings["id"] = self._wandb_run.id
        self._wandb_run.log(dict(values), step=step)
