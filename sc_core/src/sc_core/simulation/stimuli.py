"""What drives a simulation from outside: arrays, spike times, Poisson processes, files (specs/simulation.md)."""

from __future__ import annotations

import csv
import math
import os
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from sc_core.contracts.state import State
from sc_core.errors import ConfigurationError, NumericalError, ShapeError

_BLOCK = 1000  # steps that a Poisson stimulus draws at a time


@attrs.frozen(eq=False)
class Events:
    """Values of single neurons in a window of steps, step by step.

    Parameters
    ----------
    start : ndarray, shape (n_steps + 1,), int64
        Entries ``start[t]`` to ``start[t + 1]`` belong to step t of the window.
    neuron : ndarray, int32
        Ascending within a step.
    value : ndarray, float64
    """

    start: NDArray[np.int64]
    neuron: NDArray[np.int32]
    value: NDArray[np.float64]

    def window(self, begin: int, end: int) -> Events:
        """Return the steps `begin` to `end` - 1."""
        first, last = self.start[begin], self.start[end]
        return Events(self.start[begin : end + 1] - first, self.neuron[first:last], self.value[first:last])

    def add_to(self, step: int, currents: NDArray[np.float64]) -> None:
        """Add one step's values to the neurons that they are for."""
        mine = slice(self.start[step], self.start[step + 1])
        currents[self.neuron[mine]] += self.value[mine]


def events_of(
    steps: NDArray[np.int64], neurons: NDArray[Any], values: NDArray[np.float64], shape: tuple[int, int]
) -> Events:
    """Return events in the order of steps and neurons; those of one neuron in one step are summed."""
    n_steps, n = shape
    places, which = np.unique(steps * n + neurons, return_inverse=True)
    start = np.searchsorted(places, np.arange(n_steps + 1) * n)
    summed = np.bincount(which, weights=values, minlength=places.size).astype(np.float64)
    return Events(start.astype(np.int64), (places % n).astype(np.int32), summed)


