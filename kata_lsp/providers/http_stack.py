"""Owns the HTTP client that the vendors' SDKs are given: what it allows, and how it fails.

Must not know any vendor. It imports the HTTP library at once, so import this module off the event
loop and only when a provider is about to be used.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Final

import anyio.lowlevel
import httpx2

from kata_lsp.errors import ErrorCode

WARM_UP_URL: Final = "http://warm-up.invalid/"
"""Answered inside the client, so that an SDK can run its first request without a network."""

MAX_ERROR_BYTES: Final = 64 * 1024
"""Of an error's body; what is beyond is not read, the status still counts."""

_KEPT_ALIVE: Final = 8
_KEEP_SECONDS: Final = 30.0


def build_client(connect_seconds: float) -> httpx2.AsyncClient:
    """Return a client without redirects, retries, read deadlines or a limit on connections.

    The runtime owns every deadline but the one for connecting. Proxies of the environment are
    honoured; compression is not asked for, because it delays small events.

    Args:
        connect_seconds: How long a connection may take to open, TLS included.
    """
    return httpx2.AsyncClient(
        timeout=httpx2.Timeout(None, connect=connect_seconds),
        limits=httpx2.Limits(
            max_connections=None,
            max_keepalive_connections=_KEPT_ALIVE,
            keepalive_expiry=_KEEP_SECONDS,
        ),
        follow_redirects=False,
        headers={"accept-encoding": "identity"},
        event_hooks={"response": [_bound_error_body]},
        mounts={WARM_UP_URL.rstrip("/"): httpx2.MockTransport(_warm_answer)},
    )


async def load_backend() -> None:
    """Load what opening a first connection would import; call it off the main event loop."""
    await anyio.lowlevel.checkpoint()


async def _warm_answer(_request: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(200, json={})


class _BoundedStream(httpx2.AsyncByteStream):
    """The first bytes of an error's body; SDKs read it whole, however long it is."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = MAX_ERROR_BYTES
        try:
            async for chunk in self._stream:
                yield chunk[:left]
                left -= len(chunk)
                if left <= 0:
                    return
        except httpx2.TransportError:
            return  # the status is known, and it says more than a broken connection does

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _bound_error_body(response: httpx2.Response) -> None:
    if not response.is_success and isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _BoundedStream(response.stream)


def read_chunks(response: httpx2.Response) -> Any:
    """Return the body's chunks, decoded only when the server compressed it although not asked."""
    if response.headers.get("content-encoding", "identity") == "identity":
        return response.aiter_raw()
    return response.aiter_bytes()


def drop(response: httpx2.Response) -> None:
    """Close an answer's connection at once; not when it is done, as others may use it by then."""
    if response.is_closed:
        return
    stream = response.extensions.get("network_stream")
    connection = stream.get_extra_info("socket") if stream is not None else None
    if connection is not None:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


_FAULTS: Final[tuple[tuple[type[BaseException], ErrorCode, str], ...]] = (
    (ssl.SSLCertVerificationError, ErrorCode.BAD_ENDPOINT, "its certificate is not trusted"),
    (socket.gaierror, ErrorCode.PROVIDER_UNAVAILABLE, "its host name cannot be found"),
    (ConnectionRefusedError, ErrorCode.PROVIDER_UNAVAILABLE, "nothing listens at its address"),
    (httpx2.ConnectTimeout, ErrorCode.TIMEOUT, "connecting took too long"),
    (httpx2.TimeoutException, ErrorCode.TIMEOUT, ""),
    (httpx2.InvalidURL, ErrorCode.BAD_ENDPOINT, "the base URL is not valid"),
    (httpx2.UnsupportedProtocol, ErrorCode.BAD_ENDPOINT, "the base URL is not http or https"),
    (httpx2.LocalProtocolError, ErrorCode.BAD_ENDPOINT, "the request cannot be sent"),
    (httpx2.DecodingError, ErrorCode.BAD_RESPONSE, "its compression is broken"),
    (httpx2.ProxyError, ErrorCode.PROVIDER_UNAVAILABLE, "the proxy refused"),
    (httpx2.ConnectError, ErrorCode.PROVIDER_UNAVAILABLE, "no connection"),
    (httpx2.TransportError, ErrorCode.PROVIDER_UNAVAILABLE, "the connection was lost"),
)


def fault_of(error: BaseException, *, opened: bool) -> tuple[ErrorCode, str] | None:
    """Return the code of a transport failure and a remark, or None when it is something else.

    Looks through the causes, since SDKs wrap what their HTTP client raises.

    Args:
        error: What was raised.
        opened: Whether the answer's head had arrived.
    """
    chain = list(_causes(error))
    if not opened and any(_speaks_no_http(link) for link in chain):
        return ErrorCode.BAD_RESPONSE, "what it sends is not readable HTTP"
    for kind, code, remark in _FAULTS:
        if any(isinstance(link, kind) for link in chain):
            return code, remark
    return None


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def _speaks_no_http(error: BaseException) -> bool:
    # httpcore raises its own protocol error without a cause when a server just hangs up; only
    # bytes that the parser refused have the parser's error behind them.
    return type(error).__module__.startswith("h11") and "RemoteProtocol" in type(error).__name__
