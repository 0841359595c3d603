"""Owns the OpenAI SDK's client: building it for an endpoint and a credential, off the loop.

Must not know the shape of requests and answers; `responses` and `chat` do.
"""

from __future__ import annotations

from typing import Any, Final

from kata_lsp.providers.base import Adapter, Capabilities, Credential, Endpoint
from kata_lsp.providers.sdk import Sdk, bring_up, quiet, secret_of, warm_up
from kata_lsp.providers.sdk_adapter import SdkAdapter, Surface

_VENDOR_URL: Final = "https://api.openai.com/v1"
_NO_KEY: Final = "no-key"
"""Sent where no key is needed; the SDK would otherwise take the vendor's from the environment."""


async def connect(
    endpoint: Endpoint,
    credential: Credential | None,
    *,
    surface: Surface,
    capabilities: Capabilities,
) -> Adapter:
    """Return an adapter, importing and warming the SDK in a thread on first use.

    Raises:
        KataError: `missing_auth`: the credential cannot be sent in a header; `bad_endpoint`: the
            base URL is not one.
    """
    secret = secret_of(endpoint, credential)
    session = credential is not None and credential.mode == "token_session"
    sdk = await bring_up(endpoint, lambda: _load(endpoint, secret, session=session))
    return SdkAdapter(sdk, surface, endpoint, capabilities)


def _load(endpoint: Endpoint, secret: str | None, *, session: bool) -> Sdk:
    from openai import APIStatusError, AsyncOpenAI  # noqa: PLC0415 - takes half a second

    from kata_lsp.providers import http_stack  # noqa: PLC0415 - imports the HTTP library

    quiet("openai")
    secret = secret or _NO_KEY

    async def token() -> str:
        return secret

    http_client = http_stack.build_client(endpoint.deadlines.connect)
    client: Any = AsyncOpenAI(
        # The SDK asks a callable anew for each request, which is how it takes session tokens.
        api_key=token if session else secret,
        # Always explicit: an environment variable must not redirect a credential.
        base_url=endpoint.base_url or _VENDOR_URL,
        max_retries=0,
        timeout=http_client.timeout,
        http_client=http_client,
    )
    if endpoint.base_url:
        # Read from the environment for the vendor; another host must not learn of them.
        client.organization = None
        client.project = None
    warm_up(client)
    return Sdk(client, APIStatusError)
