"""Owns the conversation: which message may come when, who handles it, and its one answer.

Replaces pygls' message handling and keeps its feature registry, workspace and capabilities. Must
not know streams; it is handed bodies and puts bodies into an outbox.
"""

import asyncio
import inspect
import logging
import secrets
from collections.abc import Awaitable, Callable, Generator
from functools import partial
from typing import Any, Final, cast

from cattrs import Converter
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from kata_lsp.lsp import jsonrpc
from kata_lsp.lsp.errors import to_rpc
from kata_lsp.lsp.jsonrpc import Code, MessageId, Notification, Request, Response, RpcError
from kata_lsp.lsp.lifecycle import Phase
from kata_lsp.lsp.params import structure
from kata_lsp.lsp.sending import Sender

_log = logging.getLogger(__name__)

MAX_IN_FLIGHT: Final = 1024
"""Requests that may be unanswered at a time; one more is refused."""
_SETTLE_SECONDS: Final = 0.5
_LAST_SECONDS: Final = 0.1
_RAW: Final = frozenset({types.INITIALIZE, types.WORKSPACE_EXECUTE_COMMAND})
"""Methods whose handlers check their params themselves."""

_Step = tuple[Callable[..., Any], tuple[Any, ...] | None, dict[str, Any] | None]


class Endpoint(Sender):
    """A pygls protocol that answers every request exactly once and never blocks.

    Handlers are registered with pygls' `@server.feature`: plain functions run at once, coroutine
    functions as tasks that `$/cancelRequest` cancels for real. Methods that LSP does not know get
    their params as plain JSON.
    """

    def __init__(self, server: LanguageServer, converter: Converter) -> None:
        super().__init__(server, converter)
        self._running: dict[MessageId, asyncio.Task[Any]] = {}
        self._background: set[asyncio.Task[Any]] = set()
        self._settling: asyncio.Task[None] | None = None

    @property
    def added(self) -> dict[str, Callable[..., Any]]:
        """The handlers that features registered, by method."""
        return cast("dict[str, Callable[..., Any]]", self.fm.features)  # pyright: ignore[reportUnknownMemberType]  # untyped in pygls

    @property
    def registered(self) -> dict[str, Callable[..., Any]]:
        """All handlers by method; the built-in ones call the added ones themselves."""
        built_in = cast("dict[str, Callable[..., Any]]", self.fm.builtin_features)  # pyright: ignore[reportUnknownMemberType]  # untyped in pygls
        return self.added | built_in

    def receive(self, message: jsonrpc.Message) -> None:
        """Handle one message; never raises."""
        match message:
            case Request():
                self._on_request(message)
            case Notification():
                self._on_notification(message)
            case Response():
                self._outgoing.resolve(message)
            case _:
                _log.warning("refused a message: %s", message.error.message)
                self._answer(message.id, error=message.error)

    def _on_request(self, request: Request) -> None:
        try:
            self._admit(request)
            outcome = self._call(self._handler(request.method), request.method, request.params)
        except Exception as error:  # noqa: BLE001 - every request is answered
            self._answer(request.id, error=self._as_rpc_error(error, request.method))
            return
        if inspect.isawaitable(outcome):
            task = asyncio.ensure_future(outcome)
            self._running[request.id] = task
            task.add_done_callback(partial(self._finish, request))
        else:
            self._answer(request.id, result=outcome)

    def _admit(self, request: Request) -> None:
        starts = request.method == types.INITIALIZE
        match self.lifecycle.phase:
            case Phase.NEW if not starts:
                text = f"{request.method!r} came before initialize; send that first"
                raise RpcError(Code.SERVER_NOT_INITIALIZED, text)
            case Phase.RUNNING if starts:
                text = "the server is initialized already; start another one for another session"
                raise RpcError(Code.INVALID_REQUEST, text)
            case Phase.SHUT_DOWN:
                text = f"{request.method!r} came after shutdown; only exit may follow"
                raise RpcError(Code.INVALID_REQUEST, text)
            case _:
                pass
        if request.id in self._running:
            text = "another request with this id is not answered yet; use a fresh id"
            raise RpcError(Code.INVALID_REQUEST, text)
        if len(self._running) >= MAX_IN_FLIGHT:
            text = f"{MAX_IN_FLIGHT} requests are not answered yet; wait for some of them"
            raise RpcError(Code.REQUEST_FAILED, text)

    def _handler(self, method: str) -> Callable[..., Any]:
        handler = self.registered.get(method)
        if handler is None:
            raise RpcError(Code.METHOD_NOT_FOUND, f"the method {method[:100]!r} is not served")
        return handler

    def _call(self, handler: Callable[..., Any], method: str, params: Any) -> Any:
        fitting = params if method in _RAW else structure(self._converter, method, params)
        return self._invoke(handler, (fitting,), {})

    def _invoke(
        self, handler: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Return the handler's result, or an awaitable of it when it takes time."""
        result = handler(*args, **kwargs)
        if inspect.isgenerator(result):
            return self._drive(cast("Generator[_Step, Any, Any]", result), None)
        return result

    def _drive(self, steps: Generator[_Step, Any, Any], value: Any) -> Any:
        """Run a built-in handler of pygls, which yields the calls it wants made."""
        while True:
            try:
                handler, args, kwargs = steps.send(value)
            except StopIteration as end:
                return end.value
            value = self._invoke(handler, args or (), kwargs or {})
            if inspect.isawaitable(value):
                return self._drive_later(steps, value)

    async def _drive_later(self, steps: Generator[_Step, Any, Any], value: Awaitable[Any]) -> Any:
        # In the same task as the call, so that cancelling the request cancels the call.
        outcome = self._drive(steps, await value)
        return await outcome if inspect.isawaitable(outcome) else outcome

    def _finish(self, request: Request, task: asyncio.Task[Any]) -> None:
        if self._running.pop(request.id, None) is None:
            return
        if task.cancelled():
            error = RpcError(
                Code.REQUEST_CANCELLED, f"the request {request.method!r} was cancelled"
            )
            self._answer(request.id, error=error)
        elif (failure := task.exception()) is not None:
            self._answer(request.id, error=self._as_rpc_error(failure, request.method))
        else:
            self._answer(request.id, result=task.result())

    def _on_notification(self, notification: Notification) -> None:
        method = notification.method
        if method == types.CANCEL_REQUEST:
            self._cancel(notification.params)
            return
        if self.lifecycle.phase is not Phase.RUNNING and method != types.EXIT:
            _log.info("ignored %.100r outside of a session", method)
            return
        try:
            outcome = self._call(self._handler(method), method, notification.params)
        except Exception as error:  # noqa: BLE001 - a notification has nobody to tell
            self._note(method, error)
            return
        if inspect.isawaitable(outcome):
            task = asyncio.ensure_future(outcome)
            self._background.add(task)
            task.add_done_callback(partial(self._finish_notification, method))

    def _finish_notification(self, method: str, task: asyncio.Task[Any]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._note(method, failure)

    def _note(self, method: str, error: BaseException) -> None:
        if isinstance(error, RpcError):
            level = logging.DEBUG if error.code == Code.METHOD_NOT_FOUND else logging.WARNING
            _log.log(level, "ignored %.100r: %s", method, error.message)
        else:
            self._as_rpc_error(error, method)

    def _cancel(self, params: Any) -> None:
        wanted = cast("dict[str, Any]", params).get("id") if isinstance(params, dict) else None
        task = self._running.get(wanted) if isinstance(wanted, int | float | str) else None
        if task is not None:
            task.cancel()

    def _as_rpc_error(self, error: BaseException, method: str) -> RpcError:
        """Return the error to answer; what is unforeseen goes to the log under an id."""
        known = to_rpc(error)
        if known is not None:
            return known
        if isinstance(error, JsonRpcException) and error.code != Code.INTERNAL_ERROR:
            return RpcError(error.code, error.message)
        reference = secrets.token_hex(4)
        _log.error("%.100r failed (%s)", method, reference, exc_info=error)
        text = f"internal error {reference}; the server's log has the details under this id"
        return RpcError(Code.INTERNAL_ERROR, text)

    def _answer(
        self, msg_id: MessageId | None, *, result: Any = None, error: RpcError | None = None
    ) -> None:
        response: dict[str, Any] = {"jsonrpc": "2.0", "id": msg_id}
        try:
            member = {"result": result} if error is None else {"error": error.to_dict()}
            body = self._encode(response | member)
        except Exception as failure:  # noqa: BLE001 - every request is answered
            instead = self._as_rpc_error(failure, "encoding a result")
            body = self._encode(response | {"error": instead.to_dict()})
        self._put(body)

    async def settle(self) -> None:
        """Fail what waits for the client, cancel what runs and run the shutdown hooks, once.

        A caller that is itself a running request, shutdown, is spared.
        """
        if self._settling is None:
            spared = asyncio.current_task()
            self._settling = asyncio.create_task(self._settle(spared), name="settle")
        await asyncio.shield(self._settling)

    async def _settle(self, spared: asyncio.Task[Any] | None) -> None:
        self._outgoing.close()
        tasks = [t for t in (*self._running.values(), *self._background) if t is not spared]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.gather(
                asyncio.wait(tasks, timeout=_SETTLE_SECONDS), self.lifecycle.run_hooks()
            )
        else:
            await self.lifecycle.run_hooks()

    async def close(self) -> None:
        """Settle, and answer whatever did not listen to its cancellation."""
        await self.settle()
        if self._running:
            await asyncio.wait(list(self._running.values()), timeout=_LAST_SECONDS)
        for msg_id in list(self._running):
            del self._running[msg_id]
            self._answer(msg_id, error=RpcError(Code.REQUEST_CANCELLED, "the server has stopped"))
