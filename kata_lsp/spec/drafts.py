"""Owns what makes a model's answer a usable draft: unwrapping, normal form, required sections.

It must not know providers or runs, and it never adds content: what is missing is only named.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kata_lsp.spec.dialects import NATIVE
from kata_lsp.spec.document import SpecDocument
from kata_lsp.spec.edits import TextEdit, apply_edits
from kata_lsp.spec.lines import BOM, with_newlines
from kata_lsp.spec.parser import parse
from kata_lsp.spec.sections import PROFILES, SECTION_LEVEL, Profile, SectionGuide, guide_for
from kata_lsp.spec.shapes import Span

_FENCE = re.compile(r"^ {0,3}(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^\n`]*)$", re.MULTILINE)
_HEADING = re.compile(r"^#{1,3}[ \t]+\S", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class CheckedDraft:
    """A draft in normal form, and what it lacks."""

    text: str
    """Line feeds only, one at the end; empty where the answer had no text."""
    missing: tuple[str, ...]
    """Titles of required sections that are absent, in the order of a spec."""
    empty: tuple[str, ...]
    """Titles of required sections that are there without content."""

    @property
    def complete(self) -> bool:
        """Whether every required section is there with content."""
        return not self.missing and not self.empty


def check_draft(answer: str, profile: Profile = "standard") -> CheckedDraft:
    """Turn a model's whole answer into a draft and tell which required sections it lacks.

    An outer code fence, talk before the first heading and talk after the fence are dropped;
    headings are moved to the levels of a spec; tasks without an id get one.

    Args:
        answer: The model's text, complete: a truncated answer is not a draft.
        profile: Whose sections are required.
    """
    text = with_newlines(answer.removeprefix(BOM), "\n").strip()
    text = _drop_preamble(_unwrap(text)).strip()
    text = _assign_ids(_relevel(f"{text}\n" if text else ""))
    document = parse(text, dialect=NATIVE)
    found = _guided_sections(document)
    required = PROFILES[profile]
    return CheckedDraft(
        text=text,
        missing=tuple(guide.title for guide in required if guide not in found),
        empty=tuple(guide.title for guide in required if guide in found and not found[guide]),
    )


def _unwrap(text: str) -> str:
    opener = _FENCE.search(text)
    heading = _HEADING.search(text)
    if opener is None or (heading and heading.start() < opener.start()):
        return text
    body_start = min(opener.end() + 1, len(text))
    if not _HEADING.search(text, body_start):
        return text
    inner: re.Match[str] | None = None
    for fence in _FENCE.finditer(text, body_start):
        if inner is not None:
            if _closes(fence, inner):
                inner = None
        elif not _closes(fence, opener) or _HEADING.search(text, fence.end()):
            # A bare fence with headings below it opens a code block of the spec itself.
            inner = fence
        else:
            return text[body_start : fence.start()]
    return text[body_start:]


def _closes(fence: re.Match[str], opener: re.Match[str]) -> bool:
    return not fence["info"].strip() and fence["fence"].startswith(opener["fence"])


def _drop_preamble(text: str) -> str:
    if text.startswith(("---\n", "<!--")):
        return text
    heading = _HEADING.search(text)
    return text[heading.start() :] if heading else text


def _relevel(text: str) -> str:
    """Move every heading by one level where the sections stand one level too high or too low."""
    document = parse(text, dialect=NATIVE)
    levels = [each.level for each in document.sections if guide_for(each.title)]
    if not levels or SECTION_LEVEL in levels or len(set(levels)) > 1:
        return text
    shift = SECTION_LEVEL - levels[0]
    edits: list[TextEdit] = []
    for section in document.sections:
        raw = section.heading.of(text)
        start = section.span.start + len(raw) - len(raw.lstrip(" "))
        if not raw.lstrip(" ").startswith("#"):
            return text
        if shift > 0:
            edits.append(TextEdit(Span(start, start), "#" * shift))
        elif section.level > SECTION_LEVEL:
            edits.append(TextEdit(Span(start, start - shift), ""))
    return apply_edits(text, edits)


def _assign_ids(text: str) -> str:
    """Give an id to outer tasks that have none or one that an earlier task has."""
    document = parse(text, dialect=NATIVE)
    taken = [task.id for task in document.tasks if task.id]
    seen: set[str] = set()
    edits: list[TextEdit] = []
    for task in document.tasks:
        if task.depth or not task.mark or (task.id and task.id not in seen):
            seen.add(task.id or "")
            continue
        taken.append(NATIVE.next_id(taken))
        at = task.mark.end + 1
        fresh = TextEdit(Span(at, at), f" {taken[-1]}")
        edits.append(TextEdit(task.id_span, taken[-1]) if task.id_span else fresh)
    return apply_edits(text, edits)


def _guided_sections(document: SpecDocument) -> dict[SectionGuide, bool]:
    found: dict[SectionGuide, bool] = {}
    for section in document.sections:
        guide = guide_for(section.title)
        if guide and section.level == SECTION_LEVEL:
            found[guide] = found.get(guide, False) or document.has_content(section.body)
    return found
