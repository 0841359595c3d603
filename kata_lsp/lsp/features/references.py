"""Owns finding every place of a task's id.

Must not know where ids are; the outline says.
"""

from typing import Any

from lsprotocol import types

from kata_lsp.lsp.server import KataServer
from kata_lsp.spec import outline


def references(server: KataServer, params: types.ReferenceParams) -> list[dict[str, Any]] | None:
    """Return every place of the id at a caret."""
    view = server.editor.specs.view(params.text_document.uri)
    if view is None:
        return None
    found = outline.references(
        view.document,
        view.offset(params.position),
        with_definition=params.context.include_declaration,
    )
    return [{"uri": view.snapshot.uri, "range": view.range(span)} for span in found]
