"""Owns `workspace/executeCommand`: command rows as data, arguments, validation, the lazy import.

Must not know what a command does. Nothing of a command (its module, its pydantic payload) is
imported before it is first called, so that `initialize` stays fast.
"""

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from kata_lsp.lsp.jsonrpc import Code, RpcError, has_no_json_form

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

    from kata_lsp.lsp.server import KataServer

Handler = Callable[["KataServer", Any], Awaitable[Any]]
"""`async def handler(server, params) -> PayloadModel | dict | None`."""

_MAX_PROBLEMS: Final = 5
_MAX_NAME: Final = 60
_PAYLOADS: Final = "kata_lsp.protocol"


@dataclass(frozen=True, slots=True)
class Command:
    """One row of the command table.

    Args:
        name: The command on the wire, `kata.noun.verb`.
        module: The module that holds the handler, imported at the first call.
        handler: The handler's name in it: `async def handler(server, params)`.
        params: The payload model's name in `kata_lsp.protocol`, or `module:name`; empty for a
            command that takes nothing, whose handler then gets None.
    """

    name: str
    module: str
    handler: str
    params: str = ""


@dataclass(frozen=True, slots=True)
class _Loaded:
    handler: Handler
    model: "type[BaseModel] | None"


class CommandTable:
    """Calls commands by name.

    An unknown command is -32602, as in most servers: `workspace/executeCommand` is a method that
    exists, and its parameter `command` is what is wrong.
    """

    def __init__(self, commands: Sequence[Command]) -> None:
        self._rows = {row.name: row for row in commands}
        if len(self._rows) != len(commands):
            raise ValueError("two commands have the same name")
        self._loaded: dict[str, _Loaded] = {}
        self._loading = asyncio.Lock()

    @property
    def names(self) -> list[str]:
        """The commands in table order."""
        return list(self._rows)

    async def execute(self, server: "KataServer", params: Any) -> Any:
        """Run one command and return its JSON-safe result.

        Args:
            server: Handed to the handler.
            params: `ExecuteCommandParams` as it came.

        Raises:
            RpcError: -32602 for an unknown command or arguments that do not fit, naming the field.
            Exception: Whatever the handler raises.
        """
        row, arguments = self._look_up(params)
        loaded = self._loaded.get(row.name) or await self._load(row)
        payload = None if loaded.model is None else _payload(loaded.model, arguments)
        if loaded.model is None and arguments:
            raise _refusal(row.name, "arguments", "this command takes none; leave them out")
        return _result(await loaded.handler(server, payload))

    def _look_up(self, params: Any) -> tuple[Command, list[Any]]:
        fields = cast("dict[str, Any]", params) if isinstance(params, dict) else {}
        name, arguments = fields.get("command"), fields.get("arguments")
        if not isinstance(name, str):
            raise _refusal("workspace/executeCommand", "command", "must be a command's name")
        row = self._rows.get(name)
        if row is None:
            raise _refusal(
                "workspace/executeCommand",
                "command",
                f"{name[:_MAX_NAME]!r} is unknown; the initialize result lists the commands",
            )
        if arguments is not None and not isinstance(arguments, list):
            raise _refusal(name, "arguments", "must be an array: one object, or strings")
        given = cast("list[Any]", arguments or [])
        return row, [] if given == [None] else given

    async def _load(self, row: Command) -> _Loaded:
        # One at a time and first come, first served: commands keep their order.
        async with self._loading:
            if row.name not in self._loaded:
                # Off the loop: the first import of pydantic and the payloads takes a while.
                self._loaded[row.name] = await asyncio.to_thread(_import, row)
            return self._loaded[row.name]


def _import(row: Command) -> _Loaded:
    handler = getattr(importlib.import_module(row.module), row.handler)
    if not row.params:
        return _Loaded(handler, None)
    module, _, name = row.params.rpartition(":")
    return _Loaded(handler, getattr(importlib.import_module(module or _PAYLOADS), name))


def _payload(model: "type[BaseModel]", arguments: list[Any]) -> "BaseModel":
    from pydantic import ValidationError  # noqa: PLC0415 - imported with the first payload

    try:
        if not arguments:
            return model.model_validate({})
        if len(arguments) == 1 and isinstance(arguments[0], dict):
            return model.model_validate(arguments[0])
        return model.model_validate_strings(_by_position(model, arguments))
    except ValidationError as error:
        raise _explain(model, error) from None


def _by_position(model: "type[BaseModel]", arguments: list[Any]) -> dict[str, str]:
    names = _wire_names(model)
    if not all(isinstance(argument, str) for argument in arguments):
        raise _refusal(
            model.__name__, "arguments", f"must be one object or strings; {_help(model)}"
        )
    if len(arguments) > len(names):
        raise _refusal(
            model.__name__,
            "arguments",
            f"{len(arguments)} strings were given, at most {len(names)} fit; {_help(model)}",
        )
    return dict(zip(names, arguments, strict=False))


def _wire_names(model: "type[BaseModel]") -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _help(model: "type[BaseModel]") -> str:
    names = [
        f"{field.alias or name}{' (required)' if field.is_required() else ''}"
        for name, field in model.model_fields.items()
    ]
    return f"the fields are {', '.join(names)}" if names else "there are no fields"


def _explain(model: "type[BaseModel]", error: "ValidationError") -> RpcError:
    """Name each field and what it should be; pydantic's own text quotes the input, ours may not."""
    problems = [
        (".".join(str(part)[:_MAX_NAME] for part in detail["loc"]) or "arguments", detail)
        for detail in error.errors(include_url=False, include_input=False)[:_MAX_PROBLEMS]
    ]
    fields = [{"field": field, "problem": _problem(detail)} for field, detail in problems]
    text = "; ".join(f"{each['field']}: {each['problem']}" for each in fields)
    return RpcError(
        Code.INVALID_PARAMS,
        f"{text}; {_help(model)}",
        {"code": "invalid_params", "fields": fields},
    )


def _problem(detail: Any) -> str:
    match detail["type"]:
        case "missing":
            return "is required"
        case "extra_forbidden":
            return "is not a known field; remove it"
        case _:
            message = str(detail["msg"])
            return message[0].lower() + message[1:]


def _refusal(what: str, field: str, problem: str) -> RpcError:
    return RpcError(
        Code.INVALID_PARAMS,
        f"{field}: {problem} ({what})",
        {"code": "invalid_params", "fields": [{"field": field, "problem": problem}]},
    )


def _result(value: Any) -> Any:
    dumped = (
        value.model_dump(mode="json", by_alias=True, exclude_none=True)
        if hasattr(value, "model_dump")
        else value
    )
    if has_no_json_form(dumped):
        raise TypeError("the result holds NaN or an infinity, which JSON cannot express")
    return dumped
