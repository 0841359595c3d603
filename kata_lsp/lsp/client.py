"""Owns what our modules ask of the client: to tell it, to ask it, and what it can do.

Must not know the server that provides this; tests play the client with a few lines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from kata_lsp.lsp.initialize import Session


class Client(Protocol):
    """The editor at the other end; `KataServer` is one."""

    @property
    def session(self) -> Session:
        """What it told about itself."""
        ...

    def send(
        self,
        method: str,
        params: Any,
        coalesce_key: str | None = None,
        merge: Callable[[Sequence[Any]], Any] | None = None,
    ) -> None:
        """Send a notification; returns at once."""
        ...

    async def ask(self, method: str, params: Any, seconds: float) -> Any:
        """Send a request and return its raw result.

        Raises:
            TimeoutError: No answer in time.
            RpcError: The client answered with an error, or the session ended.
        """
        ...


def wants(client: Client, channel: str) -> bool:
    """Whether the client left `channel` on; any is off after `experimental.kata.CHANNEL: false`.

    Channels are `notifications` (the `kata/*` ones), `progress` and `offers`; a client that shows
    runs in its own way turns off what would show them twice.
    """
    return client.session.capability(f"experimental.kata.{channel}") is not False


def show(client: Client, message: str, *, kind: int = 3) -> None:
    """Show a message to the user; `kind` is LSP's MessageType (1 error, 2 warning, 3 info)."""
    client.send("window/showMessage", {"type": kind, "message": message})
