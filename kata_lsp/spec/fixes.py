"""Owns the edits of quick fixes, each as small as the fix allows.

It must not know why a fix is offered; `rules` says that.
"""

from __future__ import annotations

from kata_lsp.spec.document import Section, SpecDocument, TaskBlock
from kata_lsp.spec.edits import SpecEditError, TextEdit
from kata_lsp.spec.lines import BOM, lines_of, with_newlines
from kata_lsp.spec.rules.criteria import criterion_id
from kata_lsp.spec.rules.model import Fix, Problem
from kata_lsp.spec.sections import GUIDES, SECTION_LEVEL, VERIFICATION, SectionGuide, guide_for
from kata_lsp.spec.shapes import Span
from kata_lsp.spec.tasks import TASK_OPENER


def fix_edits(document: SpecDocument, problem: Problem, fix: Fix) -> tuple[TextEdit, ...]:
    """Return the edits of one of a problem's fixes.

    Raises:
        SpecEditError: The document is not the one the problem was found in.
    """
    at = problem.span.start
    match fix.kind:
        case "insert_section":
            edits = insert_section(document, fix.subject)
        case "fill_section":
            edits = fill_section(document, _section(document, at))
        case "assign_id":
            edits = assign_id(document, _task(document, at))
        case "remove_reference":
            edits = remove_reference(document, _task(document, at), fix.subject)
        case "close_task_block":
            edits = close_task_block(document, _task(document, at))
        case "convert_task_block":
            edits = convert_task_block(document, _task(document, at))
        case "add_check":
            edits = add_check(document, problem.span)
    return edits


def insert_section(document: SpecDocument, title: str) -> tuple[TextEdit, ...]:
    """Insert a section with its example at the place it has in a spec.

    Raises:
        SpecEditError: No guide has that title.
    """
    guide = guide_for(title)
    if guide is None:
        known = ", ".join(each.title for each in GUIDES)
        raise SpecEditError(f"there is no guide for a section {title!r}; use one of {known}")
    newline = document.newline
    lines = f"## {guide.title}\n\n{_example(document, guide)}".replace("\n", newline)
    at = _place_for(document, guide)
    if not document.text.removeprefix(BOM).strip():
        return (TextEdit(Span(at, len(document.text)), lines + newline),)
    return (TextEdit(Span(at, at), newline * 2 + lines),)


def fill_section(document: SpecDocument, section: Section) -> tuple[TextEdit, ...]:
    """Insert the example of a section without content behind its heading."""
    guide = guide_for(section.title)
    if guide is None or document.has_content(section.body):
        return ()
    at = section.heading.end
    text = document.newline * 2 + _example(document, guide).replace("\n", document.newline)
    return (TextEdit(Span(at, at), text),)


def assign_id(document: SpecDocument, task: TaskBlock) -> tuple[TextEdit, ...]:
    """Give a task the next free id, in place of its own where it has one."""
    fresh = document.dialect.next_id(each.id for each in document.tasks if each.id)
    if task.id_span:
        return (TextEdit(task.id_span, fresh),)
    at = task.mark.end + (2 if task.optional else 1) if task.mark else _after_opener(document, task)
    return (TextEdit(Span(at, at), f" {fresh}"),)


def assign_all_ids(document: SpecDocument) -> tuple[TextEdit, ...]:
    """Give an id to every outer task without one."""
    taken = [each.id for each in document.tasks if each.id]
    edits: list[TextEdit] = []
    for task in document.tasks:
        if task.id is None and task.depth == 0 and task.mark:
            taken.append(document.dialect.next_id(taken))
            at = task.mark.end + (2 if task.optional else 1)
            edits.append(TextEdit(Span(at, at), f" {taken[-1]}"))
    return tuple(edits)


def remove_reference(document: SpecDocument, task: TaskBlock, task_id: str) -> tuple[TextEdit, ...]:
    """Take an id out of a task's ``(after ...)``, with the parentheses when it was the only one."""
    span = task.after_span
    if span is None:
        return ()
    kept = [each.id for each in task.references if each.id != task_id]
    if kept:
        ids = Span(task.references[0].span.start, task.references[-1].span.end)
        return (TextEdit(ids, ", ".join(kept)),)
    start = span.start
    while start > task.line.start and document.text[start - 1] in " \t":
        start -= 1
    return (TextEdit(Span(start, span.end), ""),)


