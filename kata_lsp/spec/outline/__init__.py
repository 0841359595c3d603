"""Owns what an editor can show of a spec, as plain records with offsets in code points.

It must not know protocol types, rendering or other files.
"""

from __future__ import annotations

from kata_lsp.spec.outline.completion import Candidate, Completion, PathPrefix, complete
from kata_lsp.spec.outline.hovers import Hint, SectionHover, TaskHover, hints, hover
from kata_lsp.spec.outline.identity import (
    IdUse,
    definition,
    id_at,
    references,
    rename_edits,
    uses,
)
from kata_lsp.spec.outline.marks import Mark, marks
from kata_lsp.spec.outline.symbols import Fold, Symbol, folds, symbols

__all__ = [
    "Candidate",
    "Completion",
    "Fold",
    "Hint",
    "IdUse",
    "Mark",
    "PathPrefix",
    "SectionHover",
    "Symbol",
    "TaskHover",
    "complete",
    "definition",
    "folds",
    "hints",
    "hover",
    "id_at",
    "marks",
    "references",
    "rename_edits",
    "symbols",
    "uses",
]
