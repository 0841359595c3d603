"""Owns code lenses: what can be done with a spec above it, and each task's next status at it.

Must not know what a command does. Lenses are sent with their commands: there is nothing to resolve.
"""

from typing import Any

from lsprotocol import types

from kata_lsp.lsp.server import KataServer
from kata_lsp.lsp.spec_commands import SpecCommand, for_spec, next_statuses
from kata_lsp.lsp.specs import SpecView


def code_lens(server: KataServer, params: types.CodeLensParams) -> list[dict[str, Any]] | None:
    """Return every lens of a spec, resolved."""
    view = server.editor.specs.view(params.text_document.uri)
    return None if view is None else _lenses(server, view)


def _lenses(server: KataServer, view: SpecView) -> list[dict[str, Any]]:
    editor = server.editor
    commands = for_spec(view, editor.runs_of(view), editor.threads_of(view))
    top = view.document.line_at(
        view.document.sections[0].span.start if view.document.sections else 0
    )
    found = [_lens(top, command) for command in commands]
    found += [_lens(line, command) for line, command in next_statuses(view)]
    return found


def _lens(line: int, command: SpecCommand) -> dict[str, Any]:
    # Empty, at the start of its line: that needs no conversion, and clients show the line's.
    place = {"line": line, "character": 0}
    return {"range": {"start": place, "end": place}, "command": command.to_json()}
