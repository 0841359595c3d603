"""Owns inlay hints: behind each task its wave, and whether it is ready or waits.

Must not know waves; the view's schedule has them.
"""

from typing import Any

from lsprotocol import types

from kata_lsp.lsp.server import KataServer
from kata_lsp.spec.outline import hints


def inlay_hints(server: KataServer, params: types.InlayHintParams) -> list[dict[str, Any]] | None:
    """Return the hints of a range."""
    view = server.editor.specs.view(params.text_document.uri)
    if view is None:
        return None
    position = view.snapshot.position
    return [
        {
            "position": position(hint.offset)._asdict(),
            "label": hint.text,
            "paddingLeft": True,
        }
        for hint in hints(view.document, view.schedule, view.span(params.range))
    ]
