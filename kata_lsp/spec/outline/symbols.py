"""Owns the tree of a spec: its sections and tasks, and what can be folded.

It must not know protocol types: symbols and folds are names and offsets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from kata_lsp.spec.document import Section, SpecDocument, TaskBlock
from kata_lsp.spec.shapes import Span, TaskStatus

SymbolKind = Literal["section", "task"]
FoldKind = Literal["section", "task", "code", "comment", "front_matter"]


@dataclass(frozen=True, slots=True)
class Symbol:
    """A section or a task with what it encloses."""

    name: str
    kind: SymbolKind
    span: Span
    selection: Span
    """The part to select, inside `span`."""
    detail: str = ""
    status: TaskStatus | None = None
    children: tuple[Symbol, ...] = ()


@dataclass(frozen=True, slots=True)
class Fold:
    """A foldable range of more than one line, from the line that stays to the last one hidden."""

    kind: FoldKind
    span: Span


@dataclass(slots=True)
class _Node:
    level: int
    symbol: Symbol
    children: list[_Node] = field(default_factory=list["_Node"])

    def frozen(self) -> Symbol:
        s = self.symbol
        children = tuple(child.frozen() for child in self.children)
        return Symbol(s.name, s.kind, s.span, s.selection, s.detail, s.status, children)


_TASK_LEVEL = 10
"""Below every heading level."""


def symbols(document: SpecDocument) -> tuple[Symbol, ...]:
    """Return the tree of sections and tasks, in document order."""
    nodes = [_Node(each.level, _section_symbol(document, each)) for each in document.sections]
    nodes += [_Node(_TASK_LEVEL + each.depth, _task_symbol(each)) for each in document.tasks]
    nodes.sort(key=lambda node: (node.symbol.span.start, node.level))
    roots: list[_Node] = []
    stack: list[_Node] = []
    for node in nodes:
        while stack and stack[-1].level >= node.level:
            stack.pop()
        (stack[-1].children if stack else roots).append(node)
        stack.append(node)
    return tuple(root.frozen() for root in roots)


def folds(document: SpecDocument) -> tuple[Fold, ...]:
    """Return what can be folded, in document order."""
    found = [
        Fold("section", Span(each.span.start, _trimmed(document, each.span)))
        for each in document.sections
    ]
    found += (Fold("task", task.span) for task in document.tasks)
    for block in document.blocks(Span(0, len(document.text))):
        if block.kind == "html":
            found.append(Fold("comment", block.span))
        elif block.kind == "code":
            front = document.placed[0].chunk.front_matter and block.span.start <= 1
            found.append(Fold("front_matter" if front else "code", block.span))
    several = [
        fold
        for fold in found
        if document.line_at(fold.span.end) > document.line_at(fold.span.start)
    ]
    return tuple(sorted(several, key=lambda fold: (fold.span.start, -fold.span.end)))


def _trimmed(document: SpecDocument, span: Span) -> int:
    return span.start + len(span.of(document.text).rstrip())


def _section_symbol(document: SpecDocument, section: Section) -> Symbol:
    return Symbol(
        name=section.title or section.heading.of(document.text).strip(),
        kind="section",
        span=Span(section.span.start, max(_trimmed(document, section.span), section.heading.end)),
        selection=section.heading,
    )


def _task_symbol(task: TaskBlock) -> Symbol:
    return Symbol(
        name=" ".join(filter(None, (task.id, task.title))) or "task",
        kind="task",
        span=task.span,
        selection=task.title_span if task.title else task.line,
        detail=f"after {', '.join(task.after)}" if task.after else "",
        status=task.status,
    )
