"""A population with the signature of existing scripts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import sc_core
from sc_core.errors import ConfigurationError
from sc_neurocore.network.neurons import MODELS, NeuronModel


class Population(sc_core.Population):
    """Neurons of one model; everything else is as in `sc_core.Population`.

    Parameters
    ----------
    model : type or str
        `LapicqueNeuron`, `StochasticLIFNeuron`, or the name of one of them.
    n : int
        How many neurons.
    params : mapping, optional
        Arguments of the model.
    label : str, optional
        The model's name unless given. A network numbers labels that occur twice.

    Raises
    ------
    ConfigurationError
        If there is no such model.
    """

    def __init__(
        self,
        model: type[NeuronModel] | str,
        n: int,
        params: Mapping[str, Any] | None = None,
        label: str | None = None,
    ) -> None:
        cls = MODELS.get(model) if isinstance(model, str) else model
        if cls is None or cls not in MODELS.values():
            raise ConfigurationError("model", f"must be one of {', '.join(MODELS)}, got {model!r}")
        self.model: NeuronModel = cls(**(params or {}))
        self.rng = np.random.default_rng(self.model.seed)
        super().__init__(label or cls.__name__, n, self.model.lif())
        self.bind(self.model.dt)

    @property
    def label(self) -> str:
        """The name."""
        return self.name

    def step_all(self, currents: ArrayLike) -> NDArray[np.float64]:
        """Advance every neuron by one step, the model's noise included; as `sc_core.Population.step_all`."""
        if self.model.noise_std:
            # The noise of the membrane as a current, whose effect on it is R dt.
            scale = self.model.noise_std / (self.model.resistance * np.sqrt(self.model.dt))
            currents = np.asarray(currents, dtype=np.float64) + scale * self.rng.standard_normal(self.n)
        return super().step_all(currents)
