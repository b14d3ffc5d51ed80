"""Classes that a program registers itself, and what the registry asks of every class."""

from __future__ import annotations

import pytest

import sc_core
from sc_core.errors import (
    BrokenPlugin,
    DuplicatePlugin,
    PluginError,
)
from sc_core.registry import KINDS, Registry

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


def test_an_installed_name_cannot_be_registered(install_scheduler):
    install_scheduler("constant")
    with pytest.raises(DuplicatePlugin, match="sc-plugin-constant"):
        Registry().register("scheduler", "constant", make_class("scheduler"))


def test_create_hands_on_options_of_any_name():
    registry, cls = Registry(), make_class("callback")
    cls.__init__ = lambda self, *arguments, **options: setattr(self, "got", (arguments, options))
    registry.register("callback", "made", cls)
    assert registry.create("callback", "made", 1, kind="a", name="b").got == (
        (1,),
        {"kind": "a", "name": "b"},
    )
