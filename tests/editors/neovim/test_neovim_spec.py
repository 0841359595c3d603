"""The spec as a document in real Neovim: problems, lenses, ticks, code actions."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.editor

SPEC = """\
# Greet

## Goal

Greet the user by name.

## Tasks

- [ ] T001 Change `app.py`
- [ ] T002 Test it (after T009)
"""
LENSES = "vim.tbl_map(function(lens) return lens.command.title end, vim.lsp.codelens.get(0))"
CODES = "vim.tbl_map(function(each) return each.code end, vim.diagnostic.get(0))"


@pytest.fixture
def spec(neovim):
    """The path of an open spec that lacks sections and waits for a task there is none of."""
    path = neovim.root / ".kata" / "spec.md"
    path.parent.mkdir()
    path.write_text(SPEC)
    neovim.type(":edit .kata/spec.md<CR>")
    neovim.wait("vim.lsp.get_clients({ name = 'kata', bufnr = 0 })[1] and true")
    return path


def has(values: str, part: str) -> str:
    """The Lua expression for a value that has `part` in it."""
    return f"vim.iter({values}):find(function(each) return each:find('{part}', 1, true) end)"


def test_problems_are_shown_and_fixed(neovim, spec):
    """Diagnostics appear, and go with a quick fix that keeps everything else."""
    neovim.wait(has(CODES, "missing-section"))
    neovim.wait(has(CODES, "unknown-reference"))
    found = neovim.lua("return vim.diagnostic.get(0)")
    assert {each["source"] for each in found} == {"kata"}
    neovim.shoot("diagnostics")
    neovim.type("/T009<CR>:lua vim.lsp.buf.code_action()<CR>")
    neovim.choose("Do not wait for T009")
    neovim.wait(f"not {has(CODES, 'unknown-reference')}")
    assert neovim.text() + "\n" == SPEC.replace(" (after T009)", "")
    assert spec.read_text() == SPEC


def test_lenses_tick_a_task(neovim, spec):
    """A lens at a task sets its next status; so does `:Kata task`, by one character each."""
    neovim.wait(has(LENSES, "Start T001"))
    assert "Start T001" in neovim.shoot("lenses")
    neovim.type("/T001<CR>:lua vim.lsp.codelens.run()<CR>")
    neovim.wait("vim.fn.getline('.') == '- [/] T001 Change `app.py`'")
    neovim.wait(has(LENSES, "Mark T001 done"))
    neovim.type(":Kata task<CR>")
    neovim.wait("vim.fn.getline('.') == '- [x] T001 Change `app.py`'")
    neovim.type(":Kata task T002 done<CR>")
    neovim.wait("vim.fn.getline(10) == '- [x] T002 Test it (after T009)'")
    neovim.type(":Kata task T001 todo<CR>")
    neovim.wait("vim.fn.getline(9) == '- [ ] T001 Change `app.py`'")
    neovim.type(":Kata task T002 todo<CR>")
    neovim.wait("vim.fn.getline(10) == '- [ ] T002 Test it (after T009)'")
    assert neovim.text() + "\n" == SPEC


def test_lenses_follow_a_run(neovim, spec, provider):
    """A run in flight and the draft that waits have their lenses; Show compares, Apply applies."""
    provider.load(default={"name": "draft", "gates": {"5": "half"}})
    neovim.wait(has(LENSES, "Refine spec"))
    neovim.type("gg:lua vim.lsp.codelens.run()<CR>")
    neovim.wait(has(LENSES, "Cancel run"))
    neovim.shoot("lens-of-a-run")
    provider.release("half")
    neovim.wait(has(LENSES, "Apply draft"))
    neovim.type("gg:lua vim.lsp.codelens.run()<CR>")
    neovim.choose("Show draft")
    neovim.wait("vim.fn.tabpagenr('$') == 2 and vim.wo.diff")
    neovim.type(":tabclose<CR>")
    neovim.type("gg:lua vim.lsp.codelens.run()<CR>")
    neovim.choose("Discard draft")
    neovim.wait(f"not {has(LENSES, 'Apply draft')}")
    assert neovim.text() + "\n" == SPEC


def test_draft_from_selected_code(neovim, provider):
    """In any file, a code action drafts a spec from the selected text and shows the run."""
    neovim.type("Vj<Cmd>lua vim.lsp.buf.code_action()<CR>")
    neovim.choose("Draft a spec from this")
    neovim.notified("waits")
    assert "def greet(user):" in str(provider.requests(1)[0]["body"])
    assert neovim.lua("return vim.fn.bufwinid('kata://run/*')") > 0


def test_comment_on_a_section(neovim, spec):
    """A comment on the section under the cursor is kept beside the spec and shown as a hint."""
    neovim.type("/^Greet the user<CR>:Kata comment Which name?<CR>")
    neovim.wait(has(CODES, "open-comment"))
    neovim.type(":Kata comments<CR>")
    neovim.wait("vim.fn.bufwinid('kata://answer') > 0")
    assert "Which name?" in neovim.text("kata://answer")
    assert neovim.text(str(spec)) + "\n" == SPEC
