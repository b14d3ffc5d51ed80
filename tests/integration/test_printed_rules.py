"""The committed C of this repository's rules is what the rules print today."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from print_rules import printed  # noqa: E402 -- the scripts are no package


@pytest.mark.parametrize(("name", "text"), printed().items())
def test_committed_c_is_what_the_rules_print(name, text):
    committed = (ROOT / "native_c" / "csrc" / name).read_text()
    assert committed == text, f"{name} has drifted: run `python tools/print_rules.py`"
