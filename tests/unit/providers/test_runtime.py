"""The runtime over scripted providers: retries, waits, reports, cost, cancelling."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from kata_lsp.errors import ErrorCode, InvalidInputError, KataError
from kata_lsp.providers.adapters.scripted import (
    MODEL,
    Fail,
    Gate,
    Hang,
    Script,
    ScriptedAnswer,
    scripted_provider,
)
from kata_lsp.providers.base import Adapter, Credential, Endpoint
from kata_lsp.providers.calls import (
    AttemptFinished,
    AttemptReport,
    AttemptStarted,
    CallEvent,
    ProviderCall,
    Waiting,
)
from kata_lsp.providers.credentials import Credentials
from kata_lsp.providers.messages import (
    Brief,
    Message,
    StopReason,
    StreamStart,
    StreamStop,
    TextDelta,
    ThinkingDelta,
    Tool,
    ToolCall,
    ToolCallProgress,
    Usage,
    UsageUpdate,
)
from kata_lsp.providers.parts import Clock
from kata_lsp.providers.runtime import Runtime
from kata_lsp.settings.model import DeadlineSettings, Settings

NOW = 1_000_000.0
CALL = ProviderCall((Message.user("hello"),), provider="scripted")
OK = ScriptedAnswer.text("fine")


class Naps:
    """A clock whose sleeps are kept, not slept."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        """Note the nap."""
        self.slept.append(seconds)
        await asyncio.sleep(0)

    def clock(self) -> Clock:
        """The clock; its jitter is one half."""
        return Clock(lambda: NOW, self.sleep, lambda: 0.5)


def runtime(
    *answers: ScriptedAnswer, naps: Naps | None = None, settings: Settings | None = None
) -> tuple[Runtime, Script]:
    """A runtime whose only provider answers with these, in order."""
    script = Script(answers)
    made = Runtime(
        settings or Settings(),
        Credentials({}, ()),
        specs=[scripted_provider(script)],
        clock=(naps or Naps()).clock(),
    )
    return made, script


def failing(code: ErrorCode, **more: object) -> ScriptedAnswer:
    """An answer that fails before any content."""
    return ScriptedAnswer((Fail(code, **more),))  # pyright: ignore[reportArgumentType] - a row


async def drained(made: Runtime, call: ProviderCall = CALL) -> list[CallEvent]:
    """All events of a call that succeeds."""
    async with made.stream(call) as events:
        return [event async for event in events]


async def failed(
    made: Runtime, call: ProviderCall = CALL
) -> tuple[KataError, list[CallEvent], Sequence[AttemptReport]]:
    """The failure of a call, its events and reports."""
    seen: list[CallEvent] = []
    async with made.stream(call) as events:
        try:
            async for event in events:
                seen.append(event)  # noqa: PERF401 - what came before the failure is kept
        except KataError as error:
            return error, seen, events.reports
    pytest.fail("it did not fail")


async def test_a_call_yields_its_attempt_and_the_answers_events_in_order():
    """A closed union: notices around the canonical events, the report last."""
    made, _ = runtime(
        ScriptedAnswer(
            (
                ThinkingDelta("hm"),
                TextDelta("a"),
                ToolCallProgress(5),
                ToolCall("1", "read", {}),
                UsageUpdate(Usage(10, 5)),
                StreamStop(StopReason.TOOL_USE),
            )
        )
    )
    events = await drained(made)
    assert events[0] == AttemptStarted("scripted", MODEL, "native", 1)
    assert events[1:-1] == [
        StreamStart(MODEL, "req_scripted"),
        ThinkingDelta("hm"),
        TextDelta("a"),
        ToolCall("1", "read", {}),
        UsageUpdate(Usage(10, 5)),
        StreamStop(StopReason.TOOL_USE),
    ]
    last = events[-1]
    assert isinstance(last, AttemptFinished)
    seconds = last.report.seconds
    assert last.report == AttemptReport(
        "scripted",
        MODEL,
        "native",
        "execute",
        NOW,
        seconds,
        request_id="req_scripted",
        usage=Usage(10, 5),
        cost_usd=0.0,
    )


async def test_execute_collects_the_whole_answer():
    """Text, thinking, tool calls and counts come together; the attempts are told."""
    made, _ = runtime(
        ScriptedAnswer(
            (
                ThinkingDelta("h"),
                ThinkingDelta("m"),
                TextDelta("a"),
                TextDelta("b"),
                ToolCall("1", "read", {}),
                UsageUpdate(Usage(10, 5)),
            )
        )
    )
    answer = await made.execute(CALL)
    completion = answer.completion
    assert (completion.text, completion.thinking, completion.model) == ("ab", "hm", MODEL)
    assert completion.tool_calls == (ToolCall("1", "read", {}),)
    assert completion.usage == Usage(10, 5)
    assert completion.stop_reason is StopReason.END_TURN
    assert [report.code for report in answer.attempts] == [None]
    assert answer.target.provider == "scripted"


async def test_what_the_call_says_is_what_is_sent():
    """Everything the adapter needs is in its request; the limit is the call's or the setting's."""
    made, script = runtime(settings=replace(Settings(), max_output_tokens=77))
    tool = Tool("read", "Read a file.", {"type": "object"})
    brief = Brief("hello")
    call = replace(CALL, system="be brief", tools=(tool,), model="m", brief=brief)
    await drained(made, call)
    await drained(made, replace(call, max_output_tokens=5))
    sent, limited = script.requests
    assert (sent.model, sent.system, sent.tools, sent.brief) == ("m", "be brief", (tool,), brief)
    assert (sent.max_output_tokens, limited.max_output_tokens) == (77, 5)


async def test_a_retry_waits_and_says_so():
    """Before the first token, with jitter, and the wait is announced and recorded."""
    naps = Naps()
    made, script = runtime(
        failing(ErrorCode.PROVIDER_UNAVAILABLE),
        failing(ErrorCode.RATE_LIMITED, retry_after_seconds=2.0),
        OK,
        naps=naps,
    )
    events = await drained(made)
    waits = [event for event in events if isinstance(event, Waiting)]
    assert waits == [
        Waiting(0.25, "provider_unavailable", "scripted", NOW + 0.25),
        Waiting(2.5, "rate_limited", "scripted", NOW + 2.5),
    ]
    assert naps.slept == [0.25, 2.5]
    reports = [event.report for event in events if isinstance(event, AttemptFinished)]
    assert [(report.code, report.waited_seconds) for report in reports] == [
        ("provider_unavailable", 0.0),
        ("rate_limited", 0.25),
        (None, 2.5),
    ]
    assert len(script.requests) == 3


@pytest.mark.parametrize(("max_retries", "requests"), [(0, 1), (1, 2), (2, 3)])
async def test_retries_end(max_retries, requests):
    """At most two, fewer when the user says so; the error counts the requests."""
    settings = replace(Settings(), max_retries=max_retries)
    answers = [failing(ErrorCode.PROVIDER_UNAVAILABLE)] * 5
    made, script = runtime(*answers, settings=settings)
    error, _, reports = await failed(made)
    assert error.code is ErrorCode.PROVIDER_UNAVAILABLE
    assert error.attempts == len(reports) == len(script.requests) == requests
    assert (error.provider_id, error.runtime_mode, error.partial) == ("scripted", "native", False)


@pytest.mark.parametrize(
    "content", [TextDelta("a"), ThinkingDelta("a"), ToolCall("1", "x", {}), ToolCallProgress(1)]
)
async def test_nothing_is_asked_again_after_the_first_token(content):
    """The reader has seen something; what came is kept and marked as partial."""
    made, script = runtime(ScriptedAnswer((content, Fail(ErrorCode.PROVIDER_UNAVAILABLE))), OK)
    error, _, _ = await failed(made)
    assert error.partial
    assert len(script.requests) == 1


async def test_a_wait_beyond_the_total_deadline_is_not_begun():
    """The failure is told at once instead."""
    settings = replace(Settings(), deadlines=DeadlineSettings(total=5))
    made, script = runtime(
        failing(ErrorCode.RATE_LIMITED, retry_after_seconds=20.0), OK, settings=settings
    )
    error, _, _ = await failed(made)
    assert (error.code, error.retry_after_seconds) == (ErrorCode.RATE_LIMITED, 20.0)
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (StopReason.MAX_TOKENS, ErrorCode.TRUNCATED_OUTPUT),
        (StopReason.REFUSAL, ErrorCode.CONTENT_REFUSED),
        (StopReason.CONTENT_FILTER, ErrorCode.CONTENT_REFUSED),
    ],
)
async def test_an_unfinished_answer_is_an_error_and_its_text_is_kept(reason, code):
    """No `StreamStop` is seen, so nobody takes it for an answer."""
    made, _ = runtime(
        ScriptedAnswer((TextDelta("half"), UsageUpdate(Usage(1, 1)), StreamStop(reason)))
    )
    error, events, reports = await failed(made)
    assert (error.code, error.partial) == (code, True)
    assert TextDelta("half") in events
    assert not [event for event in events if isinstance(event, StreamStop)]
    assert (reports[0].code, reports[0].usage) == (code.value, Usage(1, 1))


async def test_output_beyond_our_limit_is_cut():
    """Bytes, not characters; the stream is closed at once."""
    settings = replace(Settings(), max_output_bytes=10)
    text = ScriptedAnswer((TextDelta("é" * 5), TextDelta("é"), Hang()))
    made, script = runtime(text, settings=settings)
    error, events, _ = await failed(made)
    assert error.code is ErrorCode.TRUNCATED_OUTPUT
    assert [event for event in events if isinstance(event, TextDelta)] == [TextDelta("é" * 5)]
    assert script.left_early == 1


async def test_leaving_the_context_ends_the_call_and_reports_it():
    """Also without an error: the stream is closed, and what was spent is not lost."""
    made, script = runtime(ScriptedAnswer((UsageUpdate(Usage(10, 1)), TextDelta("a"), Hang())))
    async with made.stream(CALL) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                break
    assert script.left_early == 1
    (report,) = events.reports
    assert (report.code, report.usage) == ("cancelled", Usage(10, 1))


@pytest.mark.parametrize("phase", ["waiting", "streaming", "backing off"])
async def test_cancelling_the_reader_ends_the_call_in_every_phase(phase):
    """At once, also in a back-off; the report says `cancelled`."""
    gate = Gate()
    begun = asyncio.Event()
    answers = {
        "waiting": ScriptedAnswer((gate,)),
        "streaming": ScriptedAnswer((TextDelta("a"), gate)),
        "backing off": failing(ErrorCode.RATE_LIMITED, retry_after_seconds=25.0),
    }

    async def sleep(_: float) -> None:
        begun.set()
        await asyncio.Event().wait()

    script = Script([answers[phase]])
    made = Runtime(
        Settings(),
        Credentials({}, ()),
        specs=[scripted_provider(script)],
        clock=Clock(lambda: NOW, sleep, lambda: 0.0),
    )
    codes: list[str | None] = []

    async def read() -> None:
        async with made.stream(CALL) as events:
            try:
                async for _ in events:
                    pass
            finally:
                await events.aclose()
                codes.extend(report.code for report in events.reports)

    reading = asyncio.create_task(read())
    async with asyncio.timeout(10):
        await (begun if phase == "backing off" else gate.reached).wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
    assert codes == ["rate_limited" if phase == "backing off" else "cancelled"]
    assert len(script.requests) == 1
    await made.aclose()


async def test_models_and_the_default_model_are_those_of_the_provider():
    """No model is named by anyone: the provider's own list decides."""
    made, _ = runtime()
    assert [model.id for model in await made.list_models("scripted")] == [MODEL]
    assert await made.default_model("scripted") == MODEL
    made.configure(replace(Settings(), provider="scripted", model="mine"))
    assert await made.default_model() == "mine"


