"""The documented script of the adaptation benchmark writes what the documented function writes."""

import subprocess
import sys
from pathlib import Path

from sc_neurocore.benchmarks.online_o1_adaptation import write_online_o1_adaptation_benchmark

SCRIPT = Path(__file__).parents[2] / "tools" / "online_o1_adaptation_benchmark.py"


def test_the_script_writes_the_same_bytes(tmp_path):
    write_online_o1_adaptation_benchmark(tmp_path / "function.json")
    subprocess.run([sys.executable, SCRIPT, "--output", tmp_path / "script.json"], check=True)
    assert (tmp_path / "script.json").read_bytes() == (tmp_path / "function.json").read_bytes()
