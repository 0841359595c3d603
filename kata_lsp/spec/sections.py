"""Owns which sections a spec has, what belongs in each, and the profiles that require them.

It must not know documents: it maps titles to guides and back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Profile = Literal["standard", "lite"]

SECTION_LEVEL = 2
"""The heading level of a spec's sections; level 1 is its title."""

_NUMBERING = re.compile(r"^\s*(?:\d+(?:\.\d+)*[.)]?\s+)?")
_SEPARATORS = re.compile(r"[\s\-_:*`\u2010-\u2015]+")


@dataclass(frozen=True, slots=True)
class SectionGuide:
    """What one section of a spec is for."""

    title: str
    purpose: str
    """One sentence for a person who wonders what belongs there."""
    example: str
    """The lines a new section starts with, ``\\n`` between them."""
    aliases: tuple[str, ...] = ()


GOAL = SectionGuide(
    "Goal",
    "What will be true for the user when this is done, and why it is worth doing.",
    "Users can … so that …",
    ("Goals", "Objective", "Overview", "Summary"),
)
TASKS = SectionGuide(
    "Tasks",
    "The work, one checkbox per change that can be verified on its own. `[P]` may run beside its "
    "neighbours, `(after T001)` waits for another task.",
    "- [ ] T001 …",
    ("Task List", "Implementation Tasks", "Implementation Plan", "Work Items"),
)
ACCEPTANCE = SectionGuide(
    "Acceptance Criteria",
    "Observable statements that are true or false. Each needs a check in the verification plan.",
    "- AC1: When …, then …",
    ("Acceptance", "Acceptance Criterion", "Success Criteria", "Definition of Done"),
)
NON_GOALS = SectionGuide(
    "Non-goals",
    "What a reader might expect but will not be done here.",
    "- …",
    ("Non-goal", "Out of Scope"),
)
ASSUMPTIONS = SectionGuide(
    "Assumptions",
    "What is taken to be true without having been checked; a wrong one changes the plan.",
    "- …",
    ("Assumption", "Assumptions and Constraints"),
)
VERIFICATION = SectionGuide(
    "Verification Plan",
    "How each acceptance criterion is checked: a command, a test, or steps and the "
    "expected result.",
    "- AC1: run `…` and expect …",
    ("Verification", "Test Plan", "Validation Plan", "Testing"),
)

GUIDES = (GOAL, TASKS, ACCEPTANCE, NON_GOALS, ASSUMPTIONS, VERIFICATION)
"""In the order in which a spec has them."""

PROFILES: dict[Profile, tuple[SectionGuide, ...]] = {
    "standard": GUIDES,
    "lite": (GOAL, TASKS, ACCEPTANCE),
}


def normalise(title: str) -> str:
    """Return ``title`` without numbering, case, punctuation and emphasis, for comparing."""
    return _SEPARATORS.sub(" ", _NUMBERING.sub("", title)).strip(" .").casefold()


_BY_TITLE = {normalise(each): guide for guide in GUIDES for each in (guide.title, *guide.aliases)}


def guide_for(title: str) -> SectionGuide | None:
    """Return the guide of a section by its title or a common other name for it."""
    return _BY_TITLE.get(normalise(title))


def section_key(title: str) -> str:
    """Return what two titles of the same section have in common."""
    guide = guide_for(title)
    return normalise(guide.title if guide else title)
