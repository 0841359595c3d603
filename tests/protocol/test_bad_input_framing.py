"""Bad framing: the header is wrong, the body is not what the header says, the bytes are noise."""

from collections.abc import Iterator

import pytest
from fixtures.lsp.bad_input import Case, Probes, case, serving
from fixtures.lsp.wire import frame, request

PARSE, INVALID, UNKNOWN = -32700, -32600, -32601
BODY = b'{"jsonrpc":"2.0","id":1,"method":"probe/custom"}'
SIZE = len(BODY)
OTHER = frame(request(2, "probe/custom"))


def header(*lines: bytes, end: bytes = b"\r\n") -> bytes:
    return b"".join(line + end for line in lines) + end + BODY


LENGTH = b"Content-Length: %d" % SIZE
TYPE = b"Content-Type: application/vscode-jsonrpc; charset=utf-8"

ACCEPTED = [
    case("lower case", header(b"content-length: %d" % SIZE), (1, None)),
    case("upper case", header(b"CONTENT-LENGTH: %d" % SIZE), (1, None)),
    case("no blank after the colon", header(b"Content-Length:%d" % SIZE), (1, None)),
    case("blanks around", header(b"Content-Length :  %d  " % SIZE), (1, None)),
    case("tab after the colon", header(b"Content-Length:\t%d" % SIZE), (1, None)),
    case("leading zeros", header(b"Content-Length: 000%d" % SIZE), (1, None)),
    case("bare LF", header(LENGTH, end=b"\n"), (1, None)),
    case("type after length", header(LENGTH, TYPE), (1, None)),
    case("type before length", header(TYPE, LENGTH), (1, None)),
    case("type before length, bare LF", header(TYPE, LENGTH, end=b"\n"), (1, None)),
    case("charset utf8", header(LENGTH, b"Content-Type: x; charset=utf8"), (1, None)),
    case("charset in quotes", header(LENGTH, b'Content-Type: x; charset="utf-8"'), (1, None)),
    case("charset nobody knows", header(LENGTH, b"Content-Type: x; charset=klingon"), (1, None)),
    case("empty type", header(LENGTH, b"Content-Type:"), (1, None)),
    case("unknown header", header(b"X-Trace: 1", LENGTH, b"X-Other: 2"), (1, None)),
    case("length twice", header(LENGTH, LENGTH), (1, None)),
    case("the last length counts", header(b"Content-Length: 5", LENGTH), (1, None)),
    case("blank lines first", b"\r\n\r\n\n" + header(LENGTH), (1, None)),
    case("blank lines between", header(LENGTH) + b"\r\n\r\n" + OTHER, (1, None), (2, None)),
    case("two messages at once", header(LENGTH) + OTHER, (1, None), (2, None)),
    case("blanks around the body", frame(b"  " + BODY + b"\r\n "), (1, None)),
    case("byte order mark", frame(b"\xef\xbb\xbf" + BODY), (1, None)),
]

