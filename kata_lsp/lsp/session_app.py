"""Owns how the core is put together for an editor: its settings, sink and specs are the client's.

Must not know what the core does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kata_lsp.app import App
    from kata_lsp.lsp.server import KataServer


def app_factory(server: KataServer) -> App:
    """Return the core of a session; nothing is opened yet."""
    # The core brings providers, store and parser along: not before the first command.
    from kata_lsp.app import build_app  # noqa: PLC0415

    editor = server.editor
    return build_app(
        editor.configuration.settings,
        sink=editor.sink,
        spec_files=editor.spec_files,
    )
