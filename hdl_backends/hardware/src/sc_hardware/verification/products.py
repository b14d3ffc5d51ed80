"""Cut a rule's terms at their products, so that solvers need not compare multipliers.

A factor that a stage hands on is proven equal to the stage's signal; then one free variable stands for both. A
product of factors of a and b bits is exact in a + b bits, and is written so: the Verilog multiplies in as many.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs
import z3

from sc_hardware.verification.solving import Proof, prove


@attrs.frozen
class Signal:
    """What a signal is worth, as a solver term, and whether it is in two's complement."""

    term: Any
    signed: bool


def as_sort(term: Any, sort: Any) -> Any:
    """Return one wire as a bool or as a vector of one bit, whichever is wanted."""
    if z3.is_bool(term) and sort != z3.BoolSort():
        return z3.If(term, z3.BitVecVal(1, 1), z3.BitVecVal(0, 1))
    if z3.is_bv(term) and sort == z3.BoolSort():
        return term == z3.BitVecVal(1, 1)
    return term


def as_vector(term: Any) -> Any:
    """Return a bit vector; one wire is one of one bit."""
    return as_sort(term, z3.BitVecSort(1)) if z3.is_bool(term) else term


def free_products(
    wanted: Mapping[str, Any],
    signals: dict[str, Signal],
    leaves: set[str],
    needed: Mapping[str, int],
    time_limit: float,
) -> tuple[dict[str, Any], list[Proof]]:
    """Make the factors of the innermost products free variables, on both sides.

    Parameters
    ----------
    wanted : mapping of str to solver term
        The rule's next values.
    signals : dict of str to Signal
        What the stages have handed on; those that are factors become free, in place.
    leaves : set of str
        Signals that are free already.
    needed : mapping of str to int
        How many bits of each signal its value needs; that they are enough is proven with the factor.
    time_limit : float
        Seconds for each claim.

    Returns
    -------
    wanted : dict of str to solver term
        With free factors, and products as wide as both factors.
    proofs : list of Proof
        That each factor is a signal.
    """
    rule = dict(wanted)
    proofs: list[Proof] = []
    for factor in _computed_factors(rule.values()):
        proof, name = _find(factor, signals, leaves, needed, time_limit)
        proofs.append(proof)
        if name is None:
            return rule, proofs
        signal = signals[name]
        free = z3.BitVec(f"{name} of the stage before", needed[name])
        bits = as_vector(signal.term).size()
        signals[name] = Signal(_extended(free, signal.signed, bits), signal.signed)
        whole = _extended(free, signal.signed, factor.size())
        rule = {field: _replaced(term, factor, whole) for field, term in rule.items()}
    for product in _innermost_products(rule.values()):
        exact = _exact(product)
        rule = {field: _replaced(term, product, exact) for field, term in rule.items()}
    return rule, proofs


def _replaced(term: Any, old: Any, new: Any) -> Any:
    return z3.substitute(term, (old, new)) if z3.is_expr(term) else term


def _products(terms: Iterable[Any]) -> list[Any]:
    """Return all products, inner ones before those that contain them."""
    found: dict[int, Any] = {}
    seen: set[int] = set()

    def visit(term: Any) -> None:
        if term.get_id() in seen:
            return
        seen.add(term.get_id())
        for child in term.children():
            visit(child)
        if z3.is_app_of(term, z3.Z3_OP_BMUL):
            found[term.get_id()] = term

    for term in terms:
        if z3.is_expr(term):
            visit(term)
    return list(found.values())


def _innermost_products(terms: Iterable[Any]) -> list[Any]:
    """Return the products without a product in them, but for those that are exact already."""
    products = [product for product in _products(terms) if not _is_exact(product)]
    return [p for p in products if all(map(_is_exact, _products(p.children())))]


def _computed_factors(terms: Iterable[Any]) -> list[Any]:
    """Return the factors of the innermost products that are neither numbers nor extended variables."""
    factors = {f.get_id(): f for product in _innermost_products(terms) for f in product.children()}
    return [factor for factor in factors.values() if not z3.is_bv_value(factor) and _variable(factor) is None]


def _variable(factor: Any) -> Signal | None:
    """Return the variable that a factor extends."""
    if z3.is_app_of(factor, z3.Z3_OP_SIGN_EXT) or z3.is_app_of(factor, z3.Z3_OP_ZERO_EXT):
        (inner,) = factor.children()
        if z3.is_const(inner) and not z3.is_bv_value(inner):
            return Signal(inner, z3.is_app_of(factor, z3.Z3_OP_SIGN_EXT))
    return None


def _extended(term: Any, signed: bool, bits: int) -> Any:
    more = bits - term.size()
    return z3.SignExt(more, term) if signed else z3.ZeroExt(more, term)


def _exact(product: Any) -> Any:
    """Return a product of two extended variables, taken in as many bits as it needs and then extended."""
    factors = [_variable(factor) for factor in product.children()]
    if len(factors) != 2 or None in factors:
        return product  # one of them is a number: no multiplier
    left, right = (factor for factor in factors if factor is not None)
    bits = left.term.size() + right.term.size()
    if bits >= product.size():
        return product
    narrow = _extended(left.term, left.signed, bits) * _extended(right.term, right.signed, bits)
    return _extended(narrow, left.signed or right.signed, product.size())


def _is_exact(product: Any) -> bool:
    factors = [_variable(factor) for factor in product.children()]
    if len(factors) != 2 or None in factors:
        return any(z3.is_bv_value(factor) for factor in product.children())
    return bool(product.size() <= sum(factor.term.size() for factor in factors if factor is not None))


def _find(
    factor: Any, signals: Mapping[str, Signal], leaves: set[str], needed: Mapping[str, int], time_limit: float
) -> tuple[Proof, str | None]:
    """Return the proof that a factor of the rule is one of the signals, and which."""
    for name, signal in signals.items():
        if name in leaves:
            continue
        term = as_vector(signal.term)
        if term.size() > factor.size():
            continue
        value = z3.Extract(needed[name] - 1, 0, term)
        equal = z3.And(
            factor == _extended(value, signal.signed, factor.size()),
            term == _extended(value, signal.signed, term.size()),
        )
        proof = prove(f"a factor of the rule is {name}", equal, time_limit=time_limit)
        if proof.holds:
            return proof, name
    return Proof("a factor of the rule is a signal of the stage", False, "z3", 0.0), None
