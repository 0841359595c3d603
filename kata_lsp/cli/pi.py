"""Owns `kata-lsp pi`: the pi engine on this machine, put there and taken away only by command."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from typing import Annotated

import typer
from rich.markup import escape

from kata_lsp.cli import output, session
from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.pi.installation import Installation, default_root, require, status_of
from kata_lsp.providers.pi.installing import install, remove, verify
from kata_lsp.providers.pi.logins import signed_in
from kata_lsp.providers.pi.sandbox import find_sandbox
from kata_lsp.providers.pi.source import SUBSCRIPTION_NOTICE

cli = typer.Typer(
    help="The pi engine behind runtime mode `pi`; `native` needs none of it.",
    no_args_is_help=True,
)


def _here() -> Installation:
    return Installation(default_root(os.environ))


@cli.command("install")
def install_engine(
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Download Node.js and pi into your data directory; works offline afterwards."""

    async def command() -> int:
        console, here = output.remarks(), _here()
        if console.is_terminal:
            with console.status("starting") as status:
                fresh = await install(here, lambda said: status.update(escape(said)), force=force)
        else:
            fresh = await install(here, lambda said: console.print(escape(said)), force=force)
        word = "installed in" if fresh else "already in"
        console.print(escape(f"{status_of(here).detail} is {word} {here.home}"))
        return output.OK

    session.run(command)


@cli.command("status")
def show_status(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Show whether the engine can be used, and how its processes are isolated."""

    async def command() -> int:
        here = _here()
        status = status_of(here)
        detail, remedy = status.detail, status.remedy
        if status.ready and (wrong := await verify(here)):
            detail, remedy = wrong, "Run `kata-lsp pi install --force`."
        ready = status.ready and not remedy
        sandbox = await find_sandbox()
        logins = sorted(signed_in(here))
        if as_json:
            output.print_json(
                {
                    "ready": ready,
                    "state": status.state if ready or not status.ready else "broken",
                    "detail": detail,
                    "remedy": remedy,
                    "folder": str(here.home),
                    "sandboxed": sandbox.program is not None,
                    "isolation": sandbox.detail,
                    "logins": logins,
                }
            )
            return output.OK if ready else output.FAILED
        console = output.answers()
        console.print(escape(f"engine    {detail}"))
        console.print(escape(f"folder    {here.home}"))
        console.print(escape(f"isolation {sandbox.detail}"))
        if logins:
            console.print(escape(f"logins    {', '.join(logins)}"))
            console.print(escape(f"          {SUBSCRIPTION_NOTICE}"))
        if remedy:
            console.print(escape(remedy))
        return output.OK if ready else output.FAILED

    session.run(command)


@cli.command("remove")
def remove_engine(
    logins: Annotated[
        bool, typer.Option("--logins", help="Also forget subscription logins.")
    ] = False,
) -> None:
    """Delete the engine from your data directory."""

    async def command() -> int:
        gone = await remove(_here(), logins=logins)
        output.remarks().print("the pi engine was removed" if gone else "there was no pi engine")
        return output.OK

    session.run(command)


@cli.command("login")
def login() -> None:
    """Sign in to a subscription with the engine's own program; off unless you allow it."""

    async def command() -> int:
        resolved = session.settings_for(None)
        if not resolved.settings.pi.subscriptions:
            raise KataError(
                ErrorCode.PERMISSION_DENIED,
                "subscription logins are off",
                remediation=f"{SUBSCRIPTION_NOTICE} To allow it, set that to true in your user "
                "settings.",
            )
        here = _here()
        require(here)
        if not sys.stdin.isatty():
            raise KataError(
                ErrorCode.INVALID_REQUEST, "signing in needs a terminal", remediation=""
            )
        console = output.remarks()
        console.print(escape(SUBSCRIPTION_NOTICE))
        console.print(escape("Type /login there, and /quit when you are done."))
        return _sign_in(here)

    session.run(command)


def _sign_in(here: Installation) -> int:
    here.logins.mkdir(mode=0o700, parents=True, exist_ok=True)
    passed = ("PATH", "TERM", "COLORTERM", "LANG", "HTTPS_PROXY", "https_proxy", "DISPLAY")
    with tempfile.TemporaryDirectory() as empty:
        environment = {name: os.environ[name] for name in passed if name in os.environ}
        environment |= {
            "HOME": empty,
            "PI_CODING_AGENT_DIR": str(here.logins),
            "PI_SKIP_VERSION_CHECK": "1",
            "PI_TELEMETRY": "0",
        }
        flags = ["--no-session", "--no-tools", "--no-extensions", "--no-skills", "--no-approve"]
        done = subprocess.run(  # noqa: S603 - our own program, on the user's terminal
            [str(here.node), str(here.terminal), *flags],
            cwd=empty,
            env=environment,
            check=False,
        )
    return output.OK if done.returncode == 0 else output.FAILED
