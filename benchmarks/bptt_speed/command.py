"""What the scripts of the workloads do: run the contest, print the tables, write the JSON and the plot."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bptt_speed import machine
from bptt_speed.contest import Entry, Expected, contest
from bptt_speed.environments import ROOT
from bptt_speed.figure import draw
from bptt_speed.task import Batches


def table(threads: str, result: dict[str, Any]) -> str:
    """Return a Markdown table of one thread count, the fastest first."""
    contestants = result["contestants"]
    ours = next((mine["median_ms"] for name, mine in contestants.items() if name.startswith("sc-core")), None)
    lines = [
        f"| {threads} thread{'s' if threads != '1' else ''} | median ms | quartiles | ratio to sc-core | peak MB |"
        " of it at work |",
        "|---|---|---|---|---|---|",
    ]
    for name, mine in sorted(contestants.items(), key=lambda item: item[1]["median_ms"]):
        low, high = mine["quartiles_ms"]
        ratio = f"{mine['median_ms'] / ours:.1f}" if ours else "-"
        peak = mine["peak_memory_mb"]
        memory = "- | -" if peak is None else f"{peak:.0f} | {peak - mine['memory_before_mb']:.0f}"
        lines.append(f"| {name} | {mine['median_ms']:.2f} | {low:.2f} - {high:.2f} | {ratio} | {memory} |")
    lines += [f"\nabsent: {name}: {reason}" for name, reason in result["absent"].items()]
    return "\n".join(lines)


def arguments_of(description: str | None, folder: str) -> argparse.Namespace:
    """Return the options that all scripts have; results go to runs/<folder> unless given."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--output", type=Path, default=ROOT / "runs" / folder, help="folder of the results")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=11, help="turns of each contestant")
    parser.add_argument("--steps", type=int, default=3, help="timed steps in a turn")
    parser.add_argument(
        "--environments",
        type=Path,
        default=ROOT / ".tox" / "bptt-peers",
        help="folder of the peers' virtual environments, made where they are missing",
    )
    parser.add_argument("--only", nargs="+", help="names of the contestants; all unless given")
    return parser.parse_args()


def main(
    name: str,
    description: str | None,
    task: Batches,
    entries: Sequence[Entry],
    expected: Expected,
    folder: str = "bptt-speed",
) -> None:
    """Run one workload's contest as the options say."""
    options = arguments_of(description, folder)
    chosen = [entry for entry in entries if options.only is None or entry.name in options.only]
    report: dict[str, Any] = {
        "workload": name,
        "description": (description or "").strip().splitlines()[0],
        "machine": machine.describe(),
        "rounds": options.rounds,
        "steps": options.steps,
        "threads": {},
    }
    for threads in options.threads:
        result = contest(task, expected, chosen, threads, options.rounds, options.steps, options.environments)
        report["threads"][str(threads)] = result
        print(f"\n{name}\n\n{table(str(threads), result)}", flush=True)
    options.output.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, indent=1) + "\n"
    (options.output / f"{name}.json").write_text(text, encoding="utf-8")
    draw(report, options.output / f"{name}.svg")
    print(f"\nwritten: {name}.json and {name}.svg in {options.output}")
