"""Owns turning a standard method's raw params into lsprotocol's classes, or naming what is wrong.

Must not know handlers. Messages name the field by its path on the wire and never quote a value.
"""

import re
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from cattrs import Converter
from cattrs.errors import (
    AttributeValidationNote,
    BaseValidationError,
    IterableValidationNote,
)
from lsprotocol import converters, types

from kata_lsp.lsp.jsonrpc import Code, RpcError

_SCALARS: Final = {str: "a string", int: "an integer", float: "a number", bool: "true or false"}
# lsprotocol lets anything pass for these; handlers would meet an object where a key should be.
_UNIONS: Final[dict[Any, tuple[tuple[type, ...], str]]] = {
    int | str: ((int, str), "an integer or a string"),
    types.CodeActionKind | str: ((str,), "a string"),
}
_OUT_OF_RANGE: Final = re.compile(r"\w+\.(\w+) should be in range \[(-?\d+):(\d+)\]")


class _ScalarError(TypeError):
    """A string, number or boolean was expected; the text says which."""


def converter() -> Converter:
    """Return a converter for LSP's classes that refuses scalars of a wrong type.

    cattrs would make `"5"` of 5, and the text `None` of a missing URI.
    """
    strict = converters.get_converter()
    for kind in _SCALARS:
        strict.register_structure_hook(kind, _scalar)
    for union, (known, wanted) in _UNIONS.items():
        strict.register_structure_hook(union, partial(_one_of, known, wanted))
        strict.register_structure_hook(union | None, partial(_one_of, (*known, None), wanted))
    return strict


def _one_of(kinds: tuple[type | None, ...], wanted: str, value: Any, _: Any) -> Any:
    if type(value) in kinds or (value is None and None in kinds):
        return value
    raise _ScalarError(f"must be {wanted}")


def _scalar(value: Any, kind: type) -> Any:
    if kind not in _SCALARS:
        # cattrs asks for subclasses too, and LSP's enumerations are integers and strings.
        return kind(value)
    whole = kind is int and type(value) is float and value.is_integer()
    if type(value) is kind or whole or (kind is float and type(value) is int):
        return kind(value)
    raise _ScalarError(f"must be {_SCALARS[kind]}")


def structure(converter: Converter, method: str, params: Any) -> Any:
    """Return `params` as the class that LSP gives to `method`.

    Params of methods that LSP does not know are returned as they are.

    Raises:
        RpcError: -32602, naming the first fields that do not fit.
    """
    known = types.METHOD_TO_TYPES.get(method)
    expected: Any = None if known is None else known[2]
    if expected is None:
        return params
    if params is None:
        params = {}
    if not isinstance(params, dict):
        raise RpcError(Code.INVALID_PARAMS, f"params of {method} must be an object, not an array")
    try:
        return converter.structure(params, expected)
    except Exception as error:  # noqa: BLE001 - hooks and validators raise whatever they like
        problems = list(dict.fromkeys(_problems(error, "params")))[:3]
        raise RpcError(Code.INVALID_PARAMS, f"{'; '.join(problems)} ({method})") from None


def _problems(error: BaseException, path: str) -> Iterator[str]:
    """Walk cattrs' exception groups, whose notes say where each error belongs."""
    if isinstance(error, BaseValidationError):
        for inner in error.exceptions:
            yield from _problems(inner, path + _step(inner))
        return
    if isinstance(error, KeyError):
        yield f"{path}: is required"
        return
    if isinstance(error, _ScalarError):
        yield f"{path}: {error}"
        return
    # lsprotocol's validators run in __init__, where cattrs knows no field; their text has it.
    if found := _OUT_OF_RANGE.match(str(error)):
        yield f"{path}.{_camel(found[1])}: must be from {found[2]} to {found[3]}"
        return
    yield f"{path}: does not have the type that LSP gives to it"


def _step(error: BaseException) -> str:
    for note in getattr(error, "__notes__", ()):
        if isinstance(note, AttributeValidationNote):
            return f".{_camel(note.name)}"
        if isinstance(note, IterableValidationNote):
            return f"[{note.index}]" if isinstance(note.index, int) else ".*"
    return ""


def _camel(name: str) -> str:
    first, *others = name.removesuffix("_").split("_")
    return first + "".join(map(str.title, others))
