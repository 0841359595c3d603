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
    tasks = iter(subject.document.tasks)
    task = next(tasks, None)
    for link in subject.document.links():
        while task is not None and task.span.end <= link.span.start:
            task = next(tasks, None)
        if task is None:
            return
        inside = task.span.start <= link.span.start
        if inside and link.kind == "path" and not exists(link.target):
            yield Finding(f"The path '{link.target}' does not exist yet.", link.span)


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
