"""Rules compiled to C in a distribution's own cffi build (``pip install sc-hardware[c]``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_hardware.rules.c_runs import run_declaration, run_source
from sc_hardware.rules.declaration import choose_parameters
from sc_hardware.rules.errors import RuleError
from sc_hardware.rules.graph import Field
from sc_hardware.rules.rule import Rule


def ffi_builder(module: str, *rules: Rule) -> Any:
    """Return a builder for setuptools' ``cffi_modules``, or to ``compile()``, of an extension that runs rules.

    Parameters
    ----------
    module : str
        Name of the extension: ``"sc_plugin_mine._rules"``.
    *rules : Rule

    Returns
    -------
    cffi.FFI

    Raises
    ------
    RuleError
        If a rule can need more than 64 bits.

    Notes
    -----
    A whole ``build_rules.py``, named in ``setup.py`` by ``cffi_modules=["build_rules.py:builder"]``::

        from my_rules import leaky_trace
        from sc_hardware.rules.compiled import ffi_builder

        builder = ffi_builder("sc_plugin_mine._rules", leaky_trace)
    """
    from cffi import FFI

    builder = FFI()
    builder.cdef("".join(map(run_declaration, rules)))
    builder.set_source(module, "#include <stdint.h>\n" + run_source(rules), py_limited_api=True)
    return builder


@attrs.frozen
class CompiledRule:
    """A rule, and the extension that runs it.

    Parameters
    ----------
    rule : Rule
    extension : module
        What was built by `ffi_builder`, imported: it has ``ffi`` and ``lib``.
    """

    rule: Rule
    extension: Any

    def run(
        self,
        state: Mapping[str, NDArray[np.int64]],
        inputs: Mapping[str, NDArray[Any]],
        parameters: Mapping[str, int] | None = None,
        history: bool = False,
    ) -> dict[str, NDArray[np.int64]]:
        """Take steps of many independent lanes.

        Parameters
        ----------
        state : mapping of str to ndarray, shape (n_lanes,), int64
            Every field; changed in place.
        inputs : mapping of str to ndarray of integers or bools, shape (n_steps, n_lanes)
            Every input.
        parameters : mapping of str to int, optional
            Those that differ from their defaults.
        history : bool, default False
            Whether to return the state after every step.

        Returns
        -------
        dict of str to ndarray, shape (n_steps, n_lanes), int64
            Empty without `history`.

        Raises
        ------
        RuleError
            If an array is missing, has another shape or dtype, or values that its type does not hold.
        """
        rule, ffi = self.rule, self.extension.ffi
        chosen = choose_parameters(rule.parameters, parameters or {}, rule.name)
        shape = np.shape(inputs[rule.inputs[0].name])
        if len(shape) != 2:
            raise RuleError(f"inputs have shape {shape}; expected (n_steps, n_lanes)", rule=rule.name)
        fields = [_checked(f, state, chosen, shape[1:], rule.name) for f in rule.state]
        for given, checked in zip((state[f.name] for f in rule.state), fields, strict=True):
            if given is not checked:
                raise RuleError(
                    "the state must be C-contiguous int64 arrays, changed in place", rule=rule.name
                )
        signals = [_checked(f, inputs, chosen, shape, rule.name) for f in rule.inputs]
        histories = {f.name: np.empty(shape, np.int64) for f in rule.state} if history else {}
        changed = (*fields, *histories.values())
        pointers = [ffi.from_buffer("int64_t[]", array, require_writable=True) for array in changed]
        pointers += [ffi.NULL] * (0 if history else len(fields))
        pointers += [ffi.from_buffer("int64_t[]", array) for array in signals]
        function = getattr(self.extension.lib, f"{rule.name}_run")
        function(shape[1], shape[0], *chosen.values(), *pointers)
        return histories


def _checked(
    field: Field, given: Mapping[str, Any], parameters: Mapping[str, int], shape: tuple[int, ...], rule: str
) -> NDArray[np.int64]:
    """Return an array as C-contiguous int64: itself where it is one."""
    if field.name not in given:
        raise RuleError(f"{field.name} is missing", rule=rule)
    array = np.asarray(given[field.name])
    if array.dtype.kind not in "iub" or array.shape != shape:
        raise RuleError(
            f"{field.name}: must be an array of integers of shape {shape}, got {array.dtype} {array.shape}",
            rule=rule,
        )
    low, high = field.type.range(parameters)
    if array.size and (int(array.min()) < low or int(array.max()) > high):
        raise RuleError(f"{field.name}: must be from {low} to {high}", rule=rule)
    return np.ascontiguousarray(array, np.int64)
