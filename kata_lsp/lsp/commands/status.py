"""Owns `kata.status.get` and `kata.doctor`: health, and what to fix.

Must not know what is examined; no credential's value is ever in reach here.
"""

from __future__ import annotations

import os

from kata_lsp import __version__
from kata_lsp import doctor as examination
from kata_lsp import protocol as wire
from kata_lsp.lsp.server import KataServer


async def get_status(server: KataServer, _: wire.NoParams) -> wire.StatusResult:
    """Return what the status line shows, and what is behind it."""
    await server.editor.core()
    return wire.StatusResult(
        status=server.editor.status(),
        server=wire.ServerInfo(
            version=__version__, protocol_version=wire.PROTOCOL_VERSION, pid=os.getpid()
        ),
        root=server.editor.folders.first(),
        settings_problems=list(server.editor.configuration.problems),
    )


async def doctor(server: KataServer, params: wire.DoctorParams) -> wire.DoctorResult:
    """Examine the installation; reaches the network only when asked to."""
    app = await server.editor.core()
    checks = await examination.examine(
        app, settings_problems=server.editor.configuration.problems, network=params.network
    )
    return wire.DoctorResult(
        ok=all(check.state != "error" for check in checks),
        checks=[
            wire.DoctorCheck(
                name=check.name, state=check.state, detail=check.detail, remedy=check.remedy
            )
            for check in checks
        ],
    )
