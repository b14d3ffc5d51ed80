"""The cattrs converter with strict types: nothing is converted but an integer where a number is asked for."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin

import attrs
from cattrs import Converter
from cattrs.cols import is_mapping, is_sequence, list_structure_factory, mapping_structure_factory
from cattrs.dispatch import StructureHook, UnstructureHook
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn

from sc_core.options.wording import choices, is_one_of

_NOUNS = {int: "an integer", float: "a number", bool: "true or false", str: "a string", Path: "a path"}
_PLURALS = {int: "integers", float: "numbers", bool: "booleans", str: "strings", Path: "paths"}


def new_converter() -> Converter:
    """Return a converter with the rules of this module, to which hooks for further types can be added.

    A hook may raise `ConfigurationError` with a path relative to its own value (empty for the value itself),
    ValueError or TypeError; `structure` completes the path.
    """
    converter = Converter(forbid_extra_keys=True)
    for scalar, accept in _SCALARS.items():
        converter.register_structure_hook(scalar, accept)
    converter.register_structure_hook_factory(_is_literal, _literal_hook)
    converter.register_structure_hook_factory(_is_union, _union_hook)
    converter.register_structure_hook_factory(_is_list, _list_hook)
    converter.register_structure_hook_factory(is_mapping, _mapping_hook)
    converter.register_structure_hook_factory(attrs.has, _class_hook)
    converter.register_unstructure_hook_factory(attrs.has, _without_none)
    converter.register_unstructure_hook_func(_is_tuple, _as_list(converter))
    converter.register_unstructure_hook_func(lambda cls: isinstance(cls, type) and issubclass(cls, Path), str)
    return converter


def _wrong(value: object, wanted: str) -> ValueError:
    return ValueError(f"must be {wanted}, got {reprlib.repr(value)}")


def _integer(value: Any, _: Any) -> int:
    if type(value) is not int:  # bool is a subclass of int, and not meant
        raise _wrong(value, _NOUNS[int])
    return value


def _number(value: Any, _: Any) -> float:
    if type(value) not in (int, float):
        raise _wrong(value, _NOUNS[float])
    if not math.isfinite(value):
        raise _wrong(value, "finite")
    return float(value)


def _boolean(value: Any, _: Any) -> bool:
    if type(value) is not bool:
        raise _wrong(value, _NOUNS[bool])
    return value


def _string(value: Any, _: Any) -> str:
    if type(value) is not str:
        raise _wrong(value, _NOUNS[str])
    return value


def _path(value: Any, _: Any) -> Path:
    if not isinstance(value, str | Path):
        raise _wrong(value, _NOUNS[Path])
    return Path(value)


_SCALARS: dict[type[Any], StructureHook] = {
    int: _integer,
    float: _number,
    bool: _boolean,
    str: _string,
    Path: _path,
}


def _is_literal(cls: Any) -> bool:
    return get_origin(cls) is Literal


def _literal_hook(cls: Any) -> StructureHook:
    allowed = get_args(cls)

    def choose(value: Any, _: Any) -> Any:
        if not is_one_of(value, allowed):
            raise ValueError(choices(allowed, value))
        return value

    return choose


def _is_list(cls: Any) -> bool:
    """Tell whether `cls` is a list, a sequence or a tuple of any length."""
    is_any_length = not _is_tuple(cls) or get_args(cls)[1:] == (Ellipsis,)
    return bool(is_sequence(cls)) and is_any_length and cls is not str


def _is_tuple(cls: Any) -> bool:
    return cls is tuple or cast(Any, get_origin(cls)) is tuple


def _list_hook(cls: Any, converter: Converter) -> StructureHook:
    items: Any = list[next(iter(get_args(cls)), Any)]  # type: ignore[misc]
    structure_items = list_structure_factory(items, converter)
    wanted = tuple if get_origin(cls) is tuple else list

    def structure_list(value: Any, _: Any) -> Any:
        if not isinstance(value, list | tuple):  # a string would fall apart into characters
            raise _wrong(value, _in_words(cls))
        return wanted(structure_items(value, items))

    return structure_list


def _mapping_hook(cls: Any, converter: Converter) -> StructureHook:
    return _needs_table(mapping_structure_factory(cls, converter))


def _class_hook(cls: Any, converter: Converter) -> StructureHook:
    return _needs_table(make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True))


def _needs_table(hook: StructureHook) -> StructureHook:
    def structure_table(value: Any, cls: Any) -> Any:
        if not isinstance(value, Mapping):
            raise _wrong(value, "a table")
        return hook(value, cls)

    return structure_table


def _is_union(cls: Any) -> bool:
    return get_origin(cls) in (Union, UnionType)


def _union_hook(cls: Any, converter: Converter) -> StructureHook:
    members = get_args(cls)

    def structure_member(value: Any, _: Any) -> Any:
        for member in members:
            if _looks_like(value, member):
                return None if value is None else converter.structure(value, member)
        raise _wrong(value, " or ".join(_in_words(member) for member in members if member is not NoneType))

    return structure_member


def _looks_like(value: Any, member: Any) -> bool:
    """Tell whether `value` is meant for `member` of a union, even if it turns out to be wrong there."""
    if value is None or member is NoneType:
        return value is None and member is NoneType
    if member is float:
        return type(value) in (int, float)
    if member in (int, bool, str):
        return type(value) is member
    if member is Path:
        return isinstance(value, str | Path)
    if _is_literal(member):
        return is_one_of(value, get_args(member))
    if _is_list(member):
        return isinstance(value, list | tuple)
    if attrs.has(member) or is_mapping(member):
        return isinstance(value, Mapping)
    return True


def _in_words(cls: Any) -> str:
    if _is_literal(cls):
        return " or ".join(repr(choice) for choice in get_args(cls))
    if _is_list(cls):
        item = next(iter(get_args(cls)), Any)
        return f"a list of {_PLURALS[item]}" if item in _PLURALS else "a list"
    return _NOUNS.get(cls, "a table")


def _without_none(cls: Any, converter: Converter) -> UnstructureHook:
    unstructure_fields = make_dict_unstructure_fn(cls, converter)

    def unstructure_table(instance: Any) -> dict[str, Any]:
        return {key: value for key, value in unstructure_fields(instance).items() if value is not None}

    return unstructure_table


def _as_list(converter: Converter) -> UnstructureHook:
    return lambda items: [converter.unstructure(item) for item in items]
