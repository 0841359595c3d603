"""Owns the canonical conversation: what we send to a model and what streams back.

Must not know any vendor's names; adapters translate at their own border.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal

Role = Literal["user", "assistant"]
"""Who speaks. The system prompt is a field of the request, not a message."""


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of plain text."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model asks for a tool; `arguments` is the decoded JSON object."""

    id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool answered, sent back in a user message."""

    call_id: str
    text: str
    is_error: bool = False


Part = Text | ToolCall | ToolResult


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the conversation."""

    role: Role
    parts: tuple[Part, ...]

    @classmethod
    def user(cls, text: str) -> Message:
        """Return a user turn of plain text."""
        return cls("user", (Text(text),))

    @classmethod
    def assistant(cls, text: str) -> Message:
        """Return an assistant turn of plain text."""
        return cls("assistant", (Text(text),))


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool the model may call; `input_schema` is a JSON Schema object."""

    name: str
    description: str
    input_schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Lines of a repository file (1-based, inclusive) that the request is about."""

    path: str
    start_line: int
    end_line: int
    text: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Brief:
    """What the messages were built from, for a provider that is not a language model.

    `spec` is the existing spec ("" for none); `sections` are the ones asked for, in order.
    """

    prompt: str
    excerpts: tuple[Excerpt, ...] = ()
    spec: str = ""
    sections: tuple[str, ...] = ()
    selection: str = ""


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """One request to one model."""

    messages: tuple[Message, ...]
    model: str
    system: str = ""
    tools: tuple[Tool, ...] = ()
    max_output_tokens: int = 8192
    brief: Brief | None = None


class StopReason(StrEnum):
    """Why the model stopped; only the first two are a finished answer."""

    END_TURN = "end_turn"
    TOOL_USE = "tool_use"
    MAX_TOKENS = "max_tokens"
    REFUSAL = "refusal"
    CONTENT_FILTER = "content_filter"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them.

    `input_tokens` counts all input, cached or not; the two cache fields say how many of those
    were read from or written to the provider's prompt cache. `output_tokens` includes thinking.
    `None` means that the provider did not say.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None

    def __add__(self, other: Usage) -> Usage:
        """Return the sum; an unknown count stays unknown only when both are."""
        return Usage(
            _sum(self.input_tokens, other.input_tokens),
            _sum(self.output_tokens, other.output_tokens),
            _sum(self.cache_read_tokens, other.cache_read_tokens),
            _sum(self.cache_write_tokens, other.cache_write_tokens),
        )

    def updated(self, newer: Usage) -> Usage:
        """Return this usage with every count that `newer` knows taken from it."""
        known = {
            name: value
            for name in Usage.__dataclass_fields__
            if (value := getattr(newer, name)) is not None
        }
        return replace(self, **known)


def _sum(a: int | None, b: int | None) -> int | None:
    if a is None:
        return b
    return a if b is None else a + b


@dataclass(frozen=True, slots=True)
class StreamStart:
    """The provider accepted the request; `model` is the id it answers with."""

    model: str
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ThinkingDelta:
    """More of the model's reasoning, where the provider shows it."""

    text: str


@dataclass(frozen=True, slots=True)
class UsageUpdate:
    """The latest cumulative counts of this request (not a delta)."""

    usage: Usage


@dataclass(frozen=True, slots=True)
class StreamStop:
    """The last event of a stream that ended as the provider's protocol says it should."""

    reason: StopReason


StreamEvent = StreamStart | TextDelta | ThinkingDelta | ToolCall | UsageUpdate | StreamStop
"""A closed union in arrival order: `StreamStart` first, `StreamStop` last. A `ToolCall` arrives
whole, after its arguments are complete JSON."""


@dataclass(frozen=True, slots=True)
class ToolCallProgress:
    """A tool call's arguments are still arriving; `size` more bytes of them came.

    Optional, from an adapter to the runtime only: a model that writes a long file through a tool
    is neither idle nor without limit. It never leaves the runtime.
    """

    size: int


AdapterEvent = StreamEvent | ToolCallProgress
"""What an adapter may yield."""


@dataclass(frozen=True, slots=True)
class Completion:
    """A finished answer."""

    text: str
    model: str
    stop_reason: StopReason
    usage: Usage
    thinking: str = ""
    tool_calls: tuple[ToolCall, ...] = field(default=())
    request_id: str | None = None
