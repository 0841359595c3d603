"""A real Neovim with the plugin and the real server, driven by keys and asked by expressions.

Knows Neovim's own remote interface and nothing of what a test is about.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
PLUGIN = ROOT / "editors" / "neovim"
ARTEFACTS = ROOT / "build" / "editors"
SECONDS = 30
"""How long anything may take on a busy machine; nothing here waits for time to pass."""

_INIT = """
vim.opt.runtimepath:prepend({plugin!r})
vim.o.swapfile, vim.o.columns, vim.o.lines = false, 120, 36
_G.notified, _G.events, _G.asked = {{}}, {{}}, nil
vim.notify = function(message, level)
  table.insert(notified, {{ message = message, level = level }})
end
vim.ui.select = function(items, options, answer)
  asked = {{ prompt = options.prompt, items = vim.tbl_map(options.format_item or tostring, items) }}
  pick = function(index) asked = nil; answer(items[index], index) end
end
vim.api.nvim_create_autocmd('User', {{
  pattern = 'Kata*',
  callback = function(event) table.insert(events, {{ name = event.match, data = event.data }}) end,
}})
vim.o.statusline = "%{{%v:lua.require'kata'.statusline()%}}"
"""

_SCREEN = """
vim.cmd.redraw()
local lines = {}
for row = 1, vim.o.lines do
  local cells = {}
  for column = 1, vim.o.columns do
    cells[column] = vim.fn.screenstring(row, column)
  end
  lines[row] = (table.concat(cells):gsub('%s+$', ''))
end
return table.concat(lines, '\\n')
"""


class Neovim:
    """One Neovim without a terminal; close it with `close`.

    Args:
        program: Which one.
        folder: Made here: an empty home, and the workspace `repo`.
        setup: Lua that runs in its `init.lua`.
    """

    def __init__(self, program: Path, folder: Path, setup: str) -> None:
        self._program = program
        self.root = folder / "repo"
        self.home = folder / "home"
        (self.root / ".git").mkdir(parents=True)
        (self.root / "app.py").write_text("def greet(user):\n    return 'hello'\n")
        config = self.home / ".config" / "nvim"
        config.mkdir(parents=True)
        (config / "init.lua").write_text(_INIT.format(plugin=str(PLUGIN)) + setup)
        # Unix sockets have short names.
        self._sockets = Path(tempfile.mkdtemp(prefix="nvim-"))
        self._socket = self._sockets / "s"
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        server = Path(sys.executable).parent
        env = {"HOME": str(self.home), "PATH": f"{server}{os.pathsep}{os.environ['PATH']}"}
        env |= {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring", "LANG": "C.UTF-8"}
        log = (self.home / "nvim.log").open("wb")
        process = subprocess.Popen(
            [self._program, "--headless", "--listen", self._socket, "app.py"],
            cwd=self.root,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        self.env = env
        return process

    def close(self) -> None:
        """End it as a user would, and make sure that it is gone."""
        try:
            # It may be gone before it has answered.
            self._ask("--remote-send", r"<C-\><C-N>:qall!<CR>")
            self._process.wait(timeout=SECONDS)
        finally:
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait()
            shutil.rmtree(self._sockets, ignore_errors=True)

    def type(self, keys: str) -> None:
        """Type keys, in the notation of mappings."""
        self._remote("--remote-send", keys)

    def lua(self, code: str) -> Any:
        """Run Lua and return what it returns, by way of JSON."""
        call = f"local value = (function() {code} end)() "
        quoted = (call + "return vim.json.encode(value == nil and vim.NIL or value)").replace(
            "'", "''"
        )
        answer = self._remote("--remote-expr", f"luaeval('assert(loadstring(_A))()', '{quoted}')")
        return json.loads(answer)

    def wait(self, condition: str) -> Any:
        """Return the value of a Lua expression once it is true.

        Raises:
            AssertionError: It is not in time; the message shows the screen.
        """
        # In turns: while Neovim waits for us, a wait of its own that we came into cannot end.
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            found = self.lua(
                f"local got; vim.wait(500, function() got = {condition}; return got end, 20)"
                " return got"
            )
            if found:
                return found
        raise AssertionError(f"never true: {condition}\n{self.state()}")

    def state(self) -> str:
        """Return what a failed test's reader wants to see."""
        said = self.lua("return notified")
        return f"{self.screen()}\nnotified: {said}\nasked: {self.lua('return asked or vim.NIL')}"

    def notified(self, part: str) -> str:
        """Wait for a notification with `part` in it and return it whole."""
        return self.wait(
            "vim.iter(notified):map(function(each) return each.message end):find("
            f"function(message) return message:find({json.dumps(part)}, 1, true) end)"
        )

    def choose(self, item: str) -> str:
        """Wait for a choice, take the one whose text has `item` in it, and return the question."""
        asked = self.wait("asked")
        index = next(at for at, text in enumerate(asked["items"], 1) if item in text)
        self.lua(f"pick({index})")
        return asked["prompt"]

    def text(self, buffer: str = "%") -> str:
        """Return the text of a buffer."""
        return self.lua(
            f"return table.concat(vim.fn.getbufline({json.dumps(buffer)}, 1, '$'), '\\n')"
        )

    def screen(self) -> str:
        """Return what a terminal would show."""
        return self.lua(_SCREEN)

    def shoot(self, name: str) -> str:
        """Return the screen and keep it as an artefact."""
        shown = self.screen()
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        version = self.lua("return tostring(vim.version())").partition("+")[0]
        (ARTEFACTS / f"neovim-{version}-{name}.txt").write_text(shown + "\n")
        return shown

    def _remote(self, *arguments: str) -> str:
        done = self._ask(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout or done.stderr

    def _ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._program, "--clean", "--headless", "--server", self._socket, *arguments],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=SECONDS + 15,
            check=False,
        )

    def wait_for_start(self) -> None:
        """Return once it listens."""
        while not self._socket.exists():
            assert self._process.poll() is None, (self.home / "nvim.log").read_text()
            os.sched_yield()
