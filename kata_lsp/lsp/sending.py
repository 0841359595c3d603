"""Owns what the server says on its own: encoding, the outbox, notifications and questions.

Must not know what arrives; `endpoint.py` builds on it.
"""

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from cattrs import Converter
from pygls.lsp.server import LanguageServer
from pygls.protocol.language_server import LanguageServerProtocol

from kata_lsp.lsp import jsonrpc
from kata_lsp.lsp.lifecycle import Lifecycle
from kata_lsp.lsp.outgoing import Outgoing
from kata_lsp.lsp.transport.outbox import BacklogError, Merge, Outbox


class Sender(LanguageServerProtocol):
    """The sending half of a pygls protocol; it never waits for the client to read."""

    def __init__(self, server: LanguageServer, converter: Converter) -> None:
        super().__init__(server, converter)
        self.lifecycle = Lifecycle()
        self.outbox = Outbox(self._encode)
        self.wake: Callable[[], None] = lambda: None
        """Tells the transport that the outbox has something; set by it."""
        self._outgoing = Outgoing(self._send_data)

    def _encode(self, message: Any) -> bytes:
        return jsonrpc.encode(message, self._plain)

    def _plain(self, value: Any) -> Any:
        if hasattr(value, "__attrs_attrs__"):
            return self._converter.unstructure(value)
        if hasattr(value, "model_dump"):
            return value.model_dump(mode="json", by_alias=True, exclude_none=True)
        raise TypeError(f"a {type(value).__name__} has no JSON form")

    def _put(self, body: bytes) -> None:
        try:
            self.outbox.put(body)
        except BacklogError as error:
            self.lifecycle.stop(1, str(error))
            return
        self.wake()

    def _send_data(self, data: Any) -> None:
        self._put(self._encode(data))

    def send(
        self, method: str, params: Any, coalesce_key: str | None = None, merge: Merge | None = None
    ) -> None:
        """Send a notification; see `KataServer.send`."""
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
        if params is not None:
            message["params"] = params
        try:
            if coalesce_key is None:
                self.outbox.put(self._encode(message))
            else:
                self.outbox.put_keyed(coalesce_key, message, merge)
        except BacklogError as error:
            self.lifecycle.stop(1, str(error))
            return
        self.wake()

    def notify(self, method: str, params: Any | None = None) -> None:
        """Send a notification (pygls' name for it)."""
        self.send(method, params)

    def send_request(
        self,
        method: str,
        params: Any | None = None,
        callback: Callable[[Any], None] | None = None,
        msg_id: str | int | None = None,
    ) -> Future[Any]:
        """Send a request; the future gets lsprotocol's class where LSP knows the method."""
        future = self._outgoing.request(method, params, partial(self._parse, method), msg_id)
        if callback is not None:
            wanted = callback
            future.add_done_callback(lambda done: _call_back(wanted, done))
        return future

    async def ask(self, method: str, params: Any, seconds: float) -> Any:
        """Send a request and return its raw result; see `KataServer.ask`."""
        return await self._outgoing.ask(method, params, seconds)

    def _parse(self, method: str, result: Any) -> Any:
        kind = self.get_result_type(method)
        if kind is None:
            return result
        envelope = {"jsonrpc": "2.0", "id": "", "result": result}
        return self._converter.structure(envelope, kind).result


def _call_back(callback: Callable[[Any], None], done: Future[Any]) -> None:
    if done.cancelled() or done.exception() is not None:
        return
    callback(done.result())
