"""HTTP/1.1 bytes: requests cut anywhere, chunked bodies, nonsense, framing of answers."""

from __future__ import annotations

import asyncio

import pytest
from fakes import http1
from fakes.provider_server import ProviderServer


def parsed(data: bytes, size: int) -> list[http1.Request]:
    """Everything a parser makes of `data` fed in pieces of `size`."""
    parser = http1.RequestParser()
    pieces = (data[start : start + size] for start in range(0, len(data), size))
    return [request for piece in pieces for request in parser.feed(piece)]


async def raw(server: ProviderServer, data: bytes, *, until: bytes) -> bytes:
    """Send bytes and read up to `until`."""
    host, port = server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(data)
    try:
        return await reader.readuntil(until)
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_requests_are_cut_out_of_any_pieces(size: int):
    """Two requests on one connection, one with a length and one chunked, arrive whole."""
    data = (
        b"POST /a?x=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
        b"POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n"
        b"GET /c HTTP/1.1\r\nHOST: other\r\n\r\n"
    )
    first, second, third = parsed(data, size)
    assert (first.head.method, first.head.target, first.body) == ("POST", "/a?x=1", b"hello")
    assert second.body == b"abcdefg"
    assert (third.head.headers, third.body) == ({"host": "other"}, b"")


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"x" * (http1.MAX_HEAD + 1),
    ],
)
def test_nonsense_is_refused(data: bytes):
    """What is not HTTP/1.1 raises."""
    with pytest.raises(http1.BadRequestBytes):
        parsed(data, len(data))


def test_answers_are_framed_exactly():
    """Heads, lengths and chunks, byte for byte."""
    assert http1.response(404, b"no", content_type="text/plain") == (
        b"HTTP/1.1 404 Not Found\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nno"
    )
    assert http1.response_head(529, {}) == b"HTTP/1.1 529 Status\r\n\r\n"
    assert http1.chunk("é".encode() * 8) == b"10\r\n" + "é".encode() * 8 + b"\r\n"


async def test_the_server_speaks_it():
    """A wrong route, a nonsense request, an expected 100, and a connection that asks to close."""
    async with ProviderServer() as server:
        get = b"GET /v1/nope HTTP/1.1\r\nhost: h\r\n\r\n"
        assert (await raw(server, get, until=b"not found\n")).startswith(b"HTTP/1.1 404 Not Found")
        assert (await raw(server, b"\x16\x03\x01\r\n\r\n", until=b"\r\n")).startswith(
            b"HTTP/1.1 400 Bad Request"
        )
        expecting = b"POST /v1/x HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n"
        assert await raw(server, expecting, until=b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        models = b"GET /v1/models HTTP/1.1\r\nconnection: close\r\n\r\n"
        assert (await raw(server, models, until=b"}")).startswith(b"HTTP/1.1 401 Unauthorized")
        assert [request.operation for request in server.requests] == ["unknown", "models"]
