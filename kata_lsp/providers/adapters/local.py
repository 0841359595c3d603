"""Adapter for the embedded drafter: no credential, no network, the same answer every time.

Must not know any other adapter; what it writes is decided in `providers/drafter`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.base import (
    Adapter,
    Capabilities,
    Credential,
    Endpoint,
    ModelInfo,
    ProviderSpec,
)
from kata_lsp.providers.drafter import write_draft
from kata_lsp.providers.messages import (
    CompletionRequest,
    StopReason,
    StreamEvent,
    StreamStart,
    StreamStop,
    TextDelta,
    Usage,
    UsageUpdate,
)

MODEL = "drafter-1"
"""The number changes when the same brief would give another draft."""

_CAPABILITIES = Capabilities(needs_credential=False, tools=False, network=False)


class LocalAdapter:
    """Answers a request that carries a brief with a draft, line by line."""

    capabilities = _CAPABILITIES

    @asynccontextmanager
    async def stream(
        self, request: CompletionRequest
    ) -> AsyncGenerator[AsyncIterator[StreamEvent]]:
        """Stream the draft for the request's brief.

        Raises:
            KataError: `invalid_request` when there is no brief: it can draft and nothing else.
        """
        if request.brief is None:
            raise KataError(
                ErrorCode.INVALID_REQUEST,
                "The embedded drafter answers drafting requests only.",
                remediation="Choose a provider with a language model for anything else.",
            )
        yield _events(write_draft(request.brief))

    async def list_models(self) -> tuple[ModelInfo, ...]:
        """Return the one model there is."""
        return (ModelInfo(MODEL, "Embedded drafter"),)

    async def aclose(self) -> None:
        """Hold nothing, close nothing."""


async def _events(draft: str) -> AsyncIterator[StreamEvent]:
    yield StreamStart(MODEL)
    for line in draft.splitlines(keepends=True):
        yield TextDelta(line)
    # No tokens are counted where none are paid for.
    yield UsageUpdate(Usage(0, 0))
    yield StreamStop(StopReason.END_TURN)


async def _connect(endpoint: Endpoint, credential: Credential | None) -> Adapter:
    del endpoint, credential
    return LocalAdapter()


PROVIDER = ProviderSpec(
    kind="local",
    display_name="Embedded drafter",
    connect=_connect,
    capabilities=_CAPABILITIES,
    preferred_models=(MODEL,),
)
