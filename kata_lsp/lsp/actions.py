"""Owns what can be done at a place of a document, before it takes the shape of a code action.

Must not know the client. An action has edits or a command, never both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from textwrap import shorten
from typing import Any, Final

from kata_lsp.lsp.documents import Snapshot
from kata_lsp.lsp.spec_commands import SpecCommand, for_task
from kata_lsp.lsp.specs import SpecView
from kata_lsp.spec.edits import SpecEditError, TextEdit, set_task_status
from kata_lsp.spec.fixes import assign_all_ids, convert_task_block, fix_edits
from kata_lsp.spec.rules import Problem
from kata_lsp.spec.shapes import Span
from kata_lsp.spec.task_block import TaskBlock

MAX_FIXES: Final = 50
"""Quick fixes offered at once; a selection of a whole spec may touch thousands of problems."""
MAX_SELECTION_CHARS: Final = 200_000
"""What `kata.run.start` takes."""

QUICK_FIX: Final = "quickfix"
REWRITE: Final = "refactor.rewrite"

_QUOTE_CHARS: Final = 80


@dataclass(frozen=True, slots=True)
class Action:
    """Something to do."""

    title: str
    kind: str
    edits: tuple[TextEdit, ...] = ()
    command: SpecCommand | None = None
    problem: Problem | None = None
    """The problem it solves."""
    preferred: bool = False


def of_command(command: SpecCommand) -> Action:
    """Return the action that is a lens's twin."""
    return Action(command.title, command.kind, command=command)


def for_problems(view: SpecView, problems: Sequence[Problem], span: Span) -> Iterator[Action]:
    """Yield the quick fixes of the problems that a selection touches."""
    touched = (
        each for each in problems if each.span.start <= span.end and each.span.end >= span.start
    )
    return islice((action for each in touched for action in _fixes(view, each)), MAX_FIXES)


def _fixes(view: SpecView, problem: Problem) -> Iterator[Action]:
    for fix in problem.fixes:
        try:
            edits = fix_edits(view.document, problem, fix)
        except SpecEditError:
            continue
        if edits:
            only = len(problem.fixes) == 1
            yield Action(fix.title, QUICK_FIX, edits, problem=problem, preferred=only)
    if problem.code == "open-comment":
        argument = {"uri": view.snapshot.uri, "threadId": problem.data}
        command = SpecCommand("Resolve comment", "kata.comment.resolve", argument, "kata.comment")
        yield Action(command.title, QUICK_FIX, command=command, problem=problem)


def for_place(view: SpecView, offset: int) -> Iterator[Action]:
    """Yield what can be done with the task at a caret, and with all tasks of its spec."""
    task = view.document.task_at(offset)
    if task:
        yield from _for_task(view, task, offset)
    missing = assign_all_ids(view.document) if view.document.dialect.ids_required else ()
    if len(missing) > 1:
        yield Action(f"Give {len(missing)} tasks an id", REWRITE, missing)


def _for_task(view: SpecView, task: TaskBlock, offset: int) -> Iterator[Action]:
    commands = for_task(view, task)
    yield from map(of_command, commands)
    if not commands and task.mark:
        # A task that has no id of its own cannot be named, so the edit itself is offered.
        status = view.document.dialect.next_status(task.status)
        edits = set_task_status(view.document, task, status)
        yield Action(f"Mark as {status.replace('_', ' ')}", REWRITE, edits)
    if not task.line.covers(offset) and (edits := convert_task_block(view.document, task)):
        yield Action("Convert to a checkbox", REWRITE, edits)


def for_selection(snapshot: Snapshot, span: Span, place: tuple[str, str]) -> Action | None:
    """Return the action that drafts a spec from selected text of any file.

    Args:
        snapshot: The document.
        span: What is selected.
        place: The document's root, and its path relative to it.
    """
    text = span.of(snapshot.text)
    if not text.strip() or len(text) > MAX_SELECTION_CHARS:
        return None
    root, path = place
    first, last = snapshot.lines.line_at(span.start) + 1, snapshot.lines.line_at(span.end - 1) + 1
    where = f"line {first}" if first == last else f"lines {first}-{last}"
    begins = next(filter(None, (" ".join(line.split()) for line in text.splitlines())))
    quote = shorten(begins, _QUOTE_CHARS, placeholder=" …")
    argument: dict[str, Any] = {
        "prompt": f"Draft a spec from the selected text ({path}, {where}), which begins: {quote}",
        "root": root,
        "selection": text,
        "selectionPath": path,
    }
    title = "Draft a spec from this"
    return of_command(SpecCommand(title, "kata.run.start", argument, "kata.run"))
