"""What the registry says of plugins that are broken, incompatible, disabled or there twice."""

from __future__ import annotations

import pytest

import sc_core
from sc_core.errors import (
    BrokenPlugin,
    DisabledPlugin,
    DuplicatePlugin,
    IncompatiblePlugin,
    MissingDependency,
)
from sc_core.registry import Registry


def error_of(registry: Registry, name: str) -> str | None:
    return next(record.error for record in registry.records("scheduler") if record.name == name)


def test_a_name_offered_by_two_distributions_names_both(install, install_scheduler, good_scheduler):
    hooks = {"sc.scheduler": {"twice": "fake_twice_hooks"}}
    install("sc-plugin-first", hooks, {"fake_twice_hooks": good_scheduler})
    install("sc-plugin-second", hooks, {})
    install_scheduler("constant")
    registry = Registry()
    with pytest.raises(DuplicatePlugin, match=r"sc-plugin-first 1\.0.*sc-plugin-second 1\.0.*uninstall one"):
        registry.get("scheduler", "twice")
    twice = [record for record in registry.records("scheduler") if record.name == "twice"]
    assert [record.distribution for record in twice] == ["sc-plugin-first", "sc-plugin-second"]
    assert all("sc-plugin-second" in record.error for record in twice)
    assert registry.names("scheduler").count("twice") == 1
    assert registry.get("scheduler", "constant")


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
def test_a_broken_plugin_says_where_it_comes_from_and_the_others_live(install_scheduler, source, problem):
    install_scheduler("broken", source)
    install_scheduler("constant")
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


def test_the_cause_of_a_broken_plugin_is_chained(install_scheduler):
    install_scheduler("broken", "1 / 0")
    with pytest.raises(BrokenPlugin) as caught:
        Registry().get("scheduler", "broken")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_plugin_that_was_repaired_loads(install_scheduler, tmp_path, good_scheduler):
    install_scheduler("broken", "1 / 0  # and some more text, so that the file's size changes")
    registry = Registry()
    with pytest.raises(BrokenPlugin):
        registry.get("scheduler", "broken")
    (tmp_path / "fake_broken_hooks.py").write_text(good_scheduler)
    assert registry.get("scheduler", "broken")
    assert error_of(registry, "broken") is None


@pytest.mark.parametrize("where", ["import", "hook"])
def test_a_missing_dependency_is_named_with_an_install_command(install_scheduler, where):
    source = "import absent_package.part"
    if where == "hook":
        source = f"from sc_core import hookimpl\n@hookimpl\ndef sc_register_scheduler():\n    {source}"
    install_scheduler("needy", source, requires=("sc-core>=0.1", "absent-package>=3; extra == 'all'"))
    registry = Registry()
    with pytest.raises(
        MissingDependency, match=r"needs the module 'absent_package'.*pip install 'absent-package>=3'"
    ):
        registry.get("scheduler", "needy")
    assert "absent_package" in (error_of(registry, "needy") or "")


def test_a_missing_dependency_that_was_not_declared_goes_by_its_module_name(install_scheduler):
    install_scheduler("needy", "import absent_package")
    with pytest.raises(MissingDependency, match="pip install 'absent_package'"):
        Registry().get("scheduler", "needy")


@pytest.mark.parametrize("requires", [("sc-core>=99",), ("SC_Core<0.1",), ("sc-core>=0.1", "sc-core<0.1")])
def test_an_incompatible_plugin_is_refused_unimported(install_scheduler, requires):
    install_scheduler("future", "raise SystemExit('imported')", requires=requires)
    registry = Registry()
    assert f"this is sc-core {sc_core.__version__}" in (error_of(registry, "future") or "")
    with pytest.raises(IncompatiblePlugin, match=r"sc-plugin-future 1\.0 needs sc-core"):
        registry.get("scheduler", "future")


@pytest.mark.parametrize(
    "requires",
    [(), ("sc-core-extras>=99",), ("sc-core>=99; python_version < '3'",), ("sc-core>=99; extra == 'x'",)],
)
def test_requirements_that_do_not_exclude_this_version_do_not_matter(install_scheduler, requires):
    install_scheduler("fine", requires=requires)
    registry = Registry()
    assert error_of(registry, "fine") is None
    assert registry.get("scheduler", "fine")


def test_broken_metadata_is_a_record_and_the_others_live(install_scheduler, tmp_path):
    install_scheduler("constant")
    install_scheduler("nameless")
    (tmp_path / "sc_plugin_nameless-1.0.dist-info" / "METADATA").write_text("Summary: no name\n")
    install_scheduler("without-metadata")
    (tmp_path / "sc_plugin_without_metadata-1.0.dist-info" / "METADATA").unlink()
    install_scheduler("misrequiring", requires=("sc-core>>1",))
    install_scheduler("garbled")
    (tmp_path / "sc_plugin_garbled-1.0.dist-info" / "entry_points.txt").write_text(
        "[sc.scheduler]\ngarbled\n"
    )
    install_scheduler("binary")
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
def test_a_disabled_plugin_is_refused_and_listed_as_such(install_scheduler, monkeypatch, blocked):
    install_scheduler("constant")
    registry = Registry()
    registry.get("scheduler", "constant")
    monkeypatch.setenv("SC_DISABLED_PLUGINS", blocked)
    with pytest.raises(DisabledPlugin, match="SC_DISABLED_PLUGINS"):
        registry.get("scheduler", "constant")
    assert "constant" not in registry.names("scheduler")
    assert error_of(registry, "constant") == "disabled by SC_DISABLED_PLUGINS"
    monkeypatch.setenv("SC_DISABLED_PLUGINS", "learner:constant")
    assert registry.get("scheduler", "constant")
