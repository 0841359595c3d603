"""Owns the table of rules and running it over a document.

It must not know what a rule checks. A new rule is a function and an entry in a module's `RULES`; a
new module is one more name in `RULES` below.
"""

from __future__ import annotations

from kata_lsp.spec.document import SpecDocument
from kata_lsp.spec.rules import criteria, references, sections, tasks, text, waiting
from kata_lsp.spec.rules.model import (
    Facts,
    Finding,
    Fix,
    FixKind,
    Problem,
    Rule,
    Severity,
    Subject,
    WaitingDraft,
)
from kata_lsp.spec.rules.sections import profile_of

__all__ = [
    "RULES",
    "Facts",
    "Finding",
    "Fix",
    "FixKind",
    "Problem",
    "Rule",
    "Severity",
    "Subject",
    "WaitingDraft",
    "check",
    "profile_of",
]

RULES: tuple[Rule, ...] = (
    *sections.RULES,
    *tasks.RULES,
    *references.RULES,
    *text.RULES,
    *criteria.RULES,
    *waiting.RULES,
)


def check(document: SpecDocument, facts: Facts | None = None) -> tuple[Problem, ...]:
    """Return every problem of a document, in the order of the text.

    Args:
        document: What is examined.
        facts: What is known besides; None means nothing.
    """
    subject = Subject(document, facts or Facts())
    problems = [
        Problem(
            code=rule.code,
            message=finding.message,
            span=finding.span,
            severity=finding.severity or rule.severity,
            fixes=finding.fixes,
            data=finding.data,
        )
        for rule in RULES
        for finding in rule.check(subject)
    ]
    return tuple(sorted(problems, key=lambda problem: problem.span))
