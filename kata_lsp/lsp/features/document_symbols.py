"""Owns document symbols: sections and tasks as a tree, or as a list for a client without trees.

Must not know what a section or a task is; the outline says.
"""

from collections.abc import Iterator
from typing import Any

from lsprotocol import types

from kata_lsp.lsp.server import KataServer
from kata_lsp.lsp.specs import SpecView
from kata_lsp.lsp.symbols import flat, kind_of
from kata_lsp.spec.outline import Symbol, symbols

_TREES = "textDocument.documentSymbol.hierarchicalDocumentSymbolSupport"


def document_symbols(
    server: KataServer, params: types.DocumentSymbolParams
) -> list[dict[str, Any]] | None:
    """Return the symbols of a spec."""
    view = server.editor.specs.view(params.text_document.uri)
    if view is None:
        return None
    if server.session.capability(_TREES) is True:
        return list(_trees(view, symbols(view.document)))
    return list(flat(view))


def _trees(view: SpecView, found: tuple[Symbol, ...]) -> Iterator[dict[str, Any]]:
    for symbol in found:
        tree: dict[str, Any] = {
            "name": symbol.name,
            "kind": kind_of(symbol),
            "range": view.range(symbol.span),
            "selectionRange": view.range(symbol.selection),
        }
        if detail := " · ".join(filter(None, (_status(symbol), symbol.detail))):
            tree["detail"] = detail
        if symbol.children:
            tree["children"] = list(_trees(view, symbol.children))
        yield tree


def _status(symbol: Symbol) -> str:
    return symbol.status.replace("_", " ") if symbol.status else ""
