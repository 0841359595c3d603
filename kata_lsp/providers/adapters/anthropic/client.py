"""Owns the Anthropic SDK's client: building it for an endpoint and a credential, off the loop.

Must not know the shape of requests and answers; `surface` does.
"""

from __future__ import annotations

from typing import Any, Final

from kata_lsp.providers.adapters.anthropic.surface import MESSAGES
from kata_lsp.providers.base import Adapter, Capabilities, Credential, Endpoint
from kata_lsp.providers.sdk import Sdk, bring_up, quiet, secret_of, warm_up
from kata_lsp.providers.sdk_adapter import SdkAdapter

_VENDOR_URL: Final = "https://api.anthropic.com"
_NO_KEY: Final = "no-key"
"""Sent where no key is needed; the SDK would otherwise take the vendor's from the environment."""


async def connect(
    endpoint: Endpoint, credential: Credential | None, *, capabilities: Capabilities
) -> Adapter:
    """Return an adapter, importing and warming the SDK in a thread on first use.

    Raises:
        KataError: `missing_auth`: the credential cannot be sent in a header; `bad_endpoint`: the
            base URL is not one.
    """
    secret = secret_of(endpoint, credential)
    session = credential is not None and credential.mode == "token_session"
    sdk = await bring_up(endpoint, lambda: _load(endpoint, secret, session=session))
    return SdkAdapter(sdk, MESSAGES, endpoint, capabilities)


def _load(endpoint: Endpoint, secret: str | None, *, session: bool) -> Sdk:
    from anthropic import APIStatusError, AsyncAnthropic  # noqa: PLC0415 - takes a second

    from kata_lsp.providers import http_stack  # noqa: PLC0415 - imports the HTTP library

    quiet("anthropic")
    secret = secret or _NO_KEY
    http_client = http_stack.build_client(endpoint.deadlines.connect)
    client: Any = AsyncAnthropic(
        api_key=None if session else secret,
        auth_token=secret if session else None,
        # Always explicit: an environment variable must not redirect a credential.
        base_url=_base_url(endpoint.base_url),
        default_headers=_gateway_headers(endpoint, None if session else secret),
        max_retries=0,
        timeout=http_client.timeout,
        http_client=http_client,
        open_telemetry=False,
    )
    warm_up(client)
    return Sdk(client, APIStatusError)


def _gateway_headers(endpoint: Endpoint, key: str | None) -> dict[str, str]:
    # The SDK sends a key as a bearer token only; older gateways look for the vendor's header.
    return {"X-Api-Key": key} if endpoint.base_url and key else {}


def _base_url(given: str | None) -> str:
    # The SDK's paths begin with the version; people paste addresses that end with it.
    return (given or _VENDOR_URL).rstrip("/").removesuffix("/v1")
