"""Owns what a rule is, what it is told about the world, and what it finds.

It must not know any rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from kata_lsp.spec.document import SpecDocument
from kata_lsp.spec.sections import Profile
from kata_lsp.spec.shapes import Span
from kata_lsp.spec.threads import Thread


class Severity(StrEnum):
    """How much a problem matters, in the words of the Language Server Protocol."""

    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"
    HINT = "hint"


FixKind = Literal[
    "insert_section",
    "fill_section",
    "assign_id",
    "remove_reference",
    "close_task_block",
    "convert_task_block",
    "add_check",
]


@dataclass(frozen=True, slots=True)
class Fix:
    """A quick fix that is offered; `fixes.fix_edits` makes its edits when it is wanted."""

    kind: FixKind
    title: str
    subject: str = ""
    """What the fix is about where the problem's span does not say it: a section's title, an id."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the spec that its reader should know."""

    code: str
    """Stable, in kebab-case; also the anchor of the rule's documentation."""
    message: str
    span: Span
    severity: Severity
    fixes: tuple[Fix, ...] = ()
    data: str = ""
    """What a client needs to act on it: the id of a run, of a thread."""


@dataclass(frozen=True, slots=True)
class WaitingDraft:
    """A draft that has not been applied or discarded."""

    run_id: str
    label: str
    """What the reader asked for, shortened."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules may know besides the document; everything is optional."""

    profile: Profile | None = None
    """None: what the document says of itself, else ``standard``."""
    path_exists: Callable[[str], bool] | None = None
    """Tells whether a path as written in the spec exists; must be fast. None: do not check."""
    draft: WaitingDraft | None = None
    threads: tuple[Thread, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """One document under examination."""

    document: SpecDocument
    facts: Facts


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule yields; the code comes from the rule."""

    message: str
    span: Span
    fixes: tuple[Fix, ...] = ()
    severity: Severity | None = None
    """None: the rule's own."""
    data: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A named check."""

    code: str
    severity: Severity
    summary: str
    """One sentence for the documentation of rules."""
    check: Callable[[Subject], Iterable[Finding]]
