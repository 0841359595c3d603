"""`--tcp` and `--ws`: the same server for debugging, on loopback only, for one client."""

import json
import re
import socket
import time

import pytest
from fixtures.lsp.wire import INITIALIZE, PATIENCE, PROBE, Server, frame, note, request
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from kata_lsp.lsp.server import create_server, serve_tcp, serve_ws

SESSION = [request(1, "initialize", INITIALIZE), request(2, "shutdown"), note("exit")]


def listening(server: Server) -> int:
    """Return the port that the log names."""
    deadline = time.monotonic() + PATIENCE
    while not (found := re.search(r"listening on 127\.0\.0\.1:(\d+)", server.stderr)):
        assert server.process.poll() is None, server.stderr
        assert time.monotonic() < deadline
    return int(found[1])


def test_a_session_over_tcp() -> None:
    """The first client gets the session, and the process ends with it."""
    with Server([*PROBE, "--tcp", "0"]) as server:
        with socket.create_connection(("127.0.0.1", listening(server)), PATIENCE) as peer:
            peer.sendall(b"".join(map(frame, SESSION)))
            received = b"".join(iter(lambda: peer.recv(65536), b""))
        assert received.count(b'"jsonrpc"') == 2
        assert server.wait() == 0


def test_a_session_over_a_websocket() -> None:
    """Each message is a text of its own, without a header."""
    with Server([*PROBE, "--ws", "0"]) as server:
        with connect(f"ws://127.0.0.1:{listening(server)}", open_timeout=PATIENCE) as peer:
            for message in SESSION[:2]:
                peer.send(json.dumps(message))
            answers = [json.loads(peer.recv(PATIENCE)) for _ in range(2)]
            assert [answer["id"] for answer in answers] == [1, 2]
            peer.send("not JSON")
            assert json.loads(peer.recv(PATIENCE))["error"]["code"] == -32700
            peer.send(json.dumps(SESSION[2]))
        assert server.wait() == 0


def test_a_client_that_leaves_ends_the_session() -> None:
    """There is nobody left to serve."""
    with Server([*PROBE, "--tcp", "0"]) as server:
        socket.create_connection(("127.0.0.1", listening(server)), PATIENCE).close()
        assert server.wait() == 1


def test_web_pages_are_refused() -> None:
    """A page in a browser can reach loopback; its connection carries its origin."""
    with Server([*PROBE, "--ws", "0"]) as server:
        address = f"ws://127.0.0.1:{listening(server)}"
        with pytest.raises(InvalidStatus):
            connect(address, origin="https://example.com", open_timeout=PATIENCE)  # type: ignore[arg-type]
        with connect(address, open_timeout=PATIENCE) as peer:
            peer.send(json.dumps(SESSION[0]))
            assert json.loads(peer.recv(PATIENCE))["id"] == 1


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com", ""])
@pytest.mark.parametrize("serve", [serve_tcp, serve_ws])
def test_other_hosts_are_refused(serve, host: str) -> None:
    """Nobody else on the network may drive an agent on this machine."""
    server = create_server(lambda _server: None, commands=[], features=[])  # type: ignore[arg-type, return-value]
    with pytest.raises(ValueError, match="is not a loopback address"):
        serve(server, host, 0)
