"""The local provider server: Anthropic Messages, OpenAI Responses and Chat Completions.

Loopback only. It routes, records and executes behaviours; it knows nothing about what a client
should make of an answer. As a program it is driven over `/__control/` (see `control`).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

if __package__ in {None, ""}:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from fakes import http1
from fakes.behaviours import AnyBehaviour, DraftReply, steps
from fakes.connection import Connection, ConnectionDone
from fakes.routes import complaint, correct_answer, record
from fakes.steps import Operation, Recorded, Send

CONTROL = "/__control/"


class ServerClosedFirst(Exception):  # noqa: N818 - says who
    """The server closed a connection whose hang-up a test waits for."""


class ProviderServer:
    """A provider on 127.0.0.1 that answers as it is told.

    Which behaviour answers a request: the first rule whose text its prompt contains, else the
    next of its operation's queue, else `default` (generations only; the other operations
    answer correctly).

    Attributes:
        default: Answers when nothing else is queued; a spec draft at first.
        strict: Whether requests that the real API would refuse are refused here, too (401, 400),
            without using up a behaviour.
        requests: Everything that arrived, in order.
        errors: What behaviours raised; the first is raised again when the server is left.
    """

    def __init__(self, default: AnyBehaviour | None = None, *, strict: bool = True) -> None:
        self.default: AnyBehaviour = default or DraftReply()
        self.strict = strict
        self.requests: list[Recorded] = []
        self._rules: list[_Rule] = []
        self._queues: dict[str, deque[AnyBehaviour]] = {}
        self._connections: set[Connection] = set()
        self._arrived = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self.errors: list[Exception] = []
        self._port = 0
        self.control: Callable[[http1.Request], Any] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()
        if self.errors and error is None:
            raise self.errors[0]

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`, the Anthropic base URL."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def openai_url(self) -> str:
        """The base URL for OpenAI clients."""
        return f"{self.url}/v1"

    @property
    def open_connections(self) -> int:
        """How many clients are connected, those of the control routes left out."""
        return sum(not (one.control or one.gone) for one in self._connections)

    async def start(self, port: int = 0) -> None:
        """Listen; 0 takes any free port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self), "127.0.0.1", port, backlog=1024
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Drop every connection and wait until nothing of them is left."""
        assert self._server is not None
        self._server.close()
        connections = list(self._connections)
        for connection in connections:
            connection.abort()
        workers = [connection.worker for connection in connections if connection.worker]
        await asyncio.gather(*workers, return_exceptions=True)
        await self._server.wait_closed()

    def enqueue(self, *behaviours: AnyBehaviour, operation: Operation = "generate") -> None:
        """Answer the next requests of `operation` with these, in order."""
        self._queues.setdefault(operation, deque()).extend(behaviours)

    def serve(self, *behaviours: AnyBehaviour) -> None:
        """Answer generations with these, in order, and with the last one ever after."""
        self._queues.pop("generate", None)
        self.enqueue(*behaviours[:-1])
        self.default = behaviours[-1]

    def when(self, contains: str, behaviour: AnyBehaviour, times: int | None = None) -> None:
        """Answer generations whose prompt contains this text; earlier rules win."""
        self._rules.append(_Rule(contains, behaviour, times))

    def reset(self) -> None:
        """Forget requests, queues and rules, and answer with drafts again."""
        self.requests.clear()
        self._rules.clear()
        self._queues.clear()
        self.default = DraftReply()

    def count(self, operation: Operation = "generate") -> int:
        """How many requests of `operation` have arrived."""
        return sum(request.operation == operation for request in self.requests)

    async def wait_for_requests(self, count: int, *, within: float = 20.0) -> list[Recorded]:
        """Return the first `count` requests, of any operation, once they have arrived.

        Raises:
            TimeoutError: When they do not within `within` seconds.
        """
        async with asyncio.timeout(within), self._arrived:
            await self._arrived.wait_for(lambda: len(self.requests) >= count)
        return self.requests[:count]

    async def wait_for_hangup(self, number: int, *, within: float = 20.0) -> float:
        """Return the `time.monotonic()` at which the client closed request `number`'s connection.

        Raises:
            ServerClosedFirst: When the script closed it.
            TimeoutError: When neither did within `within` seconds.
        """
        request = (await self.wait_for_requests(number + 1, within=within))[number]
        async with asyncio.timeout(within):
            await request.closed.wait()
        if request.hung_up_at is None:
            raise ServerClosedFirst(f"request {number} ({request.path!r})")
        return request.hung_up_at

    def connected(self, connection: Connection) -> None:
        """See `connection.Owner`."""
        self._connections.add(connection)

    def disconnected(self, connection: Connection) -> None:
        """See `connection.Owner`."""
        self._connections.discard(connection)

    def failed(self, error: Exception) -> None:
        """See `connection.Owner`."""
        self.errors.append(error)
        traceback.print_exception(error, file=sys.stderr)

    async def respond(self, connection: Connection, request: http1.Request) -> None:
        """See `connection.Owner`."""
        if self.control and request.head.target.startswith(CONTROL):
            connection.control = True
            payload = await self.control(request)
            status = 400 if isinstance(payload, Exception) else 200
            shown = {"error": str(payload)} if isinstance(payload, Exception) else payload
            await connection.execute([Send(http1.response(status, json.dumps(shown).encode()))])
            return
        recorded = record(request, len(self.requests))
        connection.requests.append(recorded)
        self.requests.append(recorded)
        behaviour = self._choose(recorded)
        async with self._arrived:
            self._arrived.notify_all()
        try:
            if behaviour is None:
                await connection.execute([Send(correct_answer(recorded))])
            else:
                await connection.execute(steps(behaviour, recorded))
        finally:
            if recorded.hung_up_at is None:
                recorded.sent_at = time.monotonic()
        if recorded.headers.get("connection", "").lower() == "close":
            connection.close()
            raise ConnectionDone

    def _choose(self, request: Recorded) -> AnyBehaviour | None:
        if self.strict and request.operation != "unknown" and complaint(request):
            return None
        queue = self._queues.get(request.operation)
        if request.operation == "generate":
            prompt = request.prompt
            for rule in self._rules:
                if rule.times != 0 and rule.contains in prompt:
                    rule.times = rule.times and rule.times - 1
                    return rule.behaviour
            return queue.popleft() if queue else self.default
        return queue.popleft() if queue else None


class _Rule:
    def __init__(self, contains: str, behaviour: AnyBehaviour, times: int | None) -> None:
        self.contains = contains
        self.behaviour = behaviour
        self.times = times


class _Ending(asyncio.Protocol):
    """Sets an event when the pipe it reads ends."""

    def __init__(self, done: asyncio.Event) -> None:
        self._done = done

    def eof_received(self) -> None:
        self._done.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._done.set()


async def _serve(port: int, script: Mapping[str, Any]) -> None:
    from fakes.control import Control  # noqa: PLC0415 - control drives this module

    server = ProviderServer()
    control = Control(server)
    control.load(script)
    await server.start(port)
    server.control = control.handle
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, done.set)
    # Without a stdin that can be watched (a file, /dev/null) only a signal ends the server.
    with contextlib.suppress(OSError, ValueError):
        await loop.connect_read_pipe(lambda: _Ending(done), sys.stdin)
    print(json.dumps({"url": server.url}), flush=True)
    await done.wait()
    await server.stop()


def main() -> None:
    """Run the server until stdin ends or SIGTERM comes."""
    parser = argparse.ArgumentParser(description="A local provider server for tests.")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--script", help="a JSON file: default, queue, rules (see control.py)")
    arguments = parser.parse_args()
    script = json.loads(Path(arguments.script).read_bytes()) if arguments.script else {}
    asyncio.run(_serve(arguments.port, script))


if __name__ == "__main__":
    main()
