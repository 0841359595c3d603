"""Owns JSON-RPC 2.0: bytes to messages and back, and the error a bad message deserves.

Pure, no IO; must not know LSP's methods, commands or the transport.
"""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, cast

import orjson

MessageId = int | float | str
"""What a request id may be. `null` is not one: it marks the answer to an unreadable message."""


class Code(IntEnum):
    """The JSON-RPC and LSP error codes that we answer with."""

    PARSE_ERROR = -32700
    INVALID_REQUEST = -32600
    METHOD_NOT_FOUND = -32601
    INVALID_PARAMS = -32602
    INTERNAL_ERROR = -32603
    SERVER_NOT_INITIALIZED = -32002
    REQUEST_CANCELLED = -32800
    REQUEST_FAILED = -32803


class RpcError(Exception):
    """A failure with the code, message and data that its response carries.

    The message says what happened, to what and what to do; it never echoes a value.
    """

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data

    def to_dict(self) -> dict[str, Any]:
        """Return the `error` member of a response."""
        error: dict[str, Any] = {"code": int(self.code), "message": self.message}
        return error if self.data is None else error | {"data": self.data}


@dataclass(frozen=True, slots=True)
class Request:
    """A message that must be answered exactly once."""

    id: MessageId
    method: str
    params: Any


@dataclass(frozen=True, slots=True)
class Notification:
    """A message that is never answered."""

    method: str
    params: Any


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to a request of ours; `error` is None for a success."""

    id: MessageId | None
    result: Any
    error: Any


@dataclass(frozen=True, slots=True)
class Malformed:
    """A message that is none of the above, with the error to answer."""

    error: RpcError
    id: MessageId | None = None


Message = Request | Notification | Response | Malformed

_EARLY_ID: Final = re.compile(
    rb'^\s*\{[^{}\[\]]*?"id"\s*:\s*(-?\d{1,15}|"[^"\\]{0,200}")(?=[\s,}])'
)


def decode(body: bytes) -> Message:
    """Read one message; anything unreadable becomes `Malformed`, nothing is raised."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _decode_leniently(body)
    if type(value) is dict and type(cast("dict[str, Any]", value).get("id")) is float:
        # orjson reads integers beyond 64 bits as floats; the id must come back as it was sent.
        return _decode_leniently(body)
    return _classify(value)


def _decode_leniently(body: bytes) -> Message:
    """Read what orjson refuses: lone surrogates are replaced, all else names its fault.

    Editors written in JavaScript send half of a surrogate pair when a user cut an emoji in two.
    One replacement character takes its place, so UTF-16 positions stay what they were.
    """
    faults: list[str] = []
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        faults.append("it is not UTF-8")
        text = body.decode("utf-8", "replace")

    def number(digits: str) -> float:
        if math.isinf(value := float(digits)):
            faults.append("a number is too large")
        return value

    def constant(name: str) -> None:
        faults.append(f"{name} is not JSON")

    try:
        value = json.loads(text, parse_float=number, parse_constant=constant)
    except RecursionError:
        return _unreadable(body, "it is nested too deeply")
    except ValueError:
        return _unreadable(body, "it is not JSON")
    if faults:
        return _unreadable(body, faults[0], _id_of(value))
    return _classify(_without_surrogates(value))


def _unreadable(body: bytes, why: str, found: MessageId | None = None) -> Malformed:
    """Answer under the request's own id where it can be seen, so that nobody waits for ever."""
    if found is None and b'"method"' in body and (early := _EARLY_ID.match(body)):
        found = json.loads(early[1].decode("utf-8", "replace"))
    return Malformed(RpcError(Code.PARSE_ERROR, f"the message cannot be read: {why}"), found)


def _without_surrogates(value: Any) -> Any:
    text = json.dumps(value, ensure_ascii=False)
    return json.loads(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))


def _id_of(value: Any) -> MessageId | None:
    found: Any = cast("dict[str, Any]", value).get("id") if isinstance(value, dict) else None
    return found if type(found) in (int, float, str) else None


def _classify(value: Any) -> Message:
    if not isinstance(value, dict):
        hint = "; send one message per frame, LSP has no batches" if isinstance(value, list) else ""
        return _invalid(None, f"a message must be a JSON object{hint}")
    message = cast("dict[str, Any]", value)
    found = _id_of(message)
    if message.get("jsonrpc") != "2.0":
        return _invalid(found, "the member jsonrpc must be '2.0'")
    if "method" in message:
        return _call(message, found)
    if "id" in message and ("result" in message or "error" in message):
        return Response(found, message.get("result"), message.get("error"))
    return _invalid(found, "a message must have a method, a result or an error")


def _call(message: dict[str, Any], found: MessageId | None) -> Message:
    method, params = message["method"], message.get("params")
    if not isinstance(method, str):
        return _invalid(found, "the method must be a string")
    if "id" in message and found is None:
        return _invalid(None, "the id must be a string or a number")
    if params is not None and not isinstance(params, dict | list):
        return Malformed(RpcError(Code.INVALID_PARAMS, "params must be an object"), found)
    return Notification(method, params) if found is None else Request(found, method, params)


def _invalid(found: MessageId | None, message: str) -> Malformed:
    return Malformed(RpcError(Code.INVALID_REQUEST, message), found)


def encode(message: Any, default: Callable[[Any], Any] | None = None) -> bytes:
    """Write one message as UTF-8 JSON.

    Lone surrogates, which a model's output may hold, are replaced; UTF-8 has no room for them.
    Integers beyond 64 bits, which orjson refuses, are written in full.

    Args:
        message: Dicts, lists and scalars, plus whatever `default` turns into them.
        default: Called with each object JSON does not know.

    Raises:
        TypeError: Something in the message has no JSON form.
    """
    try:
        return orjson.dumps(message, default)
    except orjson.JSONEncodeError:
        text = json.dumps(message, default=default, ensure_ascii=False, allow_nan=False)
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def has_no_json_form(value: Any) -> bool:
    """Whether a plain JSON-like value holds NaN or an infinity, which encoders turn into null."""
    match value:
        case float():
            return not math.isfinite(value)
        case dict():
            return any(map(has_no_json_form, cast("dict[str, Any]", value).values()))
        case list() | tuple():
            return any(map(has_no_json_form, cast("list[Any]", value)))
        case _:
            return False
