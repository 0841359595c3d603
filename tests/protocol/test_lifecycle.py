"""The session's life: the order of its messages, its ends, and what is done before each of them."""

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fixtures.lsp.wire import INITIALIZE, PROBE, Server, command, frame, note, request

NOT_INITIALIZED, INVALID, PARAMS, CANCELLED = -32002, -32600, -32602, -32800
EXIT = note("exit")


def code_of(answer: dict) -> int | None:
    return answer.get("error", {}).get("code")


@pytest.mark.parametrize(
    "method",
    ["shutdown", "textDocument/hover", "workspace/executeCommand", "no/such", "initialized"],
)
def test_requests_before_initialize_are_refused(method: str) -> None:
    """Only initialize may open a session; the refusal does not spoil the one that follows."""
    with Server() as server:
        assert code_of(server.ask(method)) == NOT_INITIALIZED
        server.send(note("textDocument/didOpen", {"x": 1}), note("initialized", {}))
        assert "result" in server.initialize()
        server.ping()


BAD_INITIALIZE = [
    ("no params", None, "params"),
    ("an array", [1], "params"),
    ("a string process id", {"processId": "5"}, "params.processId"),
    ("a negative process id", {"processId": -5}, "params.processId"),
    ("process id zero", {"processId": 0}, "params.processId"),
    ("process id true", {"processId": True}, "params.processId"),
    ("a huge process id", {"processId": 2**70}, "params.processId"),
    ("a root that is a number", {"rootUri": 5}, "params.rootUri"),
    ("a root path that is a list", {"rootPath": ["/"]}, "params.rootPath"),
    ("capabilities that are a list", {"capabilities": []}, "params.capabilities"),
    ("capabilities that are null", {"capabilities": None}, "params.capabilities"),
    ("folders that are a string", {"workspaceFolders": "file:///"}, "params.workspaceFolders"),
    ("a folder without uri", {"workspaceFolders": [{"name": "x"}]}, "params.workspaceFolders[0]"),
    ("a folder that is null", {"workspaceFolders": [None]}, "params.workspaceFolders[0]"),
    ("client info that is text", {"clientInfo": "vim"}, "params.clientInfo"),
    ("an unknown trace", {"trace": "loud"}, "params.trace"),
    ("a trace that is a list", {"trace": ["off"]}, "params.trace"),
]


def test_an_initialize_that_does_not_fit_is_refused_and_may_be_repeated() -> None:
    """The refusal names the field; the session can still begin in the same process."""
    with Server() as server:
        for name, params, field in BAD_INITIALIZE:
            answer = server.ask("initialize", params)
            assert code_of(answer) == PARAMS, name
            assert field in answer["error"]["message"], name
        assert "result" in server.initialize()
        server.ping()


def test_a_second_initialize_is_refused() -> None:
    """One process serves one session; the first goes on."""
    with Server() as server:
        server.initialize()
        assert code_of(server.ask("initialize", INITIALIZE)) == INVALID
        server.ping()


ODD_CAPABILITIES = {
    "general": {"positionEncodings": ["utf-7", 5, None, "utf-8"]},
    "textDocument": 5,
    "workspace": {"workspaceEdit": [], "configuration": "yes"},
    "window": None,
    "experimental": {"jsonrpc": "2.0"},
}


def test_odd_capabilities_count_as_absent() -> None:
    """A client that describes itself wrongly is served as one that can do less."""
    with Server() as server:
        result = server.initialize(capabilities=ODD_CAPABILITIES)["result"]
        assert result["capabilities"]["positionEncoding"] == "utf-8"
        server.ping()


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (None, "utf-16"),
        ([], "utf-16"),
        (["utf-32", "utf-8"], "utf-32"),
        (["utf-16", "utf-8"], "utf-16"),
        (["klingon"], "utf-16"),
        ("utf-8", "utf-16"),
    ],
)
def test_the_clients_first_known_position_encoding_is_used(offered: object, chosen: str) -> None:
    """The client's order is its preference; UTF-16 is what everyone must know."""
    with Server() as server:
        capabilities = {} if offered is None else {"general": {"positionEncodings": offered}}
        result = server.initialize(capabilities=capabilities)["result"]
        assert result["capabilities"]["positionEncoding"] == chosen


def test_the_initialize_result_carries_the_contract() -> None:
    """A client learns the commands and notifications without a word of documentation."""
    with Server() as server:
        result = server.initialize()["result"]
        kata = result["capabilities"]["experimental"]["kata"]
        assert kata["protocolVersion"] == 1
        assert "probe.ping" in kata["commands"]
        assert kata["commands"] == result["capabilities"]["executeCommandProvider"]["commands"]
        assert "kata/run/didChange" in kata["notifications"]
        assert result["serverInfo"]["name"] == "kata-lsp"


def test_requests_after_shutdown_are_refused_and_exit_is_clean() -> None:
    """After shutdown only exit does anything, and the process ends with 0."""
    with Server() as server:
        server.initialize()
        assert server.ask("shutdown")["result"] is None
        for method in ("shutdown", "initialize", "textDocument/hover", "no/such"):
            assert code_of(server.ask(method, {})) == INVALID
        server.send(note("initialized", {}), EXIT)
        assert server.wait() == 0


def test_shutdown_and_exit_in_one_write() -> None:
    """A client that does not wait for the answer still gets it, and a clean exit."""
    with Server() as server:
        server.initialize()
        server.send(request(1, "shutdown"), EXIT)
        assert server.wait() == 0
        assert server.answer(1)["result"] is None


@pytest.mark.parametrize("initialized", [True, False])
def test_exit_without_shutdown_is_an_error(initialized: bool) -> None:
    """LSP wants exit code 1 then."""
    with Server() as server:
        if initialized:
            server.initialize()
        server.send(EXIT)
        assert server.wait() == 1


