"""The training loop: updates, evaluation after each epoch, checkpoints, the end (specs/run.md)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_core.errors import BrokenPlugin, CheckpointError, NumericalError
from sc_run.checkpoint import Checkpoint, StoredTensors, read_best, store_best, write_checkpoint
from sc_run.evaluation import evaluate, is_better
from sc_run.interruption import Interruption, RunInterrupted
from sc_run.observations import observe
from sc_run.parts import Parts
from sc_run.random_streams import generator_state, random_stream
from sc_run.reporter import Reporter
from sc_run.samples import Pool, draw_all, scored_batches
from sc_run.silence import SilenceWatch
from sc_run.watchers import Watchers


@attrs.define
class Best:
    """The best network on validation so far.

    Parameters
    ----------
    step : int
        The number of updates after which it stood.
    metrics : dict of str to float
        Its validation metrics.
    stored : StoredTensors
        Where it is kept.
    """

    step: int
    metrics: dict[str, float]
    stored: StoredTensors


class TrainingLoop:
    """A run that trains, from its beginning or from a checkpoint, to its end.

    It is also what callbacks see as the run.

    Parameters
    ----------
    folder : pathlib.Path
        The run's folder.
    parts : Parts
        What the configuration describes.
    reporter : Reporter
    interruption : Interruption
        Tells when a signal has asked the run to stop.
    """

    def __init__(self, folder: Path, parts: Parts, reporter: Reporter, interruption: Interruption) -> None:
        self.folder = folder
        self.network = parts.network
        self.finished = False
        self.step = 0
        self.best: Best | None = None
        self.test_metrics: dict[str, float] = {}
        self._parts = parts
        self._reporter = reporter
        self._interruption = interruption
        self._watchers = Watchers(parts.callbacks, reporter.warn)
        self._silence = SilenceWatch(reporter.warn)
        self._training = parts.config.training
        self._epoch = 0
        self._batch = 0
        self._order: NDArray[np.int64] = np.zeros(0, np.int64)
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}
        self._stop_requested = False
        self._saved_step: int | None = None

    def request_stop(self) -> None:
        """End the run after the current step, as if all epochs were done."""
        self._stop_requested = True

    def run(self, checkpoint: Checkpoint | None) -> None:
        """Train to the end, from `checkpoint` or from the beginning.

        Parameters
        ----------
        checkpoint : Checkpoint or None

        Raises
        ------
        RunInterrupted
            If a signal stopped the run; all updates made are saved.
        NumericalError
            If the loss or a weight became NaN or infinite; the last checkpoint is kept.
        CheckpointError
            If the checkpoint does not belong to this run.
        """
        if checkpoint is not None:
            self._load(checkpoint)
        if self.finished:
            self._load_best_network()
            return
        try:
            self._watchers.start(self, None if checkpoint is None else checkpoint.state["callbacks"])
            self._reporter.begin(self.step, self._parts.n_steps)
            if checkpoint is None:
                self._draw_order()
                self._save()
            self._train()
            self._finish()
        finally:
            self._reporter.end()
            self._watchers.close()

    def _train(self) -> None:
        while self._epoch < self._parts.n_epochs:
            if self._interruption.signal_number is not None:
                self._save()
                raise RunInterrupted(self.folder, self._interruption.signal_number, self.step)
            if self._batch < self._parts.n_batches(self._stage) and not self._stop_requested:
                self._update()
            else:
                self._end_epoch()

    @property
    def _stage(self) -> int:
        return self._epoch // self._training.epochs

    def _update(self) -> None:
        size = self._parts.units_per_step
        chosen = self._order[self._batch * size : (self._batch + 1) * size]
        experience = self._parts.train.draw(chosen, self._parts.encoder, self._parts.streams["encoding"])
        metrics = self._learn(experience)
        if self._parts.simulation is not None:
            for sample in range(len(chosen)):
                self._parts.simulation.run(experience.inputs[:, sample])
        self.step += 1
        self._batch += 1
        self._require_finite_loss(metrics, "loss")
        for name, value in metrics.items():
            self._sums[name] = self._sums.get(name, 0.0) + value * len(chosen)
            self._counts[name] = self._counts.get(name, 0) + len(chosen)
        if self._parts.learner is not None:
            self._watchers.log({**metrics, "lr": float(self._parts.learner.lr)}, self.step)
        self._reporter.step(self._epoch + 1, self._parts.n_epochs, self.step, metrics)
        if self._training.checkpoint_every and self.step % self._training.checkpoint_every == 0:
            self._save()

    def _learn(self, experience: Any) -> dict[str, float]:
        learner, scheduler = self._parts.learner, self._parts.scheduler
        if learner is None:
            return {}
        if scheduler is not None:
            learner.lr = scheduler.step()
        metrics = learner.learn(experience)
        if not isinstance(metrics, Mapping):
            raise BrokenPlugin(
                f"learner {type(learner).__name__}.learn must return a mapping of metrics, "
                f"got {type(metrics).__name__}"
            )
        return {name: float(value) for name, value in metrics.items()}

    def _end_epoch(self) -> None:
        metrics = {f"train_{name}": total / self._counts[name] for name, total in self._sums.items()}
        if len(self._parts.validation):
            validation = self._evaluate(self._parts.validation, self._n_tasks_begun())
            metrics.update({f"validation_{name}": value for name, value in validation.items()})
            self._require_finite_loss(metrics, "validation_loss")
            self._require_finite_weights()
            self._silence.look(
                self.network,
                (batch for drawn in self._drawn(self._parts.validation) for batch in scored_batches(drawn)),
            )
            best = None if self.best is None else self.best.metrics
            # With tasks in sequence nothing is selected: the network goes on from task to task.
            if len(self._parts.stages) == 1 and is_better(validation, best, self._training.select):
                stored = store_best(self.folder, self.step, self.network.state_dict())
                self.best = Best(self.step, validation, stored)
        self._epoch += 1
        self._watchers.log({"epoch": float(self._epoch), **metrics}, self.step)
        self._show_network()
        self._reporter.epoch(self._epoch, self._parts.n_epochs, metrics)
        if self._stop_requested:
            self._epoch = self._parts.n_epochs
        if self._epoch < self._parts.n_epochs:
            if self._epoch % self._training.epochs == 0:
                self._end_task(self._stage - 1)
            self._draw_order()
        if not self._training.checkpoint_every:
            self._save()

    def _show_network(self) -> None:
        """Let callbacks that take arrays see how the network answers to the first samples, always the same ones."""
        if not self._watchers.take_arrays:
            return
        drawn = next(iter(self._drawn(self._parts.validation or self._parts.train)))
        for batch in scored_batches(drawn)[:1]:  # of episodes there is none
            for name, values in observe(self.network, batch):
                self._watchers.log_array(name, values, self.step)

    def _n_tasks_begun(self) -> int:
        return self._parts.n_tasks if len(self._parts.stages) == 1 else self._stage + 1

    def _end_task(self, task: int) -> None:
        """Test the network on all tasks, and let the learner see once more what it has learned from."""
        self._log_test(self._evaluate(self._parts.test, self._parts.n_tasks))
        consolidate = getattr(self._parts.learner, "consolidate", None)
        if consolidate is not None:
            self._reporter.note(f"consolidating task {task + 1} of {self._parts.n_tasks}")
            consolidate(self._drawn(self._parts.train.of_task(task)))

    def _log_test(self, metrics: Mapping[str, float]) -> None:
        if metrics:
            self._watchers.log({f"test_{name}": value for name, value in metrics.items()}, self.step)

    def _draw_order(self) -> None:
        stage = self._parts.stages[self._stage]
        self._order = stage[self._parts.streams["order"].permutation(len(stage))]
        self._batch = 0
        self._sums, self._counts = {}, {}

    def _finish(self) -> None:
        self._require_finite_weights()
        if self.best is None:
            # Without a validation part there is nothing to select by: the last network is the one.
            stored = store_best(self.folder, self.step, self.network.state_dict())
            self.best = Best(self.step, {}, stored)
        last = _copied(self.network.state_dict())
        self._load_best_network()
        self.test_metrics = self._evaluate(self._parts.test, self._parts.n_tasks)
        self._log_test(self.test_metrics)
        self.finished = True
        state = self._state(last)
        # Closed before the commit: a run that says it is finished has its callbacks' artefacts complete.
        self._watchers.close()
        write_checkpoint(self.folder, self.step, state, self.best.stored)

    def _evaluate(self, pool: Pool, n_tasks: int) -> dict[str, float]:
        """Return metrics on the first tasks: the mean of each over the tasks, and each of every task."""
        tasks = [
            evaluate(self.network, self._parts.learner, self._drawn(pool.of_task(task)))
            for task in range(n_tasks)
        ]
        if self._parts.n_tasks == 1:
            return tasks[0]
        tested = [metrics for metrics in tasks if metrics]  # a small task may have no sample in a part
        means = {
            name: sum(metrics[name] for metrics in tested) / len(tested) for name in next(iter(tested), {})
        }
        each = {
            f"task_{task}_{name}": value
            for task, metrics in enumerate(tasks, start=1)
            for name, value in metrics.items()
        }
        return means | each

    def _drawn(self, pool: Pool) -> Any:
        # Always the same tasks and noise, so that evaluations differ by the network alone.
        rng = random_stream(self._parts.config.seed, "evaluation")
        return draw_all(pool, self._training.batch_size, self._parts.encoder, rng)

    def _require_finite_loss(self, metrics: Mapping[str, float], name: str) -> None:
        if not math.isfinite(metrics.get(name, 0.0)):
            raise NumericalError(
                f"the {name.replace('_', ' ')} is {metrics[name]} after step {self.step}; {self._last_good()}"
            )

    def _require_finite_weights(self) -> None:
        for projection in self.network.projections:
            if not np.isfinite(projection.data).all():
                raise NumericalError(
                    f"projection {projection.name!r} has NaN or infinite weights after step {self.step}; "
                    f"{self._last_good()}"
                )

    def _last_good(self) -> str:
        return (
            f"the last good checkpoint, of step {self._saved_step}, is kept in {self.folder}; "
            "try a lower learning rate"
        )

    def _load_best_network(self) -> None:
        if self.best is not None:
            self.network.load_state_dict(read_best(self.folder, self.best.stored))

    def _save(self) -> None:
        self._require_finite_weights()
        state = self._state(self.network.state_dict())
        write_checkpoint(self.folder, self.step, state, None if self.best is None else self.best.stored)
        self._saved_step = self.step

    def _state(self, network_state: Mapping[str, Any]) -> dict[str, Any]:
        parts = self._parts
        return {
            "identity": parts.identity,
            "network": network_state,
            "learner": None if parts.learner is None else parts.learner.state_dict(),
            "learner_lr": None if parts.learner is None else float(parts.learner.lr),
            "scheduler": None if parts.scheduler is None else parts.scheduler.state_dict(),
            "plasticity": None if parts.simulation is None else parts.simulation.state_dict(),
            "callbacks": self._watchers.state_dict(),
            "random": {name: generator_state(rng) for name, rng in parts.streams.items()},
            "position": {
                "epoch": self._epoch,
                "batch": self._batch,
                "order": self._order,
                "stop_requested": self._stop_requested,
                "finished": self.finished,
            },
            "metrics": {
                "sums": self._sums,
                "counts": self._counts,
                "best_step": None if self.best is None else self.best.step,
                "best": {} if self.best is None else self.best.metrics,
                "test": self.test_metrics,
            },
        }

    def _load(self, checkpoint: Checkpoint) -> None:
        state, parts = checkpoint.state, self._parts
        for what, digest in parts.identity.items():
            if state["identity"].get(what) != digest:
                raise CheckpointError(
                    f"{self.folder}: the {what} is not the one that the run began with; "
                    "undo the change, or start a new run with scn train"
                )
        self.network.load_state_dict(state["network"])
        if parts.learner is not None:
            parts.learner.load_state_dict(state["learner"])
            parts.learner.lr = state["learner_lr"]
        if parts.scheduler is not None:
            parts.scheduler.load_state_dict(state["scheduler"])
        if parts.simulation is not None:
            parts.simulation.load_state_dict(state["plasticity"])
        for name, rng in parts.streams.items():
            rng.bit_generator.state = state["random"][name]
        position, metrics = state["position"], state["metrics"]
        self.step = self._saved_step = checkpoint.step
        self._epoch, self._batch, self._order = position["epoch"], position["batch"], position["order"]
        self._stop_requested, self.finished = position["stop_requested"], position["finished"]
        self._sums, self._counts = dict(metrics["sums"]), dict(metrics["counts"])
        self.test_metrics = dict(metrics["test"])
        if checkpoint.best is not None:
            self.best = Best(metrics["best_step"], dict(metrics["best"]), checkpoint.best)


def _copied(state: Any) -> Any:
    if isinstance(state, Mapping):
        return {key: _copied(value) for key, value in state.items()}
    return state.copy() if isinstance(state, np.ndarray) else state
