"""Bad envelopes: not JSON, not JSON-RPC, ids and params of every wrong type."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fixtures.lsp.bad_input import Case, Probes, case, serving
from fixtures.lsp.wire import command, frame, note, request

PARSE, INVALID, UNKNOWN, PARAMS = -32700, -32600, -32601, -32602


def body(text: str | bytes) -> bytes:
    return frame(text.encode() if isinstance(text, str) else text)


def call(**members: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": "probe/custom"} | members


def without(name: str) -> dict[str, Any]:
    message = call()
    del message[name]
    return message


DEEP = "[" * 5000 + "]" * 5000
PREFIX = '{"jsonrpc":"2.0","id":1,"method":"probe/custom","params":'

UNREADABLE = [
    case("no JSON", body("hello"), (None, PARSE)),
    case("empty object cut", body("{"), (None, PARSE)),
    case("blanks only", body("   \r\n "), (None, PARSE)),
    case("single quotes", body("{'jsonrpc':'2.0','id':1,'method':'x'}"), (None, PARSE)),
    case("a comment", body('{/*x*/"jsonrpc":"2.0"}'), (None, PARSE)),
    case("a comma too much", body('{"jsonrpc":"2.0","id":1,"method":"probe/custom",}'), (1, PARSE)),
    case("cut in the params", body(PREFIX + '{"a":'), (1, PARSE)),
    case(
        "cut with a string id",
        body('{"jsonrpc":"2.0","id":"a","method":"x","params":{'),
        ("a", PARSE),
    ),
    case("text after it", body(json.dumps(call()) + "x"), (1, PARSE)),
    case("two messages in one body", body(json.dumps(call()) * 2), (1, PARSE)),
    case("NaN", body(PREFIX + "[NaN]}"), (1, PARSE)),
    case("Infinity", body(PREFIX + "[Infinity]}"), (1, PARSE)),
    case("minus Infinity", body(PREFIX + '{"a":-Infinity}}'), (1, PARSE)),
    case("NaN as the id", body('{"jsonrpc":"2.0","id":NaN,"method":"x"}'), (None, PARSE)),
    case("nested 5000 deep", body(PREFIX + DEEP + "}"), (1, PARSE)),
    case("5000 objects deep", body('{"a":' * 5000 + "1" + "}" * 5000), (None, PARSE)),
    case("number beyond a double", body(PREFIX + "[1e400]}"), (1, PARSE)),
    case("not UTF-8", body(PREFIX.encode() + b'["\xff\xfe"]}'), (1, PARSE)),
    case("Latin-1", body(PREFIX.encode() + '["é"]}'.encode("latin-1")), (1, PARSE)),
    case("UTF-16", body(json.dumps(call()).encode("utf-16")), (None, PARSE)),
    case("overlong UTF-8", body(PREFIX.encode() + b'["\xc0\xaf"]}'), (1, PARSE)),
    case("raw line break in a string", body(PREFIX + '["a\nb"]}'), (1, PARSE)),
    case("zero byte", body(b'{"jsonrpc":"2.0",\0"id":1,"method":"x"}'), (1, PARSE)),
    case("number with leading zero", body(PREFIX + "[01]}"), (1, PARSE)),
    case(
        "number of 5000 digits as id",
        body('{"jsonrpc":"2.0","id":' + "9" * 5000 + ',"method":"x"}'),
        (None, PARSE),
    ),
]

WRONG = [
    case("a number", body("5"), (None, INVALID)),
    case("a string", body('"hello"'), (None, INVALID)),
    case("null", body("null"), (None, INVALID)),
    case("true", body("true"), (None, INVALID)),
    case("empty object", {}, (None, INVALID)),
    case("empty batch", [], (None, INVALID)),
    case("a batch", [call(), call(id=2)], (None, INVALID)),
    case("a batch of junk", [1, 2, 3], (None, INVALID)),
    case("no version", without("jsonrpc"), (1, INVALID)),
    case("version 1.0", call(jsonrpc="1.0"), (1, INVALID)),
    case("version a number", call(jsonrpc=2.0), (1, INVALID)),
    case("version null", call(jsonrpc=None), (1, INVALID)),
    case("version a list", call(jsonrpc=["2.0"]), (1, INVALID)),
    case("notification without version", {"method": "probe/custom"}, (None, INVALID)),
    case("no method", without("method"), (1, INVALID)),
    case("method null", call(method=None), (1, INVALID)),
    case("method a number", call(method=5), (1, INVALID)),
    case("method a list", call(method=["probe/custom"]), (1, INVALID)),
    case("method an object", call(method={"a": 1}), (1, INVALID)),
    case("id null", call(id=None), (None, INVALID)),
    case("id true", call(id=True), (None, INVALID)),
    case("id a list", call(id=[1]), (None, INVALID)),
    case("id an object", call(id={"a": 1}), (None, INVALID)),
    case("version only", {"jsonrpc": "2.0"}, (None, INVALID)),
    case("version and id only", {"jsonrpc": "2.0", "id": 3}, (3, INVALID)),
    case("params a number", call(params=5), (1, PARAMS)),
    case("params a string", call(params="x"), (1, PARAMS)),
    case("params true", call(params=True), (1, PARAMS)),
    case("unknown method", call(method="no/such"), (1, UNKNOWN)),
    case("empty method", call(method=""), (1, UNKNOWN)),
    case("dunder method", call(method="__init__"), (1, UNKNOWN)),
    case("method of 100 kB", call(method="x" * 100_000), (1, UNKNOWN)),
    case("method with control characters", call(method="a\n\x00\x1b[31m"), (1, UNKNOWN)),
    case("method in other case", call(method="Shutdown"), (1, UNKNOWN)),
    case("unknown optional request", call(method="$/unknown"), (1, UNKNOWN)),
    case("a method of the client", call(method="workspace/applyEdit"), (1, UNKNOWN)),
    case("a known method that is not served", call(method="textDocument/rename"), (1, UNKNOWN)),
    case("cancelRequest as a request", call(method="$/cancelRequest"), (1, UNKNOWN)),
]

HARMLESS = [
    case("id 0", call(id=0), (0, None)),
    case("id negative", call(id=-7), (-7, None)),
    case("id a fraction", call(id=1.5), (1.5, None)),
    case("id beyond 64 bits", call(id=2**70 + 1), (2**70 + 1, None)),
    case("id an empty string", call(id=""), ("", None)),
    case("id of 10 kB", call(id="x" * 10_000), ("x" * 10_000, None)),
    case("id with an emoji", call(id="🥋"), ("🥋", None)),
    case("the same id again", call(), (1, None)),
    case("string and number ids", frame(call(id=1)) + frame(call(id="1")), (1, None), ("1", None)),
    case("extra members", call(extra=1, trace={"a": 1}), (1, None)),
    case("result beside a method", call(result=1), (1, None)),
    case("params null", call(params=None), (1, None)),
    case("params an array", call(params=[1, 2]), (1, None)),
    case(
        "duplicate keys",
        body('{"jsonrpc":"1.0","jsonrpc":"2.0","id":1,"method":"probe/custom"}'),
        (1, None),
    ),
    case(
        "nested jsonrpc keys", call(params={"jsonrpc": "2.0", "id": 9, "method": "exit"}), (1, None)
    ),
    case("a message in an argument", command(1, "probe.ping", None), (1, None)),
    case("lone surrogate", body(PREFIX + '["\\ud83d"]}'), (1, None)),
    case("low surrogate first", body(PREFIX + '["\\ude00\\ud83d"]}'), (1, None)),
    case("surrogate in a key", body(PREFIX + '{"\\ud83d":1}}'), (1, None)),
    case("escaped zero", call(params=["\0"]), (1, None)),
    case("100 deep", body(PREFIX + "[" * 100 + "]" * 100 + "}"), (1, None)),
    case("response nobody asked for", {"jsonrpc": "2.0", "id": 77, "result": {}}),
    case("response with a null id", {"jsonrpc": "2.0", "id": None, "result": None}),
    case(
        "error with a null id", {"jsonrpc": "2.0", "id": None, "error": {"code": 1, "message": ""}}
    ),
    case("error that is a string", {"jsonrpc": "2.0", "id": 77, "error": "boom"}),
    case("response with result and error", {"jsonrpc": "2.0", "id": 77, "result": 1, "error": {}}),
    case("response with a list id", {"jsonrpc": "2.0", "id": [1], "result": 1}),
    case("unknown notification", note("no/such", {"a": 1})),
    case("unknown optional notification", note("$/no/such")),
    case("notification with params of a wrong type", note("probe/custom", "x"), (None, PARAMS)),
    case("cancel of an unknown id", note("$/cancelRequest", {"id": 404})),
    case("cancel without params", note("$/cancelRequest")),
    case("cancel with a list id", note("$/cancelRequest", {"id": [1]})),
    case("cancel with a null id", note("$/cancelRequest", {"id": None})),
    case("cancel with params an array", note("$/cancelRequest", [1])),
    case(
        "progress cancel of an unknown token",
        note("window/workDoneProgress/cancel", {"token": "x"}),
    ),
    case("progress cancel without params", note("window/workDoneProgress/cancel")),
    case("setTrace of a wrong value", note("$/setTrace", {"value": "loud"})),
    case("setTrace without params", note("$/setTrace")),
    case("initialized again", note("initialized", {})),
    case("initialized with an array", note("initialized", [])),
    case(
        "a notification handler that fails",
        note("textDocument/didSave", {"textDocument": {"uri": "file:///x"}}),
    ),
]


@pytest.fixture(scope="module")
def probes() -> Iterator[Probes]:
    yield from serving()


@pytest.mark.parametrize("given", UNREADABLE + WRONG, ids=lambda given: given.name)
def test_a_wrong_envelope_is_answered_with_its_error(probes: Probes, given: Case) -> None:
    """Whatever is not a message is refused, under its own id where one can be seen."""
    probes.check(given)


@pytest.mark.parametrize("given", HARMLESS, ids=lambda given: given.name)
def test_an_unusual_envelope_does_no_harm(probes: Probes, given: Case) -> None:
    """What is odd but readable is served or ignored, as JSON-RPC says."""
    probes.check(given)


def test_an_id_in_use_is_refused_and_the_first_request_goes_on(probes: Probes) -> None:
    """Two requests under one id get two answers; the second one is the refusal."""
    server = probes.live()
    server.send(command("twin", "probe.slow"))
    server.notification("probe/didStart")
    server.send(request("twin", "probe/custom"))
    assert server.answer("twin")["error"]["code"] == INVALID
    server.send(note("$/cancelRequest", {"id": "twin"}))
    assert server.answer("twin")["error"]["code"] == -32800


def test_the_request_beyond_the_limit_is_refused(probes: Probes) -> None:
    """Memory is bounded by a limit of open requests; all of them are answered in the end."""
    server = probes.live()
    server.send(*(command(f"many-{n}", "probe.slow") for n in range(1025)))
    assert server.answer("many-1024")["error"]["code"] == -32803
    server.send(*(note("$/cancelRequest", {"id": f"many-{n}"}) for n in range(1024)))
    for number in range(1024):
        assert server.answer(f"many-{number}")["error"]["code"] == -32800


def test_a_surrogate_pair_cut_in_two_keeps_the_positions_behind_it(probes: Probes) -> None:
    """Half an emoji becomes one replacement character, which is as long in UTF-16."""
    server = probes.live()
    server.write(body(PREFIX + '["a\\ud83db"]}'))
    assert server.answer(1)["result"] == {"got": ["a\ufffdb"]}
