"""Owns `kata-lsp auth`: keys in the operating system's keyring.

Must not print a key, nor take one from the command line, where other users can read it.
"""

from __future__ import annotations

import getpass
import sys
from collections.abc import Awaitable
from typing import Annotated, TypeVar

import typer
from rich.markup import escape

from kata_lsp.app import App
from kata_lsp.cli import output, session
from kata_lsp.errors import ErrorCode, InvalidInputError, KataError
from kata_lsp.providers.credentials_keyring import KeyringSource
from kata_lsp.providers.credentials_source import KeySourceError

cli = typer.Typer(help="Keep API keys in the OS keyring.", no_args_is_help=True)

T = TypeVar("T")
ProviderName = Annotated[str, typer.Argument(help="A provider; see `auth status`.")]


@cli.command("set")
def set_key(provider: ProviderName) -> None:
    """Store a provider's key, asked for on the terminal or read from stdin."""

    async def command() -> int:
        async with session.core(session.settings_for(None)) as app:
            app.runtime.catalog.find(provider)
        key = _asked_key(provider)
        await _with_keyring(KeyringSource().set(provider, key))
        output.remarks().print(escape(f"the key of {provider} is in the keyring"))
        return output.OK

    session.run(command)


@cli.command("clear")
def clear_key(provider: ProviderName) -> None:
    """Remove a provider's key from the keyring."""

    async def command() -> int:
        removed = await _with_keyring(KeyringSource().clear(provider))
        said = "was removed" if removed else "was not in the keyring"
        output.remarks().print(escape(f"the key of {provider} {said}"))
        return output.OK

    session.run(command)


@cli.command("status")
def status() -> None:
    """Show, for each provider, which source its credential comes from."""

    async def command() -> int:
        async with session.core(session.settings_for(None)) as app:
            for provider in app.runtime.catalog.providers.values():
                state = await _state(app, provider.id)
                variables = ", ".join(provider.spec.key_variables)
                hint = f"  (environment: {variables})" if variables else ""
                output.answers().print(escape(f"{provider.id:12} {state}{hint}"))
        return output.OK

    session.run(command)


def _asked_key(provider: str) -> str:
    if sys.stdin.isatty():
        key = getpass.getpass(f"API key of {provider}: ")
    else:
        key = sys.stdin.readline()
    key = key.strip()
    if not key or not key.isprintable():
        raise InvalidInputError("key", "is blank or holds control characters; nothing was stored")
    return key


async def _state(app: App, provider: str) -> str:
    try:
        auth = await app.runtime.resolve_auth(provider)
    except KataError as error:
        return str(error.code)
    return auth.source


async def _with_keyring(work: Awaitable[T]) -> T:
    try:
        return await work
    except KeySourceError as error:
        raise KataError(ErrorCode.MISSING_AUTH, str(error), remediation="") from error
