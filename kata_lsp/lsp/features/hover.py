"""Owns hovers over tasks and sections.

Must not know what is worth telling; the outline finds the facts and `hover_text` words them.
"""

from typing import Any

from lsprotocol import types

from kata_lsp.lsp import hover_text
from kata_lsp.lsp.hover_text import Style
from kata_lsp.lsp.server import KataServer
from kata_lsp.lsp.specs import SpecView
from kata_lsp.spec import outline
from kata_lsp.spec.document import Section
from kata_lsp.spec.threads import Thread, anchor


def hover(server: KataServer, params: types.HoverParams) -> dict[str, Any] | None:
    """Return what is known of the place under the pointer."""
    view = server.editor.specs.view(params.text_document.uri)
    return None if view is None else _hover(server, view, view.offset(params.position))


def _hover(server: KataServer, view: SpecView, offset: int) -> dict[str, Any] | None:
    editor = server.editor
    style = Style(markdown=_takes_markdown(server))
    found = outline.hover(view.document, view.schedule, offset)
    run = editor.runs_of(view).applied
    match found:
        case outline.TaskHover():
            paragraphs = [*hover_text.task_text(found, style, run)]
        case outline.SectionHover():
            threads = _about(view, found.section, editor.threads_of(view))
            paragraphs = [*hover_text.section_text(found, style, threads, run)]
        case None:
            paragraphs = list[str]()
    here = [each for each in editor.diagnosing.problems(view) if each.span.covers(offset)]
    # A comment is told in full where its section is hovered.
    told = (each for each in here if not (found and each.code == "open-comment"))
    paragraphs += [hover_text.problem_text(each, style) for each in told]
    if not paragraphs:
        return None
    kind = "markdown" if style.markdown else "plaintext"
    hovered = {"contents": {"kind": kind, "value": style.joined(paragraphs)}}
    span = found.span if found else here[0].span
    return hovered | {"range": view.range(span)}


def _about(view: SpecView, section: Section, threads: tuple[Thread, ...]) -> tuple[Thread, ...]:
    return tuple(each for each in threads if anchor(view.document, each) == section)


def _takes_markdown(server: KataServer) -> bool:
    formats = server.session.capability("textDocument.hover.contentFormat")
    return isinstance(formats, list) and "markdown" in formats
