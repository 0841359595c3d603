"""Owns which commands an open spec offers, and where: a lens and a code action show the same ones.

Must not know how they are shown. Only what the server can do now is offered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal, NamedTuple

from kata_lsp.lsp.spec_runs import SpecRuns, label
from kata_lsp.lsp.specs import SpecView
from kata_lsp.spec.requests import request_of
from kata_lsp.spec.rules import profile_of
from kata_lsp.spec.shapes import TaskStatus
from kata_lsp.spec.task_block import TaskBlock
from kata_lsp.spec.threads import Thread

CommandKind = Literal["kata.run", "kata.draft", "kata.task", "kata.comment"]
"""Code action kinds of our own, for clients that ask for one kind only."""

MAX_RUNS_SHOWN: Final = 3

_TITLES: Final = {
    TaskStatus.TODO: "Reopen {}",
    TaskStatus.IN_PROGRESS: "Start {}",
    TaskStatus.DONE: "Mark {} done",
}
_CHOICES: Final = {"mine": "keep mine", "draft": "take its text", "both": "keep both"}
_REQUEST_TITLES: Final = {"draft": "Draft spec", "refine": "Refine spec"}


class SpecCommand(NamedTuple):
    """A command with its one argument, ready to be run.

    A named tuple rather than a dataclass because a long spec has thousands of them.
    """

    title: str
    command: str
    argument: dict[str, Any]
    kind: CommandKind

    def to_json(self) -> dict[str, Any]:
        """Return LSP's Command."""
        return {"title": self.title, "command": self.command, "arguments": [self.argument]}


def for_spec(view: SpecView, runs: SpecRuns, threads: Sequence[Thread]) -> tuple[SpecCommand, ...]:
    """Return what can be done with the whole spec: the drafts that wait, its runs, a new run."""
    found = [*_waiting(runs), *_active(runs)]
    request = None if runs.active else request_of(view.document, threads)
    if request:
        argument = {"prompt": request.prompt, "root": view.root, "spec": view.path}
        if profile_of(view.document) == "lite":
            argument["profile"] = "lite"
        title = _REQUEST_TITLES[request.kind]
        found.append(SpecCommand(title, "kata.run.start", argument, "kata.run"))
    return tuple(found)


def choices(runs: SpecRuns) -> tuple[SpecCommand, ...]:
    """Return how the newest draft can be applied where the reader changed the same places."""
    return tuple(
        SpecCommand(
            f"Apply draft, {words} where both changed",
            "kata.draft.apply",
            {"runId": run.id, "choice": choice},
            "kata.draft",
        )
        for run in runs.waiting[:1]
        for choice, words in _CHOICES.items()
    )


def for_task(view: SpecView, task: TaskBlock) -> tuple[SpecCommand, ...]:
    """Return what can be done with a task: each status it may get, the next one first."""
    if not task.id or not task.mark or view.document.task(task.id) != task:
        return ()
    dialect = view.document.dialect
    status, found = dialect.next_status(task.status), list[SpecCommand]()
    while status is not task.status and len(found) < len(dialect.marks):
        found.append(_set_status(view.snapshot.uri, task.id, _step(status)))
        status = dialect.next_status(status)
    return tuple(found)


def next_statuses(view: SpecView) -> Iterator[tuple[int, SpecCommand]]:
    """Yield for each task that can be ticked by name its line and the step to its next status."""
    document, uri = view.document, view.snapshot.uri
    # Looked up once, because hashing a status is slow and a long spec has thousands of tasks.
    steps = {status: _step(document.dialect.next_status(status)) for status in TaskStatus}
    seen: set[str] = set()
    for task in document.tasks:
        shape = task.shape
        # A command names a task by its id, which the first task with it answers to.
        if shape.id and shape.mark_at is not None and shape.id not in seen:
            seen.add(shape.id)
            line = document.line_at(task.offset + shape.span.start)
            yield line, _set_status(uri, shape.id, steps[shape.status])


def _step(status: TaskStatus) -> tuple[str, str, str]:
    """Return a status as it is sent, and what stands before and behind an id in a title."""
    before, _, behind = _TITLES[status].partition("{}")
    return status.value, before, behind


def _set_status(uri: str, task_id: str, step: tuple[str, str, str]) -> SpecCommand:
    status, before, behind = step
    argument = {"uri": uri, "taskId": task_id, "status": status}
    return SpecCommand(f"{before}{task_id}{behind}", "kata.task.setStatus", argument, "kata.task")


def _waiting(runs: SpecRuns) -> Iterator[SpecCommand]:
    several = len(runs.waiting) > 1
    for run in runs.waiting[:MAX_RUNS_SHOWN]:
        about = f": {label(run)}" if several else ""
        for verb, command, more in (
            ("Show", "kata.draft.show", {"open": True}),
            ("Apply", "kata.draft.apply", {}),
            ("Discard", "kata.draft.discard", {}),
        ):
            argument = {"runId": run.id, **more}
            yield SpecCommand(f"{verb} draft{about}", command, argument, "kata.draft")


def _active(runs: SpecRuns) -> Iterator[SpecCommand]:
    for run in runs.active[:MAX_RUNS_SHOWN]:
        title = f"Cancel run: {label(run)}"
        yield SpecCommand(title, "kata.run.cancel", {"runId": run.id}, "kata.run")
