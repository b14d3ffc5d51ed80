"""The registry, tried on distributions that exist only as a dist-info folder and a module on sys.path."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

import sc_core
from sc_core.errors import (
    BrokenPlugin,
    ConfigurationError,
    DisabledPlugin,
    DuplicatePlugin,
    IncompatiblePlugin,
    MissingDependency,
    PluginError,
    UnknownPlugin,
)
from sc_core.registry import KINDS, Registry
from sc_core.registry.compatibility import core_range

GOOD_SCHEDULER = """
    from sc_core import hookimpl

    class Constant:
        lr = 0.25
        def step(self): return self.lr
        @classmethod
        def from_run(cls, learner, total_steps): return cls()
        def state_dict(self): return {}
        def load_state_dict(self, state): pass

    @hookimpl
    def sc_register_scheduler():
        return Constant
"""

VERSIONS = ["0.1", "0.1.0", "0.1.1", "0.2", "0.10", "1.0", "1.0.0"]

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Put fake distributions on sys.path; their modules are forgotten afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv("SC_DISABLED_PLUGINS", raising=False)
    before = set(sys.modules)

    def install(
        distribution: str,
        entry_points: dict[str, dict[str, str]],
        modules: dict[str, str],
        requires: tuple[str, ...] = ("sc-core>=0.1,<0.2",),
        version: str = "1.0",
    ) -> None:
        folder = tmp_path / f"{distribution.replace('-', '_')}-{version}.dist-info"
        folder.mkdir()
        metadata = [
            "Metadata-Version: 2.1",
            f"Name: {distribution}",
            f"Version: {version}",
            "Summary: A fake.",
        ]
        metadata += [f"Requires-Dist: {requirement}" for requirement in requires]
        (folder / "METADATA").write_text("\n".join(metadata) + "\n")
        lines = []
        for group, points in entry_points.items():
            lines += [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
        (folder / "entry_points.txt").write_text("\n".join(lines) + "\n")
        for name, source in modules.items():
            (tmp_path / f"{name}.py").write_text(textwrap.dedent(source))

    yield install
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(sys.modules[name].__file__):
            del sys.modules[name]


def install_scheduler(install: Install, name: str, source: str = GOOD_SCHEDULER, **details: object) -> None:
    module = f"fake_{name.replace('-', '_')}_hooks"
    install(f"sc-plugin-{name}", {"sc.scheduler": {name: module}}, {module: source}, **details)


def error_of(registry: Registry, name: str) -> str | None:
    return next(record.error for record in registry.records("scheduler") if record.name == name)


def test_a_plugin_is_listed_loaded_and_created(install):
    install_scheduler(install, "constant")
    registry = Registry()
    record = next(record for record in registry.records("scheduler") if record.name == "constant")
    assert (record.kind, record.distribution, record.version) == ("scheduler", "sc-plugin-constant", "1.0")
    assert (record.summary, record.api_range, record.error) == ("A fake.", "<0.2,>=0.1", None)
    assert "constant" in registry.names("scheduler")
    assert "fake_constant_hooks" not in sys.modules
    cls = registry.get("scheduler", "constant")
    assert cls.__name__ == "Constant"
    assert registry.get("scheduler", "constant") is cls
    assert registry.create("scheduler", "constant").step() == 0.25
    assert "constant" not in registry.names("learner")


def test_listing_thirty_plugins_imports_none_of_them(install):
    before = Registry().names("scheduler")
    for number in range(30):
        install_scheduler(install, f"many{number:02}", "raise SystemExit('a plugin was imported to list it')")
    registry = Registry()
    assert len(registry.names("scheduler")) == len(before) + 30
    records = [record for record in registry.records("scheduler") if record.name.startswith("many")]
    assert [record.error for record in records] == [None] * 30
    view = registry.view("scheduler")
    assert "many07" in view
    assert len(view) == len(list(view)) == len(before) + 30
    assert not [name for name in sys.modules if name.startswith("fake_many")]


def test_an_unknown_name_gets_the_installed_the_nearest_and_an_install_command(install):
    install_scheduler(install, "constant")
    with pytest.raises(UnknownPlugin) as caught:
        Registry().get("scheduler", "konstant")
    assert caught.value.nearest == "constant"
    assert "constant" in caught.value.installed
    assert "pip install sc-plugin-konstant" in str(caught.value)


def test_what_is_installed_after_a_miss_is_found(install):
    registry = Registry()
    with pytest.raises(UnknownPlugin):
        registry.get("scheduler", "late")
    install_scheduler(install, "late")
    assert registry.get("scheduler", "late").__name__ == "Constant"


def test_an_unknown_kind_is_refused_with_the_kinds_there_are():
    registry = Registry()
    for call in (registry.names, registry.records, registry.view, lambda kind: registry.get(kind, "x")):
        with pytest.raises(ConfigurationError, match=r"kind: must be one of learner.*got 'schedular'"):
            call("schedular")


def test_a_name_offered_by_two_distributions_names_both(install):
    hooks = {"sc.scheduler": {"twice": "fake_twice_hooks"}}
    install("sc-plugin-first", hooks, {"fake_twice_hooks": GOOD_SCHEDULER})
    install("sc-plugin-second", hooks, {})
    install_scheduler(install, "constant")
    registry = Registry()
    with pytest.raises(DuplicatePlugin, match=r"sc-plugin-first 1\.0.*sc-plugin-second 1\.0.*uninstall one"):
        registry.get("scheduler", "twice")
    twice = [record for record in registry.records("scheduler") if record.name == "twice"]
    assert [record.distribution for record in twice] == ["sc-plugin-first", "sc-plugin-second"]
    assert all("sc-plugin-second" in record.error for record in twice)
    assert registry.names("scheduler").count("twice") == 1
    assert registry.get("scheduler", "constant")


def test_of_a_distribution_installed_twice_the_first_on_the_path_counts(install):
    hooks = {"sc.scheduler": {"old": "fake_old_hooks"}}
    install("sc-plugin-old", hooks, {"fake_old_hooks": GOOD_SCHEDULER}, version="1.0")
    install("sc-plugin-old", hooks, {}, version="2.0")
    records = [record for record in Registry().records("scheduler") if record.name == "old"]
    assert len(records) == 1
    assert Registry().get("scheduler", "old")


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("def broken(:", "SyntaxError"),
        ("from math import nothing_of_that_name", "ImportError"),
        ("import fake_broken_hooks.part", "fake_broken_hooks.part"),
        ("x = 1", r"no function sc_register_scheduler\(\) marked with @hookimpl"),
        ("def sc_register_scheduler(): return 1", "no function sc_register_scheduler"),
        (
            "from sc_core import hookimpl\n@hookimpl\ndef sc_register_schedular(): return 1",
            "wrong hook.*sc_register_scheduler.*sc_register_schedular",
        ),
        (
            "from sc_core import hookimpl\n@hookimpl\ndef sc_register_scheduler(config): return 1",
            "wrong hook",
        ),
        ("from sc_core import hookimpl\n@hookimpl\ndef sc_register_scheduler(): 1 / 0", "ZeroDivisionError"),
        (
            "from sc_core import hookimpl\n@hookimpl\ndef sc_register_scheduler(): return 1",
            r"being a class.*1",
        ),
        (
            "from sc_core import hookimpl\n@hookimpl\ndef sc_register_scheduler():\n"
            "    class S:\n        def step(self): pass\n    return S",
            "lacks the method from_run, the method state_dict, the method load_state_dict",
        ),
    ],
)
def test_a_broken_plugin_says_where_it_comes_from_and_the_others_live(install, source, problem):
    install_scheduler(install, "broken", source)
    install_scheduler(install, "constant")
    registry = Registry()
    assert error_of(registry, "broken") is None  # not asked for yet
    for _ in range(2):  # a second attempt tells the same
        with pytest.raises(BrokenPlugin, match=f"(?s){problem}") as caught:
            registry.get("scheduler", "broken")
    assert not isinstance(caught.value, MissingDependency)
    assert "sc-plugin-broken 1.0" in str(caught.value)
    assert "broken = 'fake_broken_hooks'" in str(caught.value)
    assert error_of(registry, "broken") == str(caught.value)
    assert error_of(registry, "constant") is None
    assert registry.get("scheduler", "constant")


def test_the_cause_of_a_broken_plugin_is_chained(install):
    install_scheduler(install, "broken", "1 / 0")
    with pytest.raises(BrokenPlugin) as caught:
        Registry().get("scheduler", "broken")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_plugin_that_was_repaired_loads(install, tmp_path):
    install_scheduler(install, "broken", "1 / 0  # and some more text, so that the file's size changes")
    registry = Registry()
    with pytest.raises(BrokenPlugin):
        registry.get("scheduler", "broken")
    (tmp_path / "fake_broken_hooks.py").write_text(textwrap.dedent(GOOD_SCHEDULER))
    assert registry.get("scheduler", "broken")
    assert error_of(registry, "broken") is None


@pytest.mark.parametrize("where", ["import", "hook"])
def test_a_missing_dependency_is_named_with_an_install_command(install, where):
    source = "import absent_package.part"
    if where == "hook":
        source = f"from sc_core import hookimpl\n@hookimpl\ndef sc_register_scheduler():\n    {source}"
    install_scheduler(
        install, "needy", source, requires=("sc-core>=0.1", "absent-package>=3; extra == 'all'")
    )
    registry = Registry()
    with pytest.raises(
        MissingDependency, match=r"needs the module 'absent_package'.*pip install 'absent-package>=3'"
    ):
        registry.get("scheduler", "needy")
    assert "absent_package" in (error_of(registry, "needy") or "")


def test_a_missing_dependency_that_was_not_declared_goes_by_its_module_name(install):
    install_scheduler(install, "needy", "import absent_package")
    with pytest.raises(MissingDependency, match="pip install 'absent_package'"):
        Registry().get("scheduler", "needy")


@pytest.mark.parametrize("requires", [("sc-core>=99",), ("SC_Core<0.1",), ("sc-core>=0.1", "sc-core<0.1")])
def test_an_incompatible_plugin_is_refused_unimported(install, requires):
    install_scheduler(install, "future", "raise SystemExit('imported')", requires=requires)
    registry = Registry()
    assert f"this is sc-core {sc_core.__version__}" in (error_of(registry, "future") or "")
    with pytest.raises(IncompatiblePlugin, match=r"sc-plugin-future 1\.0 needs sc-core"):
        registry.get("scheduler", "future")


@pytest.mark.parametrize(
    "requires",
    [(), ("sc-core-extras>=99",), ("sc-core>=99; python_version < '3'",), ("sc-core>=99; extra == 'x'",)],
)
def test_requirements_that_do_not_exclude_this_version_do_not_matter(install, requires):
    install_scheduler(install, "fine", requires=requires)
    registry = Registry()
    assert error_of(registry, "fine") is None
    assert registry.get("scheduler", "fine")


@example(clauses=[("<", "0.1.0")], version="0.1", form="sc-core{}")
@example(clauses=[(">=", "0.1.0")], version="0.1", form="sc-core{}")
@given(
    clauses=st.lists(
        st.tuples(st.sampled_from([">=", "<", ">", "<=", "~=", "==", "!="]), st.sampled_from(VERSIONS)),
        max_size=3,
    ),
    version=st.sampled_from([*VERSIONS, "0.2.dev1", "0.1.post2", "1.0rc1"]),
    form=st.sampled_from(["sc-core{}", "SC_Core ({})", "sc.core {}"]),
)
def test_ranges_are_those_of_packaging(clauses, version, form):
    text = ",".join(sign + bound for sign, bound in clauses)
    expected = SpecifierSet(text)
    found = core_range(["numpy>=99", form.format(text) if text else "sc-core"], version)
    assert found.text == str(expected)
    assert (found.problem is None) == expected.contains(version, prereleases=True)


def test_broken_metadata_is_a_record_and_the_others_live(install, tmp_path):
    install_scheduler(install, "constant")
    install_scheduler(install, "nameless")
    (tmp_path / "sc_plugin_nameless-1.0.dist-info" / "METADATA").write_text("Summary: no name\n")
    install_scheduler(install, "without-metadata")
    (tmp_path / "sc_plugin_without_metadata-1.0.dist-info" / "METADATA").unlink()
    install_scheduler(install, "misrequiring", requires=("sc-core>>1",))
    install_scheduler(install, "garbled")
    (tmp_path / "sc_plugin_garbled-1.0.dist-info" / "entry_points.txt").write_text(
        "[sc.scheduler]\ngarbled\n"
    )
    install_scheduler(install, "binary")
    (tmp_path / "sc_plugin_binary-1.0.dist-info" / "entry_points.txt").write_bytes(b"\xff\xfe[sc.scheduler]")
    registry = Registry()
    errors = {record.name: record.error for record in registry.records("scheduler")}
    assert errors["constant"] is None
    assert "no Name" in errors["nameless"]
    assert "METADATA" in errors["without-metadata"]
    assert "sc-core>>1" in errors["misrequiring"]
    assert "entry_points.txt" in errors["sc-plugin-garbled"]
    for name in ("nameless", "without-metadata", "sc-plugin-garbled"):
        with pytest.raises(BrokenPlugin, match=r"METADATA|entry_points"):
            registry.get("scheduler", name)
    with pytest.raises(IncompatiblePlugin, match="cannot be read"):
        registry.get("scheduler", "misrequiring")
    assert registry.get("scheduler", "constant")


@pytest.mark.parametrize("blocked", ["constant", "other, scheduler:constant", "scheduler:constant,"])
def test_a_disabled_plugin_is_refused_and_listed_as_such(install, monkeypatch, blocked):
    install_scheduler(install, "constant")
    registry = Registry()
    registry.get("scheduler", "constant")
    monkeypatch.setenv("SC_DISABLED_PLUGINS", blocked)
    with pytest.raises(DisabledPlugin, match="SC_DISABLED_PLUGINS"):
        registry.get("scheduler", "constant")
    assert "constant" not in registry.names("scheduler")
    assert error_of(registry, "constant") == "disabled by SC_DISABLED_PLUGINS"
    monkeypatch.setenv("SC_DISABLED_PLUGINS", "learner:constant")
    assert registry.get("scheduler", "constant")


def test_one_module_may_serve_several_kinds_and_names(install):
    source = GOOD_SCHEDULER + textwrap.indent(
        textwrap.dedent("""
        class Silent:
            def start(self, run): pass
            def log(self, metrics, step): pass
            def close(self): pass
            def state_dict(self): return {}
            def load_state_dict(self, state): pass

        @hookimpl
        def sc_register_callback():
            return Silent
        """),
        "    ",
    )
    entry_points = {
        "sc.scheduler": {"one": "fake_both", "two": "fake_both"},
        "sc.callback": {"silent": "fake_both"},
    }
    install("sc-plugin-both", entry_points, {"fake_both": source})
    registry = Registry()
    assert registry.get("scheduler", "one") is registry.get("scheduler", "two")
    assert registry.get("callback", "silent").__name__ == "Silent"


CONTRACTS = {
    "learner": ("learn", "state_dict", "load_state_dict"),
    "scheduler": ("step", "from_run", "state_dict", "load_state_dict"),
    "callback": ("start", "log", "close", "state_dict", "load_state_dict"),
    "plasticity": ("bind", "consolidate", "state_dict", "load_state_dict"),
    "hdl": ("emit", "testbench", "memory_images", "lint_command"),
}


def make_class(kind: str, without: str = "") -> type:
    members = {name: (lambda self: None) for name in CONTRACTS[kind] if name != without}
    if kind == "learner":
        members["consumes"] = sc_core.Batch
    return type("Made", (), {**members, "__doc__": "Made by a test.\n\nMore."})


@pytest.mark.parametrize("kind", KINDS)
def test_a_registered_class_behaves_as_an_installed_one(kind):
    registry, cls = Registry(), make_class(kind)
    registry.register(kind, "made", cls)
    assert registry.get(kind, "made") is cls
    assert registry.view(kind)["made"] is cls
    record = next(record for record in registry.records(kind) if record.name == "made")
    assert (record.distribution, record.summary, record.error) == ("(this process)", "Made by a test.", None)
    with pytest.raises(DuplicatePlugin, match="choose another name"):
        registry.register(kind, "made", cls)
    registry.unregister(kind, "made")
    assert "made" not in registry.names(kind)
    with pytest.raises(PluginError, match="not added by register"):
        registry.unregister(kind, "made")


@pytest.mark.parametrize(("kind", "method"), [(kind, method) for kind in KINDS for method in CONTRACTS[kind]])
def test_a_class_that_lacks_a_method_of_its_contract_is_refused(kind, method):
    with pytest.raises(BrokenPlugin, match=f"lacks.*{method}"):
        Registry().register(kind, "made", make_class(kind, without=method))


def test_a_learner_must_say_what_it_consumes():
    cls = make_class("learner")
    del cls.consumes
    with pytest.raises(BrokenPlugin, match="consumes"):
        Registry().register("learner", "made", cls)


def test_options_must_be_an_attrs_class():
    cls = make_class("scheduler")
    cls.Options = dict
    with pytest.raises(BrokenPlugin, match="attrs class as its attribute Options"):
        Registry().register("scheduler", "made", cls)


def test_an_installed_name_cannot_be_registered(install):
    install_scheduler(install, "constant")
    with pytest.raises(DuplicatePlugin, match="sc-plugin-constant"):
        Registry().register("scheduler", "constant", make_class("scheduler"))


def test_a_view_is_a_read_only_mapping(install):
    install_scheduler(install, "constant")
    view = Registry().view("scheduler")
    assert view["constant"].__name__ == "Constant"
    assert view.get("absent") is None
    with pytest.raises(KeyError):
        view["absent"]
    with pytest.raises(TypeError):
        view["other"] = make_class("scheduler")
    assert "constant" in repr(view)


def test_create_hands_on_options_of_any_name():
    registry, cls = Registry(), make_class("callback")
    cls.__init__ = lambda self, *arguments, **options: setattr(self, "got", (arguments, options))
    registry.register("callback", "made", cls)
    assert registry.create("callback", "made", 1, kind="a", name="b").got == (
        (1,),
        {"kind": "a", "name": "b"},
    )


def test_threads_that_ask_at_once_get_the_same_class_asked_for_once(install, tmp_path):
    log = tmp_path / "calls.txt"
    slow = f"""
    import time
    with open({str(log)!r}, "a") as file:
        file.write("x")
    time.sleep(0.05)
    return Constant
    """
    source = textwrap.dedent(GOOD_SCHEDULER).replace("    return Constant\n", textwrap.indent(slow, ""))
    install_scheduler(install, "slow", source)
    registry, found = Registry(), []
    threads = [
        threading.Thread(target=lambda: found.append(registry.get("scheduler", "slow"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert log.read_text() == "x"


def test_importing_sc_core_imports_nothing_heavy():
    heavy = ["numpy", "scipy", "attrs", "attr", "cattrs", "pluggy", "packaging", "sc_native"]
    code = f"import sys, sc_core; print([name for name in {heavy!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_listing_imports_neither_numpy_nor_scipy_nor_cattrs():
    code = (
        "import sys; from sc_core import registry; registry.records('scheduler');"
        "print([name for name in ('numpy', 'scipy', 'cattrs', 'pluggy') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
