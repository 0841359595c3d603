"""Owns renaming a task's id everywhere in its spec.

Must not know where ids are or which are valid; the outline says.
"""

from typing import Any

from lsprotocol import types

from kata_lsp.lsp.edits import workspace_edit
from kata_lsp.lsp.jsonrpc import Code, RpcError
from kata_lsp.lsp.server import KataServer
from kata_lsp.spec.edits import SpecEditError
from kata_lsp.spec.outline import id_at, rename_edits


def prepare(server: KataServer, params: types.PrepareRenameParams) -> dict[str, Any] | None:
    """Return the id at a caret, if there is one to rename."""
    view = server.editor.specs.view(params.text_document.uri)
    use = view and id_at(view.document, view.offset(params.position))
    return {"range": view.range(use.span), "placeholder": use.id} if view and use else None


def rename(server: KataServer, params: types.RenameParams) -> dict[str, Any] | None:
    """Return the edits that give a task another id.

    Raises:
        RpcError: The new id is not one, or a task has it.
    """
    view = server.editor.specs.view(params.text_document.uri)
    if view is None:
        return None
    try:
        edits = rename_edits(view.document, view.offset(params.position), params.new_name)
    except SpecEditError as error:
        raise RpcError(Code.REQUEST_FAILED, str(error)) from None
    return workspace_edit(server, view, edits)
