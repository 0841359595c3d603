"""Owns what the client tells of itself after `initialize`: settings, folders, cancelled progress.

Must not know what becomes of it; the editor object does.
"""

from lsprotocol import types

from kata_lsp.lsp.server import KataServer


def register(server: KataServer) -> None:
    """Listen to the client's own events."""

    @server.feature(types.INITIALIZED)
    async def initialized(_: types.InitializedParams) -> None:
        await server.editor.configuration.subscribe()
        await server.editor.reconfigure()

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def configuration_changed(params: types.DidChangeConfigurationParams) -> None:
        await server.editor.configuration.update(params.settings)
        await server.editor.reconfigure()

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    async def folders_changed(_: types.DidChangeWorkspaceFoldersParams) -> None:
        server.editor.spec_news.places_changed()
        await server.editor.reconfigure()

    @server.feature(types.WINDOW_WORK_DONE_PROGRESS_CANCEL)
    async def progress_cancelled(params: types.WorkDoneProgressCancelParams) -> None:
        await server.editor.cancel_progress(params.token)
