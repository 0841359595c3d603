"""Owns the composition root: settings become the rooms of the core, wired to each other.

Must not know LSP or terminals; they bring a sink, and an editor its own way to specs.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from kata_lsp.context import ContextEngine, ContextLimits, FilesystemSource
from kata_lsp.orchestrator.asking import attempt_of
from kata_lsp.orchestrator.drafting import Workshop
from kata_lsp.orchestrator.drafts import Drafts
from kata_lsp.orchestrator.events import Event, Sink
from kata_lsp.orchestrator.living_spec import LivingSpec
from kata_lsp.orchestrator.orchestrator import Orchestrator
from kata_lsp.orchestrator.spec_files import DiskSpecFiles, SpecFiles
from kata_lsp.providers.base import ProviderSpec, RuntimeMode
from kata_lsp.providers.calls import AttemptReport, Spent
from kata_lsp.providers.connections import native
from kata_lsp.providers.credentials import Credentials
from kata_lsp.providers.credentials_command import CommandSource
from kata_lsp.providers.credentials_keyring import KeyringSource
from kata_lsp.providers.pi.source import PiMode, offered
from kata_lsp.providers.registry import discover
from kata_lsp.providers.runtime import Runtime
from kata_lsp.runs.sqlite import SqliteRunStore
from kata_lsp.runs.store import RunStore, SpendingFilter
from kata_lsp.settings.model import ContextSettings, Settings


def new_run_id() -> str:
    """Return an id that is short enough to type and unique among a user's runs (48 bits)."""
    return secrets.token_hex(6)


def ignore(event: Event) -> None:
    """Take an event that nobody waits for."""
    del event


@dataclass(slots=True)
class App:
    """The core, ready to use once `open` has returned. Use it on one event loop."""

    runtime: Runtime
    context: ContextEngine
    store: RunStore
    drafts: Drafts
    orchestrator: Orchestrator
    living_spec: LivingSpec
    pi: PiMode
    _settings: list[Settings] = field(repr=False)

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._settings[0]

    def configure(self, settings: Settings) -> None:
        """Use other settings from now on; runs in flight keep the provider calls they have made."""
        self._settings[0] = settings
        self.runtime.configure(settings)
        self.context.configure(context_limits(settings.context))

    def unavailable(self, mode: RuntimeMode) -> str:
        """Return why runs cannot use a runtime mode at this moment, and the remedy; "" if they can.

        The pi engine may be installed or removed while we run.
        """
        if mode == "native":
            return ""
        status = self.pi.status()
        return "" if status.ready else f"{status.detail}. {status.remedy}"

    async def open(self) -> None:
        """Open the store, which marks runs of dead servers as interrupted.

        Raises:
            StoreError: The store cannot be used.
        """
        await self.store.open()

    async def aclose(self) -> None:
        """Record runs in flight as interrupted and close everything, whatever fails meanwhile."""
        async with AsyncExitStack() as closing:
            closing.push_async_callback(self.store.close)
            closing.push_async_callback(self.context.aclose)
            closing.push_async_callback(self.pi.aclose)
            closing.push_async_callback(self.runtime.aclose)
            closing.push_async_callback(self.orchestrator.aclose)


def build_app(
    settings: Settings,
    *,
    sink: Sink = ignore,
    spec_files: SpecFiles | None = None,
    store_path: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    specs: Sequence[ProviderSpec] | None = None,
) -> App:
    """Wire the core together; nothing is opened, read or imported beyond it.

    Args:
        settings: The settings to begin with; `App.configure` replaces them.
        sink: Is told every event.
        spec_files: Where specs are read and written; the disk when omitted.
        store_path: The SQLite file; None takes the user's own.
        environ: Where key variables are looked up.
        specs: The providers there are; those in `providers/adapters` when omitted.
    """
    current = [settings]
    clock = time.time
    store = SqliteRunStore(store_path, clock, new_run_id)

    async def spent_today() -> Spent:
        spending = await store.spent(SpendingFilter(since=start_of_day(clock())))
        return Spent(spending.cost_usd, spending.requests)

    async def note(report: AttemptReport) -> None:
        await store.note_attempt(attempt_of(report), root="")

    credentials = Credentials(environ, now=clock, sources=(CommandSource(environ), KeyringSource()))
    pi = PiMode(environ, lambda: current[0].pi.subscriptions)
    runtime = Runtime(
        settings,
        credentials,
        specs=offered(
            discover() if specs is None else specs, subscriptions=settings.pi.subscriptions
        ),
        sources={"native": native, "pi": pi.connect},
        spent_today=spent_today,
        note=note,
    )
    context = ContextEngine((FilesystemSource(),), context_limits(settings.context))
    files = spec_files or DiskSpecFiles()
    drafts = Drafts(store=store, spec_files=files, sink=sink, clock=clock)
    orchestrator = Orchestrator(
        Workshop(runtime, context, files, lambda: current[0]),
        store=store,
        drafts=drafts,
        sink=sink,
        clock=clock,
        new_id=new_run_id,
    )
    living = LivingSpec(files, clock=clock, new_id=new_run_id)
    return App(runtime, context, store, drafts, orchestrator, living, pi, current)


def context_limits(settings: ContextSettings) -> ContextLimits:
    """Return the context engine's bounds as the settings have them."""
    return ContextLimits(
        max_files=settings.max_files,
        max_file_bytes=settings.max_file_bytes,
        excludes=settings.excludes,
    )


def start_of_day(now: float) -> float:
    """Return when the present day began in the user's time zone, in epoch seconds."""
    local = datetime.fromtimestamp(now, UTC).astimezone()
    return local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
