"""Bad params: commands, standard requests, positions, ranges and URIs that do not fit."""

from collections.abc import Iterator
from typing import Any

import pytest
from fixtures.lsp.bad_input import Case, Probes, case, serving
from fixtures.lsp.wire import command, note, request

CANCELLED = "window/workDoneProgress/cancel"
PARAMS, UNKNOWN = -32602, -32601
HUGE = 2**31
URI = "file:///work/spec.md"
NOWHERE = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}


def execute(params: Any) -> dict[str, Any]:
    return request(1, "workspace/executeCommand", params)


def hover(position: Any = None, uri: Any = URI) -> dict[str, Any]:
    at = {"line": 0, "character": 0} if position is None else position
    return request(1, "textDocument/hover", {"textDocument": {"uri": uri}, "position": at})


def at(line: Any, character: Any) -> dict[str, Any]:
    return hover({"line": line, "character": character})


def action(found: Any, context: Any = None) -> dict[str, Any]:
    params = {
        "textDocument": {"uri": URI},
        "range": found,
        "context": context or {"diagnostics": []},
    }
    return request(1, "textDocument/codeAction", params)


def progress(**tokens: Any) -> dict[str, Any]:
    return request(1, "textDocument/codeLens", {"textDocument": {"uri": URI}} | tokens)


def change(*changes: Any, version: Any = 2, uri: Any = URI) -> dict[str, Any]:
    document = {"uri": uri, "version": version}
    return note(
        "textDocument/didChange", {"textDocument": document, "contentChanges": list(changes)}
    )


def opened(**fields: Any) -> dict[str, Any]:
    document = {"uri": URI, "languageId": "markdown", "version": 1, "text": "- [ ] one\n"}
    return note("textDocument/didOpen", {"textDocument": document | fields})


COMMANDS = [
    ("no params", request(1, "workspace/executeCommand"), "command"),
    ("params an array", execute(["probe.ping"]), "command"),
    ("params empty", execute({}), "command"),
    ("command null", execute({"command": None}), "command"),
    ("command a number", execute({"command": 5}), "command"),
    ("command a list", execute({"command": ["probe.ping"]}), "command"),
    ("command unknown", execute({"command": "kata.no.such"}), "kata.no.such"),
    ("command empty", execute({"command": ""}), "command"),
    ("command in other case", execute({"command": "PROBE.PING"}), "PROBE.PING"),
    ("command of 100 kB", execute({"command": "x" * 100_000}), "command"),
    (
        "arguments an object",
        execute({"command": "probe.echo", "arguments": {"text": "x"}}),
        "arguments",
    ),
    ("arguments a string", execute({"command": "probe.echo", "arguments": "x"}), "arguments"),
    ("arguments a number", execute({"command": "probe.echo", "arguments": 5}), "arguments"),
    ("argument a number", command(1, "probe.echo", 5), "arguments"),
    ("argument a list", command(1, "probe.echo", ["x"]), "arguments"),
    ("argument null and more", command(1, "probe.echo", None, "x"), "arguments"),
    ("object and string", command(1, "probe.echo", {"text": "x"}, "y"), "arguments"),
    ("two objects", command(1, "probe.echo", {"text": "x"}, {}), "arguments"),
    ("too many strings", command(1, "probe.echo", "a", "1", "true", "x"), "arguments"),
    ("string that is no number", command(1, "probe.echo", "a", "canary"), "times"),
    ("string that is no boolean", command(1, "probe.echo", "a", "1", "canary"), "dryRun"),
    ("arguments where none are taken", command(1, "probe.ping", {"a": 1}), "arguments"),
    ("string where none is taken", command(1, "probe.ping", "x"), "arguments"),
    ("required field missing", command(1, "probe.echo", {}), "text"),
    ("no arguments at all", command(1, "probe.echo"), "text"),
    ("unknown field", command(1, "probe.echo", {"text": "x", "txt": "canary"}), "txt"),
    (
        "the field's Python name",
        command(1, "probe.echo", {"text": "x", "dry_runs": True}),
        "dry_runs",
    ),
    ("field a number", command(1, "probe.echo", {"text": 5}), "text"),
    ("field null", command(1, "probe.echo", {"text": None}), "text"),
    ("field a list", command(1, "probe.echo", {"text": ["canary"]}), "text"),
    ("number a string", command(1, "probe.echo", {"text": "x", "times": "canary"}), "times"),
    ("number a fraction", command(1, "probe.echo", {"text": "x", "times": 1.5}), "times"),
    ("number a boolean", command(1, "probe.echo", {"text": "x", "times": True}), "times"),
    ("boolean a number", command(1, "probe.echo", {"text": "x", "dryRun": 1}), "dryRun"),
    ("inner object missing", command(1, "probe.nested", {}), "inner"),
    ("inner a string", command(1, "probe.nested", {"inner": "canary"}), "inner"),
    ("inner field missing", command(1, "probe.nested", {"inner": {}}), "inner.level"),
    ("inner field too large", command(1, "probe.nested", {"inner": {"level": 10}}), "inner.level"),
    ("inner field unknown", command(1, "probe.nested", {"inner": {"level": 1, "x": 1}}), "inner.x"),
    (
        "item of a wrong type",
        command(1, "probe.nested", {"inner": {"level": 1}, "tags": ["a", 5]}),
        "tags.1",
    ),
    (
        "list a string",
        command(1, "probe.nested", {"inner": {"level": 1}, "tags": "canary"}),
        "tags",
    ),
    ("prototype keys", command(1, "probe.echo", {"__proto__": {}, "text": "x"}), "__proto__"),
    ("field name of 10 kB", command(1, "probe.echo", {"x" * 10_000: 1, "text": "x"}), "xxx"),
]

