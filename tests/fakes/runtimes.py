"""Runtimes pointed at the local provider server, with short waits, and what a call made of it.

Knows the runtime's public interface; knows no fault.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fakes.provider_process import ProviderProcess
from fakes.provider_server import ProviderServer
from fakes.steps import CANARY, Surface, Transport

from kata_lsp.errors import KataError
from kata_lsp.providers.base import RuntimeMode
from kata_lsp.providers.calls import (
    AttemptFinished,
    AttemptReport,
    CallEvent,
    ProviderCall,
    Waiting,
)
from kata_lsp.providers.connections import AdapterSource
from kata_lsp.providers.credentials import Credentials
from kata_lsp.providers.messages import Message, TextDelta
from kata_lsp.providers.parts import Clock, system_clock
from kata_lsp.providers.retry import RetryPolicy
from kata_lsp.providers.runtime import NATIVE_ONLY, Runtime
from kata_lsp.settings.model import DeadlineSettings, ProviderSettings, Settings

PROVIDER_OF: Mapping[Surface, str] = {
    "anthropic": "anthropic",
    "chat": "compatible",
    "responses": "openai",
}
ENVIRON: Mapping[str, str] = {
    "ANTHROPIC_API_KEY": CANARY,
    "OPENAI_API_KEY": CANARY,
    "KATA_COMPATIBLE_API_KEY": CANARY,
}
PATIENT = DeadlineSettings(connect=10, first_token=30, idle=30, total=50)
SHORT = DeadlineSettings(connect=4, first_token=1.5, idle=0.6, total=4)
QUICK = RetryPolicy(base=0.02, longest_backoff=0.04)


def settings_for(server: ProviderServer | ProviderProcess, **changes: Any) -> Settings:
    """Settings whose providers are all that server."""
    providers = {
        "anthropic": ProviderSettings(base_url=server.url),
        "openai": ProviderSettings(base_url=server.openai_url),
        "compatible": ProviderSettings(kind="openai-compatible", base_url=server.openai_url),
    }
    given: dict[str, Any] = {"providers": providers, "deadlines": PATIENT, **changes}
    return replace(Settings(), **given)


def runtime_for(
    server: ProviderServer | ProviderProcess,
    *,
    environ: Mapping[str, str] = ENVIRON,
    credentials: Credentials | None = None,
    retry: RetryPolicy = QUICK,
    clock: Clock | None = None,
    sources: Mapping[RuntimeMode, AdapterSource] = NATIVE_ONLY,
    **changes: Any,
) -> Runtime:
    """A runtime whose providers are all that server; `changes` are settings."""
    known = credentials or Credentials(environ, ())
    settings = settings_for(server, **changes)
    return Runtime(settings, known, retry=retry, clock=clock, sources=sources)


def call_to(surface: Surface, prompt: str = "Say something.", **more: Any) -> ProviderCall:
    """A call over that API."""
    given: dict[str, Any] = {"provider": PROVIDER_OF[surface], "model": "test-model", **more}
    return ProviderCall((Message.user(prompt),), **given)


@dataclass(slots=True)
class Outcome:
    """What became of a call: its events or answer, and the failure if there was one."""

    text: str = ""
    events: list[CallEvent] = field(default_factory=list)
    reports: tuple[AttemptReport, ...] = ()
    error: KataError | None = None
    seconds: float = 0.0

    @property
    def waits(self) -> list[float]:
        """The back-offs that were announced."""
        return [event.seconds for event in self.events if isinstance(event, Waiting)]


async def carried_out(runtime: Runtime, call: ProviderCall, transport: Transport) -> Outcome:
    """Make the call and return its outcome; only a `KataError` counts as one."""
    outcome = Outcome()
    begun = asyncio.get_running_loop().time()
    try:
        if transport == "plain":
            answer = await runtime.execute(call)
            outcome.text, outcome.reports = answer.completion.text, answer.attempts
        else:
            await _streamed(runtime, call, outcome)
    except KataError as error:
        outcome.error = error
    outcome.seconds = asyncio.get_running_loop().time() - begun
    return outcome


async def _streamed(runtime: Runtime, call: ProviderCall, outcome: Outcome) -> None:
    async with runtime.stream(call) as events:
        async for event in events:
            outcome.events.append(event)
            if isinstance(event, TextDelta):
                outcome.text += event.text
            if isinstance(event, AttemptFinished):
                outcome.reports = events.reports


def without_jitter() -> Clock:
    """The real clock, without chance: a back-off is exactly its lower bound."""
    return replace(system_clock(), jitter=lambda: 0.0)
