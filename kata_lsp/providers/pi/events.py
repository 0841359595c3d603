"""Owns the engine's events as canonical ones.

Must not know processes, nor what a failed answer means (`exchange` does). Source: pi's
documentation, "JSON Event Stream".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, cast

from kata_lsp.providers.messages import (
    AdapterEvent,
    StopReason,
    StreamStart,
    TextDelta,
    ThinkingDelta,
    ToolCall,
    ToolCallProgress,
    Usage,
    UsageUpdate,
)
from kata_lsp.providers.pi.exchange import NOTE, Exchange, read_exchange

STOPS: Final[Mapping[str, StopReason]] = MappingProxyType(
    {
        "stop": StopReason.END_TURN,
        "toolUse": StopReason.TOOL_USE,
        "length": StopReason.MAX_TOKENS,
    }
)
"""The engine's stop reasons of answers that it holds for good ones."""


@dataclass(frozen=True, slots=True)
class AnswerEnd:
    """The model's message is complete, or given up: `reason` is the engine's word for it."""

    reason: str
    message: str = field(default="", repr=False)
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = None


@dataclass(slots=True)
class AnswerReader:
    """Reads the events of one assistant message after another.

    Attributes:
        seen: The last HTTP exchange, as the bridge saw it.
        partial: Whether content of the present message has arrived.
    """

    model: str
    seen: Exchange = field(default_factory=Exchange)
    partial: bool = False
    _started: bool = False
    _gap: str = ""

    def read(self, raw: Mapping[str, Any]) -> Iterator[AdapterEvent | AnswerEnd]:
        """Yield what an event of the engine means; events of no interest mean nothing."""
        match raw.get("type"):
            case "turn_start":
                self.seen = Exchange()
            case "message_start" if _role(raw) == "assistant":
                # A message that is begun anew starts over.
                self.partial = self._started = False
                self._gap = ""
            case "message_update":
                yield from self._updated(raw)
            case "message_end" if _role(raw) == "assistant":
                yield from self._ended(raw["message"])
            case "extension_ui_request" if raw.get("method") == "notify":
                text = raw.get("message")
                if isinstance(text, str) and text.startswith(NOTE):
                    self.seen = read_exchange(text.removeprefix(NOTE))
            case _:
                pass

    def _updated(self, raw: Mapping[str, Any]) -> Iterator[AdapterEvent]:
        update: Mapping[str, Any] = raw["assistantMessageEvent"]
        event: AdapterEvent
        match update["type"]:
            case "text_delta":
                event = TextDelta(update["delta"])
            case "thinking_delta" if not update["delta"].strip():
                # The engine ends each part with a blank one; it matters only between two parts.
                self._gap += update["delta"]
                return
            case "thinking_delta":
                event = ThinkingDelta(self._gap + update["delta"])
                self._gap = ""
            case "toolcall_delta" if update["delta"]:
                event = ToolCallProgress(len(update["delta"].encode()))
            case "toolcall_end":
                call = update["toolCall"]
                event = ToolCall(call_id(call["id"]), call["name"], call["arguments"])
            case _:
                return
        yield from self._start(self.model)
        self.partial = self.partial or update.get("delta") != ""
        yield event

    def _start(self, model: str) -> Iterator[StreamStart]:
        if not self._started:
            self._started = True
            yield StreamStart(model, self.seen.request_id)

    def _ended(self, message: Mapping[str, Any]) -> Iterator[AdapterEvent | AnswerEnd]:
        usage = usage_of(message.get("usage"))
        reason = message["stopReason"]
        if reason in STOPS:
            yield from self._start(str(message.get("responseModel") or self.model))
        if usage != Usage():
            yield UsageUpdate(usage)
        yield AnswerEnd(
            reason,
            str(message.get("errorMessage") or ""),
            usage,
            cost_of(message.get("usage")),
        )


def call_id(given: str) -> str:
    """Return a tool call's id as the provider gave it; the engine appends an item's id to some."""
    return given.partition("|")[0]


def _role(raw: Mapping[str, Any]) -> object:
    message: object = raw.get("message")
    return cast("dict[str, Any]", message).get("role") if isinstance(message, dict) else None


def usage_of(given: object) -> Usage:
    """Return the usage of a message. The engine writes 0 where a provider said nothing."""
    if not isinstance(given, dict):
        return Usage()
    counts = cast("dict[str, Any]", given)
    fresh, output, read, written = (
        _count(counts.get(name)) for name in ("input", "output", "cacheRead", "cacheWrite")
    )
    if not (fresh or output or read or written):
        return Usage()
    return Usage(
        input_tokens=fresh + read + written,
        output_tokens=output,
        cache_read_tokens=read,
        cache_write_tokens=written,
    )


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def cost_of(given: object) -> float | None:
    """Return what the engine says a message cost in US dollars; None where it has no price."""
    cost = cast("dict[str, Any]", given).get("cost") if isinstance(given, dict) else None
    total = cast("dict[str, Any]", cost).get("total") if isinstance(cost, dict) else None
    return float(total) if isinstance(total, int | float) and total > 0 else None
