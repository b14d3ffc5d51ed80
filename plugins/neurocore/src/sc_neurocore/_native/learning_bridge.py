"""The compiled lane of bounded online learning by its documented name; ours is C."""

from __future__ import annotations

from sc_core import kernels
from sc_core.errors import MissingDependency
from sc_plugin_online_o1 import OnlineO1Config, OnlineO1Snapshot, OnlineO1Synapse

__all__ = ["RustOnlineO1Synapse"]


class RustOnlineO1Synapse:
    """`OnlineO1Synapse`, every step of which is taken by the compiled kernel.

    Parameters
    ----------
    weight_bits, trace_bits, reward_bits, learning_shift, trace_decay_shift : int
        As in `OnlineO1Config`.
    initial_weight : int, default 0

    Raises
    ------
    RuntimeError
        If the compiled kernels do not load, or ``SC_KERNELS=reference`` asks for none.
    ValueError
        If the configuration or the weight is impossible.
    """

    def __init__(
        self,
        *,
        weight_bits: int = 16,
        trace_bits: int = 12,
        reward_bits: int = 8,
        learning_shift: int = 4,
        trace_decay_shift: int = 4,
        initial_weight: int = 0,
    ) -> None:
        _require_native_kernels()
        try:
            config = OnlineO1Config(weight_bits, trace_bits, reward_bits, learning_shift, trace_decay_shift)
            self._synapse = OnlineO1Synapse(config, initial_weight)
        except TypeError as error:
            raise ValueError(str(error)) from error

    @property
    def per_synapse_state_bits(self) -> int:
        """How many bits the state has."""
        return self._synapse.state_bit_count

    def snapshot(self) -> OnlineO1Snapshot:
        """Return the present state."""
        return self._synapse.snapshot()

    def step(self, *, pre_spike: bool, post_spike: bool, reward: int) -> OnlineO1Snapshot:
        """Take one step; as `OnlineO1Synapse.step`."""
        self._synapse.run(pre_spikes=[pre_spike], post_spikes=[post_spike], rewards=[reward])
        return self._synapse.snapshot()


def _require_native_kernels() -> None:
    try:
        found = kernels.native()
    except MissingDependency as error:
        raise RuntimeError(str(error)) from error
    if not found:
        raise RuntimeError(
            "the compiled kernels are not there: install sc-native where there is a C compiler"
        )
