"""Owns a script: answers as steps, which one a request gets, and what became of each stream.

Must not know where a script comes from.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.base import Capabilities, ModelInfo
from kata_lsp.providers.messages import (
    AdapterEvent,
    CompletionRequest,
    StopReason,
    StreamStart,
    StreamStop,
    Text,
    TextDelta,
)

MODEL: Final = "scripted-1"
_POLL_SECONDS: Final = 0.01

CAPABILITIES: Final = Capabilities(
    needs_credential=False, token_sessions=False, tools=True, thinking=True, network=False
)


@dataclass(frozen=True, slots=True)
class Fail:
    """The request fails here; before any content it may be retried by the usual rules."""

    code: ErrorCode
    message: str = "the script says so"
    retry_after_seconds: float | None = None
    retryable: bool | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """The answer stops here until `release` is set; `reached` is set on arrival."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class WaitForFile:
    """The answer stops here until the file exists."""

    path: Path


@dataclass(frozen=True, slots=True)
class Hang:
    """The answer stops here for good."""


Step = AdapterEvent | Fail | Gate | WaitForFile | Hang


@dataclass(frozen=True, slots=True)
class ScriptedAnswer:
    """Steps in order; `match` is searched for in the last user text (None matches any)."""

    steps: tuple[Step, ...]
    match: str | None = None
    repeat: bool = False

    @classmethod
    def text(cls, *chunks: str, match: str | None = None, repeat: bool = False) -> ScriptedAnswer:
        """Return a finished answer of these chunks."""
        return cls(tuple(TextDelta(chunk) for chunk in chunks), match, repeat)


DEFAULT_ANSWER: Final = ScriptedAnswer.text("This is ", "a scripted ", "answer.", repeat=True)


class Script:
    """What will be answered, and what was asked: one per test or process.

    Attributes:
        requests: Every request, in order.
        finished: How many answers were streamed to their end.
        left_early: How many streams were closed before their end.
    """

    def __init__(
        self,
        answers: Sequence[ScriptedAnswer] = (),
        default: ScriptedAnswer = DEFAULT_ANSWER,
        record: Path | None = None,
    ) -> None:
        self._answers = list(answers)
        self._default = default
        self._record = record
        self.requests: list[CompletionRequest] = []
        self.finished = 0
        self.left_early = 0

    def take(self, request: CompletionRequest) -> ScriptedAnswer:
        """Note the request, and return the answer for it."""
        self.requests.append(request)
        prompt = _last_text(request)
        self._note("request", model=request.model, system=request.system, prompt=prompt)
        for index, answer in enumerate(self._answers):
            if answer.match is None or re.search(answer.match, prompt):
                return answer if answer.repeat else self._answers.pop(index)
        return self._default

    def ended(self, *, early: bool) -> None:
        """Note how a stream ended."""
        if early:
            self.left_early += 1
        else:
            self.finished += 1
        self._note("closed", early=early)

    def _note(self, event: str, **facts: object) -> None:
        if self._record is not None:
            with self._record.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"event": event, **facts}) + "\n")


class ScriptedAdapter:
    """Plays a script."""

    capabilities = CAPABILITIES

    def __init__(self, script: Script) -> None:
        self._script = script

    def stream(
        self, request: CompletionRequest
    ) -> AbstractAsyncContextManager[AsyncIterator[AdapterEvent]]:
        """Play the next answer that matches."""
        return self._stream(request)

    @asynccontextmanager
    async def _stream(
        self, request: CompletionRequest
    ) -> AsyncGenerator[AsyncIterator[AdapterEvent]]:
        answer = self._script.take(request)
        whole = False

        async def watched() -> AsyncGenerator[AdapterEvent]:
            nonlocal whole
            try:
                async with aclosing(_play(answer, request.model)) as events:
                    async for event in events:
                        whole = isinstance(event, StreamStop)
                        yield event
            except KataError:
                whole = True
                raise

        try:
            async with aclosing(watched()) as events:
                yield events
        finally:
            self._script.ended(early=not whole)

    async def list_models(self) -> tuple[ModelInfo, ...]:
        """Return the one model there is."""
        return (ModelInfo(MODEL, "Scripted", 200_000, 8192),)

    async def aclose(self) -> None:
        """Do nothing: nothing is open."""


async def _play(answer: ScriptedAnswer, model: str) -> AsyncGenerator[AdapterEvent]:
    yield StreamStart(model, "req_scripted")
    for step in answer.steps:
        match step:
            case Fail():
                raise KataError(
                    step.code,
                    step.message,
                    retry_after_seconds=step.retry_after_seconds,
                    retryable=step.retryable,
                )
            case Gate():
                step.reached.set()
                await step.release.wait()
            case WaitForFile(path):
                while not path.exists():  # noqa: ASYNC110 - another process creates it
                    await asyncio.sleep(_POLL_SECONDS)
            case Hang():
                await asyncio.Event().wait()
            case _:
                yield step
                if isinstance(step, StreamStop):
                    return
    yield StreamStop(StopReason.END_TURN)


def _last_text(request: CompletionRequest) -> str:
    for message in reversed(request.messages):
        if message.role == "user":
            return "".join(part.text for part in message.parts if isinstance(part, Text))
    return ""
