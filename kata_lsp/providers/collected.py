"""Owns putting a call's events back together into one answer.

Must not know where the events come from.
"""

from __future__ import annotations

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.calls import (
    AttemptFinished,
    AttemptStarted,
    CallEvent,
    FellBack,
    Waiting,
)
from kata_lsp.providers.messages import (
    Completion,
    StopReason,
    StreamStart,
    StreamStop,
    TextDelta,
    ThinkingDelta,
    ToolCall,
    Usage,
    UsageUpdate,
)


class Collected:
    """An answer as far as it has arrived; a new request starts it anew."""

    def __init__(self) -> None:
        self._clear("")

    def _clear(self, model: str) -> None:
        self._model = model
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._tool_calls: list[ToolCall] = []
        self._usage = Usage()
        self._request_id: str | None = None
        self._stop: StopReason | None = None

    def add(self, event: CallEvent) -> None:
        """Take in the next event, in order."""
        match event:
            case TextDelta(text):
                self._text.append(text)
            case ThinkingDelta(text):
                self._thinking.append(text)
            case ToolCall():
                self._tool_calls.append(event)
            case UsageUpdate(usage):
                self._usage = self._usage.updated(usage)
            case StreamStart(model, request_id):
                self._model, self._request_id = model or self._model, request_id
            case StreamStop(reason):
                self._stop = reason
            case AttemptStarted(_, model):
                self._clear(model)
            case AttemptFinished() | Waiting() | FellBack():
                pass

    def completion(self) -> Completion:
        """Return the finished answer.

        Raises:
            KataError: `stream_interrupted`: it is not finished.
        """
        if self._stop is None:
            raise KataError(ErrorCode.STREAM_INTERRUPTED, "the answer is not complete")
        return Completion(
            text="".join(self._text),
            model=self._model,
            stop_reason=self._stop,
            usage=self._usage,
            thinking="".join(self._thinking),
            tool_calls=tuple(self._tool_calls),
            request_id=self._request_id,
        )