REQUESTS = [
    ("no params", request(1, "textDocument/hover"), "params.textDocument"),
    ("params an array", request(1, "textDocument/hover", [1]), "params"),
    ("params empty", request(1, "textDocument/hover", {}), "params.position"),
    (
        "document a string",
        request(1, "textDocument/codeLens", {"textDocument": URI}),
        "params.textDocument",
    ),
    (
        "document null",
        request(1, "textDocument/codeLens", {"textDocument": None}),
        "params.textDocument",
    ),
    (
        "document empty",
        request(1, "textDocument/codeLens", {"textDocument": {}}),
        "params.textDocument.uri",
    ),
    ("uri null", hover(uri=None), "params.textDocument.uri"),
    ("uri a number", hover(uri=5), "params.textDocument.uri"),
    ("uri a list", hover(uri=[URI]), "params.textDocument.uri"),
    (
        "position null",
        request(1, "textDocument/hover", {"textDocument": {"uri": URI}, "position": None}),
        "params.position",
    ),
    ("position a list", hover([0, 0]), "params.position"),
    ("position empty", hover({}), "params.position.line"),
    ("line negative", at(-1, 0), "params.position.line"),
    ("line beyond 31 bits", at(HUGE, 0), "params.position.line"),
    ("line a string", at("0", 0), "params.position.line"),
    ("line a fraction", at(0.5, 0), "params.position.line"),
    ("line a boolean", at(True, 0), "params.position.line"),
    ("line null", at(None, 0), "params.position.line"),
    ("character negative", at(0, -1), "params.position.character"),
    ("character beyond 31 bits", at(0, HUGE), "params.position.character"),
    ("character beyond 64 bits", at(0, 2**70), "params.position.character"),
    ("character a list", at(0, [1]), "params.position.character"),
    ("range a list", action([0, 1]), "params.range"),
    ("range without end", action({"start": {"line": 0, "character": 0}}), "params.range.end"),
    (
        "range end negative",
        action({"start": {"line": 0, "character": 0}, "end": {"line": -1, "character": 0}}),
        "params.range.end.line",
    ),
    (
        "context empty",
        action(
            {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}, {"x": 1}
        ),
        "params.context.diagnostics",
    ),
    (
        "diagnostics a string",
        action(
            {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}},
            {"diagnostics": "x"},
        ),
        "params.context",
    ),
    ("token an object", progress(workDoneToken={}), "params.workDoneToken"),
    ("token a list", progress(workDoneToken=[1]), "params.workDoneToken"),
    ("token a boolean", progress(workDoneToken=True), "params.workDoneToken"),
    ("partial token a fraction", progress(partialResultToken=0.5), "params.partialResultToken"),
    ("only a number", action(NOWHERE, {"diagnostics": [], "only": [5]}), "params.context.only"),
    (
        "a diagnostic's code an object",
        action(NOWHERE, {"diagnostics": [{"range": NOWHERE, "message": "x", "code": {}}]}),
        "params.context.diagnostics[0].code",
    ),
]

