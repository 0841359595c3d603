"""An editor that asks for LSP's own features and sees their answers as plain JSON."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Union

from clients.editor import PATIENCE, Editor, Preset, editing
from clients.text import position_of
from clients.workspace import Workspace
from lsprotocol import types

PUBLISH = types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS
REFRESHES = (
    types.WORKSPACE_CODE_LENS_REFRESH,
    types.WORKSPACE_DIAGNOSTIC_REFRESH,
    types.WORKSPACE_INLAY_HINT_REFRESH,
)


@asynccontextmanager
async def reading(
    workspace: Workspace, preset: Preset = "visual-studio-code", **options: Any
) -> AsyncGenerator[Editor]:
    """Start a session as `editing` does, and keep diagnostics and refreshes too."""
    async with editing(workspace, preset, **options) as editor:
        protocol = editor.client.protocol
        # lsprotocol takes every action that has a command for a bare Command.
        protocol._converter.register_structure_hook(
            Union[types.Command, types.CodeAction],  # noqa: UP007 - the key that it looks up
            lambda value, _: value,
        )
        for method in (PUBLISH, *REFRESHES):
            protocol.fm.features.pop(method, None)
            editor.client.feature(method)(_keep(editor, method))
        yield editor


async def ask(editor: Editor, method: str, uri: str | None = None, **params: Any) -> Any:
    """Send a request, about a document where one is given, and return its plain result."""
    document = {} if uri is None else {"textDocument": {"uri": uri}}
    protocol = editor.client.protocol
    sent = protocol.send_request_async(method, _params(editor, method, document | params))
    return protocol._converter.unstructure(await asyncio.wait_for(sent, PATIENCE))


def tell(editor: Editor, method: str, uri: str, **params: Any) -> None:
    """Send a notification about a document."""
    document = {"uri": uri, **params.pop("textDocument", {})}
    found = _params(editor, method, {"textDocument": document, **params})
    editor.client.protocol.notify(method, found)


def _params(editor: Editor, method: str, params: dict[str, Any]) -> Any:
    kind: Any = types.METHOD_TO_TYPES[method][2]
    return editor.client.protocol._converter.structure(params, kind)


async def diagnosed(
    editor: Editor, uri: str, wanted: Any = lambda _: True, version: int | None = None
) -> list[Any]:
    """Return the first pushed diagnostics of a document that are as wanted, of a version."""
    found = await editor.message(
        PUBLISH,
        lambda each: (
            each["uri"] == uri
            and version in {None, each.get("version")}
            and wanted(each["diagnostics"])
        ),
    )
    return found["diagnostics"]


def pushed(editor: Editor, uri: str) -> list[list[Any]]:
    """Return all diagnostics that were pushed for a document, the latest last."""
    return [each["diagnostics"] for each in editor.sent(PUBLISH) if each["uri"] == uri]


def codes(diagnostics: list[Any]) -> list[str]:
    """Return their codes, in order."""
    return [each["code"] for each in diagnostics]


def place(editor: Editor, uri: str, words: str, inside: int = 0) -> dict[str, int]:
    """Return the position of the first place of some words in a buffer."""
    text = editor.buffers[uri].text
    return position_of(text, text.index(words) + inside, editor.encoding)


def span(editor: Editor, uri: str, words: str) -> dict[str, Any]:
    """Return the range of the first place of some words in a buffer."""
    end = place(editor, uri, words, len(words))
    return {"start": place(editor, uri, words), "end": end}


def replace(editor: Editor, uri: str, words: str, new: str) -> None:
    """Type something in place of some words, as an incremental change."""
    buffer = editor.buffers[uri]
    where = span(editor, uri, words)
    buffer.text = buffer.text.replace(words, new, 1)
    buffer.version += 1
    tell(
        editor,
        types.TEXT_DOCUMENT_DID_CHANGE,
        uri,
        textDocument={"version": buffer.version},
        contentChanges=[{"range": where, "text": new}],
    )


def close(editor: Editor, uri: str) -> None:
    """Close a document."""
    del editor.buffers[uri]
    tell(editor, types.TEXT_DOCUMENT_DID_CLOSE, uri)


def save(editor: Editor, uri: str) -> None:
    """Save a document, as far as the server is concerned."""
    tell(editor, types.TEXT_DOCUMENT_DID_SAVE, uri)


async def lenses(editor: Editor, uri: str) -> list[dict[str, Any]]:
    """Return the commands of every lens, with their lines."""
    found = await ask(editor, types.TEXT_DOCUMENT_CODE_LENS, uri)
    return [{"line": each["range"]["start"]["line"], **each["command"]} for each in found]


async def actions(editor: Editor, uri: str, where: dict[str, Any], **context: Any) -> list[Any]:
    """Return the code actions of a range."""
    asked = {"diagnostics": [], **context}
    return await ask(editor, types.TEXT_DOCUMENT_CODE_ACTION, uri, range=where, context=asked)


def titled(found: list[Any], title: str) -> Any:
    """Return the lens or action with a title."""
    titles = [each["title"] for each in found]
    assert title in titles, titles
    return found[titles.index(title)]


async def run(editor: Editor, command: dict[str, Any]) -> Any:
    """Run a command that a lens or an action carries."""
    return await editor.command(command["command"], *command["arguments"])


def _keep(editor: Editor, method: str) -> Any:
    async def handler(params: Any) -> None:
        await editor.note(method, editor.client.protocol._converter.unstructure(params))

    return handler
