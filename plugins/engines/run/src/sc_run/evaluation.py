"""How well a network does on samples that it does not learn from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sc_core.contracts import Batch, Generation, TaskBatch
from sc_core.errors import ConfigurationError
from sc_run.samples import size_of


def evaluate(
    network: Any, learner: Any | None, experiences: Iterable[Batch | TaskBatch | Generation]
) -> dict[str, float]:
    """Return the mean metrics over experiences, weighted by their sizes.

    Parameters
    ----------
    network : Network
    learner : Learner or None
        Its ``evaluate`` is used where it offers one; else the network is simulated and `score` scores it.
    experiences : iterable of Batch, TaskBatch or Generation
        All but batches need a learner that offers ``evaluate``.

    Returns
    -------
    dict of str to float
        Empty where there are none.
    """
    sums: dict[str, float] = {}
    n_samples = 0
    for experience in experiences:
        size = size_of(experience)
        if learner is not None and hasattr(learner, "evaluate"):
            metrics = learner.evaluate(experience)
        else:
            assert isinstance(experience, Batch)  # checked when the learner was made  # noqa: S101
            metrics = score(network.run(experience.inputs), experience.targets)
        for name, value in metrics.items():
            sums[name] = sums.get(name, 0.0) + float(value) * size
        n_samples += size
    return {name: value / n_samples for name, value in sums.items()}


def score(outputs: NDArray[Any], targets: NDArray[Any]) -> dict[str, float]:
    """Score a network's outputs without a learner's help.

    Parameters
    ----------
    outputs : ndarray, shape (n_steps, batch, n_output)
    targets : ndarray
        Labels, shape (batch,): the class is the output with the largest sum over time, the first of equals.
        Or a target sequence, shaped as `outputs`: the loss is the mean squared difference.

    Returns
    -------
    dict of str to float
        ``accuracy`` or ``loss``.

    Examples
    --------
    >>> import numpy as np
    >>> score(np.array([[[0.0, 1.0], [1.0, 0.0]]]), np.array([1, 1]))
    {'accuracy': 0.5}
    """
    if targets.ndim == 1:
        return {"accuracy": float(np.mean(outputs.sum(axis=0).argmax(axis=1) == targets))}
    return {"loss": float(np.mean(np.square(outputs.astype(np.float64) - targets)))}


def is_better(new: Mapping[str, float], old: Mapping[str, float] | None, select: str | None) -> bool:
    """Tell whether validation metrics beat the best so far.

    Parameters
    ----------
    new, old : mapping of str to float
        Validation metrics; `old` is None where there are none yet.
    select : {"accuracy", "loss"} or None
        What decides; None takes the accuracy where there is one. Equal accuracies are decided by the loss
        where there is one; further ties keep the old.

    Returns
    -------
    bool

    Raises
    ------
    ConfigurationError
        If the evaluation does not yield what decides.

    Examples
    --------
    >>> is_better({"accuracy": 0.9, "loss": 0.3}, {"accuracy": 0.9, "loss": 0.4}, "accuracy")
    True
    """
    if select is None:
        select = "accuracy" if "accuracy" in new else "loss"
    if select not in new:
        listed = ", ".join(new) or "nothing"
        raise ConfigurationError("training.select", f"is {select!r}, but the evaluation yields: {listed}")
    if old is None:
        return True
    if select == "accuracy" and new["accuracy"] != old["accuracy"]:
        return new["accuracy"] > old["accuracy"]
    return new.get("loss", 0.0) < old.get("loss", 0.0)
