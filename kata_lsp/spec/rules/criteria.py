"""Owns the rule that every acceptance criterion has a check in the verification plan.

It must not know whether a check passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kata_lsp.spec.document import Item, SpecDocument
from kata_lsp.spec.rules.model import Finding, Fix, Rule, Severity, Subject
from kata_lsp.spec.sections import ACCEPTANCE, VERIFICATION, SectionGuide, guide_for
from kata_lsp.spec.shapes import Span

_ID = re.compile(r"[*_`]*(?P<id>[A-Z]{1,6}-?\d+(?:\.\d+)*)\b")
_WORD = re.compile(r"[^\W_]{4,}")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2}")
_STEM = 5
_ENOUGH = 2


def criterion_id(item: Item) -> str | None:
    """Return the id that a criterion begins with, such as ``AC1``."""
    match = _ID.match(item.text)
    return match["id"] if match else None


def _unverified(subject: Subject) -> Iterator[Finding]:
    document = subject.document
    plans = _bodies(document, VERIFICATION)
    if not document.dialect.structured or not plans:
        return
    plan = "\n".join(body.of(document.text) for body in plans)
    if not plan.strip():
        return
    plan_words = _words(plan)
    for body in _bodies(document, ACCEPTANCE):
        for item in document.items(body):
            if item.depth == 0 and item.text.strip() and not _checked(item, plan, plan_words):
                name = criterion_id(item)
                yield Finding(
                    f"No check in the verification plan covers {name or 'this criterion'}.",
                    Span(item.text_span.start, item.text_span.end),
                    (Fix("add_check", "Add a check to the verification plan"),),
                )


def _checked(item: Item, plan: str, plan_words: set[str]) -> bool:
    """Tell whether the plan names a criterion's id or, where it has none, shares its words."""
    name = criterion_id(item)
    if name:
        return bool(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", plan))
    words = _words(item.text)
    return len(words & plan_words) >= min(_ENOUGH, max(len(words), 1))


def _words(text: str) -> set[str]:
    lowered = text.casefold()
    return {word[:_STEM] for word in _WORD.findall(lowered)} | {
        lowered[at : at + 2] for at in range(len(lowered) - 1) if _WIDE.match(lowered, at)
    }


def _bodies(document: SpecDocument, guide: SectionGuide) -> list[Span]:
    return [each.body for each in document.sections if guide_for(each.title) is guide]


RULES = (
    Rule(
        "unverified-criterion",
        Severity.INFORMATION,
        "An acceptance criterion has no check in the verification plan.",
        _unverified,
    ),
)
