"""Owns how an adapter asks through its vendor's SDK and streams the answer, for every API alike.

Must not know any vendor: an API is a `Surface` of pure mappings, its client comes from a loader.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Mapping,
    Sequence,
)
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from kata_lsp.errors import ErrorCode
from kata_lsp.providers.base import Capabilities, Endpoint, ModelInfo
from kata_lsp.providers.exchange import Exchange
from kata_lsp.providers.faults import FaultWords, ReportedFailureError, failure_of
from kata_lsp.providers.messages import AdapterEvent, Completion, CompletionRequest
from kata_lsp.providers.readers import EventReader
from kata_lsp.providers.sdk import Sdk
from kata_lsp.providers.wire import (
    SseDecoder,
    UnreadableReplyError,
    decode_object,
    encode,
    read_object,
)

if TYPE_CHECKING:
    import httpx2

_T = TypeVar("_T")

DONE: Final = b"[DONE]"
"""Ends a stream in OpenAI's APIs and in those that follow them."""
_TIDY_SECONDS: Final = 0.2
_SHAPE_ERRORS: Final = (KeyError, TypeError, AttributeError, IndexError, ValueError)

GetObject = Callable[[str, Mapping[str, Any]], Awaitable[dict[str, Any]]]
"""Fetches one JSON object: path, query."""


class BuildBody(Protocol):
    """Returns a request's JSON body."""

    def __call__(self, request: CompletionRequest, *, stream: bool) -> dict[str, Any]:
        """Return it; `stream` says whether the answer is to be streamed."""
        ...


@dataclass(frozen=True, slots=True)
class Surface:
    """One API of a vendor, as pure mappings."""

    path: str
    """Where completions are posted, relative to the SDK's base URL."""
    words: FaultWords
    """The vendor's words for what goes wrong."""
    request_id_header: str
    """The header that carries the vendor's id of a request, in lower case."""
    body: BuildBody
    reader: Callable[[str, str | None], EventReader]
    """Makes a reader for one stream: model, request id."""
    completion: Callable[[dict[str, Any], str, str | None], Completion]
    """Returns the answer that a plain body holds: body, model, request id."""
    models: Callable[[GetObject], Awaitable[tuple[ModelInfo, ...]]]
    """Returns every model that the account may use."""


@dataclass(frozen=True, slots=True)
class _Stream:
    """The events of one answer, and `Droppable.drop`."""

    events: AsyncIterator[AdapterEvent]
    drop: Callable[[], None]

    def __aiter__(self) -> AsyncIterator[AdapterEvent]:
        return self.events

    def __anext__(self) -> Awaitable[AdapterEvent]:
        return anext(self.events)


