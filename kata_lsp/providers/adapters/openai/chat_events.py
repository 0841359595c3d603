"""Owns Chat Completions chunks as canonical events, and the API's stop reasons and token counts.

Must not know the SDK or HTTP. Source: platform.openai.com/docs/api-reference/chat-streaming.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from kata_lsp.providers.readers import FINISHED, GatheredCall, Progress
from kata_lsp.providers.wire import UnreadableReplyError, count, mapping

FINISH_REASONS: Final[Mapping[str, StopReason]] = MappingProxyType(
    {
        "stop": StopReason.END_TURN,
        "tool_calls": StopReason.TOOL_USE,
        "function_call": StopReason.TOOL_USE,
        "length": StopReason.MAX_TOKENS,
        "content_filter": StopReason.CONTENT_FILTER,
    }
)
_REASONING: Final = ("reasoning_content", "reasoning")
"""Where servers put a model's thinking; the API itself has no place for it."""


def usage_of(counts: object) -> Usage:
    """Return canonical counts; this API counts cached input as input already."""
    given = mapping(counts)
    details = mapping(given.get("prompt_tokens_details"))
    return Usage(
        count(given.get("prompt_tokens")),
        count(given.get("completion_tokens")),
        count(details.get("cached_tokens")),
        count(details.get("cache_write_tokens")),
    )


def stop_reason(given: object, *, refused: bool, calls: bool) -> StopReason:
    """Return the canonical stop reason.

    Some servers say `stop` after a tool call, and a refusal always says it.

    Raises:
        UnreadableReplyError: There is no reason, or one that this version does not know.
    """
    reason = FINISH_REASONS.get(given) if isinstance(given, str) else None
    if reason is None:
        raise UnreadableReplyError("it ended without a finish reason that this version knows")
    if reason is StopReason.END_TURN and refused:
        return StopReason.REFUSAL
    return StopReason.TOOL_USE if reason is StopReason.END_TURN and calls else reason


def reasoning(message: Mapping[str, Any]) -> str:
    """Return the thinking in a message or a delta, "" when there is none."""
    for name in _REASONING:
        text = message.get(name)
        if isinstance(text, str) and text:
            return text
    return ""


class ChunkReader(Progress):
    """Reads one stream, see `EventReader`."""

    __slots__ = ("_calls", "_reason", "_refused")

    def __init__(self, model: str, request_id: str | None) -> None:
        super().__init__(model, request_id)
        self._refused = False
        self._reason: object = None
        self._calls: dict[int, GatheredCall] = {}

    def read(self, event: dict[str, Any]) -> Sequence[AdapterEvent]:
        """See `EventReader.read`."""
        choices = event.get("choices")
        if choices is None:
            if event.get("error"):
                raise ReportedFailureError(failure_of(event))
            return ()
        events: list[AdapterEvent] = []
        if not self._started:
            events += self._start(event.get("model"))
        for choice in choices:
            # One choice is asked for; a second one is not part of the answer.
            if choice.get("index"):
                continue
            if delta := choice.get("delta"):
                events += self._delta(delta)
            if reason := choice.get("finish_reason"):
                self._reason = reason
        if counts := event.get("usage"):
            events.append(UsageUpdate(usage_of(counts)))
        return events

    def end(self) -> Sequence[AdapterEvent]:
        """Return the calls and the stop: the finish reason counts once nothing can follow."""
        if self._reason is None:
            return ()
        reason = stop_reason(self._reason, refused=self._refused, calls=bool(self._calls))
        events: list[AdapterEvent] = []
        if reason in FINISHED:
            for _, call in sorted(self._calls.items()):
                events += self._called(call.id, call.name, call.arguments)
        self._finish(reason)
        return (*events, StreamStop(reason))

    def _delta(self, delta: dict[str, Any]) -> Sequence[AdapterEvent]:
        events = [*self._thought(reasoning(delta)), *self._said(delta.get("content"))]
        if delta.get("refusal"):
            self._refused = True
        for piece in delta.get("tool_calls") or ():
            events += self._argued(self._gather(piece))
        return events

    def _gather(self, piece: dict[str, Any]) -> str:
        index: int = piece.get("index") or 0
        function = mapping(piece.get("function"))
        call = self._calls.get(index)
        if call is None:
            call = self._calls[index] = GatheredCall(piece.get("id") or f"call_{index}")
        call.name = call.name or function.get("name") or ""
        return call.add(function.get("arguments") or "")
