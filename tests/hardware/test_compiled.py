"""C: random rules, compiled once, against the functions on Python's integers; and a third party's own build."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from sc_hardware.rules import Parameter, RuleError, Signed, Unsigned, rule, saturate
from sc_hardware.rules.compiled import CompiledRule, ffi_builder

sys.path.insert(0, str(Path(__file__).parent))
from random_rules import KINDS, PARAMETERS, extreme_operands, random_rule


def some_rules(n):
    rng = np.random.default_rng(3)
    rules = []
    while len(rules) < n:
        program = [(str(rng.choice(KINDS)), *rng.integers(0, 40, 3).tolist()) for _ in range(12)]
        candidate = random_rule(program, f"rule{len(rules)}")
        if candidate.graph.signed_bits <= 64:
            rules.append(candidate)
    return rules


RULES = some_rules(12)


def load(builder, folder, name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python 3.11 calls distutils deprecated, which cffi still asks for
        path = builder.compile(tmpdir=str(folder))
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def extension(tmp_path_factory):
    """Compiled without optimisation, which takes most of the time."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CFLAGS", os.environ.get("CFLAGS", "") + " -O0")
        return load(
            ffi_builder("random_rules_in_c", *RULES), tmp_path_factory.mktemp("c"), "random_rules_in_c"
        )


@pytest.mark.parametrize("random", RULES, ids=lambda rule: rule.name)
def test_c_is_the_function(random, extension):
    rng = np.random.default_rng(4)
    for _ in range(8):
        chosen = {
            n: int(rng.choice([p.low, p.high, rng.integers(p.low, p.high + 1)]))
            for n, p in PARAMETERS.items()
        }
        lanes = [
            extreme_operands(lambda values: values[rng.integers(len(values))], chosen) for _ in range(25)
        ]
        zero = {field.name: False if field.type.is_bit else 0 for field in random.state}
        expected = [random.step(zero, inputs, chosen) for inputs in lanes]
        state = {name: np.zeros(25, np.int64) for name in zero}
        inputs = {name: np.array([[lane[name] for lane in lanes]]) for name in lanes[0]}
        history = CompiledRule(random, extension).run(state, inputs, chosen, history=True)
        for name in zero:
            np.testing.assert_array_equal(state[name], [int(after[name]) for after in expected], name)
            np.testing.assert_array_equal(history[name][0], state[name])


THIRD_PARTY = {
    "leaky_rules.py": """
from sc_hardware.rules import Parameter, Signed, Unsigned, rule, saturate

PARAMETERS = {"bits": Parameter(2, 20, default=8)}

@rule(state={"level": Unsigned("bits")}, inputs={"drive": Signed(4)}, parameters=PARAMETERS)
def leaky(state, inputs, params):
    return state.replace(level=saturate(state.level - (state.level >> 2) + inputs.drive, Unsigned(params.bits)))
""",
    "build_rules.py": """
from leaky_rules import leaky
from sc_hardware.rules.compiled import ffi_builder

builder = ffi_builder("_leaky_in_c", leaky)
""",
    "setup.py": """
import sys
sys.path.insert(0, ".")
from setuptools import setup
setup(name="sc-plugin-leaky", py_modules=["leaky_rules"], cffi_modules=["build_rules.py:builder"])
""",
    "use.py": """
import numpy as np
import _leaky_in_c
from leaky_rules import leaky
from sc_hardware.rules.compiled import CompiledRule

state = {"level": np.array([100, 3])}
CompiledRule(leaky, _leaky_in_c).run(state, {"drive": np.array([[7, -8], [0, 0]])})
print(state["level"])
""",
}


def test_a_third_party_builds_its_own_rule(tmp_path):
    for name, text in THIRD_PARTY.items():
        (tmp_path / name).write_text(text)
    for command in (["setup.py", "-q", "build_ext", "--inplace"], ["use.py"]):
        ran = subprocess.run([sys.executable, *command], cwd=tmp_path, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "[62  0]\n"  # 100 - 25 + 7 = 82, 82 - 20 = 62; 3 - 0 - 8 < 0


@rule(
    state={"level": Unsigned("bits")},
    inputs={"drive": Signed(4)},
    parameters={"bits": Parameter(2, 20, default=8)},
)
def leaky(state, inputs, params):
    """Leaks a quarter, and is driven."""
    return state.replace(
        level=saturate(state.level - (state.level >> 2) + inputs.drive, Unsigned(params.bits))
    )


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    return CompiledRule(
        leaky, load(ffi_builder("leaky_in_c", leaky), tmp_path_factory.mktemp("c"), "leaky_in_c")
    )


def test_a_sequence_of_lanes_goes_on_from_its_state(compiled):
    rng = np.random.default_rng(0)
    drive = rng.integers(-8, 8, (50, 6))
    start = rng.integers(0, 2**5, 6)
    state = {"level": start.copy()}
    history = compiled.run(state, {"drive": drive}, {"bits": 5}, history=True)["level"]
    for lane in range(6):
        level = int(start[lane])
        for step in range(50):
            level = leaky.step({"level": level}, {"drive": int(drive[step, lane])}, {"bits": 5})["level"]
            assert history[step, lane] == level
    np.testing.assert_array_equal(state["level"], history[-1])


@pytest.mark.parametrize(
    ("state", "inputs", "said"),
    [
        ({}, {"drive": np.zeros((1, 2), int)}, "level is missing"),
        ({"level": np.zeros(3, int)}, {"drive": np.zeros((1, 2), int)}, r"shape \(2,\)"),
        ({"level": np.zeros(2)}, {"drive": np.zeros((1, 2), int)}, "must be an array of integers"),
        ({"level": np.zeros(2, np.int32)}, {"drive": np.zeros((1, 2), int)}, "C-contiguous int64"),
        ({"level": np.array([0, 256])}, {"drive": np.zeros((1, 2), int)}, "level: must be from 0 to 255"),
        ({"level": np.zeros(2, int)}, {"drive": np.full((1, 2), 8)}, "drive: must be from -8 to 7"),
        ({"level": np.zeros(2, int)}, {"drive": np.zeros(2, int)}, r"expected \(n_steps, n_lanes\)"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_before_c_sees_them(compiled, state, inputs, said):
    with pytest.raises(RuleError, match=said):
        compiled.run(state, inputs)


def test_what_needs_more_than_64_bits_is_refused_by_name():
    @rule(state={"level": Unsigned(40)}, inputs={})
    def squared(state, inputs, params):
        return state.replace(level=saturate(state.level * state.level, Unsigned(40)))

    with pytest.raises(RuleError, match="rule 'squared': C integers hold 64 bits"):
        ffi_builder("squared_in_c", squared)


def test_names_that_the_c_around_a_rule_uses():
    @rule(state={"lane": Unsigned(4)}, inputs={})
    def shifted(state, inputs, params):
        return state.replace(lane=state.lane >> 1)

    with pytest.raises(RuleError, match="'lane' is a name that the C around a rule uses itself"):
        ffi_builder("shifted_in_c", shifted)
