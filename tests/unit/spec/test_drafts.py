"""Drafts: a model's answer becomes a spec in normal form, and what it lacks is named."""

import pytest

from kata_lsp.spec import check_draft
from kata_lsp.spec.sections import GUIDES

FULL = "# T\n\n" + "\n".join(f"## {guide.title}\n\ntext\n" for guide in GUIDES)


def test_a_full_draft_is_complete_and_untouched():
    """Nothing is changed for the sake of it."""
    draft = check_draft(FULL)
    assert (draft.text, draft.missing, draft.empty, draft.complete) == (FULL, (), (), True)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("# T\n\n## Goal\nx\n", "# T\n\n## Goal\nx\n"),
        ("\ufeff# T\r\n\r\n## Goal\r\nx", "# T\n\n## Goal\nx\n"),
        ("Sure, here it is:\n\n# T\n## Goal\nx", "# T\n## Goal\nx\n"),
        ("```markdown\n# T\n## Goal\nx\n```", "# T\n## Goal\nx\n"),
        ("Here:\n```md\n# T\n## Goal\nx\n```\nHope it helps!", "# T\n## Goal\nx\n"),
        ("~~~\n# T\n## Goal\nx\n~~~\n", "# T\n## Goal\nx\n"),
        ("````markdown\n# T\n## Goal\n```py\n1\n```\n````", "# T\n## Goal\n```py\n1\n```\n"),
        ("```markdown\n# T\n```py\n1\n```\n## Goal\nx\n```", "# T\n```py\n1\n```\n## Goal\nx\n"),
        ("```markdown\n# T\n```\n1\n```\n## Goal\nx\n```", "# T\n```\n1\n```\n## Goal\nx\n"),
        ("```markdown\n# T\n## Goal\nx", "# T\n## Goal\nx\n"),
        ("# T\n## Goal\n```\nx\n```\n", "# T\n## Goal\n```\nx\n```\n"),
        ("```py\nx\n```\n", "```py\nx\n```\n"),
        ("---\na: b\n---\n# T\n", "---\na: b\n---\n# T\n"),
        ("", ""),
        ("I cannot do that.", "I cannot do that.\n"),
        ("# Goal\nx\n# Tasks\ny\n", "## Goal\nx\n## Tasks\ny\n"),
        ("# T\n### Goal\nx\n#### A\n", "# T\n## Goal\nx\n### A\n"),
        ("Goal\n====\nx\n", "Goal\n====\nx\n"),
    ],
)
def test_the_answer_is_unwrapped(answer, expected):
    """Fences, talk and heading levels vary between models; a draft does not."""
    assert check_draft(answer).text == expected


def test_tasks_get_ids_that_are_free():
    """So that everything later can name them; two with one id are told apart."""
    draft = check_draft("## Tasks\n- [ ] a\n- [ ] T003 b\n  - [ ] step\n- [x] T003 c\n")
    assert draft.text == "## Tasks\n- [ ] T004 a\n- [ ] T003 b\n  - [ ] step\n- [x] T005 c\n"


@pytest.mark.parametrize(
    ("answer", "profile", "missing", "empty"),
    [
        ("", "lite", ("Goal", "Tasks", "Acceptance Criteria"), ()),
        ("## Goal\nx\n## Tasks\n- [ ] a\n## Acceptance\n- b", "lite", (), ()),
        ("## Goal\n## Tasks\n<!-- later -->\n## Acceptance\n- b", "lite", (), ("Goal", "Tasks")),
        (
            "## 1. Objective\nx\n## TASKS:\nx\n## Success criteria\nx\n## Out of scope\nx",
            "standard",
            ("Assumptions", "Verification Plan"),
            (),
        ),
    ],
)
def test_what_is_missing_is_named(answer, profile, missing, empty):
    """By the titles of the profile, common other names accepted."""
    draft = check_draft(answer, profile)
    assert (draft.missing, draft.empty) == (missing, empty)
    assert draft.complete is not (missing or empty) or not missing


def test_checking_a_draft_again_changes_nothing():
    """The normal form is stable, so a stored draft can be read like an answer."""
    once = check_draft("Sure!\n```\n# T\n# Goal\n- [ ] a\n```\nBye").text
    assert check_draft(once).text == once
