"""Owns the words of a hover: a task's or a section's facts, its comments, and its problems.

Must not know positions or requests; lines go in their order from the most to the least asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kata_lsp.runs.record import RunRecord
from kata_lsp.spec.outline import SectionHover, TaskHover
from kata_lsp.spec.rules import Problem
from kata_lsp.spec.shapes import TaskStatus
from kata_lsp.spec.task_block import TaskBlock
from kata_lsp.spec.threads import Thread

_STATUS = {
    TaskStatus.TODO: "to do",
    TaskStatus.IN_PROGRESS: "in progress",
    TaskStatus.DONE: "done",
}


@dataclass(frozen=True, slots=True)
class Style:
    """How emphasis is written: in Markdown, or not at all."""

    markdown: bool

    def bold(self, text: str) -> str:
        """Return a heading."""
        return f"**{text}**" if self.markdown and text else text

    def code(self, text: str) -> str:
        """Return an identifier."""
        return f"`{text}`" if self.markdown else text

    def joined(self, paragraphs: Sequence[str]) -> str:
        """Return the whole text."""
        return ("\n\n" if self.markdown else "\n").join(paragraphs)


def task_text(found: TaskHover, style: Style, written_by: RunRecord | None) -> Iterator[str]:
    """Yield what is known of a task."""
    task = found.task
    yield " ".join(filter(None, (style.bold(task.id or ""), task.title))) or style.bold("Task")
    facts = [_STATUS[task.status]]
    if found.wave:
        facts.append(f"wave {found.wave} of {found.waves}")
    if task.parallel:
        facts.append("may run beside its neighbours")
    if task.status is TaskStatus.TODO and found.wave and not found.blocked_by:
        facts.append("ready")
    text = " · ".join(facts)
    yield text[0].upper() + text[1:]
    if found.waits_for:
        yield f"Waits for {', '.join(map(_named, found.waits_for))}"
    if written_by:
        yield _run_text(written_by, style)


def section_text(
    found: SectionHover, style: Style, threads: Sequence[Thread], written_by: RunRecord | None
) -> Iterator[str]:
    """Yield what belongs in a section, how far its tasks are, and what was said about it."""
    yield style.bold(found.section.title)
    if found.guide:
        yield found.guide.purpose
    if found.tasks:
        yield f"{found.done} of {found.tasks} tasks done"
    for thread in threads:
        for number, comment in enumerate(thread.comments):
            settled = " (resolved)" if thread.resolved and not number else ""
            yield f"{'↳ ' if number else ''}{style.bold(comment.author)}{settled}: {comment.body}"
    if written_by:
        yield _run_text(written_by, style)


def problem_text(problem: Problem, style: Style) -> str:
    """Return a problem with its code."""
    return f"{style.code(problem.code)}: {problem.message}"


def _named(task: TaskBlock) -> str:
    return f"{task.id or task.title} ({_STATUS[task.status]})"


def _run_text(run: RunRecord, style: Style) -> str:
    facts = [" ".join(filter(None, (run.provider, run.model)))]
    spent = [each for each in (run.usage.input_tokens, run.usage.output_tokens) if each is not None]
    if spent:
        facts.append(f"{sum(spent):,} tokens")
    facts.append(
        run.cost_note or "cost unknown" if run.cost_usd is None else f"${run.cost_usd:.4f}"
    )
    return f"Spec last written by run {style.code(run.id)}: {', '.join(filter(None, facts))}"
