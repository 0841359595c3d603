"""Owns completion: sections, task ids, snippets and paths of the workspace.

Must not know what fits where; the outline says, and names the path that is being typed.
"""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

from lsprotocol import types

from kata_lsp.lsp.known_paths import list_entries
from kata_lsp.lsp.server import KataServer
from kata_lsp.lsp.specs import SpecView
from kata_lsp.spec.outline import Candidate, PathPrefix, complete

# LSP's CompletionItemKind: Module, Reference, Snippet; File, Folder.
_KINDS = {"section": 9, "task_id": 18, "snippet": 15}
_FILE, _FOLDER = 17, 19
_SNIPPET_FORMAT = 2
_PLACEHOLDER = "…"


async def completion(server: KataServer, params: types.CompletionParams) -> dict[str, Any] | None:
    """Return what may be written at a caret."""
    view = server.editor.specs.view(params.text_document.uri)
    if view is None:
        return None
    found = complete(view.document, view.offset(params.position))
    snippets = server.session.capability("textDocument.completion.completionItem.snippetSupport")
    items = [_item(view, each, snippets=snippets is True) for each in found.candidates]
    more = False
    if found.path:
        names, more = await asyncio.to_thread(list_entries, view.root, view.path, found.path.typed)
        items += _paths(view, found.path, names)
    for number, item in enumerate(items):
        item["sortText"] = f"{number:04d}"
    return {"isIncomplete": more, "items": items}


def _item(view: SpecView, candidate: Candidate, *, snippets: bool) -> dict[str, Any]:
    item: dict[str, Any] = {
        "label": candidate.label,
        "kind": _KINDS[candidate.kind],
        # What is replaced is matched against this, so it begins as the text may.
        "filterText": candidate.new_text,
        "textEdit": {"range": view.range(candidate.span), "newText": candidate.new_text},
    }
    if candidate.detail:
        item["detail"] = candidate.detail
    if snippets and candidate.kind == "snippet":
        item["insertTextFormat"] = _SNIPPET_FORMAT
        item["textEdit"]["newText"] = _snippet(candidate.new_text)
    return item


def _snippet(text: str) -> str:
    """Return text in LSP's snippet syntax, its placeholders to be walked through."""
    first, *rest = (re.sub(r"([\\$}])", r"\\\1", part) for part in text.split(_PLACEHOLDER))
    stops = (f"${{{number}:{_PLACEHOLDER}}}{part}" for number, part in enumerate(rest, 1))
    return "".join((first, *stops))


def _paths(view: SpecView, prefix: PathPrefix, names: list[str]) -> Iterator[dict[str, Any]]:
    for name in names:
        yield {
            "label": name,
            "kind": _FOLDER if name.endswith("/") else _FILE,
            "filterText": name,
            "textEdit": {"range": view.range(prefix.span), "newText": name},
        }
