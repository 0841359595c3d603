"""The plugin's own surface in real Neovim: set-up, completion, health, modes, windows, keys."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.editor

ATTACHED = "vim.lsp.get_clients({ name = 'kata', bufnr = 0 })[1] and true"


def test_enable_without_setup(start):
    """`vim.lsp.enable('kata')` alone attaches; `vim.lsp.config` adds to it."""
    neovim = start(
        setup="if vim.lsp.enable then\n"
        "vim.lsp.config('kata', { init_options = { kata = { provider = 'local' } } })\n"
        "vim.lsp.enable('kata')\n"
        "else require('kata').setup({ settings = { provider = 'local' } }) end"
    )
    neovim.wait(ATTACHED)
    neovim.type(":Kata draft Add a farewell<CR>")
    neovim.notified("A draft for .kata/spec.md waits")
    run = neovim.lua("return vim.tbl_values(require('kata.runs').runs)[1]")
    assert run["provider"] == "local"


def test_command_outside_a_workspace_starts_the_server(start):
    """Without a file of a workspace, the first command starts the server for the directory."""
    neovim = start()
    (neovim.root / ".git").rmdir()
    neovim.type(":Kata mode<CR>")
    neovim.notified("Runtime mode: native")
    assert neovim.lua("return #vim.lsp.get_clients({ name = 'kata' })") == 1
    root = neovim.lua("return vim.lsp.get_clients({ name = 'kata' })[1].config.root_dir")
    assert root == str(neovim.root)


def test_missing_server_is_said_once(start):
    """A server that is not installed is one clear message, not one for every file."""
    neovim = start("cmd = { 'no-such-server' }")
    neovim.type(":edit other.py<CR>:edit app.py<CR>:Kata status<CR>")
    assert "pip install kata-lsp" in neovim.notified('cannot run "no-such-server"')
    assert len(neovim.lua("return notified")) == 1


def test_completion(neovim):
    """Subcommands, their arguments, runs and contract commands are completed."""

    def check(line: str, *expected: str) -> None:
        found = neovim.lua(f"return vim.fn.getcompletion('{line}', 'cmdline')")
        assert set(expected) <= set(found), (line, found)

    check(
        "Kata ", "draft", "refine", "runs", "cancel", "resume", "show", "apply", "discard", "diff"
    )
    check("Kata ", "mode", "models", "context", "status", "doctor", "restart", "command")
    check("Kata mo", "mode", "models")
    check("Kata mode ", "native", "pi")
    check("Kata command kata.run", "kata.run.start", "kata.run.list")
    neovim.type(":Kata draft Anything<CR>")
    neovim.notified("waits")
    check("Kata show ", neovim.lua("return vim.tbl_keys(require('kata.runs').runs)[1]"))
    neovim.type(":Kata nonsense<CR>")
    neovim.notified("There is no `:Kata nonsense`.")


def test_health(neovim):
    """`:checkhealth kata` shows the server's own findings."""
    neovim.type(":checkhealth kata<CR>")
    neovim.wait("vim.bo.filetype == 'checkhealth' and vim.fn.search('store', 'nw') > 0")
    shown = neovim.shoot("health")
    assert "kata-lsp" in shown
    assert "ERROR" not in neovim.text()


def test_switch_to_pi_and_back(neovim):
    """The mode is switched live, or the message says why not; native works at once."""
    neovim.type(":Kata mode pi<CR>")
    neovim.notified("Runtime mode:")
    (first,) = neovim.lua("return notified")
    assert "pi" in first["message"]
    neovim.type(":Kata mode native<CR>")
    neovim.wait("#notified == 2")
    assert neovim.lua("return notified[2].message") == "Runtime mode: native"
    neovim.type(":Kata draft Still native<CR>")
    neovim.notified("waits")
    assert neovim.wait("vim.tbl_values(require('kata.runs').runs)[1]")["runtimeMode"] == "native"


@pytest.mark.parametrize("layout", ["'float'", "'vsplit'", "false"])
def test_where_a_run_is_shown(start, layout):
    """The run's window is what the user set, and does not take the cursor."""
    neovim = start(f"window = {layout}")
    neovim.wait(ATTACHED)
    neovim.type(":Kata draft Anything<CR>")
    neovim.notified("waits")
    window = neovim.lua("return vim.fn.bufwinid('kata://run/*')")
    assert (window > 0) == (layout != "false")
    if window > 0:
        relative = neovim.lua(f"return vim.api.nvim_win_get_config({window}).relative")
        assert relative == ("editor" if layout == "'float'" else "")
    assert neovim.lua("return vim.fn.expand('%')") == "app.py"
    neovim.type(":Kata runs<CR>")
    neovim.wait("vim.fn.expand('%'):find('kata://run/') and true")
    neovim.type("q")
    neovim.wait("vim.fn.expand('%') == 'app.py'")


def test_answers_of_the_plain_commands(neovim):
    """Status, doctor, models, estimate, auth, ask, context and any command show their answers."""
    for line, expected in (
        ("status", "runtimeMode: native"),
        ("doctor", "name: store"),
        ("auth fake", "provider: fake"),
        ("estimate Greet by name", "inputTokens: "),
        ("ask What is this?", "## Goal"),
        ('command kata.run.list {"limit": 1}', "runs:"),
    ):
        neovim.type(f":Kata {line}<CR>")
        neovim.wait(
            "table.concat(vim.fn.getbufline('kata://answer', 1, '$'), '\\n')"
            f":find([[{expected}]], 1, true)"
        )
    neovim.type(":Kata context greet user<CR>")
    assert neovim.wait("vim.fn.getqflist({ size = 0 }).size > 0")
    neovim.shoot("context")


def test_key_comes_from_a_function_and_stays_in_memory(start, provider):
    """A key reaches the provider's header and no file."""
    settings = (
        "settings = { provider = 'mine', model = 'm1', providers = { mine = "
        f"{{ kind = 'openai-compatible', baseUrl = '{provider.openai_url}' }} }} }}"
    )
    keys = "keys = { mine = function() return 'sk-' .. 'canary-5f1d' end }"
    neovim = start(setup=f"require('kata').setup({{ {settings}, {keys} }})")
    neovim.wait(ATTACHED)
    neovim.type(":Kata draft Anything<CR>")
    neovim.notified("waits")
    (request,) = provider.requests(1)
    assert request["headers"]["authorization"] == "Bearer sk-canary-5f1d"
    written = [path for path in neovim.home.parent.rglob("*") if path.is_file()]
    assert [path for path in written if b"sk-canary-5f1d" in path.read_bytes()] == []


def test_workspace_settings_only_narrow(start):
    """Settings of the workspace cannot move an endpoint; what they may change is taken."""
    neovim = start(
        "workspace_settings = { specPath = 'docs/spec.md', provider = 'local',"
        " providers = { fake = { baseUrl = 'http://127.0.0.1:9' } } }"
    )
    neovim.wait(ATTACHED)
    neovim.type(":Kata draft Anything<CR>")
    neovim.notified("A draft for docs/spec.md waits")
    run = neovim.lua("return vim.tbl_values(require('kata.runs').runs)[1]")
    assert run["provider"] == "fake"
