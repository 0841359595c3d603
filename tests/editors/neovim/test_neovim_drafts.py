"""Drafts in real Neovim: conflicts are the user's choice, and newer text is never overwritten."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.editor

SPEC = """\
# Greet

## Goal

Greet the user by name.

## Tasks

- [ ] T001 Change `app.py`

## Acceptance Criteria

- The name is shown.

## Non-goals

- Nothing else.

## Assumptions

- There is a name.

## Verification Plan

1. Run it.
"""


@pytest.fixture
def spec(neovim, provider):
    """The path of a spec on disk, with a draft of a changed goal that waits for it."""
    path = neovim.root / ".kata" / "spec.md"
    path.parent.mkdir()
    path.write_text(SPEC)
    draft = SPEC.replace("Greet the user by name.", "Greet the user by name and title.")
    provider.load(default={"name": "reply", "text": draft})
    neovim.type(":edit .kata/spec.md<CR>")
    neovim.wait("vim.lsp.get_clients({ name = 'kata', bufnr = 0 })[1] and true")
    neovim.type(":Kata refine Also the title<CR>")
    neovim.notified("A draft for .kata/spec.md waits")
    return path


@pytest.mark.parametrize(
    ("choice", "kept"),
    [
        ("Keep mine", ["Greet everyone."]),
        ("Take the draft", ["Greet the user by name and title."]),
        ("Keep both", ["Greet everyone.", "Greet the user by name and title."]),
    ],
)
def test_conflict_is_a_choice(neovim, spec, choice, kept):
    """What the user and the draft both changed is asked about, and nothing else changes."""
    neovim.type("gg/^Greet the user<CR>SGreet everyone.<Esc>:Kata apply<CR>")
    question = neovim.wait("asked")["prompt"]
    assert "Goal" in question
    assert "Greet everyone." in question
    neovim.shoot("conflict")
    neovim.choose(choice)
    neovim.wait("vim.tbl_values(require('kata.runs').runs)[1].draft.state == 'applied'")
    text = neovim.text()
    for line in ("Greet everyone.", "Greet the user by name and title."):
        assert (line in text) == (line in kept)
    assert text.split("## Tasks")[1] == SPEC.rstrip("\n").split("## Tasks")[1]
    assert spec.read_text() == SPEC, "the user decides when the spec is saved"


def test_unanswered_conflict_leaves_all_as_it_is(neovim, spec):
    """Turning the question down keeps the user's text and the waiting draft."""
    neovim.type("gg/^Greet the user<CR>SGreet everyone.<Esc>:Kata apply<CR>")
    neovim.wait("asked")
    before = neovim.text()
    neovim.lua("pick(nil)")
    neovim.type(":Kata show<CR>")
    neovim.wait("vim.b.kata_title and vim.b.kata_title:find('draft waiting')")
    assert neovim.text(str(spec)) == before


def test_discarded_draft_stays_readable(neovim, spec):
    """A discarded draft changes nothing and is still shown by the run's name."""
    run_id = neovim.wait("vim.tbl_keys(require('kata.runs').runs)[1]")
    neovim.type(f":Kata discard {run_id}<CR>")
    neovim.notified("The draft was discarded")
    neovim.type(f":Kata show {run_id}<CR>")
    neovim.wait("vim.b.kata_title and vim.b.kata_title:find('draft discarded')")
    assert "by name and title" in neovim.text()
    assert spec.read_text() == SPEC


def test_diff_shows_the_spec_as_applied(neovim, spec):
    """The comparison's right side is the whole spec with the draft's change in it."""
    neovim.type(":Kata diff<CR>")
    neovim.wait("vim.fn.tabpagenr('$') == 2 and vim.fn.winnr('$') == 2 and vim.wo.diff")
    expected = SPEC.rstrip("\n").replace("by name.", "by name and title.")
    assert neovim.text() == expected
    assert not neovim.lua("return vim.bo.modifiable")


def test_newer_text_and_new_files_are_never_overwritten(neovim):
    """An edit for an older version, or to create a file that exists, is refused with its reason."""
    neovim.type("Onew line<Esc>")
    neovim.wait("vim.fn.getline(1) == 'new line'")
    uri = f"file://{neovim.root}/app.py"
    edits = [{"range": {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}}}]
    old = {"textDocument": {"uri": uri, "version": 1}, "edits": [edits[0] | {"newText": "lost"}]}
    for change, reason in (
        (old, "the buffer was changed meanwhile"),
        ({"kind": "create", "uri": uri}, "the file exists by now"),
    ):
        params = json.dumps({"edit": {"documentChanges": [change]}})
        reply = neovim.lua(
            "local client = vim.lsp.get_clients({ name = 'kata' })[1] "
            f"local params = vim.json.decode([[{params}]]) "
            "return client.handlers['workspace/applyEdit'](nil, params, { client_id = client.id })"
        )
        assert reply == {"applied": False, "failureReason": reason}
    assert neovim.text().startswith("new line\ndef greet(user):")
    assert (neovim.root / "app.py").read_text().startswith("def greet(user):")
