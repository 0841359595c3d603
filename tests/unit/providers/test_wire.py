"""Events and bodies are cut out of any chunks, and never grow beyond their bounds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kata_lsp.providers.wire import (
    SseDecoder,
    UnreadableReplyError,
    count,
    decode_arguments,
    decode_object,
    encode,
    mapping,
    read_object,
)


def events(chunks: Sequence[bytes], limit: int = 1000) -> list[bytes]:
    """Every event of these chunks, the one that the end completes included."""
    decoder = SseDecoder(limit)
    found = [data for chunk in chunks for data in decoder.feed(chunk)]
    last = decoder.flush()
    return found if last is None else [*found, last]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data: one\n\ndata: two\n\n", [b"one", b"two"]),
        (b"data:one\n\n", [b"one"]),
        (b"data:  one\n\n", [b" one"]),
        (b"event: x\nid: 7\nretry: 3\ndata: one\n\n", [b"one"]),
        (b": a comment\n\ndata: one\n\n", [b"one"]),
        (b"data: one\ndata: two\n\n", [b"one\ntwo"]),
        (b"data\n\n", [b""]),
        (b"data: one\ndata\n\n", [b"one\n"]),
        (b"event: ping\n\n", []),
        (b"\n\n\ndata: one\n\n", [b"one"]),
        (b"data: one\r\n\r\ndata: two\r\n\r\n", [b"one", b"two"]),
        (b"data: one\r\rdata: two\r\r", [b"one", b"two"]),
        (b"\xef\xbb\xbfdata: one\n\n", [b"one"]),
        (b"data: one\n\ndata: two", [b"one", b"two"]),
        (b"data: one\n\ndata: two\n", [b"one", b"two"]),
        (b"", []),
    ],
)
def test_events_are_cut_the_same_however_they_arrive(stream: bytes, expected: list[bytes]):
    """Whole, byte by byte and in threes: the same events come out."""
    assert events([stream]) == expected
    # A byte order mark is taken off the first chunk, so it must not be cut.
    start = 3 if stream.startswith(b"\xef\xbb\xbf") else 1
    for size in (1, 3):
        rest = [stream[at : at + size] for at in range(start, len(stream), size)]
        assert events([stream[:start], *rest]) == expected


@given(
    st.lists(st.binary(max_size=12).filter(lambda data: not set(data) & {10, 13}), max_size=6),
    st.lists(st.integers(1, 9), max_size=30),
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
)
def test_any_slicing_gives_back_what_was_sent(payloads: list[bytes], cuts: list[int], end: bytes):
    """Property: the decoder is the inverse of the format for every slicing and line end."""
    stream = b"".join(b"data: " + data + end + end for data in payloads)
    chunks: list[bytes] = []
    for size in cuts:
        chunks.append(stream[:size])
        stream = stream[size:]
    assert events([*chunks, stream]) == payloads


@pytest.mark.parametrize("chunk", [b"data: " + b"x" * 40 + b"\n\n", b"data: " + b"x" * 40])
def test_an_event_beyond_the_bound_is_refused(chunk: bytes):
    """A server cannot fill our memory, neither with a whole event nor with one without end."""
    with pytest.raises(UnreadableReplyError, match="larger than 32 bytes"):
        SseDecoder(32).feed(chunk)


@pytest.mark.parametrize("data", [b"", b"{", b"<html>", b'{"a":"\xff"}', b"null", b"[]", b"3"])
def test_only_json_objects_are_objects(data: bytes):
    """Everything else is refused, in our own words."""
    with pytest.raises(UnreadableReplyError) as caught:
        decode_object(data)
    assert "html" not in str(caught.value)


async def _chunks(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def test_a_body_is_read_whole():
    """The chunks of a body make one object."""
    assert await read_object(_chunks(b'{"a', b'":1}')) == {"a": 1}


@pytest.mark.parametrize(
    ("chunks", "reason"), [((), "empty"), ((b" \n",), "empty"), ((b"x" * 9, b"x" * 9), "larger")]
)
async def test_a_body_that_is_empty_or_too_large_is_refused(chunks: Sequence[bytes], reason: str):
    """Both say what is wrong with it."""
    with pytest.raises(UnreadableReplyError, match=reason):
        await read_object(_chunks(*chunks), 16)


def test_text_that_is_no_unicode_cannot_be_encoded():
    """A lone surrogate is named as the problem."""
    with pytest.raises(ValueError, match="not valid Unicode"):
        encode({"text": "\ud83d"})
    assert encode({"text": "naïve"}) == '{"text":"naïve"}'.encode()


def test_no_arguments_are_an_empty_object():
    """Servers leave the arguments of a call without any empty."""
    assert decode_arguments("") == decode_arguments(" ") == decode_arguments("{}") == {}


def test_fields_that_may_be_null_are_read_safely():
    """Absent, null and nonsense count as nothing."""
    assert mapping(None) == mapping([1]) == {}
    assert mapping({"a": 1}) == {"a": 1}
    assert [count(value) for value in (3, 0, -1, True, "3", 2.5, None)] == [3, 0, *[None] * 5]
