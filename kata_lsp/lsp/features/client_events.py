"""Owns what the client tells of itself after `initialize`: settings, folders, cancelled progress.

Must not know what becomes of it; the editor object does.
"""

from lsprotocol import types

from kata_lsp.lsp.server import KataServer


async def initialized(server: KataServer, _: types.InitializedParams) -> None:
    """Ask for the configuration, and read the settings."""
    await server.editor.configuration.subscribe()
    await server.editor.reconfigure()


async def configuration_changed(
    server: KataServer, params: types.DidChangeConfigurationParams
) -> None:
    """Take the new configuration."""
    await server.editor.configuration.update(params.settings)
    await server.editor.reconfigure()


async def folders_changed(server: KataServer, _: types.DidChangeWorkspaceFoldersParams) -> None:
    """Find out again which documents are specs."""
    server.editor.spec_news.places_changed()
    await server.editor.reconfigure()


async def progress_cancelled(
    server: KataServer, params: types.WorkDoneProgressCancelParams
) -> None:
    """Cancel the run that a progress bar shows."""
    await server.editor.cancel_progress(params.token)
