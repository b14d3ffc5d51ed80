"""The registry: finding, listing, loading and creating plugins."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from sc_core.errors import (
    ConfigurationError,
    UnknownPlugin,
)
from sc_core.registry import Registry
from sc_core.registry.compatibility import core_range

VERSIONS = ["0.1", "0.1.0", "0.1.1", "0.2", "0.10", "1.0", "1.0.0"]


def test_a_plugin_is_listed_loaded_and_created(install_scheduler):
    install_scheduler("constant")
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


def test_listing_thirty_plugins_imports_none_of_them(install_scheduler):
    before = Registry().names("scheduler")
    for number in range(30):
        install_scheduler(f"many{number:02}", "raise SystemExit('a plugin was imported to list it')")
    registry = Registry()
    assert len(registry.names("scheduler")) == len(before) + 30
    records = [record for record in registry.records("scheduler") if record.name.startswith("many")]
    assert [record.error for record in records] == [None] * 30
    view = registry.view("scheduler")
    assert "many07" in view
    assert len(view) == len(list(view)) == len(before) + 30
    assert not [name for name in sys.modules if name.startswith("fake_many")]


def test_an_unknown_name_gets_the_installed_the_nearest_and_an_install_command(install_scheduler):
    install_scheduler("constant")
    with pytest.raises(UnknownPlugin) as caught:
        Registry().get("scheduler", "konstant")
    assert caught.value.nearest == "constant"
    assert "constant" in caught.value.installed
    assert "pip install sc-plugin-konstant" in str(caught.value)


def test_what_is_installed_after_a_miss_is_found(install_scheduler):
    registry = Registry()
    with pytest.raises(UnknownPlugin):
        registry.get("scheduler", "late")
    install_scheduler("late")
    assert registry.get("scheduler", "late").__name__ == "Constant"


def test_an_unknown_kind_is_refused_with_the_kinds_there_are():
    registry = Registry()
    for call in (registry.names, registry.records, registry.view, lambda kind: registry.get(kind, "x")):
        with pytest.raises(ConfigurationError, match=r"kind: must be one of learner.*got 'schedular'"):
            call("schedular")


def test_of_a_distribution_installed_twice_the_first_on_the_path_counts(install, good_scheduler):
    hooks = {"sc.scheduler": {"old": "fake_old_hooks"}}
    install("sc-plugin-old", hooks, {"fake_old_hooks": good_scheduler}, version="1.0")
    install("sc-plugin-old", hooks, {}, version="2.0")
    records = [record for record in Registry().records("scheduler") if record.name == "old"]
    assert len(records) == 1
    assert Registry().get("scheduler", "old")


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
    assert SpecifierSet(found.text) == expected  # which of equal clauses is printed is left open
    assert (found.problem is None) == expected.contains(version, prereleases=True)


def test_one_module_may_serve_several_kinds_and_names(install, good_scheduler):
    source = good_scheduler + textwrap.dedent("""
        class Silent:
            def start(self, run): pass
            def log(self, metrics, step): pass
            def close(self): pass
            def state_dict(self): return {}
            def load_state_dict(self, state): pass

        @hookimpl
        def sc_register_callback():
            return Silent
    """)
    entry_points = {
        "sc.scheduler": {"one": "fake_both", "two": "fake_both"},
        "sc.callback": {"silent": "fake_both"},
    }
    install("sc-plugin-both", entry_points, {"fake_both": source})
    registry = Registry()
    assert registry.get("scheduler", "one") is registry.get("scheduler", "two")
    assert registry.get("callback", "silent").__name__ == "Silent"


def test_a_view_is_a_read_only_mapping(install_scheduler):
    install_scheduler("constant")
    view = Registry().view("scheduler")
    assert view["constant"].__name__ == "Constant"
    assert view.get("absent") is None
    with pytest.raises(KeyError):
        view["absent"]
    with pytest.raises(TypeError):
        view["other"] = type("Other", (), {})
    assert "constant" in repr(view)


def test_threads_that_ask_at_once_get_the_same_class_asked_for_once(
    install_scheduler, tmp_path, good_scheduler
):
    log = tmp_path / "calls.txt"
    slow = f"""
    import time
    with open({str(log)!r}, "a") as file:
        file.write("x")
    time.sleep(0.05)
    return Constant
    """
    source = good_scheduler.replace("    return Constant\n", textwrap.indent(slow, ""))
    install_scheduler("slow", source)
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
