"""What listing thirty plugins costs, and what ``import sc_core`` costs.

Each figure is the median over fresh interpreters. Thirty fake distributions are put on the path of each. The
time to import `importlib.metadata` and read all entry points with it is measured first, and counts as given.

    python benchmarks/registry_listing.py
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

INTERPRETERS = 15
PLUGINS = 30
KINDS = ("learner", "scheduler", "callback", "plasticity", "hdl")

MEASURE_LISTING = f"""
import json, time
def milliseconds(function):
    start = time.perf_counter()
    function()
    return 1e3 * (time.perf_counter() - start)
def read_entry_points():
    import importlib.metadata
    importlib.metadata.entry_points()
def import_registry():
    import sc_core.registry
def list_all():
    from sc_core import registry
    return [record for kind in {KINDS!r} for record in registry.records(kind)]
steps = (read_entry_points, import_registry, list_all)
times = {{step.__name__: milliseconds(step) for step in steps}}
listed = [record for record in list_all() if record.distribution.startswith("sc-plugin-fake")]
assert len(listed) == {PLUGINS} and not any(record.error for record in listed), listed
print(json.dumps(times))
"""

MEASURE_IMPORT = """
import json, time
start = time.perf_counter()
import sc_core
print(json.dumps({"import_sc_core": 1e3 * (time.perf_counter() - start)}))
"""


def make_distributions(folder: Path) -> None:
    for number in range(PLUGINS):
        information = folder / f"sc_plugin_fake{number}-1.0.dist-info"
        information.mkdir()
        (information / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: sc-plugin-fake{number}\nVersion: 1.0\nSummary: A fake.\n"
            "Requires-Dist: numpy>=2.0\nRequires-Dist: sc-core<0.2,>=0.1\n"
        )
        kind = KINDS[number % len(KINDS)]
        (information / "entry_points.txt").write_text(f"[sc.{kind}]\nfake{number} = absent_module.hooks\n")


def medians(program: str, folder: Path) -> dict[str, float]:
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    runs = []
    for _ in range(INTERPRETERS):
        result = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        runs.append(json.loads(result.stdout))
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_distributions(folder)
        listing = medians(MEASURE_LISTING, folder)
        importing = medians(MEASURE_IMPORT, folder)
    print(f"medians over {INTERPRETERS} fresh interpreters, {PLUGINS} plugins, in ms")
    print(f"importlib.metadata and its entry_points():  {listing['read_entry_points']:6.1f}")
    print(f"import sc_core.registry after that:         {listing['import_registry']:6.1f}")
    print(f"records of all kinds after that:            {listing['list_all']:6.1f}   (target < 30)")
    print(f"import sc_core:                             {importing['import_sc_core']:6.1f}   (target < 150)")


if __name__ == "__main__":
    main()
