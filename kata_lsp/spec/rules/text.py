"""Owns the rules about what the text names: open questions and files.

It must not know the file system: existence is asked of the injected callable.
"""

from __future__ import annotations

from collections.abc import Iterator

from kata_lsp.spec.rules.model import Finding, Rule, Severity, Subject

_MARK = "[NEEDS CLARIFICATION"


def _clarification(subject: Subject) -> Iterator[Finding]:
    for span in subject.document.clarifications():
        question = span.of(subject.document.text)[len(_MARK) : -1].lstrip(":").strip()
        yield Finding(
            f"Needs clarification: {question}" if question else "Needs clarification.", span
        )


def _missing_path(subject: Subject) -> Iterator[Finding]:
    exists = subject.facts.path_exists
    if exists is None:
        return
    for placed in subject.document.placed:
        for link in placed.chunk.links:
            # Asked of the shape, before anything is built: nearly all paths exist.
            if link.kind == "path" and not exists(link.target):
                span = link.span.shift(placed.offset)
                if subject.document.task_at(span.start):
                    yield Finding(f"The path '{link.target}' does not exist yet.", span)


RULES = (
    Rule(
        "needs-clarification",
        Severity.WARNING,
        "A question was left open with [NEEDS CLARIFICATION: ...].",
        _clarification,
    ),
    Rule(
        "missing-path",
        Severity.INFORMATION,
        "A task names a path that is not there.",
        _missing_path,
    ),
)
