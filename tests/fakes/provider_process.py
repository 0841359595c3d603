"""The provider server as a child process, driven over its control routes by blocking calls.

For tests of programs (CLI, editors); tests in an event loop use `ProviderServer` directly.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

PROGRAM = Path(__file__).with_name("provider_server.py")


class ProviderProcess:
    """Starts the server, stops it, and asks it things.

    Attributes:
        url: `http://127.0.0.1:PORT`.
    """

    def __init__(self, script: Path | None = None) -> None:
        self._command = [sys.executable, str(PROGRAM), "--port", "0"]
        if script:
            self._command += ["--script", str(script)]
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.url = json.loads(self._process.stdout.readline())["url"]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    @property
    def openai_url(self) -> str:
        """The base URL for OpenAI clients."""
        return f"{self.url}/v1"

    def load(self, **script: Any) -> None:
        """Arm the server: `default`, `queue`, `rules`, `models` (see `control`)."""
        self._call("POST", "load", script)

    def enqueue(self, *behaviours: Mapping[str, Any]) -> None:
        """Answer the next generations with these."""
        self._call("POST", "enqueue", {"behaviours": list(behaviours)})

    def fault(self, fault_id: str) -> None:
        """Serve a row of the fault table."""
        self._call("POST", "fault", {"id": fault_id})

    def release(self, gate: str) -> None:
        """Open a gate."""
        self._call("POST", "release", {"gate": gate})

    def reset(self) -> None:
        """Forget everything that arrived or was armed."""
        self._call("POST", "reset", {})

    def wait_for_arrivals(self, gate: str, count: int = 1, *, within: float = 20.0) -> None:
        """Return once `count` streams stand at the gate."""
        self._call("GET", "arrivals", gate=gate, count=count, within=within)

    def requests(self, count: int = 0, *, within: float = 20.0) -> list[dict[str, Any]]:
        """Everything that arrived, once it is at least `count` requests."""
        return self._call("GET", "requests", count=count, within=within)["requests"]

    def hangup(self, request: int, *, within: float = 20.0) -> float:
        """The monotonic time (the whole machine's) at which the client hung up."""
        return self._call("GET", "hangup", request=request, within=within)["at"]

    def open_connections(self) -> int:
        """How many clients are connected."""
        return self._call("GET", "connections")["open"]

    def _call(self, method: str, route: str, payload: Any = None, **query: Any) -> Any:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)
        try:
            target = f"/__control/{route}?{urlencode(query)}"
            connection.request(method, target, json.dumps(payload) if payload is not None else None)
            answer = connection.getresponse()
            shown = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"control {route!r}: {shown['error']}")
        return shown
