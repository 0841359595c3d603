"""Owns the examination behind `kata-lsp doctor` and `kata.doctor`: what works, what to fix.

Must not know terminals or LSP. It reports which source a credential comes from, never its value,
and reaches the network only when it is asked to.
"""

from __future__ import annotations

import platform
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from kata_lsp import __version__
from kata_lsp.app import App
from kata_lsp.errors import ErrorCode, InvalidInputError, KataError
from kata_lsp.providers.pi.source import SUBSCRIPTION_NOTICE
from kata_lsp.providers.probe import probe
from kata_lsp.providers.registry import Provider
from kata_lsp.runs.store import RunFilter

State = Literal["ok", "warning", "error"]

_ADDRESS_CODES: Final = frozenset(
    {
        ErrorCode.BAD_ENDPOINT,
        ErrorCode.BAD_RESPONSE,
        ErrorCode.PROVIDER_UNAVAILABLE,
        ErrorCode.TIMEOUT,
    }
)


@dataclass(frozen=True, slots=True)
class Check:
    """One finding, and its remedy where there is something to do."""

    name: str
    state: State
    detail: str
    remedy: str = ""


async def examine(
    app: App, *, settings_problems: Sequence[str] = (), network: bool = False
) -> tuple[Check, ...]:
    """Check the installation, the settings, the store and every provider.

    Args:
        app: The core, opened.
        settings_problems: What the settings layers refused, in words.
        network: Also ask each provider that has a credential for its models.
    """
    checks = [_version(), *_settings(settings_problems), await _store(app), _git()]
    catalog = app.runtime.catalog
    checks += [await _provider(app, each, network=network) for each in catalog.providers.values()]
    checks += [
        Check(f"provider {name}", "error", str(problem), "Correct it in your user settings.")
        for name, problem in catalog.problems.items()
    ]
    checks += [await _default(app), *await _pi(app)]
    return tuple(checks)


def _version() -> Check:
    system = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    return Check("kata-lsp", "ok", f"{__version__}, {system}")


def _settings(problems: Sequence[str]) -> list[Check]:
    if not problems:
        return [Check("settings", "ok", "every layer was understood")]
    remedy = "Correct or remove the setting; the previous value stays in force until then."
    return [Check("settings", "warning", problem, remedy) for problem in problems]


async def _store(app: App) -> Check:
    try:
        runs = await app.store.list(RunFilter(limit=1))
    except KataError as error:
        return Check("store", "error", error.message, error.remediation)
    return Check("store", "ok", "readable" if runs else "readable, no run yet")


def _git() -> Check:
    if shutil.which("git"):
        return Check("git", "ok", "found")
    return Check(
        "git",
        "warning",
        "not found; files are listed without it",
        "Install git so that ignored files stay out of the context.",
    )


async def _provider(app: App, provider: Provider, *, network: bool) -> Check:
    name = f"provider {provider.id}"
    try:
        auth = await app.runtime.resolve_auth(provider.id)
    except KataError as error:
        # A provider nobody set up is no fault; the last check says whether any is usable.
        state: State = "ok" if error.code is ErrorCode.MISSING_AUTH else "warning"
        return Check(name, state, error.message, error.remediation)
    detail = f"credential from {auth.source}"
    if not network or not provider.spec.capabilities.network:
        return Check(name, "ok", detail)
    try:
        models = await app.runtime.list_models(provider.id, refresh=True)
    except KataError as error:
        problem, remedy = await _explained(provider, error)
        return Check(name, "error", f"{detail}; {problem}", remedy)
    return Check(name, "ok", f"{detail}; {len(models)} models")


async def _explained(provider: Provider, error: KataError) -> tuple[str, str]:
    """Return problem and remedy, looked into once more where the address may be to blame."""
    base_url = provider.endpoint.base_url
    if base_url is not None and error.code in _ADDRESS_CODES:
        found = await probe(base_url, provider.spec.models_path)
        if found.problem:
            return found.problem, found.remedy
    return error.message, error.remediation


async def _default(app: App) -> Check:
    try:
        provider = await app.runtime.default_provider()
    except InvalidInputError as error:
        return Check("default provider", "error", str(error), "Correct `kata.provider`.")
    if provider == "local":
        return Check(
            "default provider",
            "warning",
            "local: drafts are made without a language model",
            "Set a key: `kata-lsp auth set anthropic`, or any provider's environment variable.",
        )
    return Check("default provider", "ok", f"{provider}, {_model(app, provider)}")


def _model(app: App, provider: str) -> str:
    own = app.settings.providers.get(provider)
    named = (own.model if own else None) or app.settings.model
    return f"model {named}" if named else "model chosen from the provider's list"


async def _pi(app: App) -> list[Check]:
    status = app.pi.status()
    wanted = app.settings.runtime_mode == "pi"
    if not status.ready:
        # Nobody needs the engine who did not choose its mode.
        state: State = "error" if wanted else "ok"
        detail = status.detail if wanted else f"{status.detail}; only runtime mode 'pi' needs it"
        return [Check("pi engine", state, detail, status.remedy)]
    sandbox = await app.pi.engine().sandbox()
    detail = f"{status.detail}; isolation: {sandbox.detail}"
    checks = [Check("pi engine", "ok", detail)]
    if sandbox.program is None:
        remedy = "Install bubblewrap (`bwrap`) where your system has it."
        checks = [Check("pi engine", "warning", detail, remedy)]
    if app.settings.pi.subscriptions:
        checks.append(Check("pi subscriptions", "warning", "allowed", SUBSCRIPTION_NOTICE))
    return checks
