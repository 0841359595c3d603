"""Owns one request: what has arrived of its answer, and whether that is a finished answer.

Must not know retries, fallback or who asked.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import partial

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.base import Adapter, Deadlines, Droppable, PlainAdapter
from kata_lsp.providers.deadlines import LINGER, Feed, Guard, Strays
from kata_lsp.providers.messages import (
    AdapterEvent,
    Completion,
    CompletionRequest,
    StopReason,
    StreamEvent,
    StreamStart,
    StreamStop,
    TextDelta,
    ThinkingDelta,
    ToolCall,
    ToolCallProgress,
    Usage,
    UsageUpdate,
)

Lease = Callable[[], AbstractAsyncContextManager[Adapter]]
"""Lends the adapter to use for as long as the context is open."""


@dataclass(slots=True)
class Tally:
    """What has arrived so far; `size` is in bytes of UTF-8."""

    usage: Usage = field(default_factory=Usage)
    request_id: str | None = None
    stop: StopReason | None = None
    size: int = 0
    content: bool = False
    answered: bool = False

    def add(self, event: AdapterEvent) -> bool:
        """Count an event in; return whether it was content."""
        match event:
            case TextDelta("") | ThinkingDelta(""):
                return False
            case TextDelta(text):
                self.size += len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
                self.answered = self.answered or not text.isspace()
            case ThinkingDelta(text):
                self.size += len(text.encode("utf-8", "replace"))
            case ToolCallProgress(size):
                self.size += size
            case ToolCall():
                self.answered = True
            case StreamStart(_, request_id):
                self.request_id = request_id
                return False
            case UsageUpdate(usage):
                self.usage = self.usage.updated(usage)
                return False
            case StreamStop(reason):
                self.stop = reason
                return False
        self.content = True
        return True


def verdict(tally: Tally) -> KataError | None:
    """Return why the answer is not a finished one, None when it is."""
    if tally.stop is None:
        code = ErrorCode.STREAM_INTERRUPTED if tally.content else ErrorCode.BAD_RESPONSE
        return KataError(code, "the answer ended without saying that it was complete")
    match tally.stop:
        case StopReason.MAX_TOKENS:
            return KataError(
                ErrorCode.TRUNCATED_OUTPUT, "the answer was cut off at the output token limit"
            )
        case StopReason.REFUSAL:
            return KataError(ErrorCode.CONTENT_REFUSED, "the model refused to answer")
        case StopReason.CONTENT_FILTER:
            return KataError(
                ErrorCode.CONTENT_REFUSED, "the provider's content filter stopped the answer"
            )
        case StopReason.END_TURN | StopReason.TOOL_USE:
            if tally.answered:
                return None
            return KataError(
                ErrorCode.EMPTY_OUTPUT, "the model finished without any text or tool call"
            )


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one request. `total_at` is loop time; `max_bytes` bounds the whole output."""

    deadlines: Deadlines
    total_at: float
    max_bytes: int


async def attempt(
    lease: Lease,
    request: CompletionRequest,
    limits: Limits,
    strays: Strays,
    tally: Tally,
    *,
    plain: bool = False,
) -> AsyncGenerator[StreamEvent]:
    """Send one request and yield its events; `StreamStop` comes only with a finished answer.

    Args:
        lease: Lends the adapter.
        request: What to send.
        limits: When to give up, and how much to take.
        strays: Owns the adapter's task if it does not stop in time.
        tally: Is filled as events arrive.
        plain: Ask for the whole answer in one reply, where the adapter can.

    Raises:
        KataError: The request failed or its answer is not a finished one.
    """
    relay = partial(_relay, lease, request, plain=plain)
    guard = Guard(relay, limits.deadlines, limits.total_at, strays)
    after_content = False
    linger = 0.0
    try:
        while tally.stop is None and (batch := await guard.batch(after_content=after_content)):
            after_content = False
            for event in batch:
                after_content = tally.add(event) or after_content
                if tally.size > limits.max_bytes:
                    raise _too_long(limits.max_bytes)
                if not isinstance(event, ToolCallProgress | StreamStop):
                    yield event
        linger = LINGER
    finally:
        await guard.close(linger=linger)
    if (error := verdict(tally)) is not None:
        raise error
    assert tally.stop is not None  # noqa: S101 - the verdict says so
    yield StreamStop(tally.stop)


async def _relay(lease: Lease, request: CompletionRequest, feed: Feed, *, plain: bool) -> None:
    """Put the adapter's events into the feed."""
    async with lease() as adapter:
        if plain and isinstance(adapter, PlainAdapter):
            # The reply comes whole: there is no first token, only the total deadline.
            for event in _as_events(await adapter.complete(request)):
                await feed.put(event)
            return
        feed.ready()
        async with adapter.stream(request) as events:
            if isinstance(events, Droppable):
                feed.drop = events.drop
            async for event in events:
                await feed.put(event)


def _too_long(max_bytes: int) -> KataError:
    return KataError(
        ErrorCode.TRUNCATED_OUTPUT,
        f"the answer is longer than {max_bytes} bytes (maxOutputBytes)",
    )


def _as_events(completion: Completion) -> list[StreamEvent]:
    events: list[StreamEvent] = [StreamStart(completion.model, completion.request_id)]
    if completion.thinking:
        events.append(ThinkingDelta(completion.thinking))
    if completion.text:
        events.append(TextDelta(completion.text))
    events.extend(completion.tool_calls)
    events.append(UsageUpdate(completion.usage))
    events.append(StreamStop(completion.stop_reason))
    return events
