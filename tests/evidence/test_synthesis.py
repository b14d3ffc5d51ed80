"""Cells of a lane, as yosys synthesises it."""

import pytest

from sc_core import registry
from sc_core.errors import ConfigurationError
from sc_hardware.lane import build_lane
from sc_hardware.verification.synthesise import synthesise
from sc_plugin_online_o1 import OnlineO1Config, reward_modulated_stdp

FLIP_FLOPS = {
    "ice40": ("SB_DFFER", "SB_DFFR"),
    "ecp5": ("TRELLIS_FF",),
    "xilinx": ("FDCE",),
}
MULTIPLIER = {"ice40": "SB_MAC16", "ecp5": "MULT18X18D", "xilinx": "DSP48E1"}


@pytest.fixture(scope="module")
def lane(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lane")
    design = build_lane(reward_modulated_stdp)
    for name, text in registry.create("hdl", "verilog").emit(design).items():
        (folder / name).write_text(text)
    return design, folder


@pytest.mark.parametrize("target", FLIP_FLOPS)
def test_a_lane_has_a_flip_flop_for_each_bit_of_its_state_and_one_multiplier(lane, target):
    design, folder = lane
    defaults = {name: parameter.default for name, parameter in reward_modulated_stdp.parameters.items()}
    cells = synthesise(design, defaults, target, folder)
    done = 1  # update_done
    assert sum(cells.get(name, 0) for name in FLIP_FLOPS[target]) == (
        OnlineO1Config().per_synapse_state_bits + done
    )
    assert cells[MULTIPLIER[target]] == 1
    assert not [name for name in cells if name.startswith("$")]


def test_an_unknown_target_is_refused_by_name(lane):
    design, folder = lane
    with pytest.raises(ConfigurationError, match="target: must be one of ice40, ecp5, xilinx"):
        synthesise(design, {}, "asic", folder)
