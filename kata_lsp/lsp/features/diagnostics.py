"""Owns diagnostics of specs and the document events they follow: pushed, or pulled by the client.

Must not know rules; `editor.diagnosing` asks them.
"""

from typing import Any

from lsprotocol import types

from kata_lsp.lsp.server import KataServer


async def opened(server: KataServer, params: types.DidOpenTextDocumentParams) -> None:
    """Examine a document, and read what was said about it."""
    uri = params.text_document.uri
    server.editor.spec_news.opened(uri)
    if view := server.editor.specs.view(uri):
        await server.editor.read_comments(view.root, view.path)


def changed(server: KataServer, params: types.DidChangeTextDocumentParams) -> None:
    """Examine a document once its user pauses."""
    server.editor.spec_news.typed(params.text_document.uri)


async def saved(server: KataServer, params: types.DidSaveTextDocumentParams) -> None:
    """Look anew at everything around a spec."""
    if view := server.editor.specs.view(params.text_document.uri):
        await server.editor.paths.learn(view, again=True)
        server.editor.spec_news.opened(view.snapshot.uri)
        await server.editor.read_comments(view.root, view.path)


def closed(server: KataServer, params: types.DidCloseTextDocumentParams) -> None:
    """Take the diagnostics away and forget the document."""
    uri = params.text_document.uri
    server.editor.spec_news.closed(uri)
    server.editor.specs.forget(uri)
    server.editor.diagnosing.forget(uri)
    server.editor.paths.forget(uri)


async def pulled(server: KataServer, params: types.DocumentDiagnosticParams) -> dict[str, Any]:
    """Return the diagnostics of a document to a client that asks."""
    view = server.editor.specs.view(params.text_document.uri)
    if view is None:
        return {"kind": "full", "items": []}
    items = await server.editor.diagnosing.diagnose(view)
    result_id = server.editor.diagnosing.revision(view)
    if params.previous_result_id == result_id:
        return {"kind": "unchanged", "resultId": result_id}
    return {"kind": "full", "resultId": result_id, "items": items}
