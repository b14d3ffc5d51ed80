"""Install the plugins of the hook specifications' docstrings with pip, beside our wheels, and run them by name."""

from __future__ import annotations

import json
from pathlib import Path

from manual_plugins import expected_records, project_of, run_with, write_packages
from wheel_environment import WheelTestError, run, run_to_end
from workspace import ROOT

_BAD_INPUT = 2
# Prints the largest difference between the weights of two runs.
_COMPARE = """
import sys, numpy, sc_run
first, second = (sc_run.load_best(folder)["projections"] for folder in sys.argv[1:])
print(max(float(numpy.abs(first[name]["data"] - second[name]["data"]).max()) for name in first))
"""


def check_third_party_plugins(binaries: Path, folder: Path) -> None:
    """Check that plugins which only pip has put into an environment are listed and run, until uninstalled.

    Parameters
    ----------
    binaries : pathlib.Path
        The commands of an environment with pip and all our distributions; the plugins are added to it.
    folder : pathlib.Path
        Where packages and runs are written.

    Raises
    ------
    WheelTestError
        If something is not as it should be.
    """
    packages = write_packages(folder / "packages")
    install: list[str | Path] = [
        binaries / "pip",
        "install",
        "--quiet",
        "--constraint",
        ROOT / "constraints.txt",
    ]
    run([*install, *packages.values()], folder)
    _check_listing(binaries, packages, folder)
    _train(binaries, folder, "third-party", run_with("learner", "scheduler", "callback"))
    _check_plasticity(binaries, folder)
    scheduler = project_of(packages["scheduler"])["name"]
    run([binaries / "pip", "uninstall", "--quiet", "--yes", scheduler], folder)
    _check_refusal(binaries, folder, "third-party.toml", f"pip install {scheduler}")
    (folder / "misspelt.toml").write_text(run_with("learner").replace('"perturbation"', '"perturbaton"'))
    _check_refusal(binaries, folder, "misspelt.toml", "Did you mean 'perturbation'?")


def _check_listing(binaries: Path, packages: dict[str, Path], folder: Path) -> None:
    records = json.loads(run([binaries / "scn", "plugins", "list", "--json", "--check"], folder))
    for expected in expected_records(packages):
        if expected not in records:
            raise WheelTestError(f"`scn plugins list --json` does not show {expected}, but {records}")


def _train(binaries: Path, folder: Path, name: str, configuration: str) -> None:
    (folder / f"{name}.toml").write_text(configuration)
    print(run([binaries / "scn", "train", f"{name}.toml", "--output", name], folder))


def _check_plasticity(binaries: Path, folder: Path) -> None:
    """Compare the weights with those of a run whose rule does nothing, and of one without a rule."""
    alone = run_with("plasticity")
    _train(binaries, folder, "rule", alone)
    _train(binaries, folder, "idle-rule", alone.replace("tau = 5000.0", "tau = 1e300, learning_rate = 0.0"))
    _train(binaries, folder, "rule-and-learner", run_with("plasticity", "learner"))
    _train(binaries, folder, "learner", run_with("learner").replace('"LI"', '"LIF"'))
    for with_rule, without in (("rule", "idle-rule"), ("rule-and-learner", "learner")):
        difference = float(run([binaries / "python", "-c", _COMPARE, with_rule, without], folder))
        if not difference > 0.1:
            raise WheelTestError(f"the weights of {with_rule} and {without} differ by {difference} only")


def _check_refusal(binaries: Path, folder: Path, configuration: str, hint: str) -> None:
    refused = run_to_end([binaries / "scn", "train", configuration], folder)
    if refused.returncode != _BAD_INPUT or refused.stdout.count("\n") != 1 or hint not in refused.stdout:
        raise WheelTestError(
            f"scn train {configuration} ended with {refused.returncode} instead of one line with {hint!r} and "
            f"exit code {_BAD_INPUT}:\n{refused.stdout}"
        )
