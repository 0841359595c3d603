"""Owns the stored form of a run record: plain JSON values, one object per dataclass.

Must not know where the JSON is kept. It follows the record's own type annotations, so that a new
field needs no change here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from kata_lsp.runs.record import RunRecord

T = TypeVar("T")


class UnreadableRecordError(ValueError):
    """Stored JSON that is not a record this version understands; names the field."""


def to_plain(record: RunRecord) -> dict[str, Any]:
    """Return the record as JSON values; field names are those of the dataclasses."""
    return cast("dict[str, Any]", _plain(record))


def from_plain(plain: Mapping[str, Any]) -> RunRecord:
    """Return the record that `to_plain` wrote, with defaults for fields it did not know.

    Fields that this version does not know are left out; `carry_unknown` keeps them in storage.

    Raises:
        UnreadableRecordError: A field is missing or has a value of the wrong kind.
    """
    return _object(RunRecord, plain, "record")


def dumps(plain: Mapping[str, Any]) -> str:
    """Return ASCII JSON: it carries any text, lone surrogates of a broken model included."""
    return json.dumps(plain, separators=(",", ":"), allow_nan=False)


def loads(text: str) -> dict[str, Any]:
    """Return the object in `text`.

    Raises:
        UnreadableRecordError: It is not a JSON object.
    """
    try:
        plain: object = json.loads(text)
    except ValueError as error:
        raise UnreadableRecordError(f"not JSON: {error}") from error
    if not isinstance(plain, dict):
        raise UnreadableRecordError("not a JSON object")
    return cast("dict[str, Any]", plain)


def carry_unknown(stored: Mapping[str, Any], plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return `plain` plus the fields of `stored` that only a newer version knows."""
    known = {field.name for field in fields(RunRecord)}
    return {name: value for name, value in stored.items() if name not in known} | dict(plain)


def changed_fields(stored: Mapping[str, Any], plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of `plain` that `stored` lacks or has with another value."""
    return {
        name: value for name, value in plain.items() if name not in stored or stored[name] != value
    }


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).items()
        return {name: _plain(item) for name, item in items}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in cast("tuple[Any, ...]", value)]
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _object(kind: type[T], plain: object, where: str) -> T:
    if not isinstance(plain, Mapping):
        raise UnreadableRecordError(f"{where}: expected an object")
    stored = cast("Mapping[str, Any]", plain)
    values: dict[str, Any] = {}
    for field in fields(cast("Any", kind)):
        if field.name in stored:
            hint = _hints(kind)[field.name]
            values[field.name] = _value(hint, stored[field.name], f"{where}.{field.name}")
        elif field.default is MISSING and field.default_factory is MISSING:
            raise UnreadableRecordError(f"{where}.{field.name}: missing")
    return kind(**values)


def _value(hint: Any, plain: Any, where: str) -> Any:
    origin = get_origin(hint)
    if origin in {Union, UnionType}:
        if plain is None:
            return None
        (inner,) = (option for option in get_args(hint) if option is not NoneType)
        return _value(inner, plain, where)
    if origin is tuple and isinstance(plain, list):
        items = enumerate(cast("list[Any]", plain))
        return tuple(_value(get_args(hint)[0], item, f"{where}[{n}]") for n, item in items)
    if is_dataclass(hint):
        return _object(cast("type[Any]", hint), plain, where)
    if _fits(hint, origin, plain):
        return hint(plain) if isinstance(hint, type) and issubclass(hint, Enum) else plain
    raise UnreadableRecordError(f"{where}: {plain!r:.60} is not a value this version knows")


def _fits(hint: Any, origin: Any, plain: Any) -> bool:
    if origin is Literal:
        return plain in get_args(hint)
    if origin is Mapping:
        return isinstance(plain, dict)
    if issubclass(hint, Enum):
        return plain in {member.value for member in hint}
    if hint is float:
        return isinstance(plain, (int, float)) and not isinstance(plain, bool)
    return type(plain) is hint
