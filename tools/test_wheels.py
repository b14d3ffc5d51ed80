"""Build every distribution and test each one alone: its wheel, its dependencies, its tests, nothing else.

Tests run from a copy outside the checkout, so that nothing of the workspace is on the path; as many distributions
at a time as there are processors.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from packaging.utils import canonicalize_name, parse_wheel_filename
from third_party_plugins import check_third_party_plugins
from wheel_environment import WheelTestError, create_environment, run
from workspace import ROOT, Distribution, distributions


def build(folder: Path) -> dict[str, Path]:
    """Build the sdist of every distribution, and its wheel from that sdist; return the wheels by name."""
    run(["uv", "build", "--all-packages", "--out-dir", folder], ROOT)
    return {canonicalize_name(parse_wheel_filename(path.name)[0]): path for path in folder.glob("*.whl")}


def check_extension(wheel: Path) -> None:
    """Refuse a wheel of sc-native without an extension module that serves every Python version."""
    tags = {(tag.interpreter, tag.abi) for tag in parse_wheel_filename(wheel.name)[3]}
    if tags != {("cp311", "abi3")}:
        raise WheelTestError(f"{wheel.name} must be tagged cp311-abi3")
    with zipfile.ZipFile(wheel) as archive:
        extensions = [name for name in archive.namelist() if name.endswith((".abi3.so", ".pyd"))]
    if not extensions:
        raise WheelTestError(f"{wheel.name} has no extension module: was it built without a C compiler?")


def copy_tests(distribution: Distribution, folder: Path) -> None:
    """Copy what the tests of one distribution may read: themselves, golden vectors, pytest's settings."""
    if not any((ROOT / distribution.tests).rglob("test_*.py")):
        raise WheelTestError(f"{distribution.name} has no tests in {distribution.tests}")
    without_caches = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / distribution.tests, folder / distribution.tests, ignore=without_caches)
    shutil.copytree(ROOT / "specs", folder / "specs")
    shutil.copy(ROOT / "tests" / "conftest.py", folder / "tests")
    shutil.copy(ROOT / "pyproject.toml", folder)


def count_tests(report: Path) -> str:
    """Return how many tests pytest ran and skipped, from its report (all that ran have passed)."""
    suites = list(ElementTree.parse(report).getroot().iter("testsuite"))  # noqa: S314 -- pytest just wrote it
    skipped = sum(int(suite.attrib["skipped"]) for suite in suites)
    passed = sum(int(suite.attrib["tests"]) for suite in suites) - skipped
    return f"{passed} passed, {skipped} skipped"


def test_alone(distribution: Distribution, wheels: dict[str, Path], folder: Path) -> tuple[str, str]:
    """Install one wheel into a new environment and run its tests there; return what they print, and how many ran."""
    copy_tests(distribution, folder)
    requirements = [distribution.requirement, "-r", str(ROOT / "requirements" / "tests.txt")]
    binaries = create_environment(folder / "environment", requirements, wheels)
    report = folder / "report.xml"
    printed = run([binaries / "pytest", "-q", f"--junit-xml={report}", distribution.tests], folder)
    return printed, count_tests(report)


def test_together(members: list[Distribution], wheels: dict[str, Path], folder: Path) -> tuple[str, str]:
    """Install all wheels into one new environment: its command lists every plugin, and runs other people's."""
    requirements = [*(member.requirement for member in members), "pip"]
    binaries = create_environment(folder / "environment", requirements, wheels)
    listing = run([binaries / "scn", "plugins", "list"], folder)
    names = [name for member in members for name in member.entry_points]
    missing = [name for name in names if name not in listing]
    if missing:
        raise WheelTestError(f"`scn plugins list` does not show {', '.join(missing)}")
    check_third_party_plugins(binaries, folder)
    return listing, f"{len(names)} plugins listed; third-party plugins installed by pip run by name"


def outcome_of(name: str, check: Callable[[Path], tuple[str, str]], folder: Path) -> str:
    """Run one check in a folder of its own, print what it printed, and return its line of the summary."""
    start = time.monotonic()
    folder.mkdir()
    try:
        printed, outcome = check(folder)
    except WheelTestError as error:
        printed, outcome = str(error), "FAILED"
    finally:
        shutil.rmtree(folder / "environment", ignore_errors=True)
    print(f"== {name}\n{printed}", flush=True)
    return f"{outcome} ({time.monotonic() - start:.0f} s)"


def summary(outcomes: dict[str, str]) -> str:
    """Return the table of outcomes and a closing line."""
    lines = [f"{name:24} {outcome}" for name, outcome in outcomes.items()]
    failed = [name for name, outcome in outcomes.items() if outcome.startswith("FAILED")]
    lines.append(f"failed: {', '.join(failed)}" if failed else "every distribution passes alone")
    return "\n".join(lines)


def main() -> int:
    members = distributions()
    with tempfile.TemporaryDirectory(prefix="wheels-") as temporary:
        folder = Path(temporary)
        wheels = build(folder / "wheels")
        check_extension(wheels["sc-native"])
        checks: dict[str, Callable[[Path], tuple[str, str]]] = {
            "all together": partial(test_together, members, wheels),  # the longest comes first
            **{member.name: partial(test_alone, member, wheels) for member in members},
        }
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            places = [folder / name.replace(" ", "-") for name in checks]
            outcomes = dict(zip(checks, pool.map(outcome_of, checks, checks.values(), places), strict=True))
    print(summary(outcomes))
    return 1 if any(outcome.startswith("FAILED") for outcome in outcomes.values()) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except WheelTestError as error:
        sys.exit(str(error))
