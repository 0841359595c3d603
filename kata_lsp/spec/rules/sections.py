"""Owns the rules about sections: missing, empty, there twice.

It must not know tasks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kata_lsp.spec.document import Section, SpecDocument
from kata_lsp.spec.rules.model import Finding, Fix, Rule, Severity, Subject
from kata_lsp.spec.sections import (
    PROFILES,
    SECTION_LEVEL,
    Profile,
    SectionGuide,
    guide_for,
    section_key,
)
from kata_lsp.spec.shapes import Span

_PROFILE_MARK = re.compile(r"<!--\s*kata:\s*profile[ =]\s*(lite|standard)\s*-->")
_MARK_WITHIN = 2_000


def profile_of(document: SpecDocument) -> Profile:
    """Return the profile that a spec declares near its top, ``standard`` where it declares none."""
    match = _PROFILE_MARK.search(document.text, 0, _MARK_WITHIN)
    return "lite" if match and match[1] == "lite" else "standard"


def _missing(subject: Subject) -> Iterator[Finding]:
    document = subject.document
    if not document.dialect.structured or not document.text.strip():
        return
    found = {guide_for(each.title) for each in document.sections if each.level == SECTION_LEVEL}
    lite = PROFILES["lite"]
    for guide in PROFILES[subject.facts.profile or profile_of(document)]:
        if guide not in found:
            yield Finding(
                f"The section '{guide.title}' is missing: {guide.purpose}",
                _top(document),
                (Fix("insert_section", f"Insert section '{guide.title}'", guide.title),),
                Severity.WARNING if guide in lite else Severity.INFORMATION,
            )


def _empty(subject: Subject) -> Iterator[Finding]:
    document = subject.document
    if not document.dialect.structured:
        return
    for section, guide in _guided(document):
        if not document.has_content(section.body):
            yield Finding(
                f"The section '{section.title}' is empty: {guide.purpose}",
                section.heading,
                (Fix("fill_section", "Insert an example", guide.title),),
            )


def _duplicate(subject: Subject) -> Iterator[Finding]:
    seen: dict[tuple[str, ...], Section] = {}
    for section in subject.document.sections:
        if section.level != SECTION_LEVEL:
            continue
        key = (*section.path[:-1], section_key(section.title))
        first = seen.setdefault(key, section)
        if first is not section:
            line = subject.document.line_at(first.span.start) + 1
            yield Finding(
                f"The section '{section.title}' is there already, on line {line}.", section.heading
            )


def _guided(document: SpecDocument) -> Iterator[tuple[Section, SectionGuide]]:
    for section in document.sections:
        guide = guide_for(section.title)
        if guide and section.level == SECTION_LEVEL:
            yield section, guide


def _top(document: SpecDocument) -> Span:
    if document.sections:
        return document.sections[0].heading
    starts = (*document.line_starts[1:2], len(document.text))
    return Span(0, len(document.text[: starts[0]].rstrip("\r\n")))


RULES = (
    Rule("missing-section", Severity.WARNING, "A section of the profile is absent.", _missing),
    Rule("empty-section", Severity.WARNING, "A section of the profile says nothing.", _empty),
    Rule("duplicate-section", Severity.WARNING, "Two sections have the same name.", _duplicate),
)
