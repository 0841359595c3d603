"""Owns semantic tokens: the colours of ids, references, marks and labels.

Must not know which text carries meaning; the outline says.
"""

from lsprotocol import types

from kata_lsp.lsp.features import TOKEN_MODIFIERS, TOKEN_TYPES
from kata_lsp.lsp.server import KataServer
from kata_lsp.lsp.specs import SpecView
from kata_lsp.spec.outline import Mark, marks
from kata_lsp.spec.shapes import Span, TaskStatus

_TYPES = {
    "id": "enumMember",
    "reference": "variable",
    "parallel": "decorator",
    "mark": "operator",
    "clarification": "regexp",
    "keyword": "keyword",
}
_INDEX = {kind: TOKEN_TYPES.index(name) for kind, name in _TYPES.items()}
_DECLARATION, _READONLY = (1 << TOKEN_MODIFIERS.index(each) for each in ("declaration", "readonly"))


def full(server: KataServer, params: types.SemanticTokensParams) -> dict[str, list[int]] | None:
    """Return the tokens of a whole spec."""
    view = server.editor.specs.view(params.text_document.uri)
    return None if view is None else {"data": _encoded(view, None)}


def of_range(
    server: KataServer, params: types.SemanticTokensRangeParams
) -> dict[str, list[int]] | None:
    """Return the tokens of a range."""
    view = server.editor.specs.view(params.text_document.uri)
    return None if view is None else {"data": _encoded(view, view.span(params.range))}


def _encoded(view: SpecView, span: Span | None) -> list[int]:
    """Return five numbers per token, each place relative to the token before."""
    data: list[int] = []
    last_line = last_start = 0
    for mark in marks(view.document, span):
        # No mark crosses a line, which no token may.
        (line, start), end = map(view.snapshot.position, mark.span)
        if line != last_line:
            last_start = 0
        place = (line - last_line, start - last_start, end.character - start)
        data += (*place, _INDEX[mark.kind], _modifiers(mark))
        last_line, last_start = line, start
    return data


def _modifiers(mark: Mark) -> int:
    declared = _DECLARATION if mark.kind == "id" else 0
    return declared | (_READONLY if mark.status is TaskStatus.DONE else 0)
