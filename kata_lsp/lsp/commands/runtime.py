"""Owns `kata.runtime.*`: which engine new runs use.

Must not know the engines. A switch is live and touches no run in flight (invariant 9).
"""

from __future__ import annotations

from kata_lsp import protocol as wire
from kata_lsp.lsp.server import KataServer


async def get_mode(server: KataServer, _: wire.NoParams) -> wire.RuntimeModeResult:
    """Return the mode of new runs."""
    app = await server.editor.core()
    mode = app.settings.runtime_mode
    problem = app.unavailable(mode)
    return wire.RuntimeModeResult(mode=mode, available=not problem, message=problem)


async def set_mode(server: KataServer, params: wire.RuntimeModeParams) -> wire.RuntimeModeResult:
    """Switch new runs to a mode until it is set again or the session ends.

    A mode that this installation has no engine for is not switched to: every run would fail.
    """
    app = await server.editor.core()
    if problem := app.unavailable(params.mode):
        current = app.settings.runtime_mode
        message = f"{problem} {current!r} stays in force."
        return wire.RuntimeModeResult(mode=current, available=False, message=message)
    server.editor.configuration.set_runtime_mode(params.mode)
    await server.editor.reconfigure()
    return wire.RuntimeModeResult(mode=params.mode)
