"""Owns a model's answer to "change this spec": some whole sections, put in place of the old ones.

It must not know what a reader changed meanwhile; `merge` weighs that afterwards.
"""

from __future__ import annotations

from kata_lsp.spec.edits import TextEdit, apply_edits
from kata_lsp.spec.lines import newline_of, with_newlines
from kata_lsp.spec.parser import parse
from kata_lsp.spec.sections import section_key
from kata_lsp.spec.shapes import Span

_SECTION_LEVEL = 2


def with_changes(base: str, changes: str) -> str:
    """Return `base` with each level-2 section of `changes` in place of its own of that name.

    Sections that `base` lacks are added at its end; what `changes` does not name stays as it is,
    its title included. Line endings are those of `base`.
    """
    old = parse(base)
    newline = newline_of(base)
    spans = {
        section_key(each.title): each.span
        for each in reversed(old.sections)
        if each.level == _SECTION_LEVEL
    }
    edits: list[TextEdit] = []
    added: list[str] = []
    for section in parse(changes).sections:
        if section.level != _SECTION_LEVEL:
            continue
        text = with_newlines(section.span.of(changes).strip(), newline)
        span = spans.pop(section_key(section.title), None)
        if span is None:
            added.append(text)
            continue
        kept = span.of(base)
        end = span.start + len(kept.rstrip())
        edits.append(TextEdit(Span(span.start, end), text))
    changed = apply_edits(base, edits)
    if not added:
        return changed
    head = changed.rstrip()
    gap = newline * 2
    return (head + gap if head else "") + gap.join(added) + newline