SERVED = [
    case("line beyond the text", at(10_000, 0), (1, None)),
    case("character beyond the line", at(0, 10_000), (1, None)),
    case("the largest position", at(HUGE - 1, HUGE - 1), (1, None)),
    case("a whole float as a line", at(0.0, 1.0), (1, None)),
    case(
        "range backwards",
        action({"start": {"line": 9, "character": 9}, "end": {"line": 0, "character": 0}}),
        (1, None),
    ),
    case(
        "extra fields",
        request(1, "textDocument/codeLens", {"textDocument": {"uri": URI, "x": 1}, "y": 2}),
        (1, None),
    ),
    case("uri empty", hover(uri=""), (1, None)),
    case("uri without scheme", hover(uri="spec.md"), (1, None)),
    case("uri untitled", hover(uri="untitled:Untitled-1"), (1, None)),
    case("uri of another scheme", hover(uri="git:/x?%7B%7D"), (1, None)),
    case("uri with a host", hover(uri="file://server/share/x.md"), (1, None)),
    case("uri climbing", hover(uri="file:///../../etc/no-such-file"), (1, None)),
    case("uri with bad escapes", hover(uri="file:///%zz%"), (1, None)),
    case("uri with spaces", hover(uri="file:///a b.md"), (1, None)),
    case("uri with an emoji", hover(uri="file:///🥋.md"), (1, None)),
    case("uri of a folder", hover(uri="file:///"), (1, None)),
    case("uri of 100 kB", hover(uri="file:///" + "x" * 100_000), (1, None)),
    case("uri with a zero byte", hover(uri="file:///a%00b"), (1, None)),
    case(
        "custom method with anything",
        request(1, "probe/custom", {"a": [1, None, {"b": ""}]}),
        (1, None),
    ),
    case("strings by position", command(1, "probe.echo", "a", "2", "true"), (1, None)),
    case("null as the only argument", command(1, "probe.ping", None), (1, None)),
]

NOTIFICATIONS = [
    case("didOpen without text", opened(text=None)),
    case("didOpen with a number as text", opened(text=5)),
    case("didOpen with a string version", opened(version="1")),
    case("didOpen without params", note("textDocument/didOpen")),
    case("didOpen without a language", opened(languageId=None)),
    case("didChange of a closed document", change({"text": "x"}, uri="file:///closed.md")),
    case(
        "didChange without changes",
        note("textDocument/didChange", {"textDocument": {"uri": URI, "version": 2}}),
    ),
    case(
        "didChange with changes a string",
        note(
            "textDocument/didChange",
            {"textDocument": {"uri": URI, "version": 2}, "contentChanges": "x"},
        ),
    ),
    case("didChange with an empty change", change({})),
    case(
        "didChange with a negative line",
        change(
            {
                "range": {
                    "start": {"line": -1, "character": 0},
                    "end": {"line": 0, "character": 0},
                },
                "text": "x",
            }
        ),
    ),
    case("didChange with a range of nothing", change({"range": None, "text": "y"})),
    case("didChange without a version", change({"text": "x"}, version=None)),
    case(
        "didClose of a closed document",
        note("textDocument/didClose", {"textDocument": {"uri": "file:///closed.md"}}),
    ),
    case("didClose without params", note("textDocument/didClose")),
    case("progress cancelled by an object", note(CANCELLED, {"token": {}})),
    case("progress cancelled by null", note(CANCELLED, {"token": None})),
    case(
        "notebook that is not open",
        note(
            "notebookDocument/didClose", {"notebookDocument": {"uri": "x"}, "cellTextDocuments": []}
        ),
    ),
    case("folders without an event", note("workspace/didChangeWorkspaceFolders", {})),
    case(
        "folder without a name",
        note(
            "workspace/didChangeWorkspaceFolders",
            {"event": {"added": [{"uri": "file:///x"}], "removed": []}},
        ),
    ),
    case(
        "unknown folder removed",
        note(
            "workspace/didChangeWorkspaceFolders",
            {"event": {"added": [], "removed": [{"uri": "file:///x", "name": "x"}]}},
        ),
    ),
]


