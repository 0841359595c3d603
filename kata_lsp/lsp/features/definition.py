"""Owns going from a task's id to the task.

Must not know where ids are; the outline says.
"""

from typing import Any

from lsprotocol import types

from kata_lsp.lsp.server import KataServer
from kata_lsp.spec import outline


def definition(server: KataServer, params: types.DefinitionParams) -> dict[str, Any] | None:
    """Return where the id at a caret is defined."""
    view = server.editor.specs.view(params.text_document.uri)
    span = view and outline.definition(view.document, view.offset(params.position))
    return {"uri": view.snapshot.uri, "range": view.range(span)} if view and span else None
