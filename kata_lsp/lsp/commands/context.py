"""Owns `kata.context.retrieve`: the context engine, asked directly.

Must not know how snippets are found.
"""

from __future__ import annotations

from pathlib import Path

from kata_lsp import protocol as wire
from kata_lsp.context import ContextQuery
from kata_lsp.lsp import payloads
from kata_lsp.lsp.server import KataServer


async def retrieve(
    server: KataServer, params: wire.RetrieveContextParams
) -> wire.RetrieveContextResult:
    """Return ranked snippets of a folder, secrets masked; may take seconds, and is cancellable."""
    app = await server.editor.core()
    limits = app.settings.context
    root = server.editor.folders.resolve(params.root)
    bundle = await app.context.retrieve(
        ContextQuery(
            text=params.query,
            root=Path(root),
            limit=params.limit or limits.limit,
            max_tokens=params.max_tokens or limits.max_tokens,
            focus=tuple(params.focus),
        )
    )
    return wire.RetrieveContextResult(
        snippets=[
            wire.SnippetPayload(
                path=snippet.path,
                uri=server.editor.folders.uri(Path(root, snippet.path)),
                start_line=snippet.start_line,
                end_line=snippet.end_line,
                text=snippet.text,
                score=snippet.score,
                source=snippet.source,
                reason=snippet.reason,
            )
            for snippet in bundle.snippets
        ],
        diagnostics=payloads.diagnostics(bundle.diagnostics),
        estimated_tokens=bundle.estimated_tokens,
        files_considered=bundle.files_considered,
    )
