"""The documented emitter: one lane of the rule as Verilog."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import Any

from sc_core import registry
from sc_hardware.lane import build_lane
from sc_plugin_online_o1.config import OnlineO1Config
from sc_plugin_online_o1.resources import ResourceEstimate, estimate
from sc_plugin_online_o1.rules import reward_modulated_stdp

_MANIFEST_SCHEMA = "sc-neurocore.online-o1.manifest.v1"


class OnlineO1LearningEmitter:
    """One lane of reward-modulated STDP as Verilog-2001 (specs/hdl.md).

    Ports: ``clk``, ``rst_n`` (asynchronous, low), ``step_en``, ``pre_spike``, ``post_spike``, ``reward`` (signed) in;
    ``current_weight``, ``update_done`` out. Parameters: ``WEIGHT_BITS TRACE_BITS REWARD_BITS LEARNING_SHIFT
    TRACE_DECAY_SHIFT``, with the configuration's values as defaults.

    Parameters
    ----------
    module_name : str
        Name of the lane's module; the names of the modules in it begin with it.
    config : OnlineO1Config, optional
        The documented defaults unless given.

    Raises
    ------
    ConfigurationError
        If the name is no identifier; it is a ValueError.

    Examples
    --------
    >>> emitter = OnlineO1LearningEmitter(config=OnlineO1Config(weight_bits=8))
    >>> "module sc_online_o1_reward_stdp #(" in emitter.generate()
    True
    """

    def __init__(
        self, *, module_name: str = "sc_online_o1_reward_stdp", config: OnlineO1Config | None = None
    ) -> None:
        self.module_name = module_name
        self.config = config if config is not None else OnlineO1Config()
        self.design = build_lane(
            reward_modulated_stdp, module_name=module_name, parameters=self.config.parameters
        )

    @cached_property
    def _text(self) -> str:
        *inner, lane = registry.create("hdl", "verilog").emit(self.design).values()
        # One file with several modules: Verilator wants to hear that it is meant.
        before, after = "/* verilator lint_off DECLFILENAME */\n", "/* verilator lint_on DECLFILENAME */\n"
        return "\n".join([before + inner[0], *inner[1:-1], inner[-1] + after, lane])

    def generate(self) -> str:
        """Return the Verilog of the lane and of all modules in it, as one text.

        Raises
        ------
        UnknownPlugin
            If the backend is not installed: ``pip install sc-plugin-verilog``.
        """
        return self._text

    def estimate_resources(self, *, n_synapses: int, target: str = "generic") -> ResourceEstimate:
        """Return what a lane, and a memory for the state of all synapses, take on an FPGA (specs/online-o1.md).

        Flip-flops and multipliers are those of yosys exactly; look-up tables come from a formula over the widths,
        fitted to yosys. Nothing ran on a board.

        Parameters
        ----------
        n_synapses : int
            How many synapses share the lane, one after the other.
        target : {"generic", "ice40", "ecp5", "xilinx"}
            The family; generic is one of look-up tables with four inputs and multipliers of 16 bits, as iCE40.

        Returns
        -------
        ResourceEstimate
            `as_dict` makes plain values of it.

        Raises
        ------
        TypeError
            If `n_synapses` is no integer.
        ValueError
            If it is negative, or there is no such target.

        Examples
        --------
        >>> estimate = OnlineO1LearningEmitter().estimate_resources(n_synapses=1024, target="ecp5")
        >>> estimate.lane_ff_bits, estimate.estimated_dsps, estimate.bram36_tiles
        (53, 1, 2)
        """
        return estimate(self.config, n_synapses, target)

    def manifest(self, *, verilog_path: str, n_synapses: int | None = None) -> dict[str, Any]:
        """Return what the file of `generate` is, as plain values.

        Parameters
        ----------
        verilog_path : str
            Where it was or will be written.
        n_synapses : int, optional
            How many synapses the lane serves; adds ``total_state_bits``.

        Returns
        -------
        dict
            ``hardware_measurement_claimed`` is False: nothing ran on a board.

        Raises
        ------
        TypeError
            If `n_synapses` is no integer.
        ValueError
            If it is negative.
        """
        bits = self.config.per_synapse_state_bits
        manifest: dict[str, Any] = {
            "schema_version": _MANIFEST_SCHEMA,
            "module_name": self.module_name,
            "verilog_path": str(verilog_path),
            "sha256": hashlib.sha256(self.generate().encode()).hexdigest(),
            "parameters": {name.upper(): value for name, value in self.config.parameters.items()},
            "ports": [
                {
                    "name": port.name,
                    "direction": port.direction,
                    "bits": port.shape.width.value(self.config.parameters),
                }
                for port in self.design.lane.ports
            ],
            "per_synapse_state_bits": bits,
            "max_update_latency_cycles": 1,
            "hardware_measurement_claimed": False,
        }
        if n_synapses is not None:
            if isinstance(n_synapses, bool) or not isinstance(n_synapses, int):
                raise TypeError(f"n_synapses: must be an integer, got {n_synapses!r}")
            if n_synapses < 0:
                raise ValueError(f"n_synapses: must be >= 0, got {n_synapses}")
            manifest |= {"n_synapses": n_synapses, "total_state_bits": n_synapses * bits}
        return manifest
