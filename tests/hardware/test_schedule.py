"""When a pipelined lane computes what: loops stay in one clock, multipliers elsewhere have one of their own."""

from __future__ import annotations

from sc_hardware.example_rules import pair_stdp
from sc_hardware.lane import build_lane
from sc_hardware.lane.schedule import clocked_blocks, clocks
from sc_hardware.rules import Parameter, Signed, Unsigned, rule, saturate

BITS = {"bits": Parameter(1, 16, default=8)}


@rule(
    state={"level": Signed("bits"), "total": Signed("bits"), "last": Signed("bits")},
    inputs={"drive": Signed("bits"), "gain": Signed("bits")},
    parameters=BITS,
)
def chained(state, inputs, params):
    """A level is filtered, its square scaled and summed, and the sum kept for one step."""
    level = saturate(state.level + inputs.drive, Signed(params.bits))
    square = level * level
    scaled = square * inputs.gain
    total = saturate(state.total + scaled, Signed(params.bits))
    return state.replace(level=level, total=total, last=state.total)


@rule(state={"level": Unsigned("bits")}, inputs={"gain": Unsigned("bits")}, parameters=BITS)
def product_in_a_loop(state, inputs, params):
    """The next step needs the product of this one."""
    return state.replace(level=saturate(state.level * inputs.gain, Unsigned(params.bits)))


def at(graph):
    return {node.name: clock for node, clock in clocks(graph).items() if node.name}


def test_products_outside_loops_have_clocks_of_their_own():
    found = at(chained.graph)
    assert [found[name] for name in ("next_level", "square", "scaled", "next_total")] == [0, 1, 2, 3]
    assert (found["level"], found["total"], found["last"]) == (0, 3, 3)
    assert build_lane(chained, pipelined=True).latency == 4


def test_a_product_in_a_loop_stays_in_its_clock():
    assert set(at(product_in_a_loop.graph).values()) == {0}
    assert build_lane(product_in_a_loop, pipelined=True).latency == 1


def test_blocks_cover_the_graph_and_read_only_what_is_there():
    for graph in (chained.graph, product_in_a_loop.graph, pair_stdp.graph):
        when = clocks(graph)
        computed = [node for _, block in clocked_blocks(graph, when) for node in block.nodes]
        assert len(computed) == len(set(computed)) == sum(bool(node.operands) for node in graph.nodes)
        made: set = set()
        for clock, block in clocked_blocks(graph, when):
            assert all(when[node] <= clock for node in block.inputs)
            assert all(node in made or not node.operands for node in block.inputs)
            made |= set(block.outputs)


def test_registers_carry_signals_over_the_clocks_between():
    lane = build_lane(chained, pipelined=True, read=["level", "last"]).lane
    delayed = [each.signal.name for each in lane.flip_flops]
    assert {"gain_after_1", "gain_after_2", "next_level_after_1", "square_after_1", "scaled_after_1"} <= {
        *delayed
    }
    assert {"level_after_1", "level_after_2", "level_after_3"} <= {*delayed}
    assert lane.done == ("step_en_after_3",)
    shown = {copy.target.name: copy.operands[0].signal.name for copy in lane.assignments}
    assert shown["current_level"] == "level_after_3"
    assert shown["current_last"] == "last"