async def test_a_list_that_cannot_be_had_names_who_failed():
    """The provider and the runtime mode, as every failure of a request does."""

    async def broken(_endpoint: Endpoint, _credential: Credential | None) -> Adapter:
        raise KataError(ErrorCode.BAD_ENDPOINT, "nothing there")

    spec = replace(scripted_provider(Script()), connect=broken)
    made = Runtime(Settings(), Credentials({}, ()), specs=[spec])
    for asked in (made.list_models("scripted"), made.default_model("scripted")):
        with pytest.raises(KataError) as caught:
            await asked
        assert (caught.value.provider_id, caught.value.runtime_mode) == ("scripted", "native")


async def test_other_settings_count_from_the_next_call_on():
    """A call under way keeps those it began with."""
    gate = Gate()
    made, script = runtime(ScriptedAnswer((TextDelta("a"), gate)), OK)
    first = asyncio.create_task(drained(made))
    async with asyncio.timeout(10):
        await gate.reached.wait()
        made.configure(replace(Settings(), max_output_bytes=1))
        gate.release.set()
        await first
    error, _, _ = await failed(made)
    assert error.code is ErrorCode.TRUNCATED_OUTPUT
    assert len(script.requests) == 2
    assert made.catalog.find("scripted").id == "scripted"


async def test_a_general_model_is_asked_of_its_own_provider_only():
    """Another vendor, named in a call, is asked for its own default."""
    specs = [scripted_provider(Script(), kind) for kind in ("first", "second")]
    settings = replace(Settings(), provider="first", model="mine")
    made = Runtime(settings, Credentials({}, ()), specs=specs, clock=Naps().clock())
    for provider, model in (("first", "mine"), ("second", MODEL)):
        assert (await made.execute(replace(CALL, provider=provider))).completion.model == model
        assert await made.default_model(provider) == model


