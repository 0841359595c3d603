"""Cold start: LSP's classes are lazy, and nothing can tell except a clock."""

import json
import subprocess
import sys
from typing import Any

import attrs
import pytest
from lsprotocol import converters, types

from kata_lsp import protocol
from kata_lsp.lsp.session import NOTIFICATIONS, PROTOCOL_VERSION


def fresh(code: str) -> Any:
    """Run code in a new interpreter and return what it prints as JSON."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


LAZY = "import json, kata_lsp.lsp, attrs\nfrom lsprotocol import types, converters\n"
FIELDS = """
print(json.dumps({
    name: [[f.name, str(f.type), str(f.default), f.eq] for f in attrs.fields(cls)]
    for name, cls in types.ALL_TYPES_MAP.items() if isinstance(cls, type) and attrs.has(cls)
}))
"""


def test_every_class_has_the_fields_it_would_have_had() -> None:
    """Defined late, each of LSP's classes is what the plain import makes of it."""
    converters.get_converter()  # resolves the names of the eager classes
    expected = {
        name: [[f.name, str(f.type), str(f.default), f.eq] for f in attrs.fields(cls)]
        for name, cls in types.ALL_TYPES_MAP.items()
        if isinstance(cls, type) and attrs.has(cls)
    }
    assert fresh(LAZY + FIELDS) == expected
    assert len(expected) > 500


def test_classes_are_defined_when_they_are_first_used() -> None:
    """Importing defines next to nothing; a use defines what it touches."""
    code = """
def count():
    found = [vars(c).get("__attrs_attrs__") for c in vars(types).values() if isinstance(c, type)]
    return sum(isinstance(fields, tuple) for fields in found)

before = count()
types.Hover(contents="x")
print(json.dumps([before, count()]))
"""
    before, after = fresh(LAZY + code)
    assert before < 10
    assert after == before + 1


SAMPLES = {
    "Hover": {"contents": {"kind": "markdown", "value": "x"}, "range": None},
    "Position": {"line": 1, "character": 2},
    "InitializeParams": {"processId": None, "rootUri": None, "capabilities": {"window": {}}},
    "DidOpenTextDocumentParams": {
        "textDocument": {"uri": "file:///x", "languageId": "m", "version": 1, "text": "t"}
    },
    "CodeAction": {"title": "x", "kind": "quickfix", "data": {"a": [1]}},
    "WorkspaceEdit": {"documentChanges": [{"textDocument": {"uri": "x"}, "edits": []}]},
}


def test_objects_go_to_json_and_back_as_they_would_have() -> None:
    """Structuring, comparing, printing and unstructuring give the plain import's results."""
    code = (
        LAZY
        + "c = converters.get_converter()\nout = {}\n"
        + f"for name, raw in {SAMPLES!r}.items():\n"
        + "    one, two = (c.structure(raw, getattr(types, name)) for _ in range(2))\n"
        + "    assert one == two\n"
        + "    out[name] = [repr(one), c.unstructure(one)]\n"
        + "print(json.dumps(out))"
    )
    plain = converters.get_converter()
    expected = {}
    for name, raw in SAMPLES.items():
        value = plain.structure(raw, getattr(types, name))
        expected[name] = [repr(value), plain.unstructure(value)]
    assert fresh(code) == expected


@pytest.mark.parametrize(
    "sabotage",
    [
        "attrs.define = None",
        "real = attrs.resolve_types; attrs.resolve_types = lambda *a, **k: 1 / 0",
    ],
)
def test_an_attrs_that_cannot_do_it_means_a_plain_import(sabotage: str) -> None:
    """Whatever goes wrong, the server starts; only more slowly."""
    code = f"""
import attrs, json, logging
logging.disable()
kept = (attrs.define, attrs.resolve_types)
import kata_lsp.lsp.startup as startup, sys
for name in [name for name in sys.modules if name.startswith("lsprotocol")]:
    del sys.modules[name]
{sabotage}
lazy = startup.define_lsp_types_lazily()
attrs.define, attrs.resolve_types = kept
from lsprotocol import types
eager = isinstance(vars(types.Hover)["__attrs_attrs__"], tuple)
print(json.dumps([lazy, eager, repr(types.Position(1, 2))]))
"""
    assert fresh(code) == [False, True, "1:2"]


def test_initialize_imports_nothing_of_a_command() -> None:
    """No SDK, no pydantic and no index is loaded before a client asks for something."""
    loaded = fresh(
        "import json, sys\nfrom kata_lsp.lsp.server import create_server\n"
        "create_server(lambda _server: None)\nprint(json.dumps(sorted(sys.modules)))"
    )
    unwanted = {"pydantic", "anthropic", "openai", "httpx", "httpx2", "sqlite3", "markdown_it"}
    assert unwanted.isdisjoint(loaded)


def test_the_initialize_result_and_the_contract_agree() -> None:
    """The session keeps its own copy, because importing the payloads would slow the start."""
    assert protocol.PROTOCOL_VERSION == PROTOCOL_VERSION
    assert tuple(spec.name for spec in protocol.NOTIFICATIONS) == NOTIFICATIONS
