"""The stochastic-computing layer that holds what earlier tasks need (specs/stochastic-layer.md, eq. 6-10)."""

from __future__ import annotations

from typing import Any, Literal

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from sc_core.contracts import State
from sc_core.errors import CheckpointError, ConfigurationError
from sc_plugin_ewc.bitstreams import unpack
from sc_plugin_ewc.stochastic_layer import SCLearningLayer, check_number


def _one_of(*allowed: str) -> Any:
    def check(instance: object, attribute: attrs.Attribute[str], value: str) -> None:
        if value not in allowed:
            raise ConfigurationError(attribute.name, f"must be one of {', '.join(allowed)}, got {value!r}")

    return attrs.field(default=allowed[0], validator=check, kw_only=True)


def _strength(instance: object, attribute: attrs.Attribute[Any], value: Any) -> None:
    check_number(attribute.name, value, low=0)


@attrs.define(slots=False, eq=False)
class EWC_SCLayer(SCLearningLayer):  # noqa: N801  the documented name
    """A stochastic-computing layer with elastic weight consolidation.

    Parameters
    ----------
    n_inputs, n_neurons, w_min, w_max, learning_rate, ltd_ratio, length, base_seed, neuron
        As in `SCLearningLayer`.
    ewc_lambda : float
        Strength of the pull.
    importance : {"magnitude", "fisher"}
        The weight at consolidation, as documented, or the Fisher information of the bits drawn, summed over tasks.
    pull : {"implicit", "explicit"}
        A step that is stable for any strength, or the documented formula, clipped.

    Attributes
    ----------
    fisher_info, star_weights : ndarray, shape (n_neurons, n_inputs)
        Importance, and where it pulls each weight to; zeros before the first consolidation.

    Notes
    -----
    Kirkpatrick et al. 2017. Equations: specs/stochastic-layer.md.

    Examples
    --------
    >>> layer = EWC_SCLayer(n_inputs=4, n_neurons=2, length=256, base_seed=1)
    >>> _ = layer.run_epoch([1.0, 1.0, 0.0, 0.0])
    >>> layer.consolidate_task()
    >>> layer.synapses[0][0].w = 0.0
    >>> penalty = layer.apply_ewc_penalty(step_size=1.0)
    >>> 0.0 < layer.synapses[0][0].w < layer.star_weights[0, 0]
    np.True_
    """

    ewc_lambda: float = attrs.field(default=10.0, validator=_strength)
    importance: Literal["magnitude", "fisher"] = _one_of("magnitude", "fisher")
    pull: Literal["implicit", "explicit"] = _one_of("implicit", "explicit")

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.fisher_info = np.zeros_like(self._weights)
        self.star_weights = np.zeros_like(self._weights)
        self._input_counts = np.zeros(self.n_inputs, np.int64)
        self._steps = 0

    def run_epoch(self, values: ArrayLike) -> NDArray[np.uint8]:
        """Run `length` steps, as `SCLearningLayer.run_epoch` does, and count the inputs' bits."""
        spikes, input_bits = self._run(values)
        self._input_counts += unpack(input_bits, self.n_inputs).sum(axis=0)
        self._steps += self.length
        return spikes

    def consolidate_task(self) -> None:
        """End a task: `apply_ewc_penalty` pulls to the present weights from now on (eq. 9, 10).

        Raises
        ------
        ConfigurationError
            If the importance is to be measured, and no epoch was run since the last task.
        """
        if self.importance == "magnitude":
            self.fisher_info, self.star_weights = np.abs(self._weights), self._weights.copy()
        else:
            information = self._information()
            total = self.fisher_info + information
            share = np.divide(information, total, out=np.ones_like(total), where=total > 0)
            self.star_weights = self.star_weights + share * (self._weights - self.star_weights)
            self.fisher_info = total
        self._input_counts[:] = self._steps = 0

    def _information(self) -> NDArray[np.float64]:
        if not self._steps:
            raise ConfigurationError(
                "importance", "'fisher' is measured while a task runs: call run_epoch before consolidate_task"
            )
        range_ = self.w_max - self.w_min
        half_a_bit = 0.5 / self.length
        p = np.clip((self._weights - self.w_min) / range_, half_a_bit, 1 - half_a_bit)
        return np.asarray(self._input_counts / self._steps / (p * (1 - p) * range_**2))

    def apply_ewc_penalty(self, step_size: float = 0.01) -> float:
        """Pull the weights towards `star_weights` (eq. 6-8).

        Parameters
        ----------
        step_size : float
            How far; at least 0.

        Returns
        -------
        float
            The sum of abs(F (w - w*)) before the pull.

        Raises
        ------
        ConfigurationError
            If `step_size` is negative or not finite.
        """
        check_number("step_size", step_size, low=0)
        distance = self._weights - self.star_weights
        stretch = self.ewc_lambda * step_size * self.fisher_info
        if self.pull == "implicit":
            with np.errstate(divide="ignore"):
                self._weights -= distance / (1 + 1 / stretch)  # in this form no strength overflows
        else:
            self._weights -= stretch * distance
        np.clip(self._weights, self.w_min, self.w_max, out=self._weights)
        return float(np.abs(self.fisher_info * distance).sum())

    def state_dict(self) -> State:
        """Return the layer's state, and what the tasks before are worth."""
        return {
            **super().state_dict(),
            "fisher_info": self.fisher_info,
            "star_weights": self.star_weights,
            "input_counts": self._input_counts,
            "steps": self._steps,
        }

    def load_state_dict(self, state: State) -> None:
        """Take over what `state_dict` returned.

        Raises
        ------
        CheckpointError
            If it is not the state of such a layer.
        """
        try:
            fisher, star = (np.array(state[name], float) for name in ("fisher_info", "star_weights"))
            counts, steps = np.array(state["input_counts"], np.int64), int(state["steps"])
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"this is no state of an EWC layer: {error!r}") from error
        for name, array, shape in (
            ("fisher_info", fisher, self._weights.shape),
            ("star_weights", star, self._weights.shape),
            ("input_counts", counts, (self.n_inputs,)),
        ):
            if array.shape != shape:
                raise CheckpointError(f"the saved {name} has shape {array.shape}, expected {shape}")
        super().load_state_dict(state)
        self.fisher_info, self.star_weights, self._input_counts, self._steps = fisher, star, counts, steps
