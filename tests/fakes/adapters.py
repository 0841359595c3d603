"""Adapters connected to the local provider server, one per API, and what came of asking them.

Knows the adapters' seam; knows no vendor's wire format and no fault.
"""

from __future__ import annotations

import importlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from fakes.provider_server import ProviderServer
from fakes.steps import CANARY, Surface, Transport

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.attempt import Tally, verdict
from kata_lsp.providers.base import (
    Adapter,
    AuthMode,
    Credential,
    Deadlines,
    Endpoint,
    PlainAdapter,
    ProviderSpec,
    Secret,
)
from kata_lsp.providers.connections import AdapterSource, native
from kata_lsp.providers.messages import (
    AdapterEvent,
    Completion,
    CompletionRequest,
    Message,
    StreamEvent,
    StreamStop,
    TextDelta,
    ToolCallProgress,
    UsageUpdate,
)

KINDS: Mapping[str, Surface] = {
    "anthropic": "anthropic",
    "anthropic-compatible": "anthropic",
    "openai": "responses",
    "openai-compatible": "chat",
}
KIND_OF: Mapping[Surface, str] = {
    "anthropic": "anthropic",
    "chat": "openai-compatible",
    "responses": "openai",
}
CONNECT: ContextVar[AdapterSource] = ContextVar("CONNECT", default=native)
"""How `connected` gets its adapters: the seam through which other runtime modes run the suite."""
REQUEST = CompletionRequest((Message.user("Say something."),), "test-model", system="Be brief.")


def spec_of(kind: str) -> ProviderSpec:
    """The provider of that kind."""
    package = kind.partition("-")[0]
    module = importlib.import_module(f"kata_lsp.providers.adapters.{package}")
    return next(spec for spec in module.PROVIDERS if spec.kind == kind)


def endpoint_of(kind: str, server: ProviderServer) -> Endpoint:
    """The server's address for that kind, under the name that errors must give."""
    base = server.url if KINDS[kind] == "anthropic" else server.openai_url
    return Endpoint(f"my-{kind}", base, Deadlines(connect=10))


@asynccontextmanager
async def connected(
    kind: str, server: ProviderServer, *, mode: AuthMode = "api_key", key: str | None = CANARY
) -> AsyncGenerator[Adapter]:
    """An adapter of that kind, closed afterwards."""
    credential = Credential(mode, Secret(key), "the test") if key is not None else None
    adapter = await CONNECT.get()(spec_of(kind), endpoint_of(kind, server), credential)
    try:
        yield adapter
    finally:
        await adapter.aclose()


@dataclass(slots=True)
class Result:
    """What one request came to: events or a whole answer, and the failure if there was one."""

    events: list[AdapterEvent] = field(default_factory=list[AdapterEvent])
    completion: Completion | None = None
    error: KataError | None = None

    @property
    def text(self) -> str:
        """The text that arrived."""
        if self.completion is not None:
            return self.completion.text
        return "".join(event.text for event in self.events if isinstance(event, TextDelta))

    @property
    def shown(self) -> list[StreamEvent]:
        """The events that a user would see, signs of progress left out."""
        return [event for event in self.events if not isinstance(event, ToolCallProgress)]

    @property
    def code(self) -> ErrorCode | None:
        """The failure's code, also when the adapter left the judgement to the runtime."""
        if self.error is not None:
            return self.error.code
        tally = Tally()
        for event in self.events:
            tally.add(event)
        if self.completion is not None:
            answer = self.completion
            whole = [TextDelta(answer.text), *answer.tool_calls, UsageUpdate(answer.usage)]
            for event in (*whole, StreamStop(answer.stop_reason)):
                if event != TextDelta(""):
                    tally.add(event)
        judged = verdict(tally)
        return judged.code if judged else None


async def ask(
    adapter: Adapter, transport: Transport, request: CompletionRequest = REQUEST
) -> Result:
    """Send one request; only a `KataError` counts as an outcome."""
    result = Result()
    try:
        if transport == "plain":
            assert isinstance(adapter, PlainAdapter)
            result.completion = await adapter.complete(request)
            return result
        async with adapter.stream(request) as events:
            async for event in events:
                result.events.append(event)
    except KataError as error:
        result.error = error
    return result