async def test_requests_of_execute_are_noted_as_they_end():
    """No run records them, so the caps per day would not see them otherwise."""
    noted: list[str | None] = []

    async def note(report: AttemptReport) -> None:
        noted.append(report.code)

    script = Script([failing(ErrorCode.RATE_LIMITED), OK])
    made = Runtime(
        Settings(),
        Credentials({}, ()),
        specs=[scripted_provider(script)],
        note=note,
        clock=Naps().clock(),
    )
    await made.execute(CALL)
    assert noted == ["rate_limited", None]
    await drained(made)
    assert len(noted) == 2


async def test_unknown_providers_are_refused_before_anything_is_sent():
    """In the call, in its fallback chain, and in every question about a provider."""
    made, script = runtime()
    calls = [
        drained(made, replace(CALL, provider="acme")),
        drained(made, replace(CALL, fallback=("acme",))),
        made.list_models("acme"),
        made.default_model("acme"),
        made.resolve_auth("acme"),
    ]
    for call in calls:
        with pytest.raises(InvalidInputError, match="acme"):
            await call
    with pytest.raises(InvalidInputError, match="acme"):
        made.set_client_credential("acme", api_key="key")
    assert not script.requests


async def test_a_runtime_mode_that_is_not_installed_is_a_typed_error():
    """It names the remedy, and no fallback hides it."""
    made, script = runtime()
    error, events, _ = await failed_to_open(made, replace(CALL, runtime_mode="pi"))
    assert (error.code, error.retryable) == (ErrorCode.PROVIDER_UNAVAILABLE, False)
    assert "kata.runtimeMode" in error.remediation
    assert not events
    assert not script.requests


async def failed_to_open(
    made: Runtime, call: ProviderCall
) -> tuple[KataError, list[CallEvent], None]:
    """The failure of a call that does not begin."""
    with pytest.raises(KataError) as caught:
        async with made.stream(call):
            pytest.fail("it began")
    return caught.value, [], None
