"""Neurons that differ: a parameter drawn for each of them from a distribution (specs/run.md)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_core.choice import Choice, choose_from
from sc_core.errors import ConfigurationError
from sc_core.model import NEURONS, Neuron
from sc_core.model.neurons import parameter_names

_gt = attrs.validators.gt


class Distribution(Protocol):
    """What draws a value for each neuron."""

    def draw(self, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return n values."""
        ...


@attrs.frozen
class Uniform:
    """Every value from `low` to `high` is as likely as any other."""

    low: float
    high: float = attrs.field()

    @high.validator
    def _above_low(self, attribute: attrs.Attribute[float], high: float) -> None:
        _refuse_below(attribute, high, self.low)

    def draw(self, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return n values."""
        return rng.uniform(self.low, self.high, n)


@attrs.frozen
class LogUniform:
    """The logarithm is uniform: each octave between `low` and `high` gets as many neurons."""

    low: float = attrs.field(validator=_gt(0))
    high: float = attrs.field()

    @high.validator
    def _above_low(self, attribute: attrs.Attribute[float], high: float) -> None:
        _refuse_below(attribute, high, self.low)

    def draw(self, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return n values."""
        return np.exp(rng.uniform(math.log(self.low), math.log(self.high), n))


@attrs.frozen
class Gamma:
    """Gamma with this mean; the smaller `shape`, the broader."""

    mean: float = attrs.field(validator=_gt(0))
    shape: float = attrs.field(default=3.0, validator=_gt(0))

    def draw(self, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return n values."""
        return rng.gamma(self.shape, self.mean / self.shape, n)


DISTRIBUTIONS: dict[str, type[Distribution]] = {"gamma": Gamma, "log_uniform": LogUniform, "uniform": Uniform}
"""The distributions by name."""


@attrs.frozen
class NeuronChoice:
    """A neuron model with its parameters, some of which differ from neuron to neuron by chance.

    Parameters
    ----------
    model : Choice
        Its options are the neuron model, with defaults for what is drawn.
    spreads : dict of str to Choice
        Distributions by parameter.
    """

    model: Choice
    spreads: dict[str, Choice] = attrs.field(factory=dict)

    def draw(self, n: int, rng: np.random.Generator) -> Neuron:
        """Return the model with a value for each of n neurons where a parameter has a distribution.

        Raises
        ------
        ConfigurationError
            If the model does not allow what was drawn.
        """
        drawn = {name: spread.options.draw(n, rng) for name, spread in self.spreads.items()}
        try:
            neuron: Neuron = attrs.evolve(self.model.options, **drawn)
        except ValueError as error:
            problem = str(error).split(", got (")[0]  # not all n values
            raise ConfigurationError("", f"a value was drawn that is not allowed: {problem}") from None
        return neuron

    def table(self) -> dict[str, Any]:
        """Return the choice as a table of a configuration file."""
        spreads = {}
        for name, spread in self.spreads.items():
            table = spread.table()
            spreads[name] = {"distribution": table.pop("name"), **table}
        return {**self.model.table(), **spreads}


def choose_neuron(value: object, path: str) -> NeuronChoice:
    """Check the choice of a neuron model.

    Parameters
    ----------
    value : str or mapping
        The model's name, or a table with the name and its parameters: a number, a list of one number per neuron,
        or a table with the name of a `distribution` and its options.
    path : str
        Where `value` stands.

    Raises
    ------
    ConfigurationError
        If something in it is unknown or not allowed.

    Examples
    --------
    >>> import numpy as np
    >>> tau = {"distribution": "uniform", "low": 5.0, "high": 40.0}
    >>> chosen = choose_neuron({"name": "LI", "tau": tau}, "neuron")
    >>> [round(tau) for tau in chosen.draw(4, np.random.default_rng(7)).tau]
    [27, 36, 32, 13]
    """
    table = dict(value) if isinstance(value, Mapping) else value
    found: dict[str, Mapping[str, Any]] = {}
    if isinstance(table, dict):
        found = {name: table.pop(name) for name in list(table) if isinstance(table[name], Mapping)}
    model = choose_from(NEURONS, "neuron model", table, path)
    allowed = parameter_names(NEURONS[model.name])
    for name in found:
        if name not in allowed:
            raise ConfigurationError(
                f"{path}.{name}",
                f"cannot differ from neuron to neuron; of {model.name} can: {', '.join(allowed) or 'nothing'}",
            )
    return NeuronChoice(model, {name: _spread(found[name], f"{path}.{name}") for name in found})


def _spread(table: Mapping[str, Any], path: str) -> Choice:
    if "distribution" not in table:
        raise ConfigurationError(
            f"{path}.distribution", f"is required and missing; there are: {', '.join(DISTRIBUTIONS)}"
        )
    renamed = {"name" if key == "distribution" else key: item for key, item in table.items()}
    return choose_from(DISTRIBUTIONS, "distribution", renamed, path)


def _refuse_below(attribute: attrs.Attribute[float], high: float, low: float) -> None:
    if not high >= low:
        raise ValueError(f"{attribute.name} must be >= low, {low}, got {high}")