class SdkAdapter:
    """An adapter over an SDK's client and one API surface.

    The SDK authenticates, addresses and sends; its answers are taken as bytes, because decoding
    them into its model classes costs more per event than receiving them does.

    Args:
        sdk: The loaded SDK, its client bound to endpoint and credential.
        surface: The API to speak.
        endpoint: Names the provider in errors.
        capabilities: What the provider can do.
        clock: Epoch seconds, to understand a date in `Retry-After`.
    """

    def __init__(
        self,
        sdk: Sdk,
        surface: Surface,
        endpoint: Endpoint,
        capabilities: Capabilities,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        from kata_lsp.providers import http_stack  # noqa: PLC0415 - loaded with the SDK by now

        self.capabilities = capabilities
        self._sdk = sdk
        self._surface = surface
        self._provider = endpoint.provider_id
        self._clock = clock
        self._read_chunks = http_stack.read_chunks
        self._drop = http_stack.drop
        self._response = http_stack.httpx2.Response

    @asynccontextmanager
    async def stream(
        self, request: CompletionRequest
    ) -> AsyncGenerator[AsyncIterator[AdapterEvent]]:
        """See `Adapter.stream`."""
        exchange = self._exchange(request.model)
        async with (
            self._answer(exchange, request, stream=True) as response,
            aclosing(self._events(exchange, response)) as events,
        ):
            yield _Stream(events, partial(self._drop, response))

    async def complete(self, request: CompletionRequest) -> Completion:
        """See `PlainAdapter.complete`."""
        exchange = self._exchange(request.model)
        async with self._answer(exchange, request, stream=False) as response:
            with exchange.translated():
                answer = await self._object(response)
                return _well_formed(
                    lambda: self._surface.completion(answer, request.model, exchange.request_id)
                )

    async def list_models(self) -> tuple[ModelInfo, ...]:
        """See `Adapter.list_models`."""
        with self._exchange("the model list").translated():
            try:
                return await self._surface.models(self._get)
            except _SHAPE_ERRORS as error:
                raise UnreadableReplyError("it is not a list of models") from error

    async def aclose(self) -> None:
        """See `Adapter.aclose`."""
        await self._sdk.client.close()

    def _exchange(self, model: str) -> Exchange:
        return Exchange(
            self._provider,
            model,
            self._surface.words,
            self._surface.request_id_header,
            self._sdk.status_error,
            self._clock,
        )

    @asynccontextmanager
    async def _answer(
        self, exchange: Exchange, request: CompletionRequest, *, stream: bool
    ) -> AsyncGenerator[httpx2.Response]:
        """Post and give the answer's head; leaving closes the connection unless it was read out."""
        with exchange.translated():
            try:
                body = encode(self._surface.body(request, stream=stream))
            except ValueError as error:
                raise exchange.fault(ErrorCode.INVALID_REQUEST, str(error)) from error
            # `stream` here is about the connection: the bytes are always read by us.
            response: httpx2.Response = await self._sdk.client.post(
                self._surface.path, cast_to=self._response, content=body, stream=True
            )
        try:
            exchange.open(response.headers)
            yield response
        finally:
            await response.aclose()

    async def _get(self, path: str, query: Mapping[str, Any]) -> dict[str, Any]:
        response: httpx2.Response = await self._sdk.client.get(
            path, cast_to=self._response, options={"params": dict(query)}, stream=True
        )
        try:
            return await self._object(response)
        finally:
            await response.aclose()

    async def _object(self, response: httpx2.Response) -> dict[str, Any]:
        async with aclosing(self._read_chunks(response)) as chunks:
            answer = await read_object(chunks)
        if answer.get("error"):
            raise ReportedFailureError(failure_of(answer))
        return answer

    async def _events(
        self, exchange: Exchange, response: httpx2.Response
    ) -> AsyncGenerator[AdapterEvent]:
        reader = exchange.reader = self._surface.reader(exchange.model, exchange.request_id)
        decoder = SseDecoder()
        with exchange.translated():
            if "json" in response.headers.get("content-type", ""):
                await self._object(response)
                raise UnreadableReplyError("it is one JSON object where a stream was asked for")
            async with aclosing(self._read_chunks(response)) as chunks:
                async for chunk in chunks:
                    for data in decoder.feed(chunk):
                        for event in _read(reader, data):
                            yield event
                        if reader.ended:
                            await _read_out(chunks)
                            return
            for event in _rest(reader, decoder.flush()):
                yield event
            if not reader.ended:
                raise exchange.cut_off()


def _read(reader: EventReader, data: bytes) -> Sequence[AdapterEvent]:
    if data == DONE:
        return reader.end()
    event = decode_object(data)
    try:
        return reader.read(event)
    except _SHAPE_ERRORS as error:
        raise UnreadableReplyError("an event lacks what it must have") from error


def _rest(reader: EventReader, data: bytes | None) -> Sequence[AdapterEvent]:
    """Return what the end of the body still gives; an event that was cut in half gives nothing."""
    events: list[AdapterEvent] = []
    if data:
        with suppress(UnreadableReplyError):
            events += _read(reader, data)
    if not reader.ended:
        events += reader.end()
    return events


def _well_formed(parse: Callable[[], _T]) -> _T:
    try:
        return parse()
    except _SHAPE_ERRORS as error:
        raise UnreadableReplyError("it lacks what an answer must have") from error


async def _read_out(chunks: AsyncIterator[bytes]) -> None:
    """Read the little that may follow the end, so that the connection can serve again."""
    with suppress(Exception):
        async with asyncio.timeout(_TIDY_SECONDS):
            async for _ in chunks:
                pass
