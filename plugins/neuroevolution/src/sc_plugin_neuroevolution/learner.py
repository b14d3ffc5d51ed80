"""The learner: evolves a network's weights, on batches or in an environment (specs/neuroevolution.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sc_core.contracts import Batch, Episodes, Generation, State
from sc_core.errors import ConfigurationError, NumericalError
from sc_core.model import Network
from sc_gradient import GradientEngine, Surrogate, accuracy
from sc_plugin_neuroevolution.episodes import returns
from sc_plugin_neuroevolution.options import NeuroevolutionOptions, choose_strategy
from sc_plugin_neuroevolution.strategies import STRATEGIES, OpenAIES, Strategy
from sc_plugin_neuroevolution.weights import scale_of, set_weights, weights_of


class NeuroevolutionLearner:
    """Evolves the weights of a network's trainable projections.

    Parameters
    ----------
    network : sc_core.Network
        After each generation it has the strategy's solution.
    strategy : str or mapping
        ``"cma-es"``, ``"openai-es"`` or ``"genetic"``, or a table with the name and its options. Sizes of steps are
        in units of the root mean square of each projection's weights as they are now.
    **options
        The other fields of `NeuroevolutionOptions`: ``fitness``, ``loss_fn``, ``seed``.

    Attributes
    ----------
    lr : float
        The rate of ``"openai-es"``; 0 with the other strategies, which have none and refuse another.

    Raises
    ------
    ConfigurationError, ValueError, TypeError
        If the network is no sc_core network, has nothing to train, or an option is not allowed.

    Examples
    --------
    >>> import numpy as np
    >>> from sc_core import LI, Batch, Input, Network, Population, Projection
    >>> from sc_core.contracts import Generation
    >>> from sc_plugin_neuroevolution import NeuroevolutionLearner
    >>> source, readout = Population("source", 2, Input()), Population("readout", 2, LI(tau=2.0))
    >>> network = Network([source, readout], [Projection(source, readout, np.full((2, 2), 0.1))])
    >>> learner = NeuroevolutionLearner(network, strategy={"name": "genetic", "sigma": 1.0}, seed=1)
    >>> generation = Generation(Batch(np.eye(2)[None].repeat(5, axis=0), np.array([1, 0])))
    >>> for _ in range(20):
    ...     metrics = learner.learn(generation)
    >>> learner.evaluate(generation)["accuracy"]
    1.0
    """

    Options: ClassVar = NeuroevolutionOptions
    consumes: ClassVar[type[Any]] = Generation

    def __init__(
        self, network: Network, strategy: str | Mapping[str, Any] = "cma-es", **options: Any
    ) -> None:
        self.options = NeuroevolutionOptions(strategy=strategy, **options)
        self.network = network
        # No gradient is asked of it, so the surrogate is of no effect.
        self._engine = GradientEngine(network, self.options.loss_fn, Surrogate(), through_reset=False)
        self.loss = self._engine.loss
        first = weights_of(network)
        if not first.size:
            raise ConfigurationError("network", "has no trainable projection, so there is nothing to evolve")
        chosen = choose_strategy(self.options.strategy)
        self._strategy: Strategy = STRATEGIES[chosen.name](
            first, scale_of(network), self.options.seed, **chosen.keywords()
        )

    @property
    def lr(self) -> float:
        """The rate of openai-es; 0 with the other strategies."""
        return self._strategy.lr if isinstance(self._strategy, OpenAIES) else 0.0

    @lr.setter
    def lr(self, rate: float) -> None:
        if isinstance(self._strategy, OpenAIES):
            self._strategy.lr = rate
        elif rate != 0:
            raise ConfigurationError(
                "lr", 'is a rate of the strategy "openai-es" alone; the others set the size of their steps'
            )

    def learn(self, experience: Generation) -> Mapping[str, float]:
        """Judge the candidates of one generation and let the strategy go on.

        Returns
        -------
        mapping of str to float
            ``best_fitness`` and ``mean_fitness``, the mean over candidates that have a fitness.

        Raises
        ------
        ShapeError, NumericalError, ConfigurationError
            If what judges does not fit the network, or no candidate has a fitness; the network is then as before.
        """
        candidates = self._strategy.ask()
        fitness = self._fitness(candidates, experience.trial)
        self._strategy.tell(fitness)
        set_weights(self.network, self._strategy.solution)
        known = fitness[np.isfinite(fitness)]
        return {"best_fitness": float(np.nanmax(fitness)), "mean_fitness": float(known.mean())}

    def _fitness(self, candidates: NDArray[np.float64], trial: Batch | Episodes) -> NDArray[np.float64]:
        if isinstance(trial, Episodes):
            means: NDArray[np.float64] = returns(self.network, candidates, trial).mean(axis=1)
            return means
        before = weights_of(self.network)
        self._engine.checked_inputs(trial.inputs)
        fitness = np.full(len(candidates), np.nan)
        try:
            for place, candidate in enumerate(candidates):
                set_weights(self.network, candidate)
                try:
                    metrics = self._score(trial)
                except NumericalError:  # a network that explodes has no fitness, and does not win
                    continue
                if self.options.fitness not in metrics:
                    raise ConfigurationError("fitness", "is 'accuracy', but the targets are no labels")
                fitness[place] = (
                    metrics["accuracy"] if self.options.fitness == "accuracy" else -metrics["loss"]
                )
        finally:
            set_weights(self.network, before)
        return fitness

    def evaluate(self, experience: Generation) -> Mapping[str, float]:
        """Judge the network as it is.

        Returns
        -------
        mapping of str to float
            Of a batch ``loss`` and, where targets are labels, ``accuracy``; of episodes ``return``, its mean, and
            ``loss``, minus that.
        """
        trial = experience.trial
        if isinstance(trial, Episodes):
            mean = float(returns(self.network, weights_of(self.network)[None], trial).mean())
            return {"loss": -mean, "return": mean}
        return self._score(trial)

    def _score(self, batch: Batch) -> dict[str, float]:
        loss, outputs = self._engine.loss_and_outputs(batch)
        share = accuracy(self.loss, outputs, batch.targets)
        return {"loss": loss} if share is None else {"loss": loss, "accuracy": share}

    def state_dict(self) -> State:
        """Return the strategy's state; the weights are the network's."""
        return {"strategy": self._strategy.state_dict()}

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned, by a learner of the same options.

        Raises
        ------
        CheckpointError
            If it is of another search.
        """
        self._strategy.load_state_dict(state["strategy"])
