"""Owns the request that a spec makes of a model by itself, where nobody can be asked for words.

It must not know models or prompts' wording beyond the request; what the spec says is the material.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import Literal

from kata_lsp.spec.document import SpecDocument
from kata_lsp.spec.rules.sections import profile_of
from kata_lsp.spec.sections import GOAL, PROFILES, SECTION_LEVEL, guide_for
from kata_lsp.spec.threads import Thread

MAX_GOAL_CHARS = 2_000
MAX_ITEM_CHARS = 400
MAX_ITEMS = 40

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_NOTHING_OPEN = (
    "Compare it with the repository and correct what is out of date, missing, or too vague to "
    "verify."
)
_CLARIFICATION = "[NEEDS CLARIFICATION"


@dataclass(frozen=True, slots=True)
class SpecRequest:
    """What to ask for: a first draft of the tasks, or changes to a spec that has some."""

    kind: Literal["draft", "refine"]
    prompt: str


def request_of(document: SpecDocument, threads: Sequence[Thread] = ()) -> SpecRequest | None:
    """Return what a spec asks for; None where it says nothing that a draft could come from.

    Args:
        document: The spec; one of a format without sections asks for nothing.
        threads: Its comments, of which the open ones count.
    """
    if not document.dialect.structured:
        return None
    goal = _goal(document)
    if not goal:
        return None
    wishes = [
        *_listed("Write these sections, which are missing or empty:", _gaps(document)),
        *_listed("Settle these open questions, or state an assumption:", _questions(document)),
        *_listed("Follow these comments:", _comments(threads)),
    ]
    if not document.tasks:
        return SpecRequest("draft", "\n\n".join([f"Draft the spec for this goal: {goal}", *wishes]))
    if not wishes:
        wishes = [_NOTHING_OPEN]
    return SpecRequest("refine", "\n\n".join([f"Refine the spec for this goal: {goal}", *wishes]))


def _goal(document: SpecDocument) -> str:
    """Return the goal in words, else the title."""
    for section in document.sections:
        if guide_for(section.title) is GOAL and section.level == SECTION_LEVEL:
            text = " ".join(_COMMENT.sub("", section.body.of(document.text)).split())
            if text and text != GOAL.example:
                return shorten(text, MAX_GOAL_CHARS, placeholder=" …")
    title = next((each.title for each in document.sections if each.level < SECTION_LEVEL), "")
    return shorten(title, MAX_ITEM_CHARS, placeholder=" …")


def _gaps(document: SpecDocument) -> Iterator[str]:
    filled = {
        guide_for(section.title)
        for section in document.sections
        if section.level == SECTION_LEVEL and document.has_content(section.body)
    }
    for guide in PROFILES[profile_of(document)]:
        if guide not in filled:
            yield guide.title


def _questions(document: SpecDocument) -> Iterator[str]:
    for span in document.clarifications():
        question = span.of(document.text)[len(_CLARIFICATION) : -1].lstrip(":").strip()
        if question:
            yield question


def _comments(threads: Sequence[Thread]) -> Iterator[str]:
    for thread in threads:
        if not thread.resolved and thread.comments:
            said = " / ".join(comment.body for comment in thread.comments)
            yield f"on {thread.section[-1]}: {said}" if thread.section else said


def _listed(heading: str, items: Iterator[str]) -> Iterator[str]:
    lines = [f"- {shorten(item, MAX_ITEM_CHARS, placeholder=' …')}" for item in items]
    if lines:
        yield "\n".join([heading, *lines[:MAX_ITEMS]])
