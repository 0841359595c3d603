"""Owns folding ranges: sections, tasks with details, code, comments and front matter.

Must not know what folds; the outline says.
"""

from typing import Any

from lsprotocol import types

from kata_lsp.lsp.server import KataServer
from kata_lsp.spec.outline import folds

_KINDS = {"comment": "comment"}


def folding(server: KataServer, params: types.FoldingRangeParams) -> list[dict[str, Any]] | None:
    """Return what can be folded."""
    view = server.editor.specs.view(params.text_document.uri)
    if view is None:
        return None
    line_at = view.document.line_at
    # Whole lines: every client can fold those, some nothing else.
    found = [
        {
            "startLine": line_at(fold.span.start),
            "endLine": line_at(fold.span.end),
            "kind": _KINDS.get(fold.kind, "region"),
        }
        for fold in folds(view.document)
    ]
    limit = server.session.capability("textDocument.foldingRange.rangeLimit")
    return found[:limit] if isinstance(limit, int) and limit >= 0 else found
