"""Owns the providers that only the pi engine can reach: subscriptions that a user signed in to.

Must not know the engine. They do not exist until the user allows them (`kata.pi.subscriptions`),
and are never picked by themselves; runtime mode `pi` carries out their calls.
"""

from __future__ import annotations

from typing import Final

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.base import Adapter, Capabilities, Credential, Endpoint, ProviderSpec

_CAPABILITIES: Final = Capabilities(needs_credential=False, tools=True, thinking=True)


async def _connect(endpoint: Endpoint, _credential: Credential | None) -> Adapter:
    raise KataError(
        ErrorCode.PROVIDER_UNAVAILABLE,
        f"{endpoint.provider_id!r} is reached only in runtime mode 'pi'",
        remediation="Set `kata.runtimeMode` to `pi`, or choose a provider with an API key.",
        retryable=False,
    )


def _subscription(kind: str, display_name: str, *preferred: str) -> ProviderSpec:
    return ProviderSpec(
        kind=kind,
        display_name=display_name,
        connect=_connect,
        capabilities=_CAPABILITIES,
        preferred_models=(*preferred, "*"),
        builtin=False,
    )


PROVIDERS: Final = (
    _subscription("claude-subscription", "Claude subscription (pi)", "claude-sonnet-*"),
    _subscription("chatgpt-subscription", "ChatGPT subscription (pi)", "gpt-*"),
    _subscription("copilot-subscription", "GitHub Copilot (pi)", "claude-sonnet-*", "gpt-*"),
)
