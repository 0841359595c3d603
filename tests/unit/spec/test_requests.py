"""Tests of what a spec asks of a model by itself."""

from __future__ import annotations

import pytest

from kata_lsp.spec.parser import parse
from kata_lsp.spec.requests import MAX_GOAL_CHARS, request_of
from kata_lsp.spec.threads import Comment, Thread

PATH = ".kata/spec.md"
WHOLE = """\
# Count
## Goal
Count tokens.
## Tasks
- [ ] T001 Count
## Acceptance Criteria
- AC1: It counts.
## Non-goals
- Prices.
## Assumptions
- None.
## Verification Plan
- AC1: run it.
"""


def asked(text: str, threads: tuple[Thread, ...] = ()):
    return request_of(parse(text, path=PATH), threads)


@pytest.mark.parametrize(
    ("text", "goal"),
    [
        ("# Count\n", "Count"),
        ("# Count\n\n## Goal\n\nShow\nall 漢字.\n", "Show all 漢字."),
        ("# Count\n\n## Goal\n\n<!-- what? -->\n", "Count"),
        ("# Count\n\n## Goal\n\nUsers can … so that …\n", "Count"),
    ],
)
def test_the_goal_is_what_the_spec_says(text, goal):
    """Its goal in words, without comments and examples, else its title."""
    found = asked(text)
    assert found
    assert found.kind == "draft"
    assert found.prompt.startswith(f"Draft the spec for this goal: {goal}\n")


@pytest.mark.parametrize("text", ["", "\n", "Some words.\n", "## Goal\n\n<!-- -->\n"])
def test_without_words_nothing_is_asked(text):
    """There is nothing that a draft could come from."""
    assert asked(text) is None


def test_a_format_without_sections_asks_for_nothing():
    """A draft of ours has no place in it."""
    assert request_of(parse("# Plan\n\n- [ ] 1. a\n", path=".kiro/specs/x/tasks.md")) is None


def test_open_questions_comments_and_gaps_are_named():
    """Resolved comments are not."""
    said = (Comment("Ann", "Too few?", "2026-01-01"), Comment("Bo", "Yes.", "2026-01-02"))
    threads = (Thread("1", ("Count", "Tasks"), said), Thread("2", ("Count",), said, resolved=True))
    text = WHOLE.replace("- Prices.", "").replace("It counts", "It [NEEDS CLARIFICATION: what?]")
    found = asked(text, threads)
    assert found
    assert found.kind == "refine"
    assert found.prompt.split("\n\n") == [
        "Refine the spec for this goal: Count tokens.",
        "Write these sections, which are missing or empty:\n- Non-goals",
        "Settle these open questions, or state an assumption:\n- what?",
        "Follow these comments:\n- on Tasks: Too few? / Yes.",
    ]


def test_a_spec_without_gaps_is_compared_with_the_repository():
    """There is always something to ask of a whole spec."""
    found = asked(WHOLE)
    assert found
    assert "Compare it with the repository" in found.prompt


def test_a_small_spec_needs_fewer_sections():
    """The profile says which are missing."""
    found = asked("# Count\n<!-- kata: profile=lite -->\n")
    assert found
    assert "Non-goals" not in found.prompt


def test_a_request_stays_short():
    """However much the spec says."""
    found = asked(f"# Count\n\n## Goal\n\n{'word ' * 10_000}\n")
    assert found
    assert len(found.prompt) < 2 * MAX_GOAL_CHARS
