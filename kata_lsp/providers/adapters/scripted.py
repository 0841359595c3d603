"""Owns the scripted provider: a deterministic double that answers what a script says.

Must not be picked by itself: it serves only calls that name it. Its script is a Python object
(`scripted_provider`) or, for a server in a process of its own, the JSON file that the variable
`KATA_SCRIPTED_FILE` names, read when the provider is first used:

    {"answers": [{"match": "REGEX on the last user text, optional", "repeat": false,
                  "steps": [{"text": "..."}, {"thinking": "..."}, {"wait_for_file": "PATH"},
                            {"tool_call": {"id": "1", "name": "read", "arguments": {}}},
                            {"usage": {"input_tokens": 10, "output_tokens": 5}},
                            {"error": {"code": "rate_limited", "retry_after_seconds": 1}},
                            {"hang": true}, {"stop": "end_turn"}]}],
     "default": {"steps": [...]}, "record": "PATH of a JSON Lines file"}

An answer is used once unless it repeats; the first unused one that matches is taken, then the
default. Without a `stop` or `error` step an answer ends with `end_turn`.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.base import (
    Adapter,
    Capabilities,
    Credential,
    Endpoint,
    ModelInfo,
    ProviderSpec,
)
from kata_lsp.providers.messages import (
    AdapterEvent,
    CompletionRequest,
    StopReason,
    StreamStart,
    StreamStop,
    Text,
    TextDelta,
    ThinkingDelta,
    ToolCall,
    ToolCallProgress,
    Usage,
    UsageUpdate,
)

FILE_VARIABLE: Final = "KATA_SCRIPTED_FILE"
MODEL: Final = "scripted-1"
_POLL_SECONDS: Final = 0.01

_CAPABILITIES: Final = Capabilities(
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

    capabilities = _CAPABILITIES

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
        early = True
        events = _play(answer, request.model)
        try:
            yield events
            early = False
        except KataError:
            early = False
            raise
        finally:
            self._script.ended(early=early)

    async def list_models(self) -> tuple[ModelInfo, ...]:
        """Return the one model there is."""
        return (ModelInfo(MODEL, "Scripted", 200_000, 8192),)

    async def aclose(self) -> None:
        """Do nothing: nothing is open."""


async def _play(answer: ScriptedAnswer, model: str) -> AsyncIterator[AdapterEvent]:
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


def parse_script(data: Mapping[str, Any]) -> Script:
    """Build a script from its JSON form.

    Raises:
        KataError: `invalid_request`: it is not a script; the message says where.
    """
    try:
        answers = [_answer(item) for item in data.get("answers", [])]
        default = _answer(data["default"]) if "default" in data else DEFAULT_ANSWER
        record = Path(data["record"]) if "record" in data else None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise KataError(
            ErrorCode.INVALID_REQUEST, f"the script in {FILE_VARIABLE} is wrong: {error}"
        ) from error
    return Script(answers, default, record)


def _answer(data: Mapping[str, Any]) -> ScriptedAnswer:
    steps = tuple(_step(step) for step in data["steps"])
    return ScriptedAnswer(steps, data.get("match"), bool(data.get("repeat", False)))


def _step(data: Mapping[str, Any]) -> Step:
    ((kind, value),) = data.items()
    if kind not in _STEPS:
        raise ValueError(f"unknown step {kind!r}; known ones are {', '.join(_STEPS)}")
    return _STEPS[kind](value)


def _fail(value: Mapping[str, Any]) -> Fail:
    return Fail(
        ErrorCode(value["code"]),
        value.get("message", "the script says so"),
        value.get("retry_after_seconds"),
        value.get("retryable"),
    )


_STEPS: Final[Mapping[str, Callable[[Any], Step]]] = {
    "text": TextDelta,
    "thinking": ThinkingDelta,
    "tool_call": lambda value: ToolCall(value["id"], value["name"], value.get("arguments", {})),
    "tool_call_progress": ToolCallProgress,
    "usage": lambda value: UsageUpdate(Usage(**value)),
    "stop": lambda value: StreamStop(StopReason(value)),
    "error": _fail,
    "wait_for_file": lambda value: WaitForFile(Path(value)),
    "hang": lambda _: Hang(),
}


def scripted_provider(script: Script, kind: str = "scripted") -> ProviderSpec:
    """Return a provider that plays this script, for tests in the same process."""

    async def connect(_endpoint: Endpoint, _credential: Credential | None) -> Adapter:
        return ScriptedAdapter(script)

    return replace(PROVIDER, kind=kind, connect=connect)


async def _connect(_endpoint: Endpoint, _credential: Credential | None) -> Adapter:
    path = os.environ.get(FILE_VARIABLE, "")
    if not path:
        return ScriptedAdapter(Script())
    try:
        data = json.loads(await asyncio.to_thread(Path(path).read_text, "utf-8"))
    except (OSError, ValueError) as error:
        raise KataError(
            ErrorCode.INVALID_REQUEST,
            f"the script that {FILE_VARIABLE} names cannot be read: {type(error).__name__}",
        ) from error
    return ScriptedAdapter(parse_script(data))


PROVIDER: Final = ProviderSpec(
    kind="scripted",
    display_name="Scripted (tests)",
    connect=_connect,
    capabilities=_CAPABILITIES,
    preferred_models=(MODEL,),
)
