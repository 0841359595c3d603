"""Owns edits of an open spec in the shape the client takes: versioned where it can.

Must not know why they are made.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kata_lsp.lsp.client import Client
from kata_lsp.lsp.specs import SpecView
from kata_lsp.spec.edits import TextEdit


def workspace_edit(client: Client, view: SpecView, edits: Iterable[TextEdit]) -> dict[str, Any]:
    """Return LSP's WorkspaceEdit in plain JSON.

    With `documentChanges` it names the version it is made for, so that a client whose user has
    typed on refuses it.
    """
    uri, made = view.snapshot.uri, view.text_edits(edits)
    if not client.session.capability("workspace.workspaceEdit.documentChanges"):
        return {"changes": {uri: made}}
    document = {"uri": uri, "version": view.snapshot.version}
    return {"documentChanges": [{"textDocument": document, "edits": made}]}
