"""Owns a provider reached through the pi engine: one process per request, drafts without tools.

Must not know runs or editors. Failures leave as `KataError`; cancellation passes through and ends
the process at once.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from pi_agent import AsyncPiClient, PiCommandError, PiError, PiSubscriptionOverflow

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.adapters.anthropic.surface import WORDS as ANTHROPIC_WORDS
from kata_lsp.providers.adapters.openai.words import WORDS as OPENAI_WORDS
from kata_lsp.providers.agents import AgentEvent, AgentTask, Permit
from kata_lsp.providers.base import Credential, Endpoint, ModelInfo, ProviderSpec
from kata_lsp.providers.messages import AdapterEvent, CompletionRequest, StreamStop
from kata_lsp.providers.pi import agent, dialect
from kata_lsp.providers.pi.events import STOPS, AnswerEnd, AnswerReader
from kata_lsp.providers.pi.exchange import Asked, failure, stop_of
from kata_lsp.providers.pi.process import Answer, Engine, Start

_log = logging.getLogger(__name__)

_WORDS: Final = {"anthropic": ANTHROPIC_WORDS, "openai": OPENAI_WORDS}
_PROMPT: Final = "-"
"""Replaced by the bridge: text of a user is never where the engine looks for commands."""
_KILLED: Final = (
    "Resume the run. If it happens again, run `kata-lsp pi install --force`, or set "
    "`kata.runtimeMode` to `native`."
)


@dataclass(frozen=True, slots=True)
class Line:
    """An open dialogue with a process: its client and the reader of its events."""

    client: AsyncPiClient
    reader: AnswerReader
    asked: Asked


class PiAdapter:
    """One provider through the engine, bound to an endpoint and a credential."""

    def __init__(
        self,
        engine: Engine,
        spec: ProviderSpec,
        endpoint: Endpoint,
        credential: Credential | None,
    ) -> None:
        self.capabilities = spec.capabilities
        self._engine = engine
        self._spec = spec
        self._endpoint = endpoint
        self._credential = credential
        self._speech = dialect.SPEECH[spec.kind]
        self._catalogue: tuple[dialect.CatalogueModel, ...] | None = None

    def stream(
        self, request: CompletionRequest
    ) -> AbstractAsyncContextManager[AsyncIterator[AdapterEvent]]:
        """Ask in a fresh process, which is gone when the context is left."""
        return self._stream(request)

    @asynccontextmanager
    async def _stream(
        self, request: CompletionRequest
    ) -> AsyncGenerator[AsyncIterator[AdapterEvent]]:
        known = await self._known(request.model)
        start = self._start(request.model, known)
        turn = self._turn(request, known, once=True)

        async def answer(name: str, _text: str) -> str | None:
            return turn if name == "kata.turn" else None

        async with self._line(start, answer) as line:
            yield _draft(line)

    def agent(
        self, task: AgentTask, permit: Permit
    ) -> AbstractAsyncContextManager[AsyncIterator[AgentEvent]]:
        """Work on a task with tools in a process of its own."""
        return self._agent(task, permit)

    @asynccontextmanager
    async def _agent(
        self, task: AgentTask, permit: Permit
    ) -> AsyncGenerator[AsyncIterator[AgentEvent]]:
        agent.check(task, self._spec.kind, subscription=self._speech.subscription)
        known = await self._known(task.model)
        start = replace(
            self._start(task.model, known),
            tools=task.tools,
            cwd=task.cwd,
            writable=task.writable,
            environment=task.environment,
        )
        turn = self._turn(agent.request_of(task), known, once=False)

        async def answer(name: str, text: str) -> str | None:
            if name == "kata.turn":
                return turn
            return await agent.permission(json.loads(text), permit)

        async with self._line(start, answer) as line:
            yield agent.events(line.reader, raw_events(line), task, _given_up(line))

    @asynccontextmanager
    async def _line(self, start: Start, answer: Answer) -> AsyncGenerator[Line]:
        asked = Asked(self._endpoint.provider_id, start.model, _WORDS[self._speech.words])
        async with self._engine.process(start, answer) as client:
            yield Line(client, AnswerReader(start.model), asked)

    def _start(self, model: str, known: dialect.CatalogueModel | None) -> Start:
        return Start(
            provider=self._speech.provider,
            model=model,
            models_file=dialect.models_file(self._speech, self._endpoint, model, known),
            agent_dir=self._engine.installation.logins if self._speech.subscription else None,
        )

    def _turn(
        self, request: CompletionRequest, known: dialect.CatalogueModel | None, *, once: bool
    ) -> str:
        address = self._endpoint.base_url or (known.base_url if known else "")
        only = None if self._speech.subscription else dialect.origin(address)
        try:
            return dialect.turn(request, self._speech, self._credential, only, once=once)
        except UnicodeEncodeError as error:
            raise KataError(
                ErrorCode.INVALID_REQUEST,
                "the request holds half of a character (a lone surrogate)",
                provider_id=self._endpoint.provider_id,
                runtime_mode="pi",
            ) from error

    async def list_models(self) -> tuple[ModelInfo, ...]:
        """Return the engine's models of this provider; a server of the user's own is asked itself.

        Raises:
            KataError: The server could not be asked.
        """
        if self._asks_itself():
            adapter = await self._spec.connect(self._endpoint, self._credential)
            try:
                return await adapter.list_models()
            finally:
                await adapter.aclose()
        return tuple(model.info for model in await self._models())

    def _asks_itself(self) -> bool:
        return not self._speech.catalogued or self._endpoint.base_url is not None

    async def _known(self, model: str) -> dialect.CatalogueModel | None:
        """Return what the engine knows of a model; without it the vendor is not asked.

        Raises:
            KataError: `model_not_found`: neither the engine nor a server of the user's own has it.
        """
        models = await self._models() if self._speech.catalogued else ()
        found = next((each for each in models if each.info.id == model), None)
        if found is None and not self._asks_itself():
            raise KataError(
                ErrorCode.MODEL_NOT_FOUND,
                f"the pi engine knows no model {model!r} of {self._endpoint.provider_id!r}",
                remediation="Choose a model that `kata-lsp models` lists in runtime mode `pi`, or "
                "set `kata.runtimeMode` to `native`.",
            )
        return found

    async def _models(self) -> tuple[dialect.CatalogueModel, ...]:
        if self._catalogue is None:
            path = self._engine.installation.catalogue(self._speech.provider)
            try:
                data = await asyncio.to_thread(path.read_bytes)
                self._catalogue = dialect.read_catalogue(data)
            except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
                raise KataError(
                    ErrorCode.PROVIDER_UNAVAILABLE,
                    "the pi engine's list of models cannot be read",
                    remediation="Run `kata-lsp pi install --force`.",
                    retryable=False,
                ) from error
        return self._catalogue

    async def aclose(self) -> None:
        """Do nothing: a process lives only as long as its request."""


async def raw_events(line: Line) -> AsyncIterator[Mapping[str, Any]]:
    """Yield the engine's own events of one prompt.

    Raises:
        KataError: The engine refused the prompt, broke off, or cannot be understood.
    """
    try:
        async with line.client.events() as events:
            await line.client.prompt(_PROMPT)
            async for event in events:
                yield event.raw
                if event.type == "agent_settled":
                    return
    except PiCommandError as error:
        raise failure(line.reader.seen, error.error, line.asked, partial=False) from error
    except PiSubscriptionOverflow as error:
        raise _broken_off(
            line, ErrorCode.TRUNCATED_OUTPUT, "came faster than it was read"
        ) from error
    except PiError as error:
        # What it said on stderr may quote the conversation, so it is not logged.
        _log.warning("pi ended before its answer did (%s)", type(error).__name__)
        raise _broken_off(
            line, ErrorCode.STREAM_INTERRUPTED, "ended before its answer did"
        ) from error


def _broken_off(line: Line, code: ErrorCode, what: str) -> KataError:
    return KataError(
        code,
        f"the pi engine {what}",
        remediation=_KILLED,
        provider_id=line.asked.provider_id,
        runtime_mode="pi",
        partial=line.reader.partial,
    )


async def _draft(line: Line) -> AsyncIterator[AdapterEvent]:
    async for raw in raw_events(line):
        for event in line.reader.read(raw):
            if not isinstance(event, AnswerEnd):
                yield event
                continue
            # The engine would now settle, or run tools that are the caller's: it is not waited for.
            yield _stop(line, event)
            return


def _stop(line: Line, end: AnswerEnd) -> StreamStop:
    reason = stop_of(line.reader.seen) or STOPS.get(end.reason)
    if line.reader.seen.malformed or reason is None:
        raise failure(line.reader.seen, end.message, line.asked, partial=line.reader.partial)
    return StreamStop(reason)


def _given_up(line: Line) -> Callable[[AnswerEnd], StreamStop]:
    return lambda end: _stop(line, end)
