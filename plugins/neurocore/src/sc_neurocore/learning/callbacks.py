"""Callbacks that log metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sc_neurocore._handing_on import hand_on

if TYPE_CHECKING:
    from sc_plugin_csv.callback import CSVCallback
    from sc_plugin_tensorboard.callback import TensorBoardCallback
    from sc_plugin_wandb.callback import WandBCallback

__all__ = ["CSVCallback", "TensorBoardCallback", "TrainingCallback", "WandBCallback"]

__getattr__, __dir__ = hand_on(
    __name__,
    {
        "CSVCallback": "sc_plugin_csv.callback",
        "TensorBoardCallback": "sc_plugin_tensorboard.callback",
        "WandBCallback": "sc_plugin_wandb.callback",
    },
)


class TrainingCallback:
    """A callback that does nothing, to derive your own from."""

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Take note of metrics after an update."""

    def close(self) -> None:
        """End."""
