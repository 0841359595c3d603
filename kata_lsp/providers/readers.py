"""Owns what the APIs' readers share: the shape of a reader, and tool calls gathered from pieces.

Must not know any vendor, SDK or HTTP; an adapter's surface reads its own vendor's events.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, cast

from kata_lsp.providers.messages import (
    AdapterEvent,
    StopReason,
    StreamStart,
    TextDelta,
    ThinkingDelta,
    ToolCall,
    ToolCallProgress,
)
from kata_lsp.providers.wire import UnreadableReplyError, decode_arguments, mapping

MAX_ARGUMENT_CHARS: Final = 1024 * 1024
"""Of one tool call, gathered from its deltas."""

FINISHED: Final = frozenset({StopReason.END_TURN, StopReason.TOOL_USE})
"""Stop reasons of whole answers; only in these must a tool call be whole."""


class EventReader(Protocol):
    """Turns one stream's decoded events into canonical ones; keeps what spans several."""

    content: bool
    """Anything of the answer arrived, thinking included."""
    partial: bool
    """Text or a tool call arrived, so there is something to keep."""
    ended: bool
    """The API said that the answer is over; nothing after it counts."""

    def read(self, event: dict[str, Any]) -> Sequence[AdapterEvent]:
        """Return what an event means; unknown ones mean nothing.

        Raises:
            ReportedFailureError: The event reports a failure.
            UnreadableReplyError: The event makes no sense.
        """
        ...

    def end(self) -> Sequence[AdapterEvent]:
        """Return what is left when the stream ends without saying so; see `ended`."""
        ...


def tool_call(call_id: object, name: object, arguments: object) -> ToolCall:
    """Return a tool call as the API gave it; arguments are an object or its JSON text.

    Raises:
        UnreadableReplyError: It has no id or name, or its arguments are not a JSON object.
    """
    if not isinstance(call_id, str) or not isinstance(name, str) or not name:
        raise UnreadableReplyError("a tool call has no id or no name")
    if isinstance(arguments, dict):
        return ToolCall(call_id, name, mapping(cast("object", arguments)))
    if not isinstance(arguments, str):
        raise UnreadableReplyError("a tool call's arguments are not a JSON object")
    try:
        return ToolCall(call_id, name, decode_arguments(arguments))
    except UnreadableReplyError as error:
        raise UnreadableReplyError("a tool call's arguments are not a JSON object") from error


class Progress:
    """The state that every reader has; see `EventReader` for the public part."""

    __slots__ = ("_broken", "_model", "_request_id", "_started", "content", "ended", "partial")

    def __init__(self, model: str, request_id: str | None) -> None:
        self.content = False
        self.partial = False
        self.ended = False
        self._model = model
        self._request_id = request_id
        self._started = False
        self._broken: UnreadableReplyError | None = None

    def end(self) -> Sequence[AdapterEvent]:
        """Return nothing: these APIs say so when an answer is whole."""
        return ()

    def _start(self, model: object = None) -> tuple[AdapterEvent, ...]:
        """Return the start event, once; what comes before the API's own start brings it forward."""
        if self._started:
            return ()
        self._started = True
        named = model if isinstance(model, str) and model else self._model
        return (StreamStart(named, self._request_id),)

    def _said(self, text: object) -> tuple[AdapterEvent, ...]:
        if not text:
            return ()
        if not isinstance(text, str):
            raise UnreadableReplyError("a piece of its text is no text")
        self.content = self.partial = True
        return (TextDelta(text),)

    def _thought(self, text: object) -> tuple[AdapterEvent, ...]:
        if not text:
            return ()
        if not isinstance(text, str):
            raise UnreadableReplyError("a piece of its text is no text")
        self.content = True
        return (ThinkingDelta(text),)

    def _argued(self, piece: str) -> tuple[AdapterEvent, ...]:
        if not piece:
            return ()
        self.content = True
        return (ToolCallProgress(len(piece.encode("utf-8", "replace"))),)

    def _called(self, call_id: object, name: object, arguments: object) -> tuple[AdapterEvent, ...]:
        """Return a whole tool call; a broken one waits for the stop reason to be judged."""
        try:
            call = tool_call(call_id, name, arguments)
        except UnreadableReplyError as error:
            self._broken = error
            return ()
        self.content = self.partial = True
        return (call,)

    def _finish(self, reason: StopReason) -> None:
        """Mark the answer as over.

        Raises:
            UnreadableReplyError: It claims to be finished, yet a tool call was broken.
        """
        if self._broken is not None and reason in FINISHED:
            raise self._broken
        self.ended = True


@dataclass(slots=True)
class GatheredCall:
    """A tool call whose arguments arrive in pieces of JSON text."""

    id: str
    name: str = ""
    _pieces: list[str] = field(default_factory=list[str])
    _size: int = 0

    @property
    def arguments(self) -> str:
        """What has arrived."""
        return "".join(self._pieces)

    def add(self, piece: str) -> str:
        """Take a piece and give it back.

        Raises:
            UnreadableReplyError: The arguments are larger than `MAX_ARGUMENT_CHARS`.
        """
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > MAX_ARGUMENT_CHARS:
            raise UnreadableReplyError("a tool call's arguments are too large")
        return piece