class Stimulus(Protocol):
    """What a simulation asks of a stimulus."""

    def check(self, name: str, n: int, n_steps: int, dt: float) -> None:
        """Refuse what cannot drive the `n` neurons of population `name` in the steps before `n_steps`."""
        ...

    def events(self, first: int, n_steps: int, n: int, dt: float, spikes: bool) -> Events:
        """Return the values of the steps from `first` on; `spikes`: only 0 or 1 (an Input's)."""
        ...

    def state_dict(self) -> State:
        """Return what the future values depend on."""
        ...

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned."""
        ...


class ArrayStimulus:
    """A value for every step and neuron.

    Parameters
    ----------
    values : array_like, shape (n_steps, n)
        Row 0 is for the simulation's step 0.

    Raises
    ------
    ShapeError, NumericalError
        If it is no matrix of finite numbers.

    Examples
    --------
    >>> from sc_core.simulation import ArrayStimulus
    >>> ArrayStimulus([[0.0, 2.0], [1.0, 0.0]]).events(0, 2, 2, 1.0, False).neuron
    array([1, 0], dtype=int32)
    """

    def __init__(self, values: ArrayLike) -> None:
        self.values = np.asarray(values)
        if self.values.ndim != 2 or self.values.dtype.kind not in "fiub":
            raise ShapeError(
                f"a stimulus must be numbers of shape (n_steps, n), got {self.values.dtype} of shape "
                f"{self.values.shape}"
            )
        if self.values.dtype.kind == "f" and not np.isfinite(self.values).all():
            step = int(np.argwhere(~np.isfinite(self.values))[0][0])
            raise NumericalError(f"a stimulus contains NaN or infinity, first in step {step}")

    def check(self, name: str, n: int, n_steps: int, dt: float) -> None:
        """Refuse an array with another number of neurons, or too few steps."""
        if self.values.shape[1] != n:
            raise ShapeError(f"the stimulus of {name!r} has {self.values.shape[1]} columns for {n} neurons")
        if len(self.values) < n_steps:
            raise ShapeError(
                f"the stimulus of {name!r} has {len(self.values)} steps, the simulation goes on to step {n_steps}"
            )

    def events(self, first: int, n_steps: int, n: int, dt: float, spikes: bool) -> Events:
        """Return the values that are not 0."""
        window = self.values[first : first + n_steps]
        steps, neurons = np.nonzero(window)
        start = np.searchsorted(steps, np.arange(n_steps + 1))
        return Events(start.astype(np.int64), neurons.astype(np.int32), window[steps, neurons].astype(float))

    def state_dict(self) -> State:
        """Return nothing: the step says it all."""
        return {}

    def load_state_dict(self, state: State) -> None:
        """Do nothing."""


class SpikeStimulus:
    """Spikes at given times.

    Parameters
    ----------
    times : array_like, shape (n_spikes,)
        ms from the simulation's beginning, in any order.
    neurons : array_like of int, shape (n_spikes,)
    weight : float, default 1.0
        What each spike adds to its neuron in its step.

    Raises
    ------
    ShapeError, ConfigurationError
        If the arrays do not fit each other, or a time is negative or not finite.

    Examples
    --------
    >>> from sc_core.simulation import SpikeStimulus
    >>> SpikeStimulus([0.2, 0.1], [0, 1]).events(0, 3, 2, 0.1, False).start
    array([0, 0, 1, 2])
    """

    def __init__(self, times: ArrayLike, neurons: ArrayLike, weight: float = 1.0) -> None:
        self.times, self.neurons = np.asarray(times, dtype=np.float64), np.asarray(neurons)
        self.weight = float(weight)
        if self.times.shape != self.neurons.shape or self.times.ndim != 1:
            raise ShapeError(
                "spikes need one time and one neuron each, got shapes "
                f"{self.times.shape} and {self.neurons.shape}"
            )
        if self.neurons.size and self.neurons.dtype.kind not in "iu":
            raise ConfigurationError("stimulus.neurons", f"must be integers, got {self.neurons.dtype}")
        wrong = ~(np.isfinite(self.times) & (self.times >= 0))
        if wrong.any():
            raise ConfigurationError("stimulus.times", f"must be >= 0 (ms), got {self.times[wrong][0]}")
        if not math.isfinite(self.weight):
            raise ConfigurationError("stimulus.weight", f"must be finite, got {weight!r}")

    def check(self, name: str, n: int, n_steps: int, dt: float) -> None:
        """Refuse neurons that do not exist."""
        wrong = (self.neurons < 0) | (self.neurons >= n)
        if wrong.any():
            raise ConfigurationError(
                "stimulus.neurons", f"{name!r} has neurons 0..{n - 1}, got {self.neurons[wrong][0]}"
            )

    def events(self, first: int, n_steps: int, n: int, dt: float, spikes: bool) -> Events:
        """Return the spikes of these steps."""
        # A time on the grid belongs to the step that it begins, though the quotient may round to just below.
        steps = np.floor(self.times / dt + 1e-6).astype(np.int64) - first
        mine = (steps >= 0) & (steps < n_steps)
        values = np.full(int(mine.sum()), self.weight)
        return _once(events_of(steps[mine], self.neurons[mine], values, (n_steps, n)), spikes)

    def state_dict(self) -> State:
        """Return nothing: the step says it all."""
        return {}

    def load_state_dict(self, state: State) -> None:
        """Do nothing."""


class PoissonStimulus:
    """Independent Poisson processes, one for each neuron.

    Parameters
    ----------
    rate : float or array_like, shape (n,)
        Spikes per second (Hz) of each neuron.
    rng : numpy.random.Generator
        A generator of this stimulus's own.
    weight : float, default 1.0
        What a spike adds to its neuron in its step; an Input passes on 1.

    Raises
    ------
    ConfigurationError
        If a rate is negative or not finite, or `rng` is no generator.

    Examples
    --------
    >>> import numpy as np
    >>> from sc_core.simulation import PoissonStimulus
    >>> stimulus = PoissonStimulus(20.0, np.random.default_rng(7))
    >>> stimulus.events(0, 1000, 50, 1.0, False).value.sum()      # 50 neurons for a second
    np.float64(1011.0)
    """

    def __init__(self, rate: ArrayLike, rng: np.random.Generator, weight: float = 1.0) -> None:
        self.rate = np.asarray(rate, dtype=np.float64)
        if self.rate.ndim > 1 or not (np.isfinite(self.rate) & (self.rate >= 0)).all():
            raise ConfigurationError(
                "stimulus.rate", f"must be >= 0 (Hz), one or one per neuron, got {rate!r}"
            )
        if not isinstance(rng, np.random.Generator):
            raise ConfigurationError("stimulus.rng", f"must be a numpy.random.Generator, got {rng!r}")
        if not math.isfinite(weight):
            raise ConfigurationError("stimulus.weight", f"must be finite, got {weight!r}")
        self.weight = float(weight)
        self._rng = rng
        self._number = -1  # of the block that is drawn
        self._before: Any = rng.bit_generator.state
        self._block: Events | None = None

    def check(self, name: str, n: int, n_steps: int, dt: float) -> None:
        """Refuse rates for another number of neurons."""
        if self.rate.ndim and self.rate.shape != (n,):
            raise ShapeError(f"the stimulus of {name!r} has {self.rate.size} rates for {n} neurons")

    def events(self, first: int, n_steps: int, n: int, dt: float, spikes: bool) -> Events:
        """Return the spikes of these steps; steps that are past are refused."""
        parts = []
        for number in range(first // _BLOCK, (first + n_steps - 1) // _BLOCK + 1):
            block, begin = self._drawn(number, n, dt), number * _BLOCK
            parts.append(block.window(max(first - begin, 0), min(first + n_steps - begin, _BLOCK)))
        start, total = [np.zeros(1, np.int64)], 0
        for part in parts:
            start.append(part.start[1:] + total)
            total += part.neuron.size
        neuron, value = (np.concatenate([getattr(p, key) for p in parts]) for key in ("neuron", "value"))
        return _once(Events(np.concatenate(start), neuron, value * self.weight), spikes)

    def _drawn(self, number: int, n: int, dt: float) -> Events:
        if number < self._number:
            raise ConfigurationError("stimulus", "a Poisson stimulus does not go back; make a new one")
        while self._block is None or self._number < number:
            if self._block is not None or self._number < 0:
                self._number += 1
                self._before = self._rng.bit_generator.state
            self._block = self._draw(n, dt)
        return self._block

    def _draw(self, n: int, dt: float) -> Events:
        expected = np.broadcast_to(self.rate, (n,)) * (dt * 1e-3)  # spikes in a step
        count = int(self._rng.poisson(expected.sum() * _BLOCK))
        steps = self._rng.integers(_BLOCK, size=count)
        if self.rate.ndim == 0:
            neurons = self._rng.integers(n, size=count)
        else:
            share = np.cumsum(expected)
            neurons = np.searchsorted(share, self._rng.random(count) * share[-1], side="right")
        return events_of(steps, neurons, np.ones(count), (_BLOCK, n))

    def state_dict(self) -> State:
        """Return the generator's state before the present block."""
        return {"block": self._number, "rng": self._before}

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned."""
        self._number, self._before, self._block = int(state["block"]), state["rng"], None
        self._rng.bit_generator.state = self._before


AnyStimulus: TypeAlias = ArrayStimulus | SpikeStimulus | PoissonStimulus | Stimulus


def _once(events: Events, spikes: bool) -> Events:
    return Events(events.start, events.neuron, np.ones(events.neuron.size)) if spikes else events


def load_stimulus(path: str | os.PathLike[str]) -> ArrayStimulus | SpikeStimulus:
    r"""Read a stimulus from a file, whole.

    Parameters
    ----------
    path : path-like
        ``.npy``: an array (n_steps, n). ``.csv``: the header ``time,neuron``, then one spike a line: ms from the
        simulation's beginning, number of the neuron.

    Returns
    -------
    ArrayStimulus or SpikeStimulus

    Raises
    ------
    ConfigurationError
        If the file is missing, truncated or malformed; the message names the file and the line.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sc_core.simulation import load_stimulus
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "spikes.csv")
    ...     _ = file.write_text("time,neuron\n0.5,3\n")
    ...     load_stimulus(file).times
    array([0.5])
    """
    file = Path(path)
    try:
        if file.suffix == ".npy":
            return ArrayStimulus(np.load(file, allow_pickle=False))
        if file.suffix == ".csv":
            return _spikes_in(file)
    except ConfigurationError:
        raise
    except (OSError, ValueError, ArithmeticError) as error:
        raise ConfigurationError(str(file), f"is no usable stimulus: {error}") from error
    raise ConfigurationError(str(file), "must be a .npy or a .csv file")


def _spikes_in(file: Path) -> SpikeStimulus:
    times, neurons = [], []
    with file.open(newline="", encoding="utf-8") as lines:
        rows = csv.reader(lines)
        if next(rows, None) != ["time", "neuron"]:
            raise ConfigurationError(f"{file}, line 1", "must be the header time,neuron")
        for row in rows:
            try:
                time, neuron = row
                times.append(float(time))
                neurons.append(int(neuron))
            except ValueError:
                text = ",".join(row)
                raise ConfigurationError(
                    f"{file}, line {rows.line_num}", f"must be a time in ms and a neuron, got {text!r}"
                ) from None
    return SpikeStimulus(times, np.array(neurons, dtype=np.int64))
