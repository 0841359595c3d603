"""The client's end of a connection for unit tests: it remembers what it is sent and answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from kata_lsp.lsp.initialize import Session, read_session


def session(capabilities: dict[str, Any] | None = None, **params: Any) -> Session:
    """Return what `initialize` would make of these capabilities and params."""
    return read_session({"capabilities": capabilities or {}, **params})


class Peer:
    """A client that answers requests as `answers` says: a value, an error to raise, a function.

    A method without an answer is never answered.
    """

    def __init__(self, capabilities: dict[str, Any] | None = None, **params: Any) -> None:
        self.session = session(capabilities, **params)
        self.sent: list[tuple[str, Any]] = []
        self.asked: list[tuple[str, Any]] = []
        self.answers: dict[str, Any] = {}

    def send(
        self,
        method: str,
        params: Any,
        coalesce_key: str | None = None,
        merge: Callable[[Sequence[Any]], Any] | None = None,
    ) -> None:
        """Remember a notification."""
        del coalesce_key, merge
        self.sent.append((method, params))

    async def ask(self, method: str, params: Any, seconds: float) -> Any:
        """Remember a request and answer it."""
        self.asked.append((method, params))
        if method not in self.answers:
            await asyncio.Event().wait()
        answer = self.answers[method]
        if isinstance(answer, Exception):
            raise answer
        return answer(params) if callable(answer) else answer

    def of(self, method: str) -> list[Any]:
        """Return the params of every notification of a method."""
        return [params for name, params in self.sent if name == method]


async def settle(turns: int = 20) -> None:
    """Let tasks that wait for nothing but each other go on."""
    for _ in range(turns):
        await asyncio.sleep(0)
