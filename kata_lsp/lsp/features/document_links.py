"""Owns document links: files that are there, tasks that others wait for, drafts that were shown.

Must not know where links stand; the spec says which paths and ids it names.
"""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lsprotocol import types

from kata_lsp.lsp.convert import path_to_uri
from kata_lsp.lsp.folders import uri_inside
from kata_lsp.lsp.previews import preview_path
from kata_lsp.lsp.server import KataServer
from kata_lsp.lsp.specs import SpecView
from kata_lsp.spec.shapes import Span


async def document_links(
    server: KataServer, params: types.DocumentLinkParams
) -> list[dict[str, Any]] | None:
    """Return what can be followed."""
    view = server.editor.specs.view(params.text_document.uri)
    if view is None:
        return None
    await server.editor.paths.learn(view)
    runs = await asyncio.to_thread(_shown, _run_ids(server, view))
    found = (*_files(server, view), *_tasks(view), *_runs(view, runs))
    return [{"range": view.range(span), "target": uri} for span, uri in found]


def _files(server: KataServer, view: SpecView) -> Iterator[tuple[Span, str]]:
    root = server.editor.folders.uri(view.root)
    for link in view.document.links():
        file = server.editor.paths.file(view, link.target) if link.kind == "path" else None
        if file:
            yield link.span, uri_inside(root, Path(file).relative_to(view.root).as_posix())


def _tasks(view: SpecView) -> Iterator[tuple[Span, str]]:
    document = view.document
    lines = {
        task.id: document.line_at(task.line.start) + 1
        for task in reversed(document.tasks)
        if task.id
    }
    for task in document.tasks:
        for reference in task.references if task.shape.after else ():
            if line := lines.get(reference.id):
                yield reference.span, f"{view.snapshot.uri}#L{line}"


def _run_ids(server: KataServer, view: SpecView) -> list[str]:
    runs = server.editor.runs_of(view)
    known = (*runs.waiting, *((runs.applied,) if runs.applied else ()))
    return [run.id for run in known if run.id in view.document.text]


def _shown(run_ids: list[str]) -> dict[str, str]:
    paths = {run_id: preview_path(run_id) for run_id in run_ids}
    return {run_id: path_to_uri(path) for run_id, path in paths.items() if path.is_file()}


def _runs(view: SpecView, shown: dict[str, str]) -> Iterator[tuple[Span, str]]:
    for run_id, uri in shown.items():
        for match in re.finditer(re.escape(run_id), view.document.text):
            yield Span(*match.span()), uri
