"""Optimisers over a network's projections and what is learned of its neurons.

The moments of a weight live on its projection, which carries them along when it is rewired.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_core.contracts import State
from sc_core.model import Network, Projection
from sc_gradient.learned_parameters import LearnedParameter

_UNIT: list[Any] = [attrs.validators.ge(0), attrs.validators.lt(1)]


@attrs.frozen
class OptimiserOptions:
    """How gradients become updates (specs/bptt.md).

    Parameters
    ----------
    optimiser : {"sgd", "adam", "adamw"}
    momentum : float
        Of `sgd`.
    beta_1, beta_2, epsilon : float
        Of `adam` and `adamw`, as in Kingma & Ba 2015.
    weight_decay : float
        Of `adamw`, decoupled; per update, times the learning rate.
    clip_norm : float or None
        Largest Euclidean norm of the whole gradient.
    weight_min, weight_max : float or None
        Bounds that weights are clipped to after each update.
    keep_sign : bool
        Whether a weight that would cross zero stops there (Dale's law). The sign is the synapse's own, from when
        the optimiser is made or the synapse grows.
    """

    optimiser: Literal["sgd", "adam", "adamw"] = attrs.field(
        default="sgd", validator=attrs.validators.in_(("sgd", "adam", "adamw"))
    )
    momentum: float = attrs.field(default=0.0, validator=_UNIT)
    beta_1: float = attrs.field(default=0.9, validator=_UNIT)
    beta_2: float = attrs.field(default=0.999, validator=_UNIT)
    epsilon: float = attrs.field(default=1e-8, validator=attrs.validators.gt(0))
    weight_decay: float = attrs.field(default=0.0, validator=attrs.validators.ge(0))
    clip_norm: float | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.gt(0))
    )
    weight_min: float | None = None
    weight_max: float | None = attrs.field(default=None)
    keep_sign: bool = attrs.field(default=False, validator=attrs.validators.instance_of(bool))

    @weight_max.validator
    def _check_bounds(self, attribute: attrs.Attribute[float | None], weight_max: float | None) -> None:
        if self.weight_min is not None and weight_max is not None and not weight_max > self.weight_min:
            raise ValueError(f"{attribute.name} must be > weight_min, {self.weight_min}, got {weight_max}")


class Optimiser:
    """Updates the weights of a network's trainable projections, and learned parameters of neurons, in place.

    Parameters
    ----------
    network : sc_core.Network
    options : OptimiserOptions
    learned : sequence of LearnedParameter
        As `find_learned_parameters` returns them.

    Examples
    --------
    >>> import numpy as np
    >>> from sc_core import LI, Input, Network, Population, Projection
    >>> source, readout = Population("source", 1, Input()), Population("readout", 1, LI())
    >>> network = Network([source, readout], [Projection(source, readout, [[1.0]])])
    >>> Optimiser(network, OptimiserOptions()).update([np.array([2.0])], lr=0.1)
    >>> network.projections[0].data
    array([0.8])
    """

    def __init__(
        self, network: Network, options: OptimiserOptions, learned: Sequence[LearnedParameter] = ()
    ) -> None:
        self.network = network
        self.options = options
        self.learned = tuple(learned)
        self.n_updates = 0
        self._moments: tuple[str, ...] = ("first_moment", "second_moment")
        if options.optimiser == "sgd":
            self._moments = ("first_moment",) if options.momentum else ()
        self._moments_of_neurons = [
            {name: np.zeros_like(parameter.values) for name in self._moments} for parameter in self.learned
        ]
        for projection in self._trainable():
            for name in self._moments:
                if name in projection.synapse_state:
                    projection.unregister(name)  # of an optimiser before this one
                projection.register(name)
            if options.keep_sign and "sign" not in projection.synapse_state:
                projection.register("sign", np.sign(projection.data), np.int8)

    @property
    def parameters(self) -> list[NDArray[Any]]:
        """The arrays that `update` changes: the weights of each projection, then each learned parameter."""
        weights = [projection.data for projection in self.network.projections]
        return weights + [parameter.values for parameter in self.learned]

    def _trainable(self) -> list[Projection]:
        return [projection for projection in self.network.projections if projection.trainable]

    def update(self, gradients: Sequence[NDArray[Any]], lr: float) -> None:
        """Take one step along `gradients`, one array for each of `parameters`, at rate `lr`.

        Raises
        ------
        NumericalError
            If a learned parameter of neurons would leave its range. No parameter has changed then.
        """
        self.n_updates += 1
        n_projections = len(self.network.projections)
        free = list(gradients[:n_projections]) + [
            parameter.free_gradient(gradient)
            for parameter, gradient in zip(self.learned, gradients[n_projections:], strict=True)
        ]
        scale = self._clip_factor(free)
        if scale is not None:
            free = [gradient * scale for gradient in free]
        # All of them, before anything changes: one may have to be refused.
        moved = [
            parameter.moved(self._step(moments, gradient, lr))
            for parameter, moments, gradient in zip(
                self.learned, self._moments_of_neurons, free[n_projections:], strict=True
            )
        ]
        for parameter, values in zip(self.learned, moved, strict=True):
            parameter.values[...] = values
        for projection, gradient in zip(self.network.projections, free[:n_projections], strict=True):
            if projection.trainable:
                if self.options.keep_sign:
                    _settle_signs(projection)
                step = self._step(projection.synapse_state, gradient, lr)
                weights = projection.data
                if self.options.optimiser == "adamw":
                    weights *= self.network.dtype.type(1 - lr * self.options.weight_decay)
                weights -= step
                self._clip_weights(projection)

    def _clip_factor(self, gradients: Sequence[NDArray[Any]]) -> np.floating[Any] | None:
        limit = self.options.clip_norm
        if limit is None:
            return None
        norm = np.sqrt(sum(float(np.vdot(gradient, gradient)) for gradient in gradients))
        return None if norm <= limit else self.network.dtype.type(limit / norm)

    def _step(self, moments: Mapping[str, NDArray[Any]], gradient: NDArray[Any], lr: float) -> Any:
        """Return what an update subtracts, but for the weight decay; the moments move on."""
        options, kind = self.options, self.network.dtype.type
        if options.optimiser == "sgd":
            if options.momentum:
                moment = moments["first_moment"]
                moment *= kind(options.momentum)
                moment += gradient
                gradient = moment
            return kind(lr) * gradient
        first, second = moments["first_moment"], moments["second_moment"]
        first += kind(1 - options.beta_1) * (gradient - first)
        second += kind(1 - options.beta_2) * (np.square(gradient) - second)
        rate = kind(lr / (1 - options.beta_1**self.n_updates))
        root = np.sqrt(second * kind(1 / (1 - options.beta_2**self.n_updates)))
        root += kind(options.epsilon)
        return rate * (first / root)

    def _clip_weights(self, projection: Projection) -> None:
        options, weights = self.options, projection.data
        if options.keep_sign:
            sign = projection.synapse_state["sign"]
            weights[weights * sign < 0] = 0
        if options.weight_min is not None or options.weight_max is not None:
            np.clip(weights, options.weight_min, options.weight_max, out=weights)

    def state_dict(self) -> State:
        """Return the number of updates and every moment."""
        return {
            "n_updates": self.n_updates,
            "moments": {
                projection.name: {name: projection.synapse_state[name] for name in self._moments}
                for projection in self._trainable()
            },
            "moments_of_neurons": {
                f"{parameter.population.name}.{parameter.name}": dict(moments)
                for parameter, moments in zip(self.learned, self._moments_of_neurons, strict=True)
            },
        }

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned."""
        self.n_updates = int(state["n_updates"])
        for projection in self._trainable():
            for name in self._moments:
                projection.synapse_state[name][...] = state["moments"][projection.name][name]
        for parameter, moments in zip(self.learned, self._moments_of_neurons, strict=True):
            for name, moment in moments.items():
                moment[...] = state["moments_of_neurons"][f"{parameter.population.name}.{parameter.name}"][
                    name
                ]


def _settle_signs(projection: Projection) -> None:
    """Give a sign to the synapses that have none yet: those that grew, and those that have left zero."""
    sign = projection.synapse_state["sign"]
    unsettled = sign == 0
    sign[unsettled] = np.sign(projection.data[unsettled])
