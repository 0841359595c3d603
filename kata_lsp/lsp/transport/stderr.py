"""Owns writing to stderr without ever waiting for whoever should read it.

Many clients open a pipe for stderr and forget it; once it is full, a plain write would stop the
whole server. Must not know logging.
"""

import io
import os
from select import PIPE_BUF, POLLOUT, poll


class SpareStderr(io.TextIOBase):
    """A text stream on a descriptor that drops what the reader has no room for.

    Args:
        descriptor: Stays blocking, because child processes and terminals share it.
    """

    encoding = "utf-8"  # type: ignore[assignment]  # a property in the stub, a value in practice

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._poll = poll()
        self._poll.register(descriptor, POLLOUT)

    def writable(self) -> bool:
        """Whether it can be written to."""
        return True

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether a person reads it."""
        return os.isatty(self._descriptor)

    def write(self, text: str) -> int:
        """Write what fits at once and drop the rest; a lost log line is better than a wedge."""
        data = text.encode("utf-8", "backslashreplace")
        try:
            while data and self._poll.poll(0):
                # A pipe that polls writable takes at least PIPE_BUF bytes without blocking.
                data = data[os.write(self._descriptor, data[:PIPE_BUF]) :]
        except OSError:
            pass
        return len(text)
