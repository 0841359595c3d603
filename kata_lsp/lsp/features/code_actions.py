"""Owns code actions: quick fixes, the twins of lenses, and drafting a spec from selected text.

Must not know how an action is made; `actions` does. A client without action literals gets the
commands alone, which is all it can show.
"""

from collections.abc import Iterator
from typing import Any

from lsprotocol import types

from kata_lsp.lsp import actions
from kata_lsp.lsp.actions import Action
from kata_lsp.lsp.edits import workspace_edit
from kata_lsp.lsp.server import KataServer
from kata_lsp.lsp.spec_commands import choices, for_spec
from kata_lsp.lsp.specs import SpecView
from kata_lsp.spec.shapes import Span


def code_actions(server: KataServer, params: types.CodeActionParams) -> list[dict[str, Any]]:
    """Return what can be done at a place."""
    only = params.context.only
    wanted = (
        action
        for action in _actions(server, params)
        if only is None or any(_is_a(action.kind, kind) for kind in only)
    )
    view = server.editor.specs.view(params.text_document.uri)
    if server.session.capability("textDocument.codeAction.codeActionLiteralSupport") is None:
        return [each.command.to_json() for each in wanted if each.command]
    return [_literal(server, view, each) for each in wanted]


def _actions(server: KataServer, params: types.CodeActionParams) -> Iterator[Action]:
    editor, uri = server.editor, params.text_document.uri
    snapshot, place = editor.documents().opened(uri), editor.specs.place(uri)
    if snapshot is None or place is None:
        return
    start, end = sorted(map(snapshot.offset, (params.range.start, params.range.end)))
    if view := editor.specs.view(uri):
        yield from actions.for_problems(view, editor.diagnosing.problems(view), Span(start, end))
        yield from actions.for_place(view, start)
        runs = editor.runs_of(view)
        commands = (*for_spec(view, runs, editor.threads_of(view)), *choices(runs))
        yield from map(actions.of_command, commands)
    if action := actions.for_selection(snapshot, Span(start, end), place):
        yield action


def _is_a(kind: str, wanted: str) -> bool:
    return not wanted or kind == wanted or kind.startswith(f"{wanted}.")


def _literal(server: KataServer, view: SpecView | None, action: Action) -> dict[str, Any]:
    found: dict[str, Any] = {"title": action.title, "kind": action.kind}
    if action.command:
        found["command"] = action.command.to_json()
    if view and action.edits:
        found["edit"] = workspace_edit(server, view, action.edits)
    if view and action.problem:
        found["diagnostics"] = [server.editor.diagnosing.diagnostic(view, action.problem)]
    if action.preferred:
        found["isPreferred"] = True
    return found
