"""Owns diagnostics of specs and the document events they follow: pushed, or pulled by the client.

Must not know rules; `editor.diagnosing` asks them.
"""

import zlib
from typing import Any

import orjson
from lsprotocol import types

from kata_lsp.lsp.server import KataServer


def register(server: KataServer) -> None:
    """Follow documents, and answer pulls."""

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    async def opened(params: types.DidOpenTextDocumentParams) -> None:
        uri = params.text_document.uri
        server.editor.spec_news.opened(uri)
        if view := server.editor.specs.view(uri):
            await server.editor.read_comments(view.root, view.path)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        server.editor.spec_news.typed(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    async def saved(params: types.DidSaveTextDocumentParams) -> None:
        if view := server.editor.specs.view(params.text_document.uri):
            await server.editor.paths.learn(view, again=True)
            server.editor.spec_news.opened(view.snapshot.uri)
            await server.editor.read_comments(view.root, view.path)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        server.editor.spec_news.closed(uri)
        server.editor.specs.forget(uri)
        server.editor.diagnosing.forget(uri)
        server.editor.paths.forget(uri)

    @server.feature(
        types.TEXT_DOCUMENT_DIAGNOSTIC,
        types.DiagnosticOptions(
            inter_file_dependencies=False, workspace_diagnostics=False, identifier="kata"
        ),
    )
    async def pulled(params: types.DocumentDiagnosticParams) -> dict[str, Any]:
        view = server.editor.specs.view(params.text_document.uri)
        items = [] if view is None else await server.editor.diagnosing.diagnose(view)
        result_id = f"{zlib.crc32(orjson.dumps(items)):08x}"
        if params.previous_result_id == result_id:
            return {"kind": "unchanged", "resultId": result_id}
        return {"kind": "full", "resultId": result_id, "items": items}
