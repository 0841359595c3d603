"""Owns the table of settings, read off the model: keys, types, bounds, scopes, environment names.

Must not know layers or files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Final, Literal, Union, cast, get_args, get_origin, get_type_hints

from kata_lsp.settings.model import ProviderSettings, Settings
from kata_lsp.settings.rules import About, Narrowing

Path = tuple[str, ...]
"""A setting's key in parts, such as `("context", "maxTokens")`."""

ANY_ID: Final = "<id>"
"""Stands for a provider's id in the key of a setting that each provider has."""

ENV_PREFIX: Final = "KATA_"
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LARGEST: Final = 2**53  # what every JSON reader agrees on; NaN and infinity fail it too
_BOOLEANS: Final = MappingProxyType({"true": True, "1": True, "false": False, "0": False})


class WrongValueError(ValueError):
    """A value that a setting cannot have; says what it must be, never what it was."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One setting: its place in the model and what the model says of it."""

    path: Path
    field_path: Path
    hint: Any
    default: Any
    about: About

    @property
    def key(self) -> str:
        """The key as users write it, without the `kata.` of editors."""
        return ".".join(self.path)

    @property
    def options(self) -> tuple[str, ...]:
        """The allowed texts; empty when any will do."""
        return tuple(get_args(self.kind)) if get_origin(self.kind) is Literal else ()

    @property
    def kind(self) -> Any:
        """The type without its None."""
        if get_origin(self.hint) in {Union, UnionType}:
            (kind,) = (part for part in get_args(self.hint) if part is not NoneType)
            return kind
        return self.hint


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting as documentation and editor configuration need it.

    `type` is JSON Schema's name of it; `scope` says what a workspace may do to the setting.
    """

    key: str
    type: Literal["string", "integer", "number", "boolean", "array"]
    default: Any
    options: tuple[str, ...]
    minimum: float | None
    maximum: float | None
    scope: Narrowing
    description: str
    environment: str


def _leaves(kind: type, path: Path = (), field_path: Path = ()) -> Iterator[Leaf]:
    hints = get_type_hints(kind, include_extras=True)
    for each in fields(cast("Any", kind)):
        hint = hints[each.name]
        here = (*path, _camel(each.name))
        there = (*field_path, each.name)
        about = next((a for a in getattr(hint, "__metadata__", ()) if isinstance(a, About)), None)
        if about is not None:
            yield Leaf(here, there, hint.__origin__, each.default, about)
        elif is_dataclass(hint):
            yield from _leaves(cast("type", hint), here, there)
        elif each.default is MISSING and get_origin(hint) is Mapping:
            yield from _leaves(ProviderSettings, (*here, ANY_ID), (*there, ANY_ID))


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


LEAVES: Final[Mapping[Path, Leaf]] = MappingProxyType(
    {leaf.path: leaf for leaf in _leaves(Settings)}
)
"""Every setting by its key, in the order of the model."""

GROUPS: Final = frozenset(path[:n] for path in LEAVES for n in range(1, len(path)))
"""The keys that hold tables of settings."""


def pattern_of(path: Path) -> Path:
    """Return the key with a provider's id replaced by `ANY_ID`, as in `LEAVES` and `GROUPS`.

    An id of odd characters is not replaced, so that its key is unknown.
    """
    if len(path) > 1 and path[0] == "providers" and _ID.fullmatch(path[1]):
        return (path[0], ANY_ID, *path[2:])
    return path


def environment_name(path: Path) -> str:
    """Return the environment variable of a setting, such as `KATA_CONTEXT_MAX_TOKENS`."""
    parts = [re.sub(r"(?<=[a-z])(?=[A-Z])", "_", part) for part in path]
    return ENV_PREFIX + "_".join(re.sub(r"[^A-Za-z0-9<>]", "_", part) for part in parts).upper()


def describe_settings() -> tuple[SettingRow, ...]:
    """Return every setting, for generated documentation and editor configuration."""
    names: Mapping[Any, Any] = {str: "string", int: "integer", float: "number", bool: "boolean"}
    return tuple(
        SettingRow(
            key=leaf.key,
            type="array" if get_origin(leaf.kind) is tuple else names.get(leaf.kind, "string"),
            default=list(leaf.default) if get_origin(leaf.kind) is tuple else leaf.default,
            options=leaf.options,
            minimum=leaf.about.least,
            maximum=leaf.about.most,
            scope=leaf.about.workspace,
            description=leaf.about.text,
            environment=environment_name(leaf.path),
        )
        for leaf in LEAVES.values()
    )


def from_text(leaf: Leaf, text: str) -> Any:
    """Return what the text of an environment variable stands for, as JSON would hold it.

    Lists are comma-separated, or a JSON array when an item has a comma. A text that is not of the
    setting's type comes back as it is, for `accepted` to refuse.
    """
    if get_origin(leaf.kind) is tuple and not text.lstrip().startswith("["):
        return [item.strip() for item in text.split(",") if item.strip()]
    if leaf.kind is bool:
        return _BOOLEANS.get(text.strip().lower(), text)
    if leaf.kind in {int, float} or get_origin(leaf.kind) is tuple:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text


def accepted(leaf: Leaf, raw: object) -> Any:
    """Return the value of a setting given as JSON or TOML.

    Raises:
        WrongValueError: It is not of the setting's type, out of bounds, or otherwise at fault.
    """
    value = _typed(leaf, raw)
    about = leaf.about
    if about.least is not None and value < about.least:
        raise WrongValueError(f"must be at least {about.least:g}")
    if about.most is not None and value > about.most:
        raise WrongValueError(f"must be at most {about.most:g}")
    if about.fault is not None and (reason := about.fault(value)) is not None:
        raise WrongValueError(reason)
    return value


def _typed(leaf: Leaf, raw: object) -> Any:
    kind = leaf.kind
    if leaf.options:
        if raw in leaf.options:
            return raw
        raise WrongValueError(f"must be one of {', '.join(leaf.options)}")
    if get_origin(kind) is tuple:
        if isinstance(raw, list):
            items = cast("list[object]", raw)
            if all(isinstance(item, str) for item in items):
                return tuple(items)
        raise WrongValueError("must be a list of texts")
    if kind in {int, float}:
        return _number(kind, raw)
    if type(raw) is kind:
        return raw
    raise WrongValueError("must be true or false" if kind is bool else "must be a text")


def _number(kind: Any, raw: object) -> Any:
    wanted = "must be a whole number" if kind is int else "must be a number"
    if isinstance(raw, bool) or not isinstance(raw, (int, float)) or not abs(raw) <= _LARGEST:
        raise WrongValueError(wanted)
    # A client whose language has only one kind of number may send 12.0 for 12.
    if kind is int and raw != int(raw):
        raise WrongValueError(wanted)
    return kind(raw)
