"""Owns `kata.task.*` and `kata.comment.*`: ticking tasks and commenting on sections of a spec.

Must not know how a spec is read or written.
"""

from __future__ import annotations

from kata_lsp import protocol as wire
from kata_lsp.errors import InvalidInputError
from kata_lsp.lsp import payloads
from kata_lsp.lsp.server import KataServer
from kata_lsp.spec.shapes import TaskStatus


async def set_status(
    server: KataServer, params: wire.SetTaskStatusParams
) -> wire.SetTaskStatusResult:
    """Tick a task: a one-character edit through the editor."""
    app = await server.editor.core()
    root, spec = _place(server, params)
    wanted = TaskStatus(params.status) if params.status else None
    ticked = await app.living_spec.set_status(root, spec, params.task_id, wanted)
    return wire.SetTaskStatusResult(
        task_id=params.task_id,
        status=ticked.status.value,
        outcome=ticked.result.outcome,
        message=ticked.result.message,
    )


async def add_comment(server: KataServer, params: wire.AddCommentParams) -> wire.ThreadPayload:
    """Begin a thread on a section."""
    app = await server.editor.core()
    root, spec = _place(server, params)
    thread = await app.living_spec.comment(root, spec, params.section, params.text, params.author)
    await server.editor.read_comments(root, spec)
    return payloads.thread(thread)


async def reply_comment(server: KataServer, params: wire.ReplyCommentParams) -> wire.ThreadPayload:
    """Answer in a thread."""
    app = await server.editor.core()
    root, spec = _place(server, params)
    thread = await app.living_spec.reply(root, spec, params.thread_id, params.text, params.author)
    await server.editor.read_comments(root, spec)
    return payloads.thread(thread)


async def resolve_comment(
    server: KataServer, params: wire.ResolveCommentParams
) -> wire.ThreadPayload:
    """Settle a thread, or open it again."""
    app = await server.editor.core()
    root, spec = _place(server, params)
    thread = await app.living_spec.resolve(root, spec, params.thread_id, resolved=params.resolved)
    await server.editor.read_comments(root, spec)
    return payloads.thread(thread)


async def list_comments(server: KataServer, params: wire.SpecRef) -> wire.ListCommentsResult:
    """Return the threads of a spec."""
    app = await server.editor.core()
    root, spec = _place(server, params)
    threads = await app.living_spec.threads(root, spec)
    return wire.ListCommentsResult(threads=[payloads.thread(each) for each in threads])


def _place(server: KataServer, params: wire.SpecRef) -> tuple[str, str]:
    """Return the root and the path of the spec that is meant.

    Raises:
        InvalidInputError: The URI is no file of an open folder.
    """
    folders = server.editor.folders
    if params.uri is None:
        spec = params.spec or server.editor.configuration.settings.spec_path
        return folders.resolve(params.root), spec
    place = server.editor.specs.place(params.uri)
    if place is None:
        raise InvalidInputError("uri", f"{params.uri!r} is not a file in an open folder")
    return place
