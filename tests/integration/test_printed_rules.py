"""The committed C of this repository's rules is what the rules print today."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from print_rules import RULES, pieces, printed  # noqa: E402 -- the scripts are no package


@pytest.mark.parametrize(("name", "text"), printed().items())
def test_committed_c_is_what_the_rules_print(name, text):
    committed = (ROOT / "native_c" / "csrc" / name).read_text()
    assert committed == text, f"{name} has drifted: run `python tools/print_rules.py`"


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_decays_fit_16_bits_where_c_computes_them_in_them(rule):
    """The limits in online_o1_stream.inc: the largest that leave every intermediate 16 bits, for both rules."""

    def bits(trace_bits, shift):
        chosen = {**rule.graph.defaults, "trace_bits": trace_bits, "trace_decay_shift": shift}
        nodes = [node for node in pieces(rule)["decay"].nodes if node.operation != "parameter"]
        return max(node.type.signed_width.value(chosen) for node in nodes)

    assert max(bits(trace_bits, shift) for trace_bits in range(2, 16) for shift in range(15)) <= 16
    text = (ROOT / "native_c" / "csrc" / "online_o1_stream.inc").read_text()
    assert "(all)->trace_bits <= 15 && (all)->trace_decay_shift <= 14" in text
