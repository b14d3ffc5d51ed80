"""Tables of options become attrs instances, strictly, and errors name the full key."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc_core.errors import ConfigurationError
from sc_core.options import new_converter, structure, unstructure


def _even(instance: object, attribute: attrs.Attribute, value: int) -> None:
    if value % 2:
        raise ValueError(f"must be even, got {value}")


@attrs.frozen
class Neuron:
    tau: float | tuple[float, ...] = 20.0
    reset: Literal["subtract", "to_value"] = "subtract"


@attrs.frozen
class Group:
    name: str
    n: int = attrs.field(default=1, validator=attrs.validators.ge(1))
    neuron: Neuron = attrs.Factory(Neuron)


@attrs.frozen
class Everything:
    groups: list[Group] = attrs.Factory(list)
    lr: float = attrs.field(default=0.1, validator=attrs.validators.gt(0))
    rho: float = attrs.field(default=0.5, validator=[attrs.validators.ge(0), attrs.validators.lt(1)])
    most: int = attrs.field(default=1, validator=attrs.validators.le(3))
    steps: int = attrs.field(default=2, validator=_even)
    mode: str = attrs.field(default="fast", validator=attrs.validators.in_(["fast", "exact"]))
    label: str = attrs.field(default="a1", validator=attrs.validators.matches_re(r"[a-z]\d"))
    title: str = attrs.field(default="x", validator=attrs.validators.min_len(1))
    rates: Sequence[float] = ()
    limit: float | Sequence[float] | None = None
    flag: bool = False
    file: Path | None = None
    extra: dict[str, int] = attrs.Factory(dict)
    anything: Any = None
    either: Literal["none"] | float = 1.0


def problem_of(table: object, cls: type = Everything, path: str = "learner") -> str:
    with pytest.raises(ConfigurationError) as caught:
        structure(cls, table, path)
    assert str(caught.value) == f"{caught.value.path}: {caught.value.problem}"
    return str(caught.value)


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        # types
        ({"most": 1.7}, "learner.most: must be an integer, got 1.7"),
        ({"most": 1.0}, "learner.most: must be an integer, got 1.0"),
        ({"most": True}, "learner.most: must be an integer, got True"),
        ({"most": "1"}, "learner.most: must be an integer, got '1'"),
        ({"lr": True}, "learner.lr: must be a number, got True"),
        ({"lr": "fast"}, "learner.lr: must be a number, got 'fast'"),
        ({"lr": float("nan")}, "learner.lr: must be finite, got nan"),
        ({"lr": float("inf")}, "learner.lr: must be finite, got inf"),
        ({"flag": 1}, "learner.flag: must be true or false, got 1"),
        ({"title": 3}, "learner.title: must be a string, got 3"),
        ({"file": 3}, "learner.file: must be a path, got 3"),
        ({"rates": "abc"}, "learner.rates: must be a list of numbers, got 'abc'"),
        ({"rates": [0.1, "b"]}, "learner.rates[1]: must be a number, got 'b'"),
        ({"limit": "abc"}, "learner.limit: must be a number or a list of numbers, got 'abc'"),
        ({"limit": [1.0, False]}, "learner.limit[1]: must be a number, got False"),
        ({"either": "non"}, "learner.either: must be 'none' or a number, got 'non'"),
        ({"extra": {"a": 1.5}}, "learner.extra.a: must be an integer, got 1.5"),
        ({"extra": 3}, "learner.extra: must be a table, got 3"),
        ({"groups": {"name": "a"}}, "learner.groups: must be a list, got {'name': 'a'}"),
        ({"groups": [3]}, "learner.groups[0]: must be a table, got 3"),
        (3, "learner: must be a table, got 3"),
        # nested
        (
            {"groups": [{"name": "a", "neuron": {"tau": "x"}}]},
            "learner.groups[0].neuron.tau: must be a number or a",
        ),
        ({"groups": [{"name": "a"}, {"n": 1}]}, "learner.groups[1].name: is required and missing"),
        ({"groups": [{"name": "a", "n": 0}]}, "learner.groups[0].n: must be >= 1, got 0"),
        (
            {"groups": [{"name": "a", "neuron": {"reset": "substract"}}]},
            "learner.groups[0].neuron.reset: must be one of 'subtract', 'to_value', got 'substract'; "
            "did you mean 'subtract'?",
        ),
        # validators
        ({"lr": -1}, "learner.lr: must be > 0, got -1.0"),
        ({"rho": 1.0}, "learner.rho: must be < 1, got 1.0"),
        ({"rho": -0.5}, "learner.rho: must be >= 0, got -0.5"),
        ({"most": 4}, "learner.most: must be <= 3, got 4"),
        ({"steps": 3}, "learner.steps: must be even, got 3"),
        (
            {"mode": "exakt"},
            "learner.mode: must be one of 'fast', 'exact', got 'exakt'; did you mean 'exact'?",
        ),
        ({"label": "11"}, "learner.label: must match the pattern '[a-z]\\\\d', got '11'"),
        ({"title": ""}, "learner.title: its length must be >= 1, got 0"),
        # keys
        ({"ratse": [1.0]}, "learner.ratse: unknown key; allowed: groups, lr, rho"),
        (
            {"groups": [{"nam": "a"}]},
            "learner.groups[0].nam: unknown key; allowed: name, n, neuron; did you mean 'name'?",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_full_key(table, problem):
    assert problem_of(table).startswith(problem)


def test_without_a_path_the_key_stands_alone():
    assert problem_of({"lr": -1}, path="") == "lr: must be > 0, got -1.0"


def test_the_nearest_key_is_suggested():
    assert problem_of({"ratse": [1.0]}).endswith("did you mean 'rates'?")


def test_good_values_come_through_with_their_types():
    made = structure(
        Everything,
        {
            "groups": [{"name": "hidden", "n": 3, "neuron": {"tau": [10, 20.5]}}],
            "lr": 1,
            "limit": [1, 2],
            "file": "a/b.csv",
            "extra": {"a": 1},
            "either": "none",
            "anything": {"x": [1, "y"]},
        },
        "learner",
    )
    assert made.groups == [Group("hidden", 3, Neuron(tau=(10.0, 20.5)))]
    assert all(type(tau) is float for tau in made.groups[0].neuron.tau)
    assert type(made.lr) is float
    assert list(made.limit) == [1.0, 2.0]
    assert made.file == Path("a/b.csv")
    assert (made.extra, made.either, made.anything) == ({"a": 1}, "none", {"x": [1, "y"]})
    assert structure(Everything, {"limit": 3}, "").limit == 3.0


def test_errors_of_a_constructor_name_the_table_or_the_key_that_they_give():
    @attrs.frozen
    class Range:
        low: float = 0.0
        high: float = 1.0

        def __attrs_post_init__(self):
            if self.low < 0:
                raise ConfigurationError("low", "must not be negative")
            if self.low > self.high:
                raise ValueError("low must not exceed high")

    assert problem_of({"low": 2.0}, Range) == "learner: low must not exceed high"
    assert problem_of({"low": -2.0}, Range) == "learner.low: must not be negative"


def test_a_validator_may_look_at_other_fields():
    @attrs.frozen
    class Range:
        low: float = 0.0
        high: float = attrs.field(default=1.0)

        @high.validator
        def _above_low(self, attribute, value):
            if value <= self.low:
                raise ValueError(f"high must be > low = {self.low}, got {value}")

    assert problem_of({"low": 2.0}, Range) == "learner.high: must be > low = 2.0, got 1.0"


def test_a_converter_can_learn_further_types():
    converter = new_converter()

    def neuron(value: Any, _: type) -> Neuron:
        if isinstance(value, str):
            raise ConfigurationError("name", f"no neuron is called {value!r}")
        return Neuron(tau=float(value))

    converter.register_structure_hook(Neuron, neuron)
    converter.register_unstructure_hook(Neuron, lambda instance: instance.tau)
    made = structure(Group, {"name": "a", "neuron": 3}, "group", converter)
    assert made.neuron == Neuron(tau=3.0)
    assert unstructure(made, converter) == {"name": "a", "n": 1, "neuron": 3.0}
    with pytest.raises(ConfigurationError, match=r"^group\.neuron.name: no neuron is called 'LIV'$"):
        structure(Group, {"name": "a", "neuron": "LIV"}, "group", converter)
    assert structure(Group, {"name": "a", "neuron": {"tau": 4}}, "group").neuron == Neuron(
        tau=4.0
    )  # none of ours


def test_the_neuron_models_are_structured():
    from sc_core import LIF

    assert structure(LIF, {"tau": 30, "v_threshold": [1, 2]}, "neuron") == LIF(
        tau=30.0, v_threshold=(1.0, 2.0)
    )
    assert problem_of({"tau": -1}, LIF, "neuron").startswith("neuron.tau: must be > 0, got -1")
    assert problem_of({"tua": 1}, LIF, "neuron").startswith("neuron.tua: unknown key")
    assert problem_of({"v_reset": 2.0}, LIF, "neuron").startswith("neuron.v_reset: must be below v_threshold")
    assert problem_of({"reset": "none"}, LIF, "neuron").startswith("neuron.reset: must be one of 'subtract'")


numbers = st.floats(allow_nan=False, allow_infinity=False)


@given(
    lr=numbers.filter(lambda value: value > 0),
    limit=st.none() | numbers | st.lists(numbers),
    tau=numbers | st.lists(numbers).map(tuple),
    name=st.text(),
    file=st.none() | st.just(Path("folder/file.csv")),
    extra=st.dictionaries(st.text(), st.integers(-(2**63), 2**63 - 1)),
)
def test_what_is_written_as_plain_values_comes_back(lr, limit, tau, name, file, extra):
    limit = tuple(limit) if isinstance(limit, list) else limit
    made = Everything(
        groups=[Group(name, neuron=Neuron(tau=tau))], lr=lr, limit=limit, file=file, extra=extra, rates=(0.5,)
    )
    table = unstructure(made)
    assert None not in table.values()  # TOML has no word for it
    again = structure(Everything, json.loads(json.dumps(table)), "")
    assert unstructure(again) == table
    assert again.groups == made.groups
    assert again.lr == made.lr
    assert again.file == made.file
    assert (again.limit is None) == (limit is None)
    np.testing.assert_array_equal(np.asarray(again.limit, float), np.asarray(limit, float))
