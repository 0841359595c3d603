"""Owns reading and writing a pair of file descriptors without ever blocking the event loop.

Serves stdio and TCP alike (a socket is a descriptor). Must not know framing or messages: bytes
go to a callback, framed bodies come from an outbox. No thread and no pool is involved, so nothing
that runs elsewhere can make the server deaf.
"""

import asyncio
import os
import time
from collections.abc import Callable
from select import POLLOUT, poll
from typing import Final

from kata_lsp.lsp.transport.framing import frame
from kata_lsp.lsp.transport.outbox import Outbox

_CHUNK: Final = 256 * 1024
_FLUSH_SECONDS: Final = 0.3


class DescriptorReader:
    """Feeds what arrives on a descriptor to a callback, on the loop.

    Args:
        descriptor: Owned by the reader from now on; made non-blocking.
        on_bytes: Called with each chunk.
        on_end: Called once, at the end of the stream or its failure.
    """

    def __init__(
        self, descriptor: int, on_bytes: Callable[[bytes], None], on_end: Callable[[], None]
    ) -> None:
        self._descriptor = descriptor
        self._on_bytes = on_bytes
        self._on_end = on_end
        self._polled = False
        self._open = False

    def start(self) -> None:
        """Begin reading."""
        os.set_blocking(self._descriptor, False)
        self._open = True
        loop = asyncio.get_running_loop()
        try:
            loop.add_reader(self._descriptor, self._ready)
            self._polled = True
        except PermissionError:
            # Files and /dev/null cannot be polled; they are always ready instead.
            loop.call_soon(self._ready)

    def close(self) -> None:
        """Stop reading."""
        if self._open:
            self._open = False
            if self._polled:
                asyncio.get_running_loop().remove_reader(self._descriptor)

    def _ready(self) -> None:
        if not self._open:
            return
        try:
            data = os.read(self._descriptor, _CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            self._on_end()
            return
        self._on_bytes(data)
        if not self._polled:
            asyncio.get_running_loop().call_soon(self._ready)


class DescriptorWriter:
    """Writes an outbox to a descriptor, as much as the peer takes, and never waits for it.

    Args:
        descriptor: Owned by the writer from now on; made non-blocking.
        outbox: Where the bodies come from.
        on_broken: Called once, when the peer is gone.
    """

    def __init__(self, descriptor: int, outbox: Outbox, on_broken: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._outbox = outbox
        self._on_broken = on_broken
        self._rest = memoryview(b"")
        self._waiting = False
        self._broken = False
        os.set_blocking(descriptor, False)

    def wake(self) -> None:
        """Write what waits, now; what does not fit follows when the peer reads."""
        if not self._waiting and not self._broken:
            self._pump()

    def close(self) -> None:
        """Give the peer a moment to take what is left, then stop.

        Called when the session is over and only this remains, so it may wait.
        """
        self._listen(wanted=False)
        deadline = time.monotonic() + _FLUSH_SECONDS
        ready = poll()
        ready.register(self._descriptor, POLLOUT)
        while not self._broken and not self._write() and (left := deadline - time.monotonic()) > 0:
            ready.poll(left * 1000)
        self._broken = True

    def _pump(self) -> None:
        self._listen(wanted=not self._write())

    def _write(self) -> bool:
        """Whether everything was written (or can never be)."""
        while not self._broken:
            if not self._rest:
                body = self._outbox.take()
                if body is None:
                    return True
                self._rest = memoryview(frame(body))
            try:
                self._rest = self._rest[os.write(self._descriptor, self._rest) :]
            except (BlockingIOError, InterruptedError):
                return False
            except OSError:
                self._broken = True
                self._on_broken()
        return True

    def _listen(self, *, wanted: bool) -> None:
        if wanted != self._waiting:
            loop = asyncio.get_running_loop()
            if wanted:
                loop.add_writer(self._descriptor, self._pump)
            else:
                loop.remove_writer(self._descriptor)
            self._waiting = wanted
