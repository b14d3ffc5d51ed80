"""Plugins small enough to check by eye, so that the tests of runs need no other distribution.

As a program it is ``scn`` with these plugins: ``python small_plugins.py train run.toml``.
"""

import json
import time
from pathlib import Path

import attrs
import numpy as np

from sc_core import Batch, registry
from sc_core.atomic_file import write_atomically
from sc_core.simulation import simulate


class DeltaLearner:
    """The delta rule with momentum on the last projection, with dropout to make it use randomness."""

    @attrs.frozen
    class Options:
        lr: float = attrs.field(default=0.1, validator=attrs.validators.gt(0))
        momentum: float = attrs.field(default=0.5, validator=[attrs.validators.ge(0), attrs.validators.lt(1)])
        poison_at: int = 0
        pause: float = 0.0

    consumes = Batch

    def __init__(self, network, lr=0.1, momentum=0.5, poison_at=0, pause=0.0):
        self.network, self.lr, self.momentum = network, lr, momentum
        self.poison_at, self.pause = poison_at, pause
        self.projection = network.projections[-1]
        self.velocity = np.zeros(self.projection.n_synapses)
        self.rng = np.random.default_rng(3)
        self.calls = 0

    def learn(self, batch):
        time.sleep(self.pause)
        self.calls += 1
        record = simulate(self.network, batch.inputs)
        outputs = record[self.projection.target.name].mean(axis=0)
        error = np.eye(outputs.shape[1])[batch.targets] - outputs
        loss = float(np.mean(np.square(error)))
        drive = record[self.projection.source.name].mean(axis=0)
        drive = drive * (self.rng.random(drive.shape[1]) < 0.9)
        rows = np.repeat(np.arange(self.projection.source.n), np.diff(self.projection.indptr))
        gradient = (drive.T @ error / len(error))[rows, self.projection.indices]
        self.velocity *= self.momentum
        self.velocity += gradient
        self.projection.data[...] += (self.lr * self.velocity).astype(self.projection.data.dtype)
        return {"loss": float("nan") if self.calls == self.poison_at else loss}

    def state_dict(self):
        return {
            "velocity": self.velocity,
            "rng": self.rng.bit_generator.state,
            "calls": self.calls,
            "nothing": None,
        }

    def load_state_dict(self, state):
        self.velocity[...] = state["velocity"]
        self.rng.bit_generator.state = state["rng"]
        self.calls = state["calls"]


class HalvingScheduler:
    """Half the rate every `every` updates."""

    @attrs.frozen
    class Options:
        every: int = attrs.field(default=20, validator=attrs.validators.gt(0))

    def __init__(self, lr, total_steps, every):
        self.lr, self.total_steps, self.every, self.count = lr, total_steps, every, 0

    @classmethod
    def from_run(cls, learner, total_steps, every=20):
        return cls(learner.lr, total_steps, every)

    def step(self):
        if self.count and self.count % self.every == 0:
            self.lr /= 2
        self.count += 1
        return self.lr

    def state_dict(self):
        return {"lr": self.lr, "count": self.count}

    def load_state_dict(self, state):
        self.lr, self.count = state["lr"], state["count"]


class LinesCallback:
    """One line of JSON for each call of `log`; what comes after the checkpoint is cut off on resumption."""

    @attrs.frozen
    class Options:
        path: str = "metrics.jsonl"
        fail_at: int = 0
        stop_at: int = 0

    def __init__(self, path="metrics.jsonl", fail_at=0, stop_at=0):
        self.path, self.fail_at, self.stop_at, self.lines = path, fail_at, stop_at, 0

    def start(self, run):
        self.run = run
        self.file = run.folder / self.path

    def log(self, metrics, step):
        if step == self.fail_at:
            raise RuntimeError("the disk is on fire")
        with self.file.open("a") as file:
            file.write(json.dumps({"step": step, **metrics}) + "\n")
        self.lines += 1
        if step == self.stop_at:
            self.run.request_stop()

    def close(self):
        pass

    def state_dict(self):
        return {"lines": self.lines}

    def load_state_dict(self, state):
        self.lines = state["lines"]
        lines = self.file.read_text().splitlines(keepends=True) if self.file.exists() else []
        if self.lines or lines:
            # A kill in between must not take the lines that a later resumption needs.
            write_atomically(self.file, "".join(lines[: self.lines]).encode())


class HebbianPlasticity:
    """Weights drift up where both neurons are active, with a little noise."""

    @attrs.frozen
    class Options:
        rate: float = 1e-3

    def __init__(self, rate=1e-3):
        self.rate, self.steps = rate, 0

    def bind(self, projection, dt, rng):
        self.projection, self.rng = projection, rng
        self.rows = np.repeat(np.arange(projection.source.n), np.diff(projection.indptr))

    def after_step(self, pre, post, modulator):
        self.steps += 1
        together = pre[self.rows] * post[self.projection.indices]
        noise = self.rng.standard_normal(together.size)
        self.projection.data[...] += (self.rate * together * (1 + noise)).astype(self.projection.data.dtype)

    def state_dict(self):
        return {"steps": self.steps}

    def load_state_dict(self, state):
        self.steps = state["steps"]


PLUGINS = (
    ("learner", "delta", DeltaLearner),
    ("scheduler", "halving", HalvingScheduler),
    ("callback", "lines", LinesCallback),
    ("plasticity", "hebbian", HebbianPlasticity),
)


def write_inputs(folder: Path) -> None:
    """Write a small data set of three classes, ``small.npz``."""
    rng = np.random.default_rng(11)
    targets = np.repeat(np.arange(3), 24)
    centres = rng.random((3, 6))
    inputs = np.clip(centres[targets] + 0.1 * rng.standard_normal((72, 6)), 0, 1)
    np.savez(folder / "small.npz", inputs=inputs.astype(np.float32), targets=targets)


if __name__ == "__main__":
    from sc_run.cli import main

    for kind, name, cls in PLUGINS:
        registry.register(kind, name, cls)
    main()
