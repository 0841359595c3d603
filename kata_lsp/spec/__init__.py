"""Owns the meaning of a spec: text in, structure, problems and minimal edits out.

It must not know files, clocks, editors or the Language Server Protocol. Names load on first use, so
that importing the package costs nothing and Markdown is only paid for by who parses.
"""

from __future__ import annotations

import importlib

# Type checkers read this name as true; importing `typing` for it would cost more than all the rest.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from kata_lsp.spec.dialects import DIALECTS, Dialect, detect
    from kata_lsp.spec.document import Block, Item, Link, Section, SpecDocument
    from kata_lsp.spec.drafts import CheckedDraft, check_draft
    from kata_lsp.spec.edits import SpecEditError, TextEdit, apply_edits, set_task_status
    from kata_lsp.spec.fixes import assign_all_ids, convert_task_block, fix_edits, insert_section
    from kata_lsp.spec.merging import Conflict, MergeResult, merge
    from kata_lsp.spec.parser import parse, reparse
    from kata_lsp.spec.rules import RULES, Facts, Fix, Problem, Rule, Severity, WaitingDraft, check
    from kata_lsp.spec.sections import GUIDES, PROFILES, Profile, SectionGuide, guide_for
    from kata_lsp.spec.shapes import Reference, Span, TaskStatus
    from kata_lsp.spec.task_block import TaskBlock
    from kata_lsp.spec.threads import (
        Comment,
        Thread,
        ThreadError,
        add_thread,
        anchor,
        dump_threads,
        load_threads,
        reply,
        resolve,
        threads_path,
    )
    from kata_lsp.spec.waves import Schedule, plan_waves

_HOMES = {
    "dialects": ("DIALECTS", "Dialect", "detect"),
    "document": ("Block", "Item", "Link", "Section", "SpecDocument"),
    "drafts": ("CheckedDraft", "check_draft"),
    "edits": ("SpecEditError", "TextEdit", "apply_edits", "set_task_status"),
    "fixes": ("assign_all_ids", "convert_task_block", "fix_edits", "insert_section"),
    "merging": ("Conflict", "MergeResult", "merge"),
    "parser": ("parse", "reparse"),
    "rules": ("RULES", "Facts", "Fix", "Problem", "Rule", "Severity", "WaitingDraft", "check"),
    "sections": ("GUIDES", "PROFILES", "Profile", "SectionGuide", "guide_for"),
    "shapes": ("Reference", "Span", "TaskStatus"),
    "task_block": ("TaskBlock",),
    "threads": (
        "Comment",
        "Thread",
        "ThreadError",
        "add_thread",
        "anchor",
        "dump_threads",
        "load_threads",
        "reply",
        "resolve",
        "threads_path",
    ),
    "waves": ("Schedule", "plan_waves"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "DIALECTS",
    "GUIDES",
    "PROFILES",
    "RULES",
    "Block",
    "CheckedDraft",
    "Comment",
    "Conflict",
    "Dialect",
    "Facts",
    "Fix",
    "Item",
    "Link",
    "MergeResult",
    "Problem",
    "Profile",
    "Reference",
    "Rule",
    "Schedule",
    "Section",
    "SectionGuide",
    "Severity",
    "Span",
    "SpecDocument",
    "SpecEditError",
    "TaskBlock",
    "TaskStatus",
    "TextEdit",
    "Thread",
    "ThreadError",
    "WaitingDraft",
    "add_thread",
    "anchor",
    "apply_edits",
    "assign_all_ids",
    "check",
    "check_draft",
    "convert_task_block",
    "detect",
    "dump_threads",
    "fix_edits",
    "guide_for",
    "insert_section",
    "load_threads",
    "merge",
    "parse",
    "plan_waves",
    "reparse",
    "reply",
    "resolve",
    "set_task_status",
    "threads_path",
]


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
