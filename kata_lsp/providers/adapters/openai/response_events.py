"""Owns the Responses API's stream as canonical events, and its stop reasons and token counts.

Must not know the SDK or HTTP. Source: platform.openai.com/docs/api-reference/responses-streaming.
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
from kata_lsp.providers.readers import Progress
from kata_lsp.providers.wire import UnreadableReplyError, count, mapping

_log = logging.getLogger(__name__)

_Handler = Callable[[dict[str, Any]], Sequence[AdapterEvent]]

INCOMPLETE_REASONS: Final[Mapping[str, StopReason]] = MappingProxyType(
    {
        "max_output_tokens": StopReason.MAX_TOKENS,
        "content_filter": StopReason.CONTENT_FILTER,
    }
)


def usage_of(counts: object) -> Usage:
    """Return canonical counts; this API counts cached input as input already."""
    given = mapping(counts)
    details = mapping(given.get("input_tokens_details"))
    return Usage(
        count(given.get("input_tokens")),
        count(given.get("output_tokens")),
        count(details.get("cached_tokens")),
        count(details.get("cache_write_tokens")),
    )


def stop_reason(response: Mapping[str, Any], *, refused: bool) -> StopReason:
    """Return why a response ended.

    Raises:
        ReportedFailureError: It failed.
        UnreadableReplyError: It is not over, or ended for a reason this version does not know.
    """
    match response.get("status"):
        case "completed":
            if refused:
                return StopReason.REFUSAL
            output: list[dict[str, Any]] = response.get("output") or []
            calls = any(item.get("type") == "function_call" for item in output)
            return StopReason.TOOL_USE if calls else StopReason.END_TURN
        case "incomplete":
            details = mapping(response.get("incomplete_details"))
            if reason := INCOMPLETE_REASONS.get(str(details.get("reason"))):
                return reason
        case "failed":
            raise ReportedFailureError(failure_of({"error": mapping(response.get("error"))}))
        case _:
            pass
    raise UnreadableReplyError("it ended without a status that this version knows")


class ResponseReader(Progress):
    """Reads one stream, see `EventReader`."""

    __slots__ = ("_handlers", "_refused")

    def __init__(self, model: str, request_id: str | None) -> None:
        super().__init__(model, request_id)
        self._refused = False
        self._handlers: Mapping[str, _Handler] = {
            "response.created": self._on_created,
            "response.reasoning_summary_text.delta": self._on_thinking,
            "response.reasoning_text.delta": self._on_thinking,
            "response.refusal.delta": self._on_refusal,
            "response.refusal.done": self._on_refusal,
            "response.function_call_arguments.delta": self._on_arguments,
            "response.output_item.done": self._on_item,
            "response.completed": self._on_end,
            "response.incomplete": self._on_end,
            "response.failed": self._on_end,
            "error": self._on_error,
        }

    def read(self, event: dict[str, Any]) -> Sequence[AdapterEvent]:
        """See `EventReader.read`."""
        kind = event.get("type")
        if kind == "response.output_text.delta":
            found = self._said(event["delta"])
        else:
            handle = self._handlers.get(kind) if isinstance(kind, str) else None
            if handle is None:
                _log.debug("skipping an event of type %.60r", kind)
                return ()
            found = handle(event)
        return found if self._started or not found else (*self._start(), *found)

    def _on_thinking(self, event: dict[str, Any]) -> Sequence[AdapterEvent]:
        return self._thought(event["delta"])

    def _on_created(self, event: dict[str, Any]) -> Sequence[AdapterEvent]:
        return self._start(mapping(event["response"]).get("model"))

    def _on_arguments(self, event: dict[str, Any]) -> Sequence[AdapterEvent]:
        return self._argued(event["delta"])

    def _on_item(self, event: dict[str, Any]) -> Sequence[AdapterEvent]:
        item = event["item"]
        if item["type"] != "function_call":
            return ()
        return self._called(item["call_id"], item["name"], item["arguments"])

    def _on_refusal(self, _event: dict[str, Any]) -> Sequence[AdapterEvent]:
        self._refused = True
        return ()

    def _on_end(self, event: dict[str, Any]) -> Sequence[AdapterEvent]:
        response = mapping(event["response"])
        reason = stop_reason(response, refused=self._refused)
        self._finish(reason)
        if usage := response.get("usage"):
            return (UsageUpdate(usage_of(usage)), StreamStop(reason))
        return (StreamStop(reason),)

    def _on_error(self, event: dict[str, Any]) -> Sequence[AdapterEvent]:
        raise ReportedFailureError(failure_of(event))
