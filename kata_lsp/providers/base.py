"""Owns the seam between the runtime and a provider: what an adapter is, and what it is given.

Must not know any vendor, SDK or HTTP type; none of them crosses this file.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from kata_lsp.providers.messages import AdapterEvent, Completion, CompletionRequest

RuntimeMode = Literal["native", "pi"]
"""`native` calls the provider ourselves; `pi` hands the request to the pi engine."""

AuthMode = Literal["api_key", "token_session"]
"""How a credential is presented; see the credential rules in ARCHITECTURE.md."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A credential value that does not show itself in a repr, a log line or a traceback."""

    value: str = field(repr=False)

    def __str__(self) -> str:
        """Return a mask, so that formatting a secret by mistake leaks nothing."""
        return "[redacted]"


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request authenticates with; `source` names who supplied it, never the value."""

    mode: AuthMode
    secret: Secret
    source: str


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long each phase of one provider call may take, in seconds."""

    connect: float = 10.0
    first_token: float = 60.0
    idle: float = 60.0
    total: float = 900.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and how a configured provider is reached.

    `base_url` is None for the vendor's own address. Only user-level settings may set it.
    """

    provider_id: str
    base_url: str | None = None
    deadlines: Deadlines = field(default_factory=Deadlines)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Facts about a provider that the runtime and the user interface rely on."""

    needs_credential: bool = True
    token_sessions: bool = False
    tools: bool = True
    thinking: bool = False
    network: bool = True


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model the provider offers. Token counts are None when the provider does not say."""

    id: str
    display_name: str = ""
    context_tokens: int | None = None
    max_output_tokens: int | None = None


class Adapter(Protocol):
    """One provider, bound to one endpoint and one credential.

    An adapter translates and nothing else: no retries, no fallback, no deadline but the connect
    one. Every failure leaves it as a `KataError`; cancellation passes through untouched.
    """

    capabilities: Capabilities

    def stream(
        self, request: CompletionRequest
    ) -> AbstractAsyncContextManager[AsyncIterator[AdapterEvent]]:
        """Open a streamed completion; leaving the context closes the connection at once.

        Raises:
            KataError: The request failed, on entering or while iterating.
        """
        ...

    async def list_models(self) -> tuple[ModelInfo, ...]:
        """Return the models this credential may use, in the provider's order.

        Raises:
            KataError: The request failed.
        """
        ...

    async def aclose(self) -> None:
        """Close every connection; safe to call twice."""
        ...


@runtime_checkable
class PlainAdapter(Protocol):
    """An adapter that can also ask for the whole answer in one reply, without a stream.

    Optional: where it is missing, the runtime collects the stream instead.
    """

    async def complete(self, request: CompletionRequest) -> Completion:
        """Return the answer, whatever its stop reason; the runtime judges that.

        Raises:
            KataError: The request failed.
        """
        ...


@runtime_checkable
class Droppable(Protocol):
    """A stream whose connection can be given up at once, before anything is unwound. Optional."""

    def drop(self) -> None:
        """Let the provider see the hang-up now; nothing happens once the stream is closed."""
        ...


AdapterFactory = Callable[[Endpoint, Credential | None], Awaitable[Adapter]]
"""Builds an adapter, importing its SDK off the event loop on first use."""


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """What a module in `adapters/` declares as its module-level `PROVIDER`.

    The registry imports the module to read this, so the module must not import its SDK.
    """

    kind: str
    """The provider's id, and the `kind` that custom providers of a user name."""
    display_name: str
    connect: AdapterFactory
    capabilities: Capabilities
    key_variables: tuple[str, ...] = ()
    """Environment variables that hold an API key, in order of preference."""
    token_variables: tuple[str, ...] = ()
    """Environment variables that hold a session token."""
    preferred_models: tuple[str, ...] = ()
    """Patterns (`fnmatch`), best first, that pick a default from the provider's own list."""
    models_path: str = "/models"
    """Where the model list is below a base URL; a `/v1` that both have is there only once."""
    builtin: bool = True
    """False for kinds that exist only through a user's custom provider."""
