"""Mutants of LSP traffic, each made from a seed and a number alone, so it can be made again."""

import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fixtures.lsp.wire import frame
from fuzz.arguments import ROOT, URI, Arguments

Kind = Literal["frame", "envelope", "params", "answer"]
TEXT = "# Goal\r\n\r\n🥋 do 日本\n\n## Tasks\n- [ ] T001 One\n- [x] T002 Two (after T001)"
DOCUMENT = {"textDocument": {"uri": URI}}
POSITION = {"line": 2, "character": 1}
RANGE = {"start": POSITION, "end": {"line": 5, "character": 3}}

METHODS: dict[str, Any] = {
    "textDocument/didOpen": {
        "textDocument": {"uri": URI, "languageId": "markdown", "version": 1, "text": TEXT}
    },
    "textDocument/didChange": {
        "textDocument": {"uri": URI, "version": 2},
        "contentChanges": [{"range": RANGE, "text": "new 🥋"}, {"text": TEXT}],
    },
    "textDocument/didSave": DOCUMENT,
    "textDocument/didClose": DOCUMENT,
    "textDocument/codeLens": DOCUMENT,
    "textDocument/documentSymbol": DOCUMENT,
    "textDocument/foldingRange": DOCUMENT,
    "textDocument/semanticTokens/full": DOCUMENT,
    "textDocument/semanticTokens/range": DOCUMENT | {"range": RANGE},
    "textDocument/diagnostic": DOCUMENT,
    "textDocument/inlayHint": DOCUMENT | {"range": RANGE},
    "textDocument/hover": DOCUMENT | {"position": POSITION},
    "textDocument/definition": DOCUMENT | {"position": POSITION},
    "textDocument/references": DOCUMENT
    | {"position": POSITION, "context": {"includeDeclaration": True}},
    "textDocument/completion": DOCUMENT | {"position": POSITION, "context": {"triggerKind": 1}},
    "textDocument/prepareRename": DOCUMENT | {"position": POSITION},
    "textDocument/rename": DOCUMENT | {"position": POSITION, "newName": "T009"},
    "textDocument/documentLink": DOCUMENT,
    "textDocument/codeAction": DOCUMENT | {"range": RANGE, "context": {"diagnostics": []}},
    "codeLens/resolve": {"range": RANGE, "data": {"a": 1}},
    "codeAction/resolve": {"title": "x", "data": {"a": 1}},
    "workspace/symbol": {"query": "T0"},
    "workspace/didChangeConfiguration": {"settings": {"kata": {"provider": "local"}}},
    "workspace/didChangeWatchedFiles": {"changes": [{"uri": URI, "type": 2}]},
    "workspace/didChangeWorkspaceFolders": {
        "event": {"added": [{"uri": f"file://{ROOT}", "name": "fuzz"}], "removed": []}
    },
    "notebookDocument/didOpen": {
        "notebookDocument": {"uri": URI, "notebookType": "x", "version": 1, "cells": []},
        "cellTextDocuments": [],
    },
    "notebookDocument/didChange": {
        "notebookDocument": {"uri": URI, "version": 2},
        "change": {"cells": {"structure": {"array": {"start": 0, "deleteCount": 0}}}},
    },
    "notebookDocument/didClose": {"notebookDocument": {"uri": URI}, "cellTextDocuments": []},
    "window/workDoneProgress/cancel": {"token": "x"},
    "$/setTrace": {"value": "off"},
    "$/cancelRequest": {"id": 1},
    "initialized": {},
    "initialize": {"processId": None, "rootUri": None, "capabilities": {}},
    "probe/custom": {"a": [1]},
}

WEIRD: list[Any] = [
    None, True, False, 0, -1, 1, 2**31, 2**53 + 1, 2**70, -(2**70), 0.5, 1e300, "", " ", "x", "\0",
    "🥋", "\ud83d", "e\u0301", "../..", "file:///", "file:///%zz", "untitled:1", "a" * 5000,
    "\r\n", "Content-Length: 5\r\n\r\n", [], [None], [[[[]]]], {}, {"jsonrpc": "2.0"}, {"": {}},
    {"id": 1}, {"__proto__": 1}, {"uri": 5}, {"line": -1}, list(range(100)),
]  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """What is sent, and the id that has to be answered exactly once, if there is one."""

    kind: Kind
    data: bytes
    owes: int | None


def mutant(seed: str, number: int, commands: Mapping[str, Arguments]) -> Mutant:
    """Make mutant `number` of `seed`; its request id, if any, is the number."""
    rng = random.Random(f"{seed}/{number}")
    message = _message(rng, number, commands)
    match rng.choices(("frame", "envelope", "params", "answer"), (5, 10, 25, 2))[0]:
        case "frame":
            if "id" in message:  # a broken digit must not make it another mutant's
                message["id"] = f"frame-{number}"
            return Mutant("frame", _broken_frame(rng, message), None)
        case "envelope":
            broken = _broken_envelope(rng, message)
            return Mutant("envelope", frame(broken), _owed(broken))
        case "answer":
            return Mutant("answer", frame(_answer(rng)), None)
        case _:
            if "params" in message:
                message["params"] = _broken(rng, message["params"], rng.randint(0, 3))
            return Mutant("params", frame(message), _owed(message))


