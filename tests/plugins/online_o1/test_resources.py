"""Estimates of a lane's resources: counted by hand, and refused where they make no sense."""

from __future__ import annotations

import itertools
import json

import pytest

from sc_hardware.lane.multiplier_blocks import Blocks, Product, product
from sc_plugin_online_o1.config import OnlineO1Config
from sc_plugin_online_o1.emitter import OnlineO1LearningEmitter
from sc_plugin_online_o1.resources import FAMILIES, TARGETS

SMALL = Blocks(wide=4, narrow=4, slice_bits=4, slice_sign=0, least_product=0, adder=0)


def estimated(n_synapses=1, target="generic", **widths):
    emitter = OnlineO1LearningEmitter(config=OnlineO1Config(**widths))
    return emitter.estimate_resources(n_synapses=n_synapses, target=target)


def test_flip_flops_are_the_state_and_update_done():
    assert estimated().lane_ff_bits == 16 + 3 * 12 + 1
    assert estimated(weight_bits=1, trace_bits=2, trace_decay_shift=1).lane_ff_bits == 1 + 3 * 2 + 1
    for shift in (0, 12, 30):  # a trace that never decays has equal bits
        assert estimated(trace_decay_shift=shift).lane_ff_bits == 16 + 12 + 2 + 1


def test_a_product_is_put_together_of_blocks():
    assert product(4, 3, SMALL) == Product(blocks=1, adder_bits=0, table_bits=0)
    assert product(3, 8, SMALL) == Product(blocks=2, adder_bits=7, table_bits=0)  # 4 + 4 bits, by 3
    assert product(8, 8, SMALL) == Product(blocks=4, adder_bits=2 * 8 + 12, table_bits=0)
    assert product(5, 4, SMALL) == Product(blocks=1, adder_bits=5, table_bits=4)  # 4 + 1 bits, by 4
    assert product(12, 4, SMALL) == Product(blocks=3, adder_bits=8 + 8, table_bits=0)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_more_blocks_than_pieces_and_never_less_for_wider_factors(family):
    blocks = FAMILIES[family]
    for first, second in itertools.product(range(2, 31), range(1, 31)):
        made = product(first, second, blocks)
        assert made == product(second, first, blocks)
        assert made.blocks <= product(first + 1, second, blocks).blocks + 1
        assert made.blocks <= 4
        assert made.blocks + made.table_bits > 0


def test_memory_tiles_count_ports_as_they_are():
    assert (estimated(1024).bram36_tiles, estimated(1024).bram18_tiles) == (2, 3)
    assert (estimated(512).bram36_tiles, estimated(512).bram18_tiles) == (1, 2)
    assert (estimated(1025).bram36_tiles, estimated(0).bram36_tiles) == (3, 0)


def test_look_up_tables_grow_with_every_width():
    for target in TARGETS:
        plain = estimated(target=target).estimated_luts
        for wider in ({"trace_bits": 16}, {"weight_bits": 24}):
            assert estimated(target=target, **wider).estimated_luts > plain
        assert estimated(target=target, trace_decay_shift=0).estimated_luts < plain
        assert estimated(target=target, weight_bits=1, trace_bits=2, reward_bits=1).estimated_luts >= 1


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_synapses": -1}, ValueError, "n_synapses: must be >= 0, got -1"),
        ({"n_synapses": True}, TypeError, "n_synapses: must be an integer, got True"),
        ({"n_synapses": 2.0}, TypeError, "n_synapses"),
        (
            {"n_synapses": 1, "target": "asic"},
            ValueError,
            "target: must be one of generic, ice40, ecp5, xilinx",
        ),
    ],
)
def test_impossible_arguments_are_refused_by_name(arguments, error, message):
    with pytest.raises(error, match=message):
        OnlineO1LearningEmitter().estimate_resources(**arguments)


def test_plain_values_survive_json():
    plain = estimated(7, "xilinx").as_dict()
    assert json.loads(json.dumps(plain)) == plain
