"""Owns serving one session over stdio, TCP or a WebSocket, from the first byte to the exit code.

Must not know messages beyond handing them to the endpoint.
"""

import asyncio
import logging
import os
import socket
import sys
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any, cast

from kata_lsp.lsp import startup
from kata_lsp.lsp.endpoint import Endpoint
from kata_lsp.lsp.jsonrpc import Code, Malformed, RpcError, decode
from kata_lsp.lsp.lifecycle import Phase, signals
from kata_lsp.lsp.transport.framing import MAX_BODY, FrameReader, FramingError, Garbled, split_slip
from kata_lsp.lsp.transport.stderr import SpareStderr
from kata_lsp.lsp.transport.streams import DescriptorReader, DescriptorWriter

_log = logging.getLogger(__name__)


def stdio(endpoint: Endpoint) -> int:
    """Serve the process that started us and return the exit code.

    Takes over the descriptors 0 and 1: what is printed afterwards, here or in a child process,
    goes to stderr and cannot corrupt the protocol.
    """
    with _private_stdio() as (incoming, outgoing):
        return _run(endpoint, lambda: _session(endpoint, incoming, outgoing))


def tcp(endpoint: Endpoint, host: str, port: int) -> int:
    """Serve the first connection to a loopback port, for debugging, and return the exit code.

    Raises:
        ValueError: The host is not a loopback address.
    """

    async def session() -> int:
        with socket.create_server((_loopback(host), port)) as listener:
            listener.settimeout(0)
            _log.warning("listening on %s:%s", *listener.getsockname()[:2])
            accepting = asyncio.ensure_future(asyncio.get_running_loop().sock_accept(listener))
            await _first(accepting, endpoint)
        if not accepting.done():
            accepting.cancel()
            return await endpoint.lifecycle.stopped()
        peer, _ = accepting.result()
        with peer:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return await _session(endpoint, peer.fileno(), peer.fileno())

    return _run(endpoint, session)


def ws(endpoint: Endpoint, host: str, port: int) -> int:
    """Serve the first WebSocket on a loopback port, for debugging, and return the exit code.

    Connections from web pages (they carry an origin) are refused: any page may try.

    Raises:
        ValueError: The host is not a loopback address.
        ImportError: The package `websockets` is not installed.
    """
    from websockets.asyncio.server import ServerConnection, serve  # noqa: PLC0415 - optional

    pumping = asyncio.Lock()

    async def connected(peer: ServerConnection) -> None:
        if pumping.locked():
            await peer.close(1013, "one session at a time")
            return
        async with pumping:
            await _websocket(endpoint, peer)

    async def session() -> int:
        address = _loopback(host)
        async with serve(connected, address, port, origins=[None], max_size=MAX_BODY) as listener:
            _log.warning("listening on %s:%s", *next(iter(listener.sockets)).getsockname()[:2])
            code = await endpoint.lifecycle.stopped()
            await endpoint.close()
            return code

    return _run(endpoint, session)


def _run(endpoint: Endpoint, session: Callable[[], Coroutine[Any, Any, int]]) -> int:
    async def main() -> int:
        with signals(endpoint.lifecycle):
            return await session()

    startup.freeze()
    return asyncio.run(main())


async def _session(endpoint: Endpoint, incoming: int, outgoing: int) -> int:
    lifecycle = endpoint.lifecycle
    frames = FrameReader()

    def ended() -> None:
        orderly = lifecycle.phase is Phase.SHUT_DOWN
        lifecycle.stop(0 if orderly else 1, "the client closed the connection")

    def arrived(data: bytes) -> None:
        try:
            for item in frames.feed(data):
                endpoint.receive(_read(frames, item))
        except FramingError as error:
            lifecycle.stop(1, str(error))

    reader = DescriptorReader(incoming, arrived, ended)
    writer = DescriptorWriter(outgoing, endpoint.outbox, ended)
    endpoint.wake = writer.wake
    reader.start()
    try:
        return await lifecycle.stopped()
    finally:
        reader.close()
        await endpoint.close()
        writer.close()


def _read(frames: FrameReader, item: bytes | Garbled) -> Any:
    if isinstance(item, Garbled):
        return Malformed(RpcError(Code.PARSE_ERROR, f"skipped {item.reason}"))
    message = decode(item)
    if isinstance(message, Malformed) and (slip := split_slip(item)) is not None:
        head, rest = slip
        frames.push_back(rest)
        return decode(head)
    return message


async def _websocket(endpoint: Endpoint, peer: Any) -> None:
    filled = asyncio.Event()
    endpoint.wake = filled.set

    async def pump() -> None:
        while True:
            await filled.wait()
            filled.clear()
            while (body := endpoint.outbox.take()) is not None:
                await peer.send(body.decode())

    pumping = asyncio.create_task(pump())
    try:
        async for text in peer:
            endpoint.receive(decode(text.encode() if isinstance(text, str) else text))
    finally:
        pumping.cancel()
        await asyncio.wait([pumping])
        orderly = endpoint.lifecycle.phase is Phase.SHUT_DOWN
        endpoint.lifecycle.stop(0 if orderly else 1, "the client closed the connection")


async def _first(accepting: asyncio.Future[Any], endpoint: Endpoint) -> None:
    stopped = asyncio.ensure_future(endpoint.lifecycle.stopped())
    await asyncio.wait([accepting, stopped], return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()


def _loopback(host: str) -> str:
    address = "127.0.0.1" if host == "localhost" else host
    try:
        if ip_address(address).is_loopback:
            return address
    except ValueError:
        pass
    raise ValueError(f"{host!r} is not a loopback address; use 127.0.0.1, ::1 or localhost")


@contextmanager
def _private_stdio() -> Generator[tuple[int, int]]:
    sys.stdout.flush()
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    before, spare = sys.stderr, SpareStderr(2)
    sys.stdout = sys.stderr = spare
    for handler in logging.getLogger().handlers:
        if getattr(handler, "stream", None) is before:
            cast("logging.StreamHandler[Any]", handler).setStream(spare)
    try:
        yield incoming, outgoing
    finally:
        # The descriptors may be a terminal's, which outlives us.
        os.set_blocking(incoming, True)
        os.set_blocking(outgoing, True)
