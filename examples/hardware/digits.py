"""From training to hardware: digits by BPTT, 8-bit weights, an engine whose every spike is the integer model's.

python examples/hardware/digits.py docs/gallery     # writes hardware_digits.json; takes some minutes

Steps: `scn train`, `scn quantise`, `scn hdl verify`; see docs/hardware-examples.md.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from sc_run import cli

# %% One command of scn, as a user types it


def scn(*words: str) -> Any:
    """Run a command and return the JSON that it prints, if it prints some."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        cli.main(list(words), prog_name="scn", standalone_mode=False)
    return json.loads(printed.getvalue()) if "--json" in words else None


# %% Train on 1144 samples, quantise, and let three simulators play held-out samples


def main(folder: Path, n_samples: int = 200) -> None:
    """Write ``hardware_digits.json`` into a folder."""
    config = Path(__file__).with_name("digits.toml")
    with tempfile.TemporaryDirectory() as place:
        run = str(Path(place) / "digits")
        scn("train", str(config), "--output", run)
        quantised = scn("quantise", run, "--weight-bits", "8", "--json")
        verified = scn("hdl", "verify", run, "--samples", str(n_samples), "--json")
    loss = 100 * (quantised["accuracy_before"] - quantised["accuracy_after"])
    result = {
        "network": "64-128-10",
        "accuracy_before": quantised["accuracy_before"],
        "accuracy_after": quantised["accuracy_after"],
        "accuracy_loss_points": round(loss, 2),
        "test_samples": quantised["samples"],
        "checks": [{k: v for k, v in check.items() if k != "seconds"} for check in verified["checks"]],
        "hardware_measurement_claimed": False,
    }
    if loss > 1 or not verified["holds"]:
        raise SystemExit(f"not as it should be: {json.dumps(result, indent=1)}")
    (folder / "hardware_digits.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:3]))
