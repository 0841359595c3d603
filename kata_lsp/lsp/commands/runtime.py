"""Owns `kata.runtime.*`: which engine new runs use.

Must not know the engines. A switch is live and touches no run in flight (invariant 9).
"""

from __future__ import annotations

from kata_lsp import protocol as wire
from kata_lsp.lsp.server import KataServer
from kata_lsp.providers.base import RuntimeMode


async def get_mode(server: KataServer, _: wire.NoParams) -> wire.RuntimeModeResult:
    """Return the mode of new runs."""
    app = await server.editor.core()
    mode = app.settings.runtime_mode
    available = mode in app.runtime.modes
    return wire.RuntimeModeResult(
        mode=mode, available=available, message="" if available else _unavailable(mode)
    )


async def set_mode(server: KataServer, params: wire.RuntimeModeParams) -> wire.RuntimeModeResult:
    """Switch new runs to a mode until it is set again or the session ends.

    A mode that this installation has no engine for is not switched to: every run would fail.
    """
    app = await server.editor.core()
    if params.mode not in app.runtime.modes:
        current = app.settings.runtime_mode
        message = f"{_unavailable(params.mode)}; {current!r} stays"
        return wire.RuntimeModeResult(mode=current, available=False, message=message)
    server.editor.configuration.set_runtime_mode(params.mode)
    await server.editor.reconfigure()
    return wire.RuntimeModeResult(mode=params.mode)


def _unavailable(mode: RuntimeMode) -> str:
    return f"this installation has no engine for the mode {mode!r}"
