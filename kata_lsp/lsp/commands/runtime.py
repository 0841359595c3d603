"""Owns `kata.runtime.*`: which engine new runs use.

Must not know the engines. A switch is live and touches no run in flight (invariant 9).
"""

from __future__ import annotations

from kata_lsp import protocol as wire
from kata_lsp.app import App
from kata_lsp.lsp.server import KataServer
from kata_lsp.providers.base import RuntimeMode


async def get_mode(server: KataServer, _: wire.NoParams) -> wire.RuntimeModeResult:
    """Return the mode of new runs."""
    app = await server.editor.core()
    return _result(app, app.settings.runtime_mode)


async def set_mode(server: KataServer, params: wire.RuntimeModeParams) -> wire.RuntimeModeResult:
    """Switch new runs to a mode until it is set again or the session ends."""
    app = await server.editor.core()
    server.editor.configuration.set_runtime_mode(params.mode)
    await server.editor.reconfigure()
    return _result(app, params.mode)


def _result(app: App, mode: RuntimeMode) -> wire.RuntimeModeResult:
    available = mode in app.runtime.modes
    message = "" if available else f"this installation has no engine for the mode {mode!r}"
    return wire.RuntimeModeResult(mode=mode, available=available, message=message)
