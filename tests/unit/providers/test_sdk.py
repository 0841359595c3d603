"""SDKs come up off the event loop, and every transport failure has a code."""

from __future__ import annotations

import asyncio
import gc
import logging
import ssl
import threading
from collections.abc import AsyncIterator

import httpx2
import pytest

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers import http_stack
from kata_lsp.providers.base import Credential, Endpoint, Secret
from kata_lsp.providers.exchange import Exchange
from kata_lsp.providers.faults import FaultWords
from kata_lsp.providers.readers import Progress
from kata_lsp.providers.sdk import bring_up, off_loop, quiet, secret_of
from kata_lsp.providers.wire import UnreadableReplyError

ENDPOINT = Endpoint("mine")


class StatusError(Exception):
    """Stands for an SDK's status error."""

    def __init__(self, response: httpx2.Response) -> None:
        super().__init__("a body with a key: sk-echo")
        self.response = response


class Reader(Progress):
    """A reader that has got as far as a test says."""

    def read(self, event: dict[str, object]) -> tuple[()]:
        """See `EventReader.read`."""
        return ()


def exchange(*, content: bool = False, partial: bool = False, opened: bool = False) -> Exchange:
    """An exchange that has got that far."""
    found = Exchange("mine", "m-1", FaultWords(), "x-request-id", StatusError, lambda: 1000.0)
    found.opened = opened
    if content:
        found.reader = Reader("m-1", None)
        found.reader.content, found.reader.partial = content, partial
    return found


def failure(error: Exception, at: Exchange) -> KataError:
    """What an exception becomes there."""
    with pytest.raises(KataError) as caught, at.translated():
        raise error
    assert caught.value is error or caught.value.__cause__ is error
    return caught.value


async def test_loading_runs_in_a_thread_of_its_own_without_the_collector():
    """Neither the event loop nor the default pool does it, and the collector is on again after."""
    seen: list[object] = []

    def load() -> str:
        seen.extend((threading.current_thread().name, gc.isenabled()))
        return "loaded"

    assert await off_loop(load) == "loaded"
    assert str(seen[0]).startswith("kata-sdk")
    assert seen[1] is False
    assert gc.isenabled()


async def test_a_loader_that_fails_becomes_an_error_without_its_text():
    """A missing SDK, unreadable certificates, a bad URL: typed, and nothing is quoted."""

    def load() -> object:
        raise OSError("cannot read /home/me/secret.pem")

    with pytest.raises(KataError) as caught:
        await bring_up(ENDPOINT, load)  # pyright: ignore[reportArgumentType] - never returns
    assert caught.value.code is ErrorCode.UNEXPECTED_ERROR
    assert "secret.pem" not in caught.value.message
    assert isinstance(caught.value.__cause__, OSError)


def test_secrets_are_trimmed_and_checked():
    """What surrounds a key is dropped; what no header can carry is refused without being shown."""
    assert secret_of(ENDPOINT, None) is None
    assert secret_of(ENDPOINT, Credential("api_key", Secret(" sk-1\n"), "env")) == "sk-1"
    for value in ("", "a\nb", "a\x00b", "naïve", "a\tb"):
        with pytest.raises(KataError) as caught:
            secret_of(ENDPOINT, Credential("api_key", Secret(value), "env"))
        assert caught.value.code is ErrorCode.MISSING_AUTH
        assert not value or value not in str(caught.value.to_dict())


def test_an_sdk_logs_nothing_below_warnings():
    """Whatever its own environment variable set before."""
    logging.getLogger("some-sdk").setLevel(logging.DEBUG)
    quiet("some-sdk")
    assert not logging.getLogger("some-sdk").isEnabledFor(logging.INFO)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (httpx2.ConnectTimeout("x"), ErrorCode.TIMEOUT),
        (httpx2.ReadTimeout("x"), ErrorCode.TIMEOUT),
        (httpx2.ConnectError("x"), ErrorCode.PROVIDER_UNAVAILABLE),
        (httpx2.ReadError("x"), ErrorCode.PROVIDER_UNAVAILABLE),
        (httpx2.RemoteProtocolError("x"), ErrorCode.PROVIDER_UNAVAILABLE),
        (httpx2.ProxyError("x"), ErrorCode.PROVIDER_UNAVAILABLE),
        (httpx2.UnsupportedProtocol("x"), ErrorCode.BAD_ENDPOINT),
        (httpx2.LocalProtocolError("x"), ErrorCode.BAD_ENDPOINT),
        (httpx2.InvalidURL("x"), ErrorCode.BAD_ENDPOINT),
        (httpx2.DecodingError("x"), ErrorCode.BAD_RESPONSE),
        (UnreadableReplyError("it is odd"), ErrorCode.BAD_RESPONSE),
        (ZeroDivisionError("sk-echo"), ErrorCode.UNEXPECTED_ERROR),
    ],
)
def test_every_exception_has_a_code(error: Exception, code: ErrorCode):
    """By its class, never by its text, which is not shown either."""
    found = failure(error, exchange())
    assert found.code is code
    assert found.provider_id == "mine"
    assert "sk-echo" not in found.message


