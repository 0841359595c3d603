"""Runs in real Neovim: started, watched, cancelled, resumed, and what a dead server leaves."""

from __future__ import annotations

import os
import signal

import pytest

pytestmark = pytest.mark.editor


def in_status(status: str) -> str:
    """The Lua expression for a run that Neovim knows to be in a status."""
    return (
        "vim.iter(vim.tbl_values(require('kata.runs').runs))"
        f":find(function(run) return run.status == '{status}' end)"
    )


def test_run_from_prompt_to_applied_draft(neovim, provider):
    """A prompt streams into a window, its draft is compared, and applied to the spec."""
    provider.load(default={"name": "draft", "gates": {"20": "half"}})
    neovim.type(":Kata draft Show the token count of every run<CR>")
    provider.wait_for_arrivals("half")
    shown = "table.concat(vim.fn.getbufline('kata://run/*', 1, '$'), '\\n')"
    neovim.wait(f"{shown}:find('## Tasks', 1, true)")
    assert "## Verification Plan" not in neovim.text("kata://run/*")
    running = neovim.shoot("1-streaming")
    assert "running · provider · native · m1" in running
    assert "kata · native · 1 run in flight" in running
    assert neovim.lua("return vim.fn.expand('%')") == "app.py"

    provider.release("half")
    neovim.notified("A draft for .kata/spec.md waits")
    assert "## Verification Plan" in neovim.text("kata://run/*")
    names = {event["name"] for event in neovim.lua("return events")}
    assert names == {"KataRun", "KataStream", "KataStatus", "KataDraft"}

    neovim.type(":Kata diff<CR>")
    neovim.wait("vim.fn.tabpagenr('$') == 2 and vim.fn.winnr('$') == 2 and vim.wo.diff")
    assert "- [ ] T001 Find where" in neovim.shoot("2-diff")
    neovim.type(":tabclose<CR>:Kata apply<CR>")
    neovim.notified("Applied to .kata/spec.md")
    assert neovim.lua("return vim.fn.expand('%:.')") == ".kata/spec.md"
    assert neovim.text() == neovim.text("kata://run/*").rstrip("\n")
    assert neovim.lua("return vim.bo.modified"), "the user decides when the spec is saved"
    neovim.wait("vim.lsp.get_clients({ name = 'kata', bufnr = 0 })[1] and true")
    neovim.wait(f"({in_status('completed')}).draft.state == 'applied'")
    assert "tokens" in neovim.shoot("3-applied")


def test_cancelling_hangs_up(neovim, provider):
    """`:Kata cancel` without a name ends the only run in flight, at the provider too."""
    provider.load(default={"name": "draft", "gates": {"5": "never"}})
    neovim.type(":Kata draft Anything<CR>")
    provider.wait_for_arrivals("never")
    neovim.type(":Kata cancel<CR>")
    run = neovim.wait(in_status("cancelled"))
    assert provider.hangup(0) > 0
    assert run.get("draft", {}).get("state") != "waiting"
    neovim.wait("require('kata').statusline():find('ready')")


def test_prompt_is_asked_for_and_selection_is_sent(neovim, provider):
    """A draft about selected lines asks for its prompt, and sends the lines and their file."""
    neovim.type("Vj<Plug>(kata-draft)")
    neovim.type("Greet by name<CR>")
    neovim.notified("waits")
    (request,) = provider.requests(1)
    sent = str(request["body"])
    assert "Greet by name" in sent
    assert "def greet(user):" in sent
    assert "app.py" in sent


def test_restart_in_the_middle_of_a_run(neovim, provider):
    """A restart interrupts the run, comes back for the same buffer, and the run is resumed."""
    provider.load(queue=[{"name": "draft", "gates": {"5": "never"}}], default={"name": "draft"})
    neovim.type(":Kata draft Survive a restart<CR>")
    provider.wait_for_arrivals("never")
    first = neovim.lua("return vim.lsp.get_clients({ name = 'kata' })[1].id")
    neovim.type(":Kata restart<CR>")
    neovim.notified("The server was started again.")
    attached = "vim.lsp.get_clients({ name = 'kata', bufnr = vim.fn.bufnr('app.py') })"
    assert (
        neovim.wait(f"#{attached} == 1 and {attached}[1].initialized and {attached}[1].id") != first
    )
    assert provider.hangup(0) > 0

    neovim.type(":Kata resume<CR>")
    run = neovim.wait(in_status("completed"))
    assert run["origin"]
    assert run["prompt"] == "Survive a restart"


def test_killed_server_is_told_and_started_again(neovim):
    """A server that dies is said to have, and the next command starts another."""
    neovim.type(":Kata status<CR>")
    neovim.wait("vim.fn.bufwinid('kata://answer') > 0")
    pid = int(neovim.text("kata://answer").split("pid: ")[1].split()[0])
    os.kill(pid, signal.SIGKILL)
    neovim.notified("The server ended (code 0, signal 9)")
    neovim.type(":Kata mode<CR>")
    neovim.notified("Runtime mode: native")


def test_failure_says_what_to_do(neovim, provider):
    """A refused run shows the error with its remedy, above the run and as a notification."""
    provider.load(default={"name": "refuse", "error": "invalid_key"})
    neovim.type(":Kata draft Anything<CR>")
    run = neovim.wait(in_status("failed"))
    assert run["error"]["code"] == "invalid_auth"
    neovim.notified(run["error"]["remediation"])
