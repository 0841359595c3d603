"""Owns the rules about single tasks and their ids.

It must not know how a fix is made.
"""

from __future__ import annotations

from collections.abc import Iterator

from kata_lsp.spec.document import TaskBlock
from kata_lsp.spec.rules.model import Finding, Fix, Rule, Severity, Subject


def _missing_id(subject: Subject) -> Iterator[Finding]:
    if not subject.document.dialect.ids_required:
        return
    for task in subject.document.tasks:
        if task.shape.id is None and task.depth == 0 and task.terminated:
            yield Finding(
                f"The task '{_short(task)}' has no id; others cannot wait for it.",
                task.line,
                (Fix("assign_id", "Give it the next free id"),),
            )


def _duplicate_id(subject: Subject) -> Iterator[Finding]:
    seen: dict[str, TaskBlock] = {}
    for task in subject.document.tasks:
        task_id = task.shape.id
        if task_id is None:
            continue
        first = seen.setdefault(task_id, task)
        if first is not task and task.id_span:
            line = subject.document.line_at(first.span.start) + 1
            yield Finding(
                f"The id {task_id} is taken by the task on line {line}.",
                task.id_span,
                (Fix("assign_id", "Give it the next free id"),),
            )


def _unterminated(subject: Subject) -> Iterator[Finding]:
    for task in subject.document.tasks:
        if not task.terminated:
            yield Finding(
                "This @@@task block is not closed by a line with @@@.",
                task.line,
                (Fix("close_task_block", "Close the block"),),
            )


def _fenced(subject: Subject) -> Iterator[Finding]:
    for task in subject.document.tasks:
        if task.form == "fenced" and task.terminated:
            yield Finding(
                "An @@@task block has no checkbox, so its status cannot be kept.",
                task.line,
                (Fix("convert_task_block", "Convert to a checkbox"),),
            )


def _short(task: TaskBlock) -> str:
    limit = 40
    return task.title if len(task.title) <= limit else task.title[: limit - 1].rstrip() + "…"


RULES = (
    Rule("missing-task-id", Severity.WARNING, "A task has no id.", _missing_id),
    Rule("duplicate-task-id", Severity.ERROR, "Two tasks have the same id.", _duplicate_id),
    Rule("unterminated-task", Severity.ERROR, "An @@@task block is not closed.", _unterminated),
    Rule("fenced-task", Severity.HINT, "A task is written as an @@@task block.", _fenced),
)