@pytest.mark.parametrize(
    "end", ["shutdown", "exit", "eof", "SIGTERM", "SIGINT", "SIGHUP", "parent"]
)
@pytest.mark.parametrize("hook", ["ok", "fail"])
def test_hooks_run_once_however_the_session_ends(tmp_path: Path, end: str, hook: str) -> None:
    """Runs in flight are recorded at every kind of end; what is pending is answered."""
    file = tmp_path / "hooks"
    with Server(PROBE_HOOK=hook, PROBE_FILE=str(file)) as server:
        parent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        server.initialize(processId=parent.pid)
        server.send(command("pending", "probe.slow"))
        server.notification("probe/didStart")
        match end:
            case "shutdown":
                server.ask("shutdown")
                assert file.read_text() == f"{hook}\n"
                server.send(EXIT)
            case "exit":
                server.send(EXIT)
            case "eof":
                server.stdin.close()
            case "parent":
                parent.kill()
                parent.wait()
            case name:
                server.process.send_signal(signal.Signals[name])
        code = server.wait()
        assert code_of(server.answer("pending")) == CANCELLED
        assert server.notification("probe/didStop")
        assert file.read_text() == f"{hook}\n"
        signals = {"SIGTERM": 143, "SIGINT": 130, "SIGHUP": 129}
        assert code == {"shutdown": 0}.get(end, signals.get(end, 1))
        parent.kill()
        parent.communicate()


# A blocked loop reads nothing, so only a signal can reach it.
STUCK = [(end, stuck) for stuck in ("hang", "stubborn") for end in ("shutdown", "eof", "SIGTERM")]


@pytest.mark.parametrize(("end", "stuck"), [*STUCK, ("SIGTERM", "block")])
def test_nothing_that_hangs_keeps_the_process(tmp_path: Path, end: str, stuck: str) -> None:
    """A hook, a handler or a blocked loop cannot make an orphan of the server."""
    hook = "hang" if stuck == "hang" else "ok"
    with Server(PROBE_HOOK=hook, PROBE_FILE=str(tmp_path / "hooks")) as server:
        server.initialize()
        if stuck != "hang":
            server.send(command("stuck", f"probe.{stuck}"))
            server.notification("probe/didStart")
        started = time.monotonic()
        match end:
            case "shutdown":
                server.ask("shutdown")
                server.send(EXIT)
            case "eof":
                server.stdin.close()
            case name:
                server.process.send_signal(signal.Signals[name])
        server.wait()
        # 2 s is the promise; the rest is for a busy machine.
        assert time.monotonic() - started < 12


def test_a_process_id_from_elsewhere_does_not_end_the_session() -> None:
    """A client in a container names a process that does not exist here."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with Server() as server:
        server.initialize(processId=gone.pid)
        server.ping()
        assert "does not exist here" in server.stderr


EDITOR = """
import subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdin.write(bytes.fromhex(sys.stdin.readline()).replace(b"PID", b"%d"))
child.stdin.flush()
child.stdout.read(16)
print(child.pid, flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize("cycle", range(5))
def test_a_killed_editor_leaves_no_server_behind(tmp_path: Path, cycle: int) -> None:
    """SIGKILL of the editor, with a request in flight, ends the server and runs its hooks."""
    hooks = tmp_path / "hooks"
    first = frame(request(1, "initialize", INITIALIZE)) + frame(command(2, "probe.slow"))
    editor = subprocess.Popen(
        [sys.executable, "-c", EDITOR, *PROBE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PROBE_HOOK": "ok", "PROBE_FILE": str(hooks)},
    )
    assert editor.stdin is not None
    assert editor.stdout is not None
    editor.stdin.write(first.hex() + "\n")
    editor.stdin.flush()
    server = os.pidfd_open(int(editor.stdout.readline()))
    editor.kill()
    editor.communicate()
    assert _ends(server, 20)
    assert hooks.read_text() == "ok\n"


def _ends(process: int, seconds: float) -> bool:
    try:
        return bool(select.select([process], [], [], seconds)[0])
    finally:
        os.close(process)


def test_stdin_from_a_file_is_served(tmp_path: Path) -> None:
    """A recorded session can be replayed with a redirection."""
    recorded = tmp_path / "session"
    messages = [request(1, "initialize", INITIALIZE), request(2, "shutdown"), EXIT]
    recorded.write_bytes(b"".join(map(frame, messages)))
    with recorded.open("rb") as stdin, (tmp_path / "out").open("wb") as stdout:
        done = subprocess.run(
            PROBE, stdin=stdin, stdout=stdout, stderr=subprocess.DEVNULL, check=False
        )
    assert done.returncode == 0
    assert (tmp_path / "out").read_bytes().count(b'"jsonrpc"') == 2


def test_an_empty_stdin_ends_the_process() -> None:
    """`kata-lsp serve < /dev/null` ends at once instead of spinning."""
    done = subprocess.run(PROBE, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert done.returncode == 1
    assert done.stdout == b""


def test_trace_raises_the_log_level_and_payloads_stay_out_of_it() -> None:
    """At every level the options and texts that the client sends are kept out of the log."""
    with Server() as server:
        secret = {"apiKey": "hush-canary"}
        server.initialize(initializationOptions=secret, trace="verbose")
        document = {"uri": "file:///a.md", "languageId": "m", "version": 1, "text": "text-canary"}
        server.send(note("textDocument/didOpen", {"textDocument": document}))
        server.send(note("$/setTrace", {"value": "off"}))
        server.ask(
            "workspace/executeCommand", {"command": "probe.echo", "arguments": ["arg-canary"]}
        )
        assert "canary" not in server.stderr
