"""Owns what waits to be sent: order, merging, and the bound on its memory.

Must not know streams or methods. A message without a key is never dropped nor merged. Messages
with a key replace or extend the one of the same key that still waits. When the peer does not
read, mergeable text is dropped first (it can be read again from the store), then the connection
is given up; so at most `MAX_WAITING` bytes plus one message wait.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

_log = logging.getLogger(__name__)

MAX_WAITING: Final = 16 * 1024 * 1024
"""Bytes that may wait for a peer that does not read."""
MAX_DROPPABLE: Final = 4 * 1024 * 1024
"""The part of it that mergeable messages may take."""

Json = dict[str, Any]
Merge = Callable[[Sequence[Any]], Any]
"""Takes the params that wait, at least two and in order, returns what to send instead of them."""


class BacklogError(Exception):
    """The peer has not read for too long; nothing more can be kept for it."""


@dataclass(slots=True)
class _Waiting:
    body: bytes
    size: int
    merge: Merge | None = None
    parts: list[Json] = field(default_factory=list[Json])


class Outbox:
    """The messages that were sent and not yet written, in order.

    Args:
        encode: Turns a message into a body; raises TypeError if it has no JSON form.
    """

    def __init__(self, encode: Callable[[Any], bytes]) -> None:
        self._encode = encode
        self._waiting: OrderedDict[Hashable, _Waiting] = OrderedDict()
        self._serial = 0
        self._size = 0
        self._droppable = 0
        self._dropping = False

    @property
    def size(self) -> int:
        """Bytes waiting, headers not counted."""
        return self._size

    def put(self, body: bytes) -> None:
        """Append a message that must arrive.

        Raises:
            BacklogError: `MAX_WAITING` bytes wait already.
        """
        self._serial += 1
        self._append(self._serial, _Waiting(body, len(body)))

    def put_keyed(self, key: str, message: Json, merge: Merge | None) -> None:
        """Append a notification that takes the place of the waiting one with the same `key`.

        It moves to the end, so that a state never arrives before what led to it.

        Args:
            key: What it is about, a run's stream say.
            message: The whole message; `merge` sees its params.
            merge: Combines the params, once, when the peer reads again; None when the new ones
                stand for the old. Messages with it may be dropped when the peer does not read.

        Raises:
            BacklogError: `MAX_WAITING` bytes wait already.
            TypeError: The message has no JSON form.
        """
        body = self._encode(message)
        entry = _Waiting(body, len(body), merge)
        earlier = self._waiting.pop(key, None)
        if earlier is not None:
            self._forget(earlier)
        if merge is not None:
            if earlier is not None:
                entry.parts, entry.size = earlier.parts, earlier.size + len(body)
            entry.parts.append(message)
        self._append(key, entry)
        if self._droppable > MAX_DROPPABLE:
            self._drop_text()

    def take(self) -> bytes | None:
        """Remove and return the next body, or None when nothing waits."""
        while self._waiting:
            _, entry = self._waiting.popitem(last=False)
            self._forget(entry)
            if entry.merge is None or len(entry.parts) == 1:
                return entry.body
            try:
                params = entry.merge([part["params"] for part in entry.parts])
                return self._encode(entry.parts[-1] | {"params": params})
            except Exception:  # noqa: BLE001 - what waits behind it must still be sent
                _log.exception("messages that could not be merged were dropped")
        self._dropping = False
        return None

    def _append(self, key: Hashable, entry: _Waiting) -> None:
        if self._size > MAX_WAITING:
            self._drop_text()
        if self._size > MAX_WAITING:
            raise BacklogError(f"the client has not read for {self._size} bytes")
        self._waiting[key] = entry
        self._size += entry.size
        self._droppable += entry.size if entry.merge else 0

    def _forget(self, entry: _Waiting) -> None:
        self._size -= entry.size
        self._droppable -= entry.size if entry.merge else 0

    def _drop_text(self) -> None:
        if not self._dropping:
            self._dropping = True
            _log.warning("the client does not read; streamed text is dropped until it does")
        for key in [key for key, entry in self._waiting.items() if entry.merge]:
            self._forget(self._waiting.pop(key))
