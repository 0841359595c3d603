"""Owns what may be written at a caret: sections, task ids, snippets, and where a path is wanted.

It must not know the file system: for a path it only says which part is typed already.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from kata_lsp.spec.document import SpecDocument
from kata_lsp.spec.sections import GUIDES, SECTION_LEVEL, TASKS, guide_for
from kata_lsp.spec.shapes import Span, TaskStatus

CandidateKind = Literal["section", "task_id", "snippet"]

_HEADING = re.compile(r"(?P<hashes>##?)[ \t]*(?P<typed>.*)")
_AFTER = re.compile(r"\([ \t]*after\b[^()]*?(?P<typed>[\w.-]*)$", re.IGNORECASE)
_PATH = re.compile(r"(?P<open>`|\]\()(?P<typed>[^`()\s]*)$|(?P<bare>(?:[\w.@-]+/)+[\w.@-]*)$")
_BULLET = re.compile(r"[ \t]*(?:[-*+](?:[ \t]+(?:\[[ ]?\]?)?[ \t]*)?)?")


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something to offer."""

    label: str
    kind: CandidateKind
    new_text: str
    """Plain text with line feeds; a snippet's first placeholder is its ``…``."""
    span: Span
    """What it replaces."""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PathPrefix:
    """A path is being typed; the caller completes it from the workspace."""

    typed: str
    span: Span


@dataclass(frozen=True, slots=True)
class Completion:
    """What may be written at a caret."""

    candidates: tuple[Candidate, ...] = ()
    path: PathPrefix | None = None


def complete(document: SpecDocument, offset: int) -> Completion:
    """Return what may be written at ``offset``."""
    start = document.line_starts[document.line_at(offset)]
    typed = document.text[start:offset]
    if not document.is_prose(start):
        return Completion()
    if match := _HEADING.fullmatch(typed):
        line_end = _line_end(document, offset)
        return Completion(tuple(_sections(document, Span(start, line_end), match["typed"])))
    if match := _AFTER.search(typed):
        span = Span(start + match.start("typed"), offset)
        return Completion(tuple(_ids(document, span, match[0].removesuffix(match["typed"]))))
    if match := _PATH.search(typed):
        group = "bare" if match["bare"] is not None else "typed"
        span = Span(start + match.start(group), offset)
        return Completion(path=PathPrefix(match[group], span))
    if _BULLET.fullmatch(typed):
        return Completion(tuple(_snippets(document, Span(start, offset))))
    return Completion()


def _sections(document: SpecDocument, span: Span, typed: str) -> Iterator[Candidate]:
    present = {guide_for(each.title) for each in document.sections if each.span.start != span.start}
    for guide in GUIDES:
        if guide not in present and guide.title.casefold().startswith(typed.strip().casefold()):
            yield Candidate(guide.title, "section", f"## {guide.title}", span, guide.purpose)


def _ids(document: SpecDocument, span: Span, before: str) -> Iterator[Candidate]:
    own = document.task_at(span.start)
    named = set(re.split(r"[\s,(:]+", before))
    for task in document.tasks:
        if task.id and task.id not in named and (own is None or task.id != own.id):
            yield Candidate(task.id, "task_id", task.id, span, task.title)


def _snippets(document: SpecDocument, span: Span) -> Iterator[Candidate]:
    above = [
        each
        for each in document.sections
        if each.level <= SECTION_LEVEL and each.span.start <= span.start
    ]
    guide = guide_for(above[-1].title) if above else None
    indent = re.match(r"[ \t]*", span.of(document.text))
    lead = indent[0] if indent else ""
    if guide and guide in document.dialect.not_tasks:
        yield Candidate(guide.example, "snippet", lead + guide.example, span, guide.purpose)
        return
    fresh = _next_id(document)
    mark = document.dialect.mark(TaskStatus.TODO)
    task = f"{lead}- [{mark}] {fresh}…"
    yield Candidate(f"Task {fresh}".strip(), "snippet", task, span, TASKS.purpose)
    if document.dialect.id_prefix:
        parallel = f"{lead}- [{mark}] {fresh}[P] …"
        yield Candidate(f"Parallel task {fresh}".strip(), "snippet", parallel, span, TASKS.purpose)


def _next_id(document: SpecDocument) -> str:
    if not document.dialect.id_prefix:
        return ""
    return document.dialect.next_id(task.id for task in document.tasks if task.id) + " "


def _line_end(document: SpecDocument, offset: int) -> int:
    match = re.compile(r"[^\r\n]*").match(document.text, offset)
    return match.end() if match else offset
