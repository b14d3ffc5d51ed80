"""Print the C of this repository's own rules: ``python tools/print_rules.py`` rewrites native_c/csrc.

The files are committed, so that sc-native builds without the rules; a test fails where they differ.
"""

from __future__ import annotations

from pathlib import Path

from sc_hardware.rules import Rule
from sc_hardware.rules.c import FIXED_POINT_H, Piece, next_state, piece_function
from sc_hardware.rules.c_runs import run_declaration, run_definition
from sc_plugin_online_o1.rules import RULES

FOLDER = Path(__file__).resolve().parents[1] / "native_c" / "csrc"
NOTICE = (
    "/* Printed by tools/print_rules.py from the rules of sc-plugin-online-o1; change those instead. */\n"
)

# What a step is to a synapse, cut where the streaming loops need it (online_o1_stream.inc).
DECAYED = {
    "reward_modulated_stdp": "decayed_eligibility",
    "fading_reward_modulated_stdp": "faded_eligibility",
}


def pieces(rule: Rule) -> dict[str, Piece]:
    """Return the functions of which the streaming loops are made."""
    graph = rule.graph
    decayed, paired = graph.node(DECAYED[rule.name]), graph.next_state["eligibility"]
    return {
        "decay": Piece(graph, {"decayed": decayed}),
        "pair": Piece(graph, {"eligibility": paired}, frozenset([decayed])),
        "learn": Piece(graph, {"weight": graph.next_state["weight"]}, frozenset([paired])),
        "pre_trace": next_state(graph, ["pre_trace"]),
        "post_trace": next_state(graph, ["post_trace"]),
    }


def printed() -> dict[str, str]:
    """Return the files: name to text."""
    runs = [run_definition(rule) for rule in RULES.values()]
    parts = [
        piece_function(piece, f"{rule.name}_{name}")
        for rule in RULES.values()
        for name, piece in pieces(rule).items()
    ]
    return {
        "fixed_point.h": FIXED_POINT_H,
        "online_o1_rules.cdef": NOTICE + "".join(run_declaration(rule) for rule in RULES.values()),
        "online_o1_rules.inc": "\n".join([NOTICE, *runs]),
        "online_o1_pieces.inc": "\n".join([NOTICE, *parts]),
    }


if __name__ == "__main__":
    for name, text in printed().items():
        (FOLDER / name).write_text(text)
