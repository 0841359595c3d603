"""Arguments that fit a command, made from the contract's own JSON Schema."""

import random
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

ROOT = "/tmp/kata-fuzz-00000000"
"""Stands for the folder that is open; as long as the name of the real one."""
RUN = "0123456789ab"
"""Stands for the id of a run that the server has told of; as long as a real one."""
URI = f"file://{ROOT}/.kata/spec.md"

Arguments = Callable[[random.Random], list[Any] | None]

MEANT: dict[str, list[Any]] = {
    "provider": ["local", "local", "scripted", "scripted", "nobody"],
    "runId": [RUN, RUN, "nope"],
    "root": [ROOT, f"file://{ROOT}", "/nowhere", "src"],
    "spec": [".kata/spec.md", "specs/001/tasks.md", "../out.md", "new.md"],
    "uri": [URI, "file:///nowhere.md", "untitled:1"],
    "taskId": ["T001", "T002", "T404"],
    "section": ["Goal", "Tasks", "Nowhere"],
    "threadId": ["C1", "c-1"],
    "apiKey": [None, "sk-canary-0123456789"],
    "network": [False],
}
"""Texts that mean something, by the field's name; any text will do for the others.

No provider with a network is among them: a key that was set before would make it ask its server.
"""
TEXTS = ["x", "Write a spec for a search box", "🥋 do 日本", "one\ntwo\r\n", "T001", " ", "# Goal"]


def anything(rng: random.Random) -> list[Any] | None:
    """Return arguments for a command that nothing is known of."""
    return rng.choice([[], [{}], ["x"], ["a", "1"], [{"text": "x"}, 1], None])


def by_schema(contract: Mapping[str, Any]) -> dict[str, Arguments]:
    """Return, for each command of the contract, what makes arguments for it."""
    kinds = contract["$defs"]
    return {
        name: partial(_arguments, kinds, command["params"])
        for name, command in contract["commands"].items()
    }


def _arguments(kinds: Mapping[str, Any], schema: Any, rng: random.Random) -> list[Any] | None:
    fitting = _value(kinds, schema, "", rng)
    if not fitting:
        return rng.choice([None, [], [{}]])
    if rng.random() < 0.1:
        return [str(each) for each in fitting.values()]
    return [fitting]


def _value(  # noqa: PLR0911 - one for each of the schema's kinds
    kinds: Mapping[str, Any], schema: Any, name: str, rng: random.Random
) -> Any:
    if name in MEANT and rng.random() < 0.9:
        return rng.choice(MEANT[name])
    match schema:
        case {"$ref": ref}:
            return _value(kinds, kinds[ref.rpartition("/")[2]], name, rng)
        case {"anyOf": choices}:
            return _value(kinds, rng.choice(choices), name, rng)
        case {"enum": values}:
            return rng.choice(values)
        case {"type": "object"}:
            return _object(kinds, schema, rng)
        case {"type": "array", "items": items}:
            return [_value(kinds, items, name, rng) for _ in range(rng.randrange(3))]
        case {"type": "boolean"}:
            return rng.random() < 0.5
        case {"type": "integer" | "number" as kind}:
            number = rng.randint(int(schema.get("minimum", 0)), int(schema.get("maximum", 1000)))
            return number if kind == "integer" else number / 2
        case {"type": "string"}:
            return rng.choice(TEXTS)
        case _:
            return None


def _object(kinds: Mapping[str, Any], schema: Any, rng: random.Random) -> dict[str, Any]:
    required = schema.get("required", ())
    made = {
        name: _value(kinds, field, name, rng)
        for name, field in schema.get("properties", {}).items()
        if name in required or rng.random() < 0.4
    }
    more = schema.get("additionalProperties")
    return made | {"x": _value(kinds, more, "", rng)} if isinstance(more, dict) else made
