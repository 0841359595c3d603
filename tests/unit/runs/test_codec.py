"""The stored form of a record: exact, and forgiving towards newer versions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kata_lsp.runs import codec
from kata_lsp.runs.lifecycle import queued
from kata_lsp.runs.record import RunRecord, RunRequest

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
st.register_type_strategy(
    str, st.text(st.characters(exclude_categories=()), max_size=12)
)  # surrogates included
st.register_type_strategy(Mapping, st.dictionaries(st.text(max_size=5), JSON, max_size=3))


def plain_record() -> dict[str, Any]:
    request = RunRequest("add a cache", "/work/tree", ".kata/spec.md")
    return codec.to_plain(queued("r1", request, now=1.5))


@settings(max_examples=60, deadline=None)
@given(st.from_type(RunRecord))
def test_round_trip(record: RunRecord) -> None:
    """Any record comes back equal after its way through JSON text."""
    text = codec.dumps(codec.to_plain(record))
    assert text.isascii()
    assert codec.from_plain(codec.loads(text)) == record


def test_plain_values_only() -> None:
    """The stored form holds nothing but JSON values."""
    assert json.loads(json.dumps(plain_record())) == plain_record()


def test_unknown_fields_are_left_out() -> None:
    """Fields of a newer version, at any depth, do not keep a record from being read."""
    plain = plain_record()
    expected = codec.from_plain(plain)
    plain["novelty"] = 1
    plain["request"]["novelty"] = {"deep": True}
    assert codec.from_plain(plain) == expected


def test_unknown_fields_are_carried() -> None:
    """A version that does not know a field keeps it in storage when it changes the record."""
    stored = {**plain_record(), "novelty": [1]}
    assert codec.carry_unknown(stored, plain_record()) == {**plain_record(), "novelty": [1]}


def test_missing_fields_take_their_default() -> None:
    """A record of an older version lacks the newer fields and reads as if they were unset."""
    plain = plain_record()
    expected = codec.from_plain(plain)
    for name in ("seq", "cost_note", "attempts", "draft"):
        del plain[name]
    del plain["request"]["profile"]
    assert codec.from_plain(plain) == expected


@pytest.mark.parametrize(
    ("path", "value", "names"),
    [
        (("status",), "paused", "record.status"),
        (("request", "apply"), "always", "record.request.apply"),
        (("created_at",), "now", "record.created_at"),
        (("seq",), True, "record.seq"),
        (("timeline", 0, "at"), None, "record.timeline[0].at"),
        (("timeline",), {}, "record.timeline"),
        (("request",), [], "record.request"),
        (("error",), "boom", "record.error"),
    ],
)
def test_wrong_values_are_named(path: tuple[Any, ...], value: object, names: str) -> None:
    """A value this version does not know is refused with the path of its field."""
    plain = plain_record()
    target: Any = plain
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    with pytest.raises(codec.UnreadableRecordError, match="^" + names.replace("[", r"\[") + ":"):
        codec.from_plain(plain)


def test_a_missing_required_field_is_named() -> None:
    """A field without a default must be there."""
    plain = plain_record()
    del plain["created_at"]
    with pytest.raises(codec.UnreadableRecordError, match="created_at: missing"):
        codec.from_plain(plain)


@pytest.mark.parametrize("text", ["{", "[]", "1"])
def test_text_that_is_no_object(text: str) -> None:
    """Text that is not a JSON object is refused as unreadable."""
    with pytest.raises(codec.UnreadableRecordError):
        codec.loads(text)


def test_changed_fields() -> None:
    """A change holds the fields that differ or are new, and nothing else."""
    assert codec.changed_fields({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}) == {"b": 3, "c": 4}