def close_task_block(document: SpecDocument, task: TaskBlock) -> tuple[TextEdit, ...]:
    """Put the closing ``@@@`` before the next blank line, heading of level 1 or 2, or block."""
    text = document.text
    at = task.line.end
    lines = lines_of(text, task.line.start, len(text))[1:]
    for number, line in enumerate(lines):
        raw = text[line.start : line.end]
        ends = TASK_OPENER.match(raw) or (raw.startswith("## ") and number > 0)
        if ends or not raw.strip():
            break
        at = line.end
    return (TextEdit(Span(at, at), f"{document.newline}@@@"),)


def convert_task_block(document: SpecDocument, task: TaskBlock) -> tuple[TextEdit, ...]:
    """Turn an ``@@@task`` block into a checkbox item with an id; its text becomes the details."""
    if task.form != "fenced" or not task.terminated:
        return ()
    text = document.text
    taken = (each.id for each in document.tasks if each.id)
    head = ["- [ ]", task.id or document.dialect.next_id(taken)]
    head += ["[P]"] if task.parallel else []
    head += [*(f"[{label}]" for label in task.labels), task.title]
    head += [f"(after {', '.join(task.after)})"] if task.after else []
    lines = lines_of(text, task.span.start, task.span.end)[1:-1]
    kept = [
        text[line.start : line.end]
        for line in lines
        if not line.start <= task.title_span.start <= line.end or not task.title
    ]
    while kept and not kept[0].strip():
        kept.pop(0)
    while kept and not kept[-1].strip():
        kept.pop()
    details = [f"  {line}" if line.strip() else "" for line in kept]
    converted = document.newline.join([" ".join(filter(None, head)), *details])
    return (TextEdit(task.span, converted),)


def add_check(document: SpecDocument, criterion: Span) -> tuple[TextEdit, ...]:
    """Add a line for a criterion at the end of the verification plan."""
    plan = next((s for s in document.sections if guide_for(s.title) is VERIFICATION), None)
    if plan is None:
        return insert_section(document, VERIFICATION.title)
    item = next((i for i in document.items(_line_of(document, criterion)) if i.text), None)
    name = (item and criterion_id(item)) or criterion.of(document.text).strip()
    blocks = list(document.blocks(plan.body))
    at = blocks[-1].span.end if blocks else plan.heading.end
    gap = document.newline if blocks and blocks[-1].kind == "item" else document.newline * 2
    return (TextEdit(Span(at, at), f"{gap}- {name}: …"),)


def _example(document: SpecDocument, guide: SectionGuide) -> str:
    taken = (task.id for task in document.tasks if task.id)
    fresh = document.dialect.next_id(taken) if document.dialect.id_prefix else "1"
    return with_newlines(guide.example.replace("T001", fresh), "\n")


def _place_for(document: SpecDocument, guide: SectionGuide) -> int:
    """Return where content ends before which the section of ``guide`` belongs."""
    order = {each: at for at, each in enumerate(GUIDES)}
    before = [
        section
        for section in document.sections
        if section.level == SECTION_LEVEL
        and (found := guide_for(section.title))
        and order[found] < order[guide]
    ]
    if before:
        return _content_end(document, before[-1].span)
    first = next((s for s in document.sections if s.level == SECTION_LEVEL), None)
    return _content_end(document, Span(0, first.span.start if first else len(document.text)))


def _content_end(document: SpecDocument, span: Span) -> int:
    blocks = list(document.blocks(span))
    if blocks:
        return blocks[-1].span.end
    return span.start + (1 if span.start == 0 and document.text.startswith(BOM) else 0)


def _line_of(document: SpecDocument, span: Span) -> Span:
    return Span(document.line_starts[document.line_at(span.start)], span.end)


def _after_opener(document: SpecDocument, task: TaskBlock) -> int:
    return document.text.index("@@@task", task.line.start) + len("@@@task")


def _task(document: SpecDocument, at: int) -> TaskBlock:
    task = document.task_at(at)
    if task is None:
        raise SpecEditError("there is no task at that place any more; ask for the fixes again")
    return task


def _section(document: SpecDocument, at: int) -> Section:
    section = document.section_at(at)
    if section is None:
        raise SpecEditError("there is no section at that place any more; ask for the fixes again")
    return section
