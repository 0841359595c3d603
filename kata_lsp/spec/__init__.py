"""Owns the meaning of a spec: text in, structure, problems and minimal edits out.

It must not know files, clocks, editors or the Language Server Protocol. Names load on first use, so
that importing the package costs nothing and Markdown is only paid for by who parses.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kata_lsp.spec.dialects import DIALECTS, Dialect, detect
    from kata_lsp.spec.document import Block, Item, Link, Section, SpecDocument, TaskBlock
    from kata_lsp.spec.drafts import CheckedDraft, check_draft
    from kata_lsp.spec.edits import SpecEditError, TextEdit, apply_edits, set_task_status
    from kata_lsp.spec.merging import Conflict, MergeResult, merge
    from kata_lsp.spec.parser import parse, reparse
    from kata_lsp.spec.sections import GUIDES, PROFILES, Profile, SectionGuide, guide_for
    from kata_lsp.spec.shapes import Reference, Span, TaskStatus

_HOMES = {
    "dialects": ("DIALECTS", "Dialect", "detect"),
    "document": ("Block", "Item", "Link", "Section", "SpecDocument", "TaskBlock"),
    "drafts": ("CheckedDraft", "check_draft"),
    "edits": ("SpecEditError", "TextEdit", "apply_edits", "set_task_status"),
    "merging": ("Conflict", "MergeResult", "merge"),
    "parser": ("parse", "reparse"),
    "sections": ("GUIDES", "PROFILES", "Profile", "SectionGuide", "guide_for"),
    "shapes": ("Reference", "Span", "TaskStatus"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "DIALECTS",
    "GUIDES",
    "PROFILES",
    "Block",
    "CheckedDraft",
    "Conflict",
    "Dialect",
    "Item",
    "Link",
    "MergeResult",
    "Profile",
    "Reference",
    "Section",
    "SectionGuide",
    "Span",
    "SpecDocument",
    "SpecEditError",
    "TaskBlock",
    "TaskStatus",
    "TextEdit",
    "apply_edits",
    "check_draft",
    "detect",
    "guide_for",
    "merge",
    "parse",
    "reparse",
    "set_task_status",
]


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
