"""One client connection: reads requests, executes the steps of answers, notices hang-ups at once.

Knows nothing about which behaviour answers what; its owner decides that.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Iterable
from typing import Protocol

from fakes import http1
from fakes.steps import Close, Hang, Hold, Pause, Recorded, Reset, Send, Step


class Owner(Protocol):
    """What a connection needs from its server."""

    def connected(self, connection: Connection) -> None:
        """Called when the connection is up."""

    def disconnected(self, connection: Connection) -> None:
        """Called when it is gone."""

    def failed(self, error: Exception) -> None:
        """Called when a behaviour itself is wrong."""

    async def respond(self, connection: Connection, request: http1.Request) -> None:
        """Answer one request by means of `Connection.execute`."""


class ConnectionDone(Exception):  # noqa: N818 - a signal, not an error
    """The script closed the connection."""


class Connection(asyncio.Protocol):
    """Protocol and worker of one connection; hang-up cancels the answer in flight."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._parser = http1.RequestParser()
        self._inbox: asyncio.Queue[http1.Request] = asyncio.Queue()
        self._writable = asyncio.Event()
        self._writable.set()
        self._transport: asyncio.Transport | None = None
        self.requests: list[Recorded] = []
        self.control = False
        self.gone = False
        self.worker: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the worker."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.worker = asyncio.get_running_loop().create_task(self._work())
        self._owner.connected(self)

    def data_received(self, data: bytes) -> None:
        """Queue what is complete; nonsense gets a 400 and the door."""
        try:
            for request in self._parser.feed(data):
                self._inbox.put_nowait(request)
        except http1.BadRequestBytes as error:
            answer = http1.response(400, str(error).encode(), content_type="text/plain")
            self._write_and_close(answer)
            return
        if self._parser.continue_due:
            self._parser.continue_due = False
            self._write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def eof_received(self) -> None:
        """Take a half-closed connection for a hang-up, as real servers do."""
        self._hang_up()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end and stop the worker."""
        self._hang_up()
        for request in self.requests:
            request.closed.set()
        if self.worker:
            self.worker.cancel()
        self._owner.disconnected(self)

    def pause_writing(self) -> None:
        """Hold sends while the client does not read."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Go on sending."""
        self._writable.set()

    def close(self) -> None:
        """Close the connection in the normal way, after what was written."""
        self._write_and_close(b"")

    def abort(self) -> None:
        """Drop the connection from the server's side."""
        self._mark_closed_by_server()
        if self._transport:
            self._transport.abort()

    async def execute(self, steps: Iterable[Step]) -> None:
        """Do the steps of one answer.

        Raises:
            ConnectionDone: When a step closed the connection.
        """
        loop = asyncio.get_running_loop()
        due = loop.time()
        for step in steps:
            match step:
                case Send(data):
                    self._write(data)
                    await asyncio.sleep(0)
                    await self._writable.wait()
                case Pause(seconds):
                    due += seconds
                    await asyncio.sleep(max(0.0, due - loop.time()))
                case Hold(gate):
                    await gate.pass_through()
                    due = loop.time()
                case Hang():
                    await loop.create_future()
                case Close():
                    self.close()
                    raise ConnectionDone
                case Reset():
                    await self._reset()
                    raise ConnectionDone

    async def _work(self) -> None:
        try:
            while True:
                await self._owner.respond(self, await self._inbox.get())
        except (ConnectionDone, asyncio.CancelledError):
            pass
        except Exception as error:  # noqa: BLE001 - the test, not this task, must see it
            self._owner.failed(error)
            self.abort()

    def _write(self, data: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(data)

    def _write_and_close(self, data: bytes) -> None:
        self._write(data)
        self._mark_closed_by_server()
        if self._transport:
            self._transport.close()

    async def _reset(self) -> None:
        assert self._transport is not None
        # An abort drops what is still buffered, so wait until the kernel has it all.
        self._transport.set_write_buffer_limits(high=0)
        await self._writable.wait()
        sock: socket.socket = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.abort()

    def _mark_closed_by_server(self) -> None:
        self.gone = True
        for request in self.requests:
            request.closed_by_server = True

    def _hang_up(self) -> None:
        self.gone = True
        now = time.monotonic()
        for request in self.requests:
            if not request.closed_by_server and request.hung_up_at is None:
                request.hung_up_at = now
                request.closed.set()
        if self.worker:
            self.worker.cancel()
