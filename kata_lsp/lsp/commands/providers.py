"""Owns `kata.provider.*`: the provider runtime, asked directly.

Must not know providers. `execute` and `listModels` may take long and are cancellable.
"""

from __future__ import annotations

from collections.abc import Iterable

from kata_lsp import protocol as wire
from kata_lsp.errors import KataError
from kata_lsp.lsp import payloads
from kata_lsp.lsp.server import KataServer
from kata_lsp.providers.calls import AttemptReport, ProviderCall
from kata_lsp.providers.messages import Message
from kata_lsp.runs.record import RunRequest


async def resolve_auth(
    server: KataServer, params: wire.ResolveAuthParams
) -> wire.ResolveAuthResult:
    """Return which credential a provider would use: its source, never its value."""
    app = await server.editor.core()
    try:
        found = await app.runtime.resolve_auth(
            params.provider,
            params.mode,
            allow_api_key_fallback=params.allow_api_key_fallback,
        )
    except KataError as error:
        failure = payloads.error(error.to_dict())
        return wire.ResolveAuthResult(provider=params.provider, ok=False, error=failure)
    return wire.ResolveAuthResult(
        provider=found.provider,
        ok=True,
        mode=found.mode,
        source=found.source,
        fell_back=found.fell_back,
    )


async def set_credential(
    server: KataServer, params: wire.SetCredentialParams
) -> wire.ResolveAuthResult:
    """Keep a credential in memory, and return what the provider would use now."""
    app = await server.editor.core()
    app.runtime.set_client_credential(
        params.provider, params.api_key, params.token, params.expires_at
    )
    return await resolve_auth(server, wire.ResolveAuthParams(provider=params.provider))


async def list_models(server: KataServer, params: wire.ListModelsParams) -> wire.ListModelsResult:
    """Return a provider's models and which of them a run would use."""
    app = await server.editor.core()
    provider = params.provider or await app.runtime.default_provider()
    models = await app.runtime.list_models(
        provider, refresh=params.refresh, runtime_mode=params.runtime_mode
    )
    default = await app.runtime.default_model(provider, runtime_mode=params.runtime_mode)
    return wire.ListModelsResult(
        provider=provider,
        models=[
            wire.ModelPayload(
                id=model.id,
                display_name=model.display_name,
                context_tokens=model.context_tokens,
                max_output_tokens=model.max_output_tokens,
                default=model.id == default,
            )
            for model in models
        ],
    )


async def execute(server: KataServer, params: wire.ExecuteParams) -> wire.ExecuteResult:
    """Ask a model one thing, outside any run."""
    app = await server.editor.core()
    answer = await app.runtime.execute(
        ProviderCall(
            messages=(Message.user(params.prompt),),
            system=params.system,
            provider=params.provider,
            model=params.model,
            runtime_mode=params.runtime_mode,
            max_output_tokens=params.max_output_tokens,
        )
    )
    reports = answer.attempts
    return wire.ExecuteResult(
        text=answer.completion.text,
        provider=answer.target.provider,
        model=answer.target.model,
        runtime_mode=answer.target.runtime_mode,
        stop_reason="tool_use" if answer.completion.stop_reason == "tool_use" else "end_turn",
        usage=payloads.usage(answer.completion.usage),
        cost_usd=_cost(reports),
        request_id=reports[-1].request_id,
        attempts=payloads.attempts(reports),
    )


async def estimate(server: KataServer, params: wire.EstimateParams) -> wire.EstimateResult:
    """Return what a run with this prompt would send at most; nothing is sent."""
    app = await server.editor.core()
    settings = app.settings
    found = await app.orchestrator.estimate(
        RunRequest(
            prompt=params.prompt,
            root=server.editor.folders.resolve(params.root),
            spec_path=settings.spec_path,
            provider=params.provider,
            model=params.model,
            runtime_mode=settings.runtime_mode,
        )
    )
    return payloads.estimate(found)


def _cost(reports: Iterable[AttemptReport]) -> float | None:
    costs = [report.cost_usd for report in reports]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None
