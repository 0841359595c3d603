"""Owns sections and tasks as a flat list of LSP's SymbolInformation, for one spec or for all.

Must not know where specs come from.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from kata_lsp.lsp.specs import SpecView
from kata_lsp.spec.outline import Symbol, symbols

# Both are in the set that every client must know. Markdown servers use the first for headings.
_KINDS: Final = {"section": 15, "task": 17}


def kind_of(symbol: Symbol) -> int:
    """Return LSP's SymbolKind: String for a section, Boolean for a task."""
    return _KINDS[symbol.kind]


def flat(view: SpecView, query: str = "") -> Iterator[dict[str, Any]]:
    """Yield every symbol of a spec whose name has the letters of `query` in their order."""
    return _flat(view, symbols(view.document), "", query.casefold())


def _flat(
    view: SpecView, found: tuple[Symbol, ...], container: str, query: str
) -> Iterator[dict[str, Any]]:
    for symbol in found:
        if _matches(symbol.name.casefold(), query):
            yield {
                "name": symbol.name,
                "kind": kind_of(symbol),
                "location": {"uri": view.snapshot.uri, "range": view.range(symbol.span)},
                "containerName": container or view.path,
            }
        yield from _flat(view, symbol.children, symbol.name, query)


def _matches(name: str, query: str) -> bool:
    letters = iter(name)
    return all(letter in letters for letter in query if not letter.isspace())