@pytest.fixture(scope="module")
def probes() -> Iterator[Probes]:
    yield from serving()


@pytest.mark.parametrize(
    ("name", "message", "field"), COMMANDS + REQUESTS, ids=lambda v: v if isinstance(v, str) else ""
)
def test_the_refusal_names_the_field_and_quotes_no_value(
    probes: Probes, name: str, message: dict[str, Any], field: str
) -> None:
    """Params that do not fit are -32602, say where, stay short and echo nothing."""
    server = probes.live()
    before = len(server.seen)
    probes.check(case(name, message, (1, PARAMS)))
    error = next(m["error"] for m in server.seen[before:] if m.get("id") == 1)
    assert field in error["message"]
    assert len(error["message"]) < 600


@pytest.mark.parametrize("given", SERVED, ids=lambda given: given.name)
def test_odd_but_fitting_params_are_served(probes: Probes, given: Case) -> None:
    """Positions outside the text and URIs of every kind get an answer."""
    server = probes.live()
    server.send(opened())
    probes.check(given)
    server.send(note("textDocument/didClose", {"textDocument": {"uri": URI}}))


@pytest.mark.parametrize("given", NOTIFICATIONS, ids=lambda given: given.name)
def test_bad_notifications_are_ignored_without_a_pop_up(probes: Probes, given: Case) -> None:
    """Nobody waits for an answer, so the log is the only place that hears of them."""
    server = probes.live()
    server.send(opened())
    probes.check(given)
    assert server.popups() == []
    server.send(note("textDocument/didClose", {"textDocument": {"uri": URI}}))


def test_what_is_not_open_is_changed_and_closed_in_peace(probes: Probes) -> None:
    """An editor's mistake about its own documents is no failure of ours."""
    server = probes.live()
    before = server.stderr.count("failed (")
    document = {"uri": "file:///closed.md", "version": 2}
    cells = {"notebookDocument": document, "change": {}}
    server.send(change({"text": "x"}, uri=document["uri"]))
    server.send(note("textDocument/didClose", {"textDocument": document}))
    server.send(note("notebookDocument/didChange", cells))
    server.ping()
    assert server.stderr.count("failed (") == before


def test_a_bad_change_leaves_the_text_as_it_was(probes: Probes) -> None:
    """A change that cannot be applied must not leave half of it behind."""
    server = probes.live()
    server.send(opened(), change({"text": "- [ ] kept\n- [ ] too\n"}, {"range": 5, "text": "x"}))
    lenses = server.ask("textDocument/codeLens", {"textDocument": {"uri": URI}})["result"]
    assert len(lenses) == 1
    server.send(note("textDocument/didClose", {"textDocument": {"uri": URI}}))


def test_commands_answer_what_their_handler_came_to(probes: Probes) -> None:
    """Every end of a handler has its own answer, and none shows a traceback."""
    server = probes.live()

    def check(name: str, code: int, text: str, data: dict[str, Any]) -> None:
        answer = server.ask("workspace/executeCommand", {"command": f"probe.{name}"})
        error = answer["error"]
        assert error["code"] == code
        assert text in error["message"]
        assert "Traceback" not in str(answer)
        assert "canary" not in str(answer)
        assert {key: error.get("data", {}).get(key) for key in data} == data

    check("crash", -32603, "internal error", {})
    check("nan", -32603, "internal error", {})
    check("unserialisable", -32603, "internal error", {})
    check(
        "kata_error", -32803, "The provider is busy.", {"code": "rate_limited", "retryable": True}
    )
    check("invalid_input", PARAMS, "root: is not a folder", {"code": "invalid_params"})
    assert "probe_commands.py" in server.stderr
    assert "sk-canary" not in server.stderr


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("too_big", {"number": 2**80}),
        ("surrogate", {"text": "half \ufffd an emoji"}),
        ("chatter", None),
        ("ask", {"answer": "timeout"}),
    ],
)
def test_unusual_results_arrive(probes: Probes, name: str, result: Any) -> None:
    """Large integers and cut emoji are sent; what a handler prints never reaches the protocol."""
    answer = probes.live().ask("workspace/executeCommand", {"command": f"probe.{name}"})
    assert answer["result"] == result