def test_an_untrusted_certificate_is_the_addresss_fault():
    """It is not worth a retry, so it must be told from other failures to connect."""
    error = httpx2.ConnectError("x")
    error.__cause__ = ssl.SSLCertVerificationError("self signed")
    assert failure(error, exchange()).code is ErrorCode.BAD_ENDPOINT


def test_losing_the_connection_after_content_interrupts_the_answer():
    """What arrived decides: something to keep, something seen, or nothing yet."""
    for partial in (True, False):
        found = failure(httpx2.ReadError("x"), exchange(content=True, partial=partial))
        assert found.code is ErrorCode.STREAM_INTERRUPTED
        assert found.partial is partial
    assert exchange().cut_off().code is ErrorCode.BAD_RESPONSE
    assert exchange(content=True).cut_off().code is ErrorCode.STREAM_INTERRUPTED


def test_an_error_of_ours_passes_unchanged():
    """What was judged once is not judged again."""
    error = KataError(ErrorCode.CONTENT_REFUSED, "no")
    assert failure(error, exchange()) is error


@pytest.mark.parametrize(
    ("headers", "retryable", "wait", "request_id"),
    [
        ({}, True, None, None),
        ({"x-request-id": "req_1"}, True, None, "req_1"),
        ({"x-request-id": "key sk-echo <b>"}, True, None, None),
        ({"x-request-id": "r" * 200}, True, None, None),
        ({"retry-after": "3"}, True, 3.0, None),
        ({"x-should-retry": "false"}, False, None, None),
        ({"x-should-retry": "true"}, True, None, None),
    ],
)
def test_a_refusal_tells_what_its_head_tells(
    headers: dict[str, str], retryable: bool, wait: float | None, request_id: str | None
):
    """Status, wait, whether to ask again, and an id that looks like one; nothing of the body."""
    response = httpx2.Response(429, headers=headers, content=b"sk-echo")
    found = failure(StatusError(response), exchange())
    assert found.code is ErrorCode.RATE_LIMITED
    assert (found.retryable, found.retry_after_seconds) == (retryable, wait)
    assert found.request_id == request_id
    assert "sk-echo" not in str(found.to_dict())


def test_a_refusal_whose_body_was_never_read_is_judged_by_its_status():
    """The connection may break while the body of an error is on its way."""
    response = httpx2.Response(503, stream=httpx2.ByteStream(b"x"))
    assert failure(StatusError(response), exchange()).code is ErrorCode.PROVIDER_UNAVAILABLE


class Endless(httpx2.AsyncByteStream):
    """A body without end, or one that breaks off."""

    def __init__(self, breaks: bool) -> None:
        self.breaks = breaks
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"x" * 1000
        while not self.breaks:
            yield b"x" * 1000
        raise httpx2.ReadError("reset")

    async def aclose(self) -> None:
        self.closed = True


@pytest.mark.parametrize(("breaks", "size"), [(False, http_stack.MAX_ERROR_BYTES), (True, 1000)])
async def test_the_body_of_an_error_is_read_within_bounds(breaks: bool, size: int):
    """SDKs read it whole; a server that never ends it, or drops it, must not hide the status."""
    stream = Endless(breaks)
    client = http_stack.build_client(1.0)
    transport = httpx2.MockTransport(lambda _request: httpx2.Response(500, stream=stream))
    async with (
        client,
        httpx2.AsyncClient(transport=transport, event_hooks=client.event_hooks) as bounded,
    ):
        answer = await bounded.get("http://127.0.0.1/")
    assert len(answer.content) == size
    assert stream.closed


async def test_the_client_follows_no_redirects_and_sets_no_deadline_but_connecting():
    """Deadlines are the runtime's, and an answer from elsewhere is no answer."""
    async with http_stack.build_client(7.0) as client:
        assert not client.follow_redirects
        assert client.timeout == httpx2.Timeout(None, connect=7.0)


async def test_cancellation_is_not_translated():
    """It passes through as itself."""
    with pytest.raises(asyncio.CancelledError), exchange().translated():
        raise asyncio.CancelledError
