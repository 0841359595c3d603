"""Owns the rules about what waits for the reader: a draft, an open comment.

It must not know runs or files: both are injected.
"""

from __future__ import annotations

from collections.abc import Iterator

from kata_lsp.spec.rules.model import Finding, Rule, Severity, Subject
from kata_lsp.spec.shapes import Span
from kata_lsp.spec.threads import anchor


def _draft(subject: Subject) -> Iterator[Finding]:
    draft = subject.facts.draft
    if draft is None:
        return
    document = subject.document
    top = document.sections[0].heading if document.sections else Span(0, 0)
    label = f" for '{draft.label}'" if draft.label else ""
    yield Finding(f"A draft{label} waits: show, apply or discard it.", top, data=draft.run_id)


def _comments(subject: Subject) -> Iterator[Finding]:
    for thread in subject.facts.threads:
        if thread.resolved or not thread.comments:
            continue
        section = anchor(subject.document, thread)
        first, more = thread.comments[0], len(thread.comments) - 1
        answers = f" (+{more})" if more else ""
        yield Finding(
            f"{first.author}: {first.body}{answers}",
            section.heading if section else Span(0, 0),
            data=thread.id,
        )


RULES = (
    Rule("draft-waiting", Severity.INFORMATION, "A draft has not been decided on.", _draft),
    Rule("open-comment", Severity.HINT, "A comment on a section is unresolved.", _comments),
)
