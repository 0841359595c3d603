"""Owns the three-way merge: a draft becomes minimal edits on the text as it is now, and choices.

It must not know files, runs or versions; what is a choice is never decided here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kata_lsp.spec.dialects import detect
from kata_lsp.spec.document import SpecDocument
from kata_lsp.spec.edits import TextEdit, apply_edits, minimal_edit
from kata_lsp.spec.lines import BOM, with_newlines
from kata_lsp.spec.merging.canvas import Canvas
from kata_lsp.spec.merging.checklist import Sides, merge_checklist
from kata_lsp.spec.merging.model import Conflict, ConflictKind, ConflictReason, MergeResult
from kata_lsp.spec.merging.prose import merge_prose
from kata_lsp.spec.merging.tasks import align_ids, draft_text, index_tasks, task_key
from kata_lsp.spec.merging.units import TITLE, Unit, UnitKey, block_key, units_of
from kata_lsp.spec.parser import parse
from kata_lsp.spec.shapes import Span

__all__ = ["Conflict", "ConflictKind", "ConflictReason", "MergeResult", "merge"]


def merge(base: str, current: str, draft: str, *, path: str = "") -> MergeResult:
    """Merge a draft into the current text.

    Ticks, ids, comments, line endings and everything that the draft does not mention stay as they
    are. Where both sides changed the same place, the result holds a conflict and no edit.

    Args:
        base: The text that the draft was made from; empty for a first draft.
        current: The text as it is now.
        draft: The whole draft, as `check_draft` returns it.
        path: The path of the current text, for its dialect.
    """
    first = _merge_once(base, current, draft, path)
    edits = [edit for part in first for edit in part.edits]
    if edits:
        merged = apply_edits(current, edits)
        if any(part.edits for part in _merge_once(base, merged, draft, path)):
            # Inserted text can change what its surroundings mean: an unclosed fence above it, say.
            first = [_offered(part, current) if part.edits else part for part in first]
    return MergeResult(
        edits=tuple(sorted((e for part in first for e in part.edits), key=lambda e: e.span)),
        conflicts=tuple(
            sorted((c for part in first for c in part.conflicts), key=lambda c: c.span)
        ),
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """What becomes of one unit."""

    title: str
    edits: tuple[TextEdit, ...]
    conflicts: tuple[Conflict, ...]


def _offered(part: _Part, current: str) -> _Part:
    edits = sorted(part.edits, key=lambda edit: edit.span)
    span = Span(edits[0].span.start, edits[-1].span.end)
    moved = [TextEdit(edit.span.shift(-span.start), edit.new_text) for edit in edits]
    theirs = apply_edits(span.of(current), moved)
    conflict = Conflict(
        kind="section",
        reason="unstable",
        subject=part.title,
        span=span,
        ours=span.of(current),
        theirs=theirs,
        take_draft=part.edits,
        both=part.edits,
    )
    return _Part(part.title, (), (*part.conflicts, conflict))


def _merge_once(base: str, current: str, draft: str, path: str) -> list[_Part]:
    dialect = detect(path, current)
    ours = parse(current, path=path, dialect=dialect)
    theirs = parse(with_newlines(draft.removeprefix(BOM), "\n"), dialect=dialect)
    if not current.removeprefix(BOM).strip():
        return [_first_draft(ours, theirs)]
    old = parse(with_newlines(base.removeprefix(BOM), "\n"), dialect=dialect)
    old_units = units_of(old) if old.text.strip() else {}
    tasks = index_tasks(old), index_tasks(ours), index_tasks(theirs)
    theirs = align_ids(*tasks)
    sides = Sides(tasks[0], tasks[1], index_tasks(theirs))
    return list(_parts(old_units, units_of(ours), units_of(theirs), sides))


def _first_draft(ours: SpecDocument, theirs: SpecDocument) -> _Part:
    text = draft_text(theirs, Span(0, len(theirs.text)), {})
    start = 1 if ours.text.startswith(BOM) else 0
    if not text.strip():
        return _Part("", (), ())
    whole = Span(start, len(ours.text))
    return _Part("", (TextEdit(whole, with_newlines(text, ours.newline)),), ())


def _parts(
    old: dict[UnitKey, Unit], ours: dict[UnitKey, Unit], theirs: dict[UnitKey, Unit], sides: Sides
) -> Iterator[_Part]:
    anchor = next(iter(ours.values()))
    fresh: list[Unit] = []
    for key, unit in theirs.items():
        if key in ours:
            if fresh:
                yield _new_sections(anchor, fresh)
                fresh = []
            anchor = ours[key]
            yield _merge_unit(old.get(key), anchor, unit, sides)
        elif key not in old:
            fresh.append(unit)
        elif not _same_unit(old[key], unit):
            yield _deleted_section(anchor, unit)
    if fresh:
        yield _new_sections(anchor, fresh)


def _merge_unit(base: Unit | None, ours: Unit, theirs: Unit, sides: Sides) -> _Part:
    title_edits, title_conflicts = _merge_title(base, ours, theirs)
    canvas = Canvas(ours, theirs, sides.current)
    merge_prose(base, canvas)
    merge_checklist(base, canvas, sides)
    return _Part(ours.title, (*title_edits, *canvas.edits), (*title_conflicts, *canvas.conflicts))


def _merge_title(
    base: Unit | None, ours: Unit, theirs: Unit
) -> tuple[tuple[TextEdit, ...], tuple[Conflict, ...]]:
    """Merge the title of the document; those of sections are how they were found, so ours stay."""
    if ours.section is None or theirs.section is None or ours.key[0] != TITLE:
        return (), ()
    new, mine = theirs.title, ours.title
    if new == mine or (base and base.title == new):
        return (), ()
    edit = minimal_edit(ours.document.text, ours.section.title_span, new)
    if (base and base.title == mine) or not mine:
        return (edit,), ()
    conflict = Conflict(
        kind="title",
        reason="both_changed" if base else "unrelated",
        subject=mine,
        span=ours.section.title_span,
        ours=mine,
        theirs=new,
        take_draft=(edit,),
        both=(edit,),
    )
    return (), (conflict,)


def _new_sections(anchor: Unit, fresh: list[Unit]) -> _Part:
    _, edit = _sections_behind(anchor, fresh)
    return _Part(fresh[0].title, (edit,), ())


def _deleted_section(anchor: Unit, unit: Unit) -> _Part:
    text, edit = _sections_behind(anchor, [unit])
    return _Part(
        unit.title,
        (),
        (
            Conflict(
                kind="section",
                reason="you_deleted",
                subject=unit.title,
                span=edit.span,
                ours="",
                theirs=text,
                take_draft=(edit,),
                both=(edit,),
            ),
        ),
    )


def _sections_behind(anchor: Unit, units: list[Unit]) -> tuple[str, TextEdit]:
    newline = anchor.document.newline
    blank = newline * 2
    texts = [draft_text(unit.document, unit.span, {}) for unit in units]
    text = with_newlines(blank.join(texts), newline)
    at = anchor.end
    at_start = anchor.section is None and not anchor.blocks
    return text, TextEdit(Span(at, at), f"{text}{blank}" if at_start else f"{blank}{text}")


def _same_unit(one: Unit, other: Unit) -> bool:
    keys = [
        [
            task_key(unit.document, block.task, with_id=True)
            if block.task
            else block_key(unit, block)
            for block in unit.blocks
        ]
        for unit in (one, other)
    ]
    return keys[0] == keys[1]
