"""Before a user's command the server touches nothing: no network, no process, no file."""

import json
import sys
from pathlib import Path

from fixtures.lsp.wire import INITIALIZE, Server, command, note, request

COMMAND = Path(sys.executable).with_name("kata-lsp")
# Every interpreter imports `sitecustomize`; its hook sees what any library does.
WITNESS = """
import json, os, sys
LOG = os.open(os.environ["KATA_TEST_WITNESS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
PROCESSES = {"subprocess.Popen", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system"}
NETWORK = {"socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto"}
CHANGES = {"os.mkdir", "os.rename", "os.remove"}
WRITING = os.O_WRONLY | os.O_RDWR

def watch(event, arguments):
    if "__pycache__" in str(arguments):
        return  # the interpreter's own cache
    if event in PROCESSES | NETWORK | CHANGES or event == "open" and arguments[2] & WRITING:
        os.write(LOG, (json.dumps([event, str(arguments)[:200]]) + "\\n").encode())

sys.addaudithook(watch)
"""


def test_nothing_is_touched_before_a_command(tmp_path):
    """Opening a folder and a spec reads at most; the first command is what opens the store."""
    site, root, witness = tmp_path / "site", tmp_path / "repo", tmp_path / "witness.jsonl"
    site.mkdir()
    (site / "sitecustomize.py").write_text(WITNESS)
    spec = root / ".kata" / "spec.md"
    spec.parent.mkdir(parents=True)
    spec.write_text("# S\n\n## Tasks\n\n- [ ] T001 Change `app.py`\n")

    def seen() -> list[list[str]]:
        return [json.loads(line) for line in witness.read_text().splitlines()]

    with Server(
        [str(COMMAND), "serve"],
        PYTHONPATH=str(site),
        KATA_TEST_WITNESS=str(witness),
        HOME=str(tmp_path / "home"),
    ) as server:
        server.send(request(1, "initialize", INITIALIZE | {"rootUri": root.as_uri()}))
        server.answer(1)
        server.send(note("initialized", {}))
        document = {"uri": spec.as_uri(), "languageId": "markdown", "version": 1}
        opened = {"textDocument": document | {"text": spec.read_text()}}
        server.send(note("textDocument/didOpen", opened))
        place = {"textDocument": {"uri": spec.as_uri()}}
        server.send(request(2, "textDocument/codeLens", place))
        server.answer(2)
        server.send(request(3, "textDocument/documentSymbol", place))
        server.answer(3)
        assert seen() == []
        server.send(command(4, "kata.run.list"))
        assert "result" in server.answer(4)
        # The witness is awake: the store's folder is made now.
        assert any(event == "os.mkdir" for event, _ in seen())
