"""Owns what a merge answers: edits on the current text, and choices where both sides changed.

It must not know how they were found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kata_lsp.spec.edits import TextEdit
from kata_lsp.spec.shapes import Span

ConflictKind = Literal["title", "section", "task"]
ConflictReason = Literal["both_changed", "you_deleted", "draft_deleted", "unrelated", "unstable"]

_SENTENCES: dict[ConflictReason, str] = {
    "both_changed": "you and the draft changed {what}",
    "you_deleted": "you deleted {what}, which the draft changed",
    "draft_deleted": "the draft deletes {what}, which you changed or started",
    "unrelated": "{what} already has other content than the draft's",
    "unstable": "the draft's changes to {what} cannot be fitted in on their own",
}


@dataclass(frozen=True, slots=True)
class Conflict:
    """A place where the draft is offered, not applied.

    The edits of each choice are on the current text, like `MergeResult.edits`, and may be made
    together with those. Keeping mine needs no edit.
    """

    kind: ConflictKind
    reason: ConflictReason
    subject: str
    """The title of the section, or the id or title of the task."""
    span: Span
    """Where the reader's side stands in the current text; empty where there is none."""
    ours: str
    theirs: str
    take_draft: tuple[TextEdit, ...]
    both: tuple[TextEdit, ...]
    keep_mine: tuple[TextEdit, ...] = ()

    @property
    def message(self) -> str:
        """One sentence for the reader."""
        what = f"the {self.kind} {self.subject!r}" if self.subject else f"the {self.kind}"
        return _SENTENCES[self.reason].format(what=what)


@dataclass(frozen=True, slots=True)
class MergeResult:
    """What a draft does to the current text.

    Making `edits` and merging again gives the same conflicts, moved, and no edits.
    """

    edits: tuple[TextEdit, ...]
    conflicts: tuple[Conflict, ...]
