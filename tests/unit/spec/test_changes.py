"""A model's changes to a spec: its sections replace ours by name, the rest stays."""

import pytest

from kata_lsp.spec.changes import with_changes

BASE = "# Title\n\nIntro.\n\n## Goal\n\nOld.\n\n## Notes\n\nMine.\n\n## Tasks\n\n- [x] T001 A\n"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ("## Goal\n\nNew.\n", BASE.replace("Old.", "New.")),
        ("# Other\n\n## goal\n\nNew.", BASE.replace("Goal\n\nOld.", "goal\n\nNew.")),
        ("## Non-goals\n\n- x", BASE + "\n## Non-goals\n\n- x\n"),
        ("no section at all", BASE),
        ("", BASE),
        (
            "## Tasks\n\n- [x] T001 A\n- [ ] T002 B\n\n### Later\n\n- y\n\n## Goal\n\nNew.\n",
            BASE.replace("Old.", "New.").replace(
                "T001 A\n", "T001 A\n- [ ] T002 B\n\n### Later\n\n- y\n"
            ),
        ),
    ],
)
def test_sections_of_the_answer_replace_those_of_the_same_name(changes, expected):
    """Named sections change, new ones come last, and everything else is as it was."""
    assert with_changes(BASE, changes) == expected


def test_line_endings_stay():
    """An answer with line feeds does not mix endings into a CRLF spec."""
    changed = with_changes(BASE.replace("\n", "\r\n"), "## Goal\n\nNew.\n- one\n")
    assert changed == BASE.replace("Old.", "New.\n- one").replace("\n", "\r\n")


def test_a_change_made_twice_changes_nothing_more():
    """The same answer again gives the same spec."""
    changes = "## Goal\n\nNew.\n\n## Extra\n\n- e\n"
    once = with_changes(BASE, changes)
    assert with_changes(once, changes) == once


def test_an_empty_base_becomes_the_sections():
    """Nothing to change: the sections are the spec."""
    assert with_changes("", "# T\n\n## Goal\n\nG\n") == "## Goal\n\nG\n"