RECOVERED = [
    case("text line first", b"hello\r\n" + header(LENGTH), (1, None)),
    case("text before the header", b"hello" + header(LENGTH), (1, None)),
    case("text with a colon first", b"DEBUG: started\r\n" + header(LENGTH), (1, None)),
    case("noise first", bytes(range(256)).replace(b"\n", b"") + header(LENGTH), (1, None)),
    case("zero bytes first", b"\0" * 1000 + b"\r\n" + header(LENGTH), (1, None)),
    case("a text paragraph", b"hello\r\n\r\n" + OTHER, (None, PARSE), (2, None)),
    case("no length", header(TYPE) + OTHER, (None, PARSE), (2, None)),
    case("length is a word", header(b"Content-Length: many") + OTHER, (None, PARSE), (2, None)),
    case("length is empty", header(b"Content-Length:") + OTHER, (None, PARSE), (2, None)),
    case("length is negative", header(b"Content-Length: -1") + OTHER, (None, PARSE), (2, None)),
    case("length has a sign", header(b"Content-Length: +40") + OTHER, (None, PARSE), (2, None)),
    case("length is hex", header(b"Content-Length: 0x30") + OTHER, (None, PARSE), (2, None)),
    case("length is a float", header(b"Content-Length: 48.0") + OTHER, (None, PARSE), (2, None)),
    case(
        "length has 30 digits",
        header(b"Content-Length: " + b"9" * 30) + OTHER,
        (None, PARSE),
        (2, None),
    ),
    case("length is a list", header(b"Content-Length: 48, 48") + OTHER, (None, PARSE), (2, None)),
    case(
        "length in other digits",
        header("Content-Length: ٤٨".encode()) + OTHER,
        (None, PARSE),
        (2, None),
    ),
    case("zero length", b"Content-Length: 0\r\n\r\n" + OTHER, (None, PARSE), (2, None)),
    case("one byte", frame(b"{") + OTHER, (None, PARSE), (2, None)),
    case(
        "length too small",
        b"Content-Length: %d\r\n\r\n" % (SIZE - 1) + BODY + OTHER,
        (1, PARSE),
        (2, None),
    ),
    case(
        "length much too small",
        b"Content-Length: 4\r\n\r\n" + BODY + OTHER,
        (None, PARSE),
        (2, None),
    ),
    case(
        "length one too large",
        b"Content-Length: %d\r\n\r\n" % (SIZE + 1) + BODY + OTHER,
        (1, None),
        (2, None),
    ),
    case(
        "length swallows a header",
        b"Content-Length: %d\r\n\r\n" % (SIZE + 30) + BODY + OTHER,
        (1, None),
        (2, None),
    ),
    case(
        "length swallows a message",
        b"Content-Length: %d\r\n\r\n" % (SIZE + len(OTHER)) + BODY + OTHER,
        (1, None),
        (2, None),
    ),
    case("header name cut", b"ontent-Length: 5\r\n\r\n" + OTHER, (None, PARSE), (2, None)),
    case("carriage returns only", b"Content-Length: 5\r\r" + OTHER, (2, None)),
    case("header line without end", b"x" * 200_000 + b"\n\r\n" + OTHER, (None, PARSE), (2, None)),
    case("a thousand headers", header(*[b"X-%d: y" % n for n in range(1000)], LENGTH), (1, None)),
    case(
        "body of 65 MiB",
        b"Content-Length: %d\r\n\r\n" % (65 << 20) + bytes(65 << 20) + OTHER,
        (None, PARSE),
        (2, None),
    ),
]


@pytest.fixture(scope="module")
def probes() -> Iterator[Probes]:
    yield from serving()


@pytest.mark.parametrize("given", ACCEPTED + RECOVERED, ids=lambda given: given.name)
def test_framing_is_followed_or_recovered(probes: Probes, given: Case) -> None:
    """Unusual headers are accepted; after broken ones the next message is served."""
    probes.check(given)


@pytest.mark.parametrize("given", ACCEPTED, ids=lambda given: given.name)
def test_framing_does_not_depend_on_how_bytes_arrive(probes: Probes, given: Case) -> None:
    """A message that comes byte by byte is the same message."""
    server = probes.live()
    for index in range(len(given.data) - 1):
        server.write(given.data[index : index + 1])
    probes.check(Case(given.name, given.data[-1:], given.answers))


@pytest.mark.parametrize("length", [b"9" * 18, b"1099511627776"])
def test_an_absurd_length_ends_the_session_with_its_reason(probes: Probes, length: bytes) -> None:
    """Nobody can send that much, so waiting for it would be a wedge; the log says why it ended."""
    server = probes.live()
    server.write(b"Content-Length: " + length + b"\r\n\r\n{}")
    assert server.wait() == 1
    assert "bytes was announced" in server.stderr


@pytest.mark.parametrize("verb", [b"POST / HTTP/1.1", b"GET /x HTTP/1.0"])
def test_http_is_refused(probes: Probes, verb: bytes) -> None:
    """A web page can post to a loopback port; its body must not be taken for a message."""
    server = probes.live()
    server.write(verb + b"\r\nHost: localhost\r\n" + header(LENGTH))
    assert server.wait() == 1
    assert "speaks HTTP" in server.stderr
    assert not [m for m in server.seen if m.get("id") == 1]
