"""Compile constraints.txt: one pinned version of every third-party package that any environment installs."""

from __future__ import annotations

import subprocess

from workspace import ROOT, distributions

HEADER = "# Every third-party version, pinned. Compiled by `tox run -e constraints`; not edited by hand.\n"

PINNED_THEMSELVES = ("oracles.txt",)  # why, stands there


def compile_constraints() -> str:
    """Return the text of constraints.txt, for every platform and Python version that is supported."""
    # What builds the distributions is pinned as well, as if it were one more requirements file (stdin).
    build_requirements = sorted({r for d in distributions() for r in d.project["build-system"]["requires"]})
    files = sorted(
        path for path in (ROOT / "requirements").glob("*.txt") if not path.name.startswith("peers-")
    )
    requirements = [str(path.relative_to(ROOT)) for path in files if path.name not in PINNED_THEMSELVES]
    command = ["uv", "pip", "compile", "--quiet", "--upgrade", "--universal", "--python-version=3.11"]
    command += ["--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]
    compiled = subprocess.run(
        [*command, *requirements, "-"],
        cwd=ROOT,
        input="\n".join(build_requirements),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    # The workspace's own distributions come out as "-e" lines, which a constraints file may not have.
    pins = [line for line in compiled.splitlines() if not line.startswith("-e ")]
    return HEADER + "\n".join(pins) + "\n"


if __name__ == "__main__":
    text = compile_constraints()
    (ROOT / "constraints.txt").write_text(text)
