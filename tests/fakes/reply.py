"""What a provider answers, independent of its API: text, thinking, tool calls, usage, stop.

Knows no wire format; `wire_*` modules turn a `Reply` into bodies and events.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from fakes.steps import Gate

Stop: TypeAlias = Literal[
    "auto",  # tool_use when there are tool calls, else end
    "end",
    "tool_use",
    "max_tokens",
    "stop_sequence",
    "context_window",
    "pause",
    "refusal",  # the text becomes the refusal where the API has a place for it
    "content_filter",
    "none",  # no reason is ever given
]
PartKind: TypeAlias = Literal["frame", "thinking", "text", "tool", "finish", "end"]

DEFAULT_TEXT = "The quick brown fox jumps over the lazy dog, twice, and then it rests."


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of one of the client's tools; `arguments` is JSON text, valid or not."""

    name: str
    arguments: str = "{}"
    id: str = "call_fake_1"


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts; `input_tokens` are those neither read from nor written to the cache.

    `output_tokens` of `None` means one per delta, thinking included.
    """

    input_tokens: int = 25
    output_tokens: int | None = None
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """One event of a stream, encoded; `kind` is what faults cut at."""

    kind: PartKind
    data: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """A correct answer on any API, plain or streamed as the request asks.

    Attributes:
        chunks: Number of text deltas, the deltas themselves, or 0 for one per word.
        delay: Seconds between text deltas, on an absolute schedule.
        gates: Before which text delta (from 0) a stream is held; a plain answer is held whole.
        burst: Events per write (for raw-speed streams).
        usage: `None` leaves usage out.
        model: Named in the answer; the requested one when empty.
    """

    text: str = DEFAULT_TEXT
    thinking: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage | None = field(default_factory=Usage)
    stop: Stop = "auto"
    chunks: int | Sequence[str] = 0
    delay: float = 0.0
    gates: Mapping[int, Gate] = field(default_factory=dict)
    burst: int = 1
    model: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def full_text(self) -> str:
        """The whole text, however it is cut."""
        return self.text if isinstance(self.chunks, int) else "".join(self.chunks)

    @property
    def deltas(self) -> list[str]:
        """The text as it is streamed."""
        if not isinstance(self.chunks, int):
            return list(self.chunks)
        return cut(self.text, self.chunks)

    @property
    def reason(self) -> Stop:
        """The stop reason with `auto` resolved."""
        if self.stop != "auto":
            return self.stop
        return "tool_use" if self.tool_calls else "end"

    @property
    def output_tokens(self) -> int:
        """The output tokens that `usage` reports."""
        if self.usage and self.usage.output_tokens is not None:
            return self.usage.output_tokens
        return len(self.deltas) + len(cut(self.thinking, 0)) + 12 * len(self.tool_calls)


def cut(text: str, pieces: int) -> list[str]:
    """Cut `text` into `pieces` of nearly equal length, or into words when `pieces` is 0."""
    if pieces <= 0:
        return re.findall(r"\s*\S+\s*?(?=\s|$)|\s+$", text) if text else []
    pieces = min(pieces, len(text)) or 1
    bounds = [round(index * len(text) / pieces) for index in range(pieces + 1)]
    return [text[a:b] for a, b in itertools.pairwise(bounds) if b > a]
