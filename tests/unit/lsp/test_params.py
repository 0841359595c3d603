"""Raw params become LSP's classes, enumerations included, and scalars stay strict."""

from __future__ import annotations

import pytest
from lsprotocol import types

from kata_lsp.lsp.jsonrpc import RpcError
from kata_lsp.lsp.params import converter, structure

CODE_ACTION = {
    "textDocument": {"uri": "file:///spec.md"},
    "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}},
}


def test_enumerations_are_taken():
    """LSP's enumerations are numbers or strings on the wire, as every client sends them."""
    context = {"diagnostics": [], "only": ["quickfix"], "triggerKind": 1}
    params = structure(
        converter(), types.TEXT_DOCUMENT_CODE_ACTION, {**CODE_ACTION, "context": context}
    )
    assert params.context.trigger_kind is types.CodeActionTriggerKind.Invoked
    assert list(params.context.only) == [types.CodeActionKind.QuickFix]


def test_wrong_enumeration_is_named():
    """A number that the enumeration lacks is refused at its path."""
    context = {"diagnostics": [], "triggerKind": 9}
    with pytest.raises(RpcError, match=r"params\.context\.triggerKind"):
        structure(converter(), types.TEXT_DOCUMENT_CODE_ACTION, {**CODE_ACTION, "context": context})