def _answer(rng: random.Random) -> dict[str, Any]:
    """What a client might say to a request of the server's that may never have been made."""
    answer = {"jsonrpc": "2.0", "id": f"kata-{rng.randrange(1, 300)}"}
    made = rng.choice([None, {"applied": True}, {"applied": False}, {"title": "Apply"}, [None]])
    return answer | {
        rng.choice(["result", "result", "error"]): _broken(rng, made, rng.randrange(2))
    }


def _message(rng: random.Random, number: int, commands: Mapping[str, Arguments]) -> dict[str, Any]:
    message: dict[str, Any] = {"jsonrpc": "2.0"}
    if rng.random() < 0.5:
        name = rng.choice(list(commands))
        message["method"] = "workspace/executeCommand"
        message["params"] = {"command": name, "arguments": commands[name](rng)}
    else:
        message["method"] = rng.choice(list(METHODS))
        message["params"] = json.loads(json.dumps(METHODS[message["method"]]))
    if rng.random() < 0.8:
        message["id"] = number
    return message


def _owed(message: Any) -> int | None:
    """A readable id is answered when the message is a request, right or wrong."""
    if not isinstance(message, dict) or type(message.get("id")) is not int:
        return None
    is_response = "method" not in message and ("result" in message or "error" in message)
    answered = not is_response or message.get("jsonrpc") != "2.0"
    return message["id"] if answered else None


def _broken_envelope(rng: random.Random, message: dict[str, Any]) -> Any:
    broken: dict[str, Any] = dict(message)
    for _ in range(rng.randint(1, 2)):
        name = rng.choice(["jsonrpc", "method", "params", "result", "error", "extra", "id"])
        value = rng.choice(WEIRD)
        if rng.random() < 0.3:
            broken.pop(name, None)
        elif name != "id" or type(value) not in (int, float, str):
            broken[name] = value  # an id must stay the mutant's own, or be no id at all
    return rng.choice([broken] * 20 + [[broken], [broken, 1], WEIRD[0], 5])


def _broken(rng: random.Random, tree: Any, times: int) -> Any:
    for _ in range(times):
        tree = _broken_once(rng, tree)
    return tree


def _broken_once(rng: random.Random, tree: Any) -> Any:
    inside = isinstance(tree, dict | list) and tree and rng.random() < 0.85
    if not inside:
        return rng.choice(WEIRD)
    return _broken_object(rng, tree) if isinstance(tree, dict) else _broken_list(rng, tree)


def _broken_object(rng: random.Random, tree: dict[str, Any]) -> dict[str, Any]:
    key = rng.choice(list(tree))
    match rng.randrange(6):
        case 0:
            return {k: v for k, v in tree.items() if k != key}
        case 1:
            return tree | {rng.choice(["x", "", "jsonrpc", "🥋", key + "s"]): rng.choice(WEIRD)}
        case _:
            return tree | {key: _broken_once(rng, tree[key])}


def _broken_list(rng: random.Random, tree: list[Any]) -> list[Any]:
    index = rng.randrange(len(tree))
    match rng.randrange(5):
        case 0:
            return tree[:index] + tree[index + 1 :]
        case 1:
            return [*tree, rng.choice(WEIRD)]
        case _:
            return [*tree[:index], _broken_once(rng, tree[index]), *tree[index + 1 :]]


def _broken_frame(rng: random.Random, message: dict[str, Any]) -> bytes:
    data = frame(message)
    for _ in range(rng.randint(1, 3)):
        at, size = rng.randrange(len(data)), rng.choice([1, 1, 2, 8, 40])
        match rng.randrange(6):
            case 0:
                data = data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]
            case 1:
                data = data[:at] + data[at + size :] or b"x"
            case 2:
                data = data[:at] + data[at : at + size] + data[at:]
            case 3:
                data = data[:at] + rng.randbytes(size) + data[at:]
            case 4:
                data = data.replace(b"\r\n", rng.choice([b"\n", b"\r", b"\r\n\r\n", b" \r\n"]), 1)
            case _:
                length = rng.choice([0, 1, len(data), len(data) + 300, 2**40, -1])
                data = re.sub(rb"\d+", b"%d" % length, data, count=1)
    return _possible(data)


def _possible(data: bytes) -> bytes:
    """Bring lengths that only gigabytes of input could satisfy back to what the test can send."""
    shrink = lambda m: m[0] if int(m[2]) < 4000 or int(m[2]) > 2**31 else m[1] + b"99"  # noqa: E731
    return re.sub(rb"(?i)(content-length\s*:\s*0*)(\d{4,18})", shrink, data)
