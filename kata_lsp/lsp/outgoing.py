"""Owns our requests to the client until they are answered, time out or the session ends.

Must not know what is asked. Some clients never answer (Helix refuses `showMessageRequest`, a
dialog may stay open for hours), so nothing here is waited for at shutdown.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Final, cast

from kata_lsp.lsp.jsonrpc import Code, MessageId, Response, RpcError

_log = logging.getLogger(__name__)

MAX_OPEN: Final = 1024
"""Requests that may be open at a time; the oldest is given up for one more."""

Parse = Callable[[Any], Any]


class Outgoing:
    """The open requests by id.

    Args:
        send: Sends one message.
    """

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        self._send = send
        self._open: dict[MessageId, tuple[Future[Any], Parse | None]] = {}
        self._serial = 0
        self._closed = False

    def request(
        self, method: str, params: Any, parse: Parse | None = None, msg_id: MessageId | None = None
    ) -> Future[Any]:
        """Send a request; cancelling the future also tells the client.

        Args:
            method: The method.
            params: JSON, or lsprotocol's class for it.
            parse: Turns the raw result into the future's.
            msg_id: The id to use; a fresh one when omitted.
        """
        if msg_id is None:
            self._serial += 1
            msg_id = f"kata-{self._serial}"
        future: Future[Any] = Future()
        if self._closed:
            future.set_exception(_gone(method))
            return future
        if len(self._open) >= MAX_OPEN:
            self._give_up(next(iter(self._open)))
        self._open[msg_id] = (future, parse)
        future.add_done_callback(lambda done: self._forget(msg_id, done))
        message: dict[str, Any] = {"jsonrpc": "2.0", "id": msg_id, "method": method}
        self._send(message if params is None else message | {"params": params})
        return future

    async def ask(self, method: str, params: Any, seconds: float) -> Any:
        """Send a request and wait at most `seconds` for its raw result.

        Raises:
            TimeoutError: No answer in time.
            RpcError: The client answered with an error, or the session ended.
        """
        async with asyncio.timeout(seconds):
            return await asyncio.wrap_future(self.request(method, params))

    def resolve(self, response: Response) -> None:
        """Hand a response to whoever asked; one that nobody waits for is ignored."""
        found = self._open.pop(response.id, None) if response.id is not None else None
        if found is None:
            _log.debug("ignored a response that nobody waits for")
            return
        future, parse = found
        if not future.set_running_or_notify_cancel():
            return
        if response.error is not None:
            future.set_exception(_as_error(response.error))
            return
        try:
            result = response.result if parse is None else parse(response.result)
        except Exception as error:  # noqa: BLE001 - it belongs to whoever asked
            future.set_exception(error)
        else:
            future.set_result(result)

    def close(self) -> None:
        """Fail every open request; none can be answered any more."""
        self._closed = True
        for msg_id in list(self._open):
            self._give_up(msg_id)

    def _give_up(self, msg_id: MessageId) -> None:
        future, _ = self._open.pop(msg_id)
        if future.set_running_or_notify_cancel():
            future.set_exception(_gone(str(msg_id)))

    def _forget(self, msg_id: MessageId, future: Future[Any]) -> None:
        if self._open.pop(msg_id, None) is not None and future.cancelled() and not self._closed:
            with suppress(Exception):
                self._send(
                    {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": msg_id}}
                )


def _gone(what: str) -> RpcError:
    return RpcError(Code.REQUEST_CANCELLED, f"the client can no longer answer {what!r}")


def _as_error(error: Any) -> RpcError:
    fields = cast("dict[str, Any]", error) if isinstance(error, dict) else {}
    code = fields.get("code")
    return RpcError(
        code if type(code) is int else Code.INTERNAL_ERROR,
        f"the client answered with an error: {str(fields.get('message', ''))[:500]}",
        fields.get("data"),
    )
