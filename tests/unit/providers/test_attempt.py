"""One request: what counts as content, and which answers are finished ones."""

from __future__ import annotations

import pytest

from kata_lsp.errors import ErrorCode, KataError
from kata_lsp.providers.attempt import Tally, verdict
from kata_lsp.providers.calls import AttemptStarted
from kata_lsp.providers.collected import Collected
from kata_lsp.providers.messages import (
    StopReason,
    StreamStart,
    StreamStop,
    TextDelta,
    ThinkingDelta,
    ToolCall,
    ToolCallProgress,
    Usage,
    UsageUpdate,
)

TEXT = TextDelta("some text")
CALL = ToolCall("1", "read", {})
START = StreamStart("m", "req_1")


@pytest.mark.parametrize(
    ("event", "content", "size"),
    [
        (TEXT, True, 9),
        (TextDelta("né"), True, 3),
        (TextDelta("\ud800"), True, 1),
        (TextDelta(""), False, 0),
        (ThinkingDelta("hm"), True, 2),
        (ThinkingDelta(""), False, 0),
        (ToolCallProgress(7), True, 7),
        (CALL, True, 0),
        (START, False, 0),
        (UsageUpdate(Usage(1)), False, 0),
        (StreamStop(StopReason.END_TURN), False, 0),
    ],
)
def test_text_thinking_and_tool_calls_are_content(event, content, size):
    """Only content ends the retries and starts the idle clock; bytes are those of UTF-8."""
    tally = Tally()
    assert tally.add(event) == content
    assert (tally.content, tally.size) == (content, size)


def test_the_tally_keeps_the_latest_counts_and_the_request_id():
    """Counts are cumulative; what a later update does not say stays."""
    tally = Tally()
    for event in (START, UsageUpdate(Usage(10, 1)), UsageUpdate(Usage(output_tokens=5))):
        tally.add(event)
    assert (tally.usage, tally.request_id) == (Usage(10, 5), "req_1")


@pytest.mark.parametrize(
    ("events", "reason", "code"),
    [
        ([TEXT], StopReason.END_TURN, None),
        ([CALL], StopReason.TOOL_USE, None),
        ([], StopReason.END_TURN, ErrorCode.EMPTY_OUTPUT),
        ([TextDelta(" \n")], StopReason.END_TURN, ErrorCode.EMPTY_OUTPUT),
        ([ThinkingDelta("hm")], StopReason.END_TURN, ErrorCode.EMPTY_OUTPUT),
        ([TEXT], StopReason.MAX_TOKENS, ErrorCode.TRUNCATED_OUTPUT),
        ([], StopReason.MAX_TOKENS, ErrorCode.TRUNCATED_OUTPUT),
        ([TEXT], StopReason.REFUSAL, ErrorCode.CONTENT_REFUSED),
        ([], StopReason.CONTENT_FILTER, ErrorCode.CONTENT_REFUSED),
        ([TEXT], None, ErrorCode.STREAM_INTERRUPTED),
        ([], None, ErrorCode.BAD_RESPONSE),
    ],
)
def test_only_two_stop_reasons_with_an_answer_are_a_finished_one(events, reason, code):
    """Everything else is a typed error, never an answer that could be applied."""
    tally = Tally()
    for event in [*events, *([StreamStop(reason)] if reason else [])]:
        tally.add(event)
    found = verdict(tally)
    assert (found and found.code) == code


def test_events_that_do_not_finish_are_no_answer():
    """Only a stop makes a completion; a new request starts the answer anew."""
    collected = Collected()
    for event in (AttemptStarted("acme", "m", "native", 1), START, TEXT):
        collected.add(event)
    with pytest.raises(KataError) as caught:
        collected.completion()
    assert caught.value.code is ErrorCode.STREAM_INTERRUPTED
    again = (
        AttemptStarted("acme", "m2", "native", 2),
        TextDelta("other"),
        StreamStop(StopReason.END_TURN),
    )
    for event in again:
        collected.add(event)
    assert (collected.completion().text, collected.completion().model) == ("other", "m2")
