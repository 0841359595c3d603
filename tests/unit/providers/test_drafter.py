"""The embedded drafter: complete, deterministic, and about the files that were found."""

import pytest

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.adapters.local import PROVIDER
from kata_lsp.providers.base import Endpoint
from kata_lsp.providers.drafter import NOTICE, write_draft
from kata_lsp.providers.messages import (
    Brief,
    CompletionRequest,
    Excerpt,
    Message,
    StopReason,
    StreamStop,
    TextDelta,
)

SECTIONS = (
    "Goal",
    "Tasks",
    "Acceptance Criteria",
    "Non-goals",
    "Assumptions",
    "Verification Plan",
)
BRIEF = Brief(
    prompt="Show the token count in the runs list. Sort the runs by cost.",
    excerpts=(
        Excerpt("app/record.py", 1, 9, "class TokenUsage:\n    pass\n"),
        Excerpt("app/runs.py", 10, 30, "def list_runs():\n    pass\n\ndef sort_runs(): ...\n"),
        Excerpt("tests/test_runs.py", 1, 4, "def test_runs(): ...\n"),
        Excerpt("README.md", 1, 4, "# App\n"),
    ),
    sections=SECTIONS,
)


def body(draft: str, section: str) -> str:
    return draft.split(f"## {section}\n", 1)[1].split("\n## ", 1)[0].strip()


def test_every_section_that_was_asked_for_has_content():
    """A draft is complete: no section is missing or empty."""
    draft = write_draft(BRIEF)
    assert [name for name in SECTIONS if not body(draft, name)] == []
    assert draft.startswith("# Show the token count in the runs list\n")


def test_the_same_brief_gives_the_same_draft():
    """Nothing in a draft depends on time, chance or order of sets."""
    assert write_draft(BRIEF) == write_draft(BRIEF)


def test_each_wish_goes_to_the_file_that_shares_its_words():
    """A task names the file and the definitions that the wish is about."""
    tasks = body(write_draft(BRIEF), "Tasks").splitlines()
    assert "T003 Sort the runs by cost in `app/runs.py` (`list_runs`, `sort_runs`)" in tasks[2]
    assert any("[P] Adapt `app/record.py` (`TokenUsage`)" in line for line in tasks)


def test_tests_and_prose_are_used_for_what_they_are():
    """A test file is where the failing test goes, a page is where the change is described."""
    tasks = body(write_draft(BRIEF), "Tasks")
    assert "T001 Write a failing test for the outcome in `tests/test_runs.py`" in tasks
    assert "Describe the change to its users in `README.md`" in tasks
    assert "`python -m pytest tests/test_runs.py`" in body(write_draft(BRIEF), "Verification Plan")


@pytest.mark.parametrize(
    ("path", "is_test"),
    [
        ("tests/a.py", True),
        ("pkg/test_a.py", True),
        ("pkg/a_test.go", True),
        ("src/a.spec.ts", True),
        ("spec/a_spec.rb", True),
        ("pkg/spec_runs.py", False),
        ("pkg/testing.py", False),
        ("pkg/spec.py", False),
    ],
)
def test_a_test_is_told_by_its_name(path, is_test):
    """The failing test is written where tests are, not into a module with a similar name."""
    draft = write_draft(Brief("Do it well", (Excerpt(path, 1, 2, "x"),), sections=SECTIONS))
    assert (f"for the outcome in `{path}`" in draft) is is_test


def test_it_says_that_it_is_no_model():
    """The reader is told where the draft comes from."""
    assert NOTICE in body(write_draft(BRIEF), "Assumptions")


@pytest.mark.parametrize("prompt", ["x", "修复登录", "- one\n- two", "Do it. " * 40, "`</file>`"])
def test_odd_prompts_still_give_a_complete_draft(prompt):
    """Short, foreign, listed and long prompts are drafted too, with what is unclear marked."""
    draft = write_draft(Brief(prompt=prompt, sections=SECTIONS))
    assert [name for name in SECTIONS if not body(draft, name)] == []
    assert "[NEEDS CLARIFICATION: which files" in draft


def test_an_existing_spec_is_changed_and_not_written_again():
    """Refining adds to the sections that change, with new ids, and leaves the rest out."""
    spec = write_draft(BRIEF).replace("- [ ] T001", "- [x] T001")
    changes = write_draft(Brief(prompt="Also print the cost", spec=spec, sections=SECTIONS))
    assert "## Goal" not in changes
    tasks = body(changes, "Tasks").splitlines()
    assert tasks[:-1] == body(spec, "Tasks").splitlines()
    assert tasks[-1].startswith("- [ ] T007 Also print the cost")


async def test_the_adapter_streams_the_draft_line_by_line():
    """The stream is the draft, then the canonical end."""
    adapter = await PROVIDER.connect(Endpoint("local"), None)
    request = CompletionRequest((Message.user("x"),), "drafter-1", brief=BRIEF)
    async with adapter.stream(request) as events:
        seen = [event async for event in events]
    assert "".join(e.text for e in seen if isinstance(e, TextDelta)) == write_draft(BRIEF)
    assert seen[-1] == StreamStop(StopReason.END_TURN)


async def test_anything_but_drafting_is_refused():
    """Without a brief there is nothing it can answer."""
    adapter = await PROVIDER.connect(Endpoint("local"), None)
    with pytest.raises(KataError) as caught:
        async with adapter.stream(CompletionRequest((Message.user("hi"),), "drafter-1")):
            pass
    assert caught.value.code is ErrorCode.INVALID_REQUEST
