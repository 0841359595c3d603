"""Owns the Messages API's stream as canonical events, and its stop reasons and token counts.

Must not know the SDK or HTTP. Source: docs.anthropic.com, "Streaming Messages".
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from kata_lsp.providers.faults import ReportedFailureError, failure_of
from kata_lsp.providers.messages import (
    AdapterEvent,
    StopReason,
    StreamStop,
    Usage,
    UsageUpdate,
)
from kata_lsp.providers.readers import GatheredCall, Progress
from kata_lsp.providers.wire import UnreadableReplyError, count, mapping

_log = logging.getLogger(__name__)

_Handler = Callable[[dict[str, Any]], Sequence[AdapterEvent]]

STOP_REASONS: Final[Mapping[str, StopReason]] = MappingProxyType(
    {
        "end_turn": StopReason.END_TURN,
        "stop_sequence": StopReason.END_TURN,
        "tool_use": StopReason.TOOL_USE,
        "max_tokens": StopReason.MAX_TOKENS,
        "model_context_window_exceeded": StopReason.MAX_TOKENS,
        "refusal": StopReason.REFUSAL,
    }
)


def stop_reason(given: object) -> StopReason:
    """Return the canonical stop reason.

    Raises:
        UnreadableReplyError: There is none, or one that this version does not know; to take it
            for a finished answer could apply half of one.
    """
    reason = STOP_REASONS.get(given) if isinstance(given, str) else None
    if reason is None:
        raise UnreadableReplyError("it ended without a stop reason that this version knows")
    return reason


def usage_of(counts: Mapping[str, Any]) -> Usage:
    """Return canonical counts: the API counts cached input apart, we count all of it as input."""
    fresh = count(counts.get("input_tokens"))
    read = count(counts.get("cache_read_input_tokens"))
    written = count(counts.get("cache_creation_input_tokens"))
    total = None if fresh is None else fresh + (read or 0) + (written or 0)
    return Usage(total, count(counts.get("output_tokens")), read, written)


class MessageReader(Progress):
    """Reads one stream, see `EventReader`."""

    __slots__ = ("_calls", "_counts", "_handlers", "_reason")

    def __init__(self, model: str, request_id: str | None) -> None:
        super().__init__(model, request_id)
        self._counts: dict[str, Any] = {}
        self._calls: dict[int, GatheredCall] = {}
        self._reason: object = None
        self._handlers: Mapping[str, _Handler] = {
            "message_start": self._on_start,
            "content_block_start": self._on_block,
            "content_block_stop": self._on_block_end,
            "message_delta": self._on_delta,
            "message_stop": self._on_stop,
            "error": self._on_error,
            "ping": self._on_ping,
        }

    def read(self, event: dict[str, Any]) -> Sequence[AdapterEvent]:
        """See `EventReader.read`."""
        kind = event.get("type")
        if kind == "content_block_delta":
            found = self._delta(event["index"], event["delta"])
            return found if self._started else (*self._start(), *found)
        handle = self._handlers.get(kind) if isinstance(kind, str) else None
        if handle is None:
            _log.debug("skipping an event of unknown type %.40r", kind)
            return ()
        return handle(event)

    def _delta(self, index: int, delta: dict[str, Any]) -> Sequence[AdapterEvent]:
        kind = delta["type"]
        if kind == "text_delta":
            return self._said(delta["text"])
        if kind == "thinking_delta":
            return self._thought(delta["thinking"])
        if kind == "input_json_delta" and (call := self._calls.get(index)):
            return self._argued(call.add(delta["partial_json"]))
        return ()

    def _on_start(self, event: dict[str, Any]) -> Sequence[AdapterEvent]:
        message = mapping(event["message"])
        return (*self._start(message.get("model")), *self._usage(message.get("usage")))

    def _on_block(self, event: dict[str, Any]) -> Sequence[AdapterEvent]:
        block = event["content_block"]
        if block["type"] == "tool_use":
            self._calls[event["index"]] = GatheredCall(block["id"], block["name"])
        return ()

    def _on_block_end(self, event: dict[str, Any]) -> Sequence[AdapterEvent]:
        call = self._calls.pop(event["index"], None)
        return self._called(call.id, call.name, call.arguments) if call else ()

    def _on_delta(self, event: dict[str, Any]) -> Sequence[AdapterEvent]:
        self._reason = event["delta"].get("stop_reason") or self._reason
        return self._usage(event.get("usage"))

    def _on_stop(self, _event: dict[str, Any]) -> Sequence[AdapterEvent]:
        reason = stop_reason(self._reason)
        self._finish(reason)
        return (StreamStop(reason),)

    def _on_error(self, event: dict[str, Any]) -> Sequence[AdapterEvent]:
        raise ReportedFailureError(failure_of(event))

    def _on_ping(self, _event: dict[str, Any]) -> Sequence[AdapterEvent]:
        return ()

    def _usage(self, counts: object) -> Sequence[AdapterEvent]:
        known = {name: value for name, value in mapping(counts).items() if value is not None}
        if not known:
            return ()
        self._counts.update(known)
        return (UsageUpdate(usage_of(self._counts)),)
