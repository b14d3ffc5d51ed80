"""C that takes steps of many independent lanes: a function for each rule, printed beside its step."""

from __future__ import annotations

from collections.abc import Iterable

from sc_hardware.rules.c import FIXED_POINT_H, MACROS, next_state, piece_function, wrapped
from sc_hardware.rules.errors import RuleError
from sc_hardware.rules.rule import Rule

_INSTANCE = """\
#define INTEGER int64_t
#define NATURAL uint64_t
#define NAME(name) name##_i64
"""


def run_declaration(rule: Rule) -> str:
    """Return the declaration of a rule's run function, for cffi and C.

    ``int <rule>_run(n_lanes, n_steps, parameters..., fields..., histories..., inputs...)``: all parameters; a
    pointer to each field of the state, ``[n_lanes]``, changed; for each field a pointer to its history,
    ``[n_steps * n_lanes]``, or NULL; a pointer to each input, ``[n_steps * n_lanes]``. Bits are 0 or 1.

    Raises
    ------
    RuleError
        If the rule can need more than 64 bits.
    """
    rule.require_64_bits("C integers")
    _check_names(rule)
    arguments = ["int64_t n_lanes", "int64_t n_steps"]
    arguments += [f"int64_t {name}" for name in rule.parameters]
    arguments += [f"int64_t *{field.name}" for field in rule.state]
    arguments += [f"int64_t *{field.name}_history" for field in rule.state]
    arguments += [f"const int64_t *{field.name}" for field in rule.inputs]
    return wrapped(f"void {rule.name}_run(", arguments, ")") + ";\n"


def _check_names(rule: Rule) -> None:
    own = {"n_lanes", "n_steps", "row", "lane", *(f"{field.name}_history" for field in rule.state)}
    for name in (*rule.parameters, *(field.name for field in (*rule.state, *rule.inputs))):
        if name in own or name in MACROS:
            raise RuleError(f"{name!r} is a name that the C around a rule uses itself", rule=rule.name)


def run_definition(rule: Rule) -> str:
    """Return the step of a rule and its run function, in 64-bit integers."""
    graph, fields = rule.graph, [field.name for field in rule.state]
    inputs = {field.name for field in rule.inputs}
    step = next_state(graph)
    arguments = step.parameters
    unread = [name for name in rule.parameters if name not in arguments]
    arguments += [f"{n}[row + lane]" if n in inputs else f"{n}[lane]" for n in step.arguments]
    arguments += [f"&{name}_" for name in fields]
    return "\n".join(
        [
            piece_function(step, f"{graph.name}_step"),
            run_declaration(rule).removesuffix(";\n"),
            "{",
            *(f"    (void){name};" for name in unread),
            "    for (int64_t row = 0; row < n_steps * n_lanes; row += n_lanes) {",
            "        for (int64_t lane = 0; lane < n_lanes; lane++) {",
            f"            int64_t {', '.join(f'{name}_' for name in fields)};",
            wrapped(f"            {graph.name}_step_i64(", arguments, ");"),
            *(f"            {name}[lane] = {name}_;" for name in fields),
            *(f"            if ({name}_history) {name}_history[row + lane] = {name}_;" for name in fields),
            "        }",
            "    }",
            "}",
            "",
        ]
    )


def run_source(rules: Iterable[Rule]) -> str:
    """Return C text with the run functions of rules, complete but for ``#include <stdint.h>``."""
    return "\n".join(
        [
            FIXED_POINT_H,
            _INSTANCE,
            *map(run_definition, rules),
            "#undef INTEGER",
            "#undef NATURAL",
            "#undef NAME",
            "",
        ]
    )
