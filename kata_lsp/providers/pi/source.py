"""Owns how runtime mode `pi` gets its adapters, and what can be said of the mode before a run.

Must not know runs or editors. The engine's modules are imported when the mode is first used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.base import Adapter, Credential, Endpoint, ProviderSpec
from kata_lsp.providers.pi.installation import (
    EngineStatus,
    Installation,
    default_root,
    require,
    status_of,
)

if TYPE_CHECKING:
    from kata_lsp.providers.pi.process import Engine

SUBSCRIPTION_NOTICE = (
    "A subscription login belongs to the vendor's own product, and its terms may not allow other "
    "programs; with an Anthropic login the pi engine identifies itself as Claude Code. "
    "kata-lsp uses one only because you asked for it with `kata.pi.subscriptions`."
)


SUBSCRIPTION_KINDS = frozenset(
    {"claude-subscription", "chatgpt-subscription", "copilot-subscription"}
)


def offered(specs: Iterable[ProviderSpec], *, subscriptions: bool) -> tuple[ProviderSpec, ...]:
    """Return the specs, those of subscriptions among the built-in ones only if they are allowed."""
    return tuple(
        replace(spec, builtin=subscriptions) if spec.kind in SUBSCRIPTION_KINDS else spec
        for spec in specs
    )


class PiMode:
    """Runtime mode `pi` of one application.

    Args:
        environ: The user's environment.
        subscriptions: Whether the user allows subscription logins, asked at each connection.
    """

    def __init__(self, environ: Mapping[str, str], subscriptions: Callable[[], bool]) -> None:
        self.installation = Installation(default_root(environ))
        self._environ = environ
        self._subscriptions = subscriptions
        self._engine: Engine | None = None

    def status(self) -> EngineStatus:
        """Return whether the engine can be used at this moment."""
        return status_of(self.installation)

    async def connect(
        self, spec: ProviderSpec, endpoint: Endpoint, credential: Credential | None
    ) -> Adapter:
        """Return an adapter that asks through the engine; the `AdapterSource` of mode `pi`.

        Embedded providers have no one to ask and work as they are.

        Raises:
            KataError: The engine is not usable, or does not know this kind of provider.
        """
        if not spec.capabilities.network:
            return await spec.connect(endpoint, credential)
        require(self.installation)
        from kata_lsp.providers.pi.adapter import PiAdapter  # noqa: PLC0415 - see the module docstring
        from kata_lsp.providers.pi.dialect import SPEECH  # noqa: PLC0415 - see the module docstring
        from kata_lsp.providers.sdk import secret_of  # noqa: PLC0415 - see the module docstring

        speech = SPEECH.get(spec.kind)
        if speech is None:
            raise KataError(
                ErrorCode.PROVIDER_UNAVAILABLE,
                f"the pi engine cannot reach providers of the kind {spec.kind!r}",
                remediation="Set `kata.runtimeMode` to `native` for this provider.",
                retryable=False,
            )
        if speech.subscription:
            self._require_login(endpoint.provider_id, speech.provider)
        secret_of(endpoint, credential)
        _check_address(endpoint)
        return PiAdapter(self.engine(), spec, endpoint, credential)

    def engine(self) -> Engine:
        """Return what starts the engine's processes."""
        if self._engine is None:
            from kata_lsp.providers.pi.process import Engine  # noqa: PLC0415 - see the module docstring

            self._engine = Engine(self.installation, self._environ)
        return self._engine

    def _require_login(self, provider_id: str, engine_provider: str) -> None:
        if not self._subscriptions():
            raise KataError(
                ErrorCode.PERMISSION_DENIED,
                f"{provider_id!r} uses a subscription login, which is off",
                remediation=f"{SUBSCRIPTION_NOTICE} To allow it, set that to true in your user "
                "settings and run `kata-lsp pi login`.",
            )
        from kata_lsp.providers.pi.logins import signed_in  # noqa: PLC0415 - see the module docstring

        if engine_provider not in signed_in(self.installation):
            raise KataError(
                ErrorCode.MISSING_AUTH,
                f"nobody has signed in to {provider_id!r} with the pi engine",
                remediation="Run `kata-lsp pi login`.",
            )

    async def aclose(self) -> None:
        """End every process of the engine."""
        if self._engine is not None:
            await self._engine.aclose()


def _check_address(endpoint: Endpoint) -> None:
    if endpoint.base_url is None:
        return
    try:
        parts = urlsplit(endpoint.base_url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise KataError(
            ErrorCode.BAD_ENDPOINT,
            f"the base URL of {endpoint.provider_id!r} is not a valid http or https address",
            provider_id=endpoint.provider_id,
            runtime_mode="pi",
        )
