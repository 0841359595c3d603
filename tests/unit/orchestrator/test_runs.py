"""Whole runs over the real core with a scripted provider: order, endings, resuming, budget."""

import asyncio

import pytest
from support.workbench import SECTIONS, bench, draft_text

from kata_lsp.errors import ErrorCode, InvalidInputError
from kata_lsp.orchestrator.events import RunChanged
from kata_lsp.providers.adapters.scripted import Fail, Gate, ScriptedAnswer
from kata_lsp.providers.messages import StopReason, StreamStop, TextDelta, Usage, UsageUpdate
from kata_lsp.runs.record import DraftState, RunStatus
from kata_lsp.settings.model import Settings

DONE = [RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.COMPLETED]


async def test_a_prompt_becomes_a_draft_that_waits(tmp_path):
    """The whole way: context, prompt, stream, draft; every step is told in order."""
    async with bench(tmp_path / "repo") as made:
        record = await made.run()
        assert made.statuses(record.id) == DONE
        assert record.draft is not None
        assert (record.draft.text, record.draft.state) == (draft_text(), DraftState.WAITING)
        assert made.streamed(record.id) == draft_text()
        assert [ref.path for ref in record.context] == ["app.py"]
        assert [(a.provider, a.code, a.purpose) for a in record.attempts] == [
            ("scripted", None, "draft")
        ]
        (request,) = made.script.requests
        assert "def greet(user)" in str(request.messages)
        assert not made.spec.exists()


async def test_starting_answers_before_anything_is_asked(tmp_path):
    """`start` returns a stored, queued run; the provider has not been called."""
    async with bench(tmp_path / "repo") as made:
        started = await made.app.orchestrator.start(made.request())
        assert started.status is RunStatus.QUEUED
        assert made.script.requests == []
        assert await made.app.store.get(started.id) is not None
        await made.app.orchestrator.wait(started.id)


async def test_missing_sections_are_asked_for_once(tmp_path):
    """One repair call names what is missing; its answer completes the draft."""
    answers = [
        ScriptedAnswer.text(draft_text("Goal", "Tasks")),
        ScriptedAnswer.text(draft_text(*SECTIONS[2:])),
    ]
    async with bench(tmp_path / "repo", answers) as made:
        record = await made.run()
        assert record.draft is not None
        assert (record.draft.text, record.draft.missing_sections) == (draft_text(), ())
        assert [a.purpose for a in record.attempts] == ["draft", "repair"]
        assert "Acceptance Criteria, Non-goals" in str(made.script.requests[1].messages[-1])


async def test_a_failed_repair_loses_nothing(tmp_path):
    """The draft is kept with the names of what it lacks, and is not applied by itself."""
    answers = [
        ScriptedAnswer.text(draft_text("Goal", "Tasks")),
        ScriptedAnswer((Fail(ErrorCode.INVALID_REQUEST),)),
    ]
    async with bench(tmp_path / "repo", answers) as made:
        record = await made.run(apply="auto")
        assert record.status is RunStatus.COMPLETED
        assert record.draft is not None
        assert record.draft.missing_sections == SECTIONS[2:]
        assert record.draft.state is DraftState.WAITING
        assert "repair failed" in record.diagnostics[-1].message


async def test_a_failure_is_typed_and_keeps_what_arrived(tmp_path):
    """The error says what to do; partial text is kept and marked as not finished."""
    steps = (TextDelta("# Half a"), Fail(ErrorCode.STREAM_INTERRUPTED, "cut"))
    async with bench(tmp_path / "repo", [ScriptedAnswer(steps)]) as made:
        record = await made.run(apply="auto")
        assert record.status is RunStatus.FAILED
        assert record.error is not None
        assert (record.error["code"], record.error["partial"]) == ("stream_interrupted", True)
        assert record.error["remediation"]
        assert record.draft is not None
        assert (record.draft.text, record.draft.complete) == ("# Half a", False)
        with pytest.raises(InvalidInputError, match="not finished"):
            await made.app.drafts.apply(record.id, str(made.root))


@pytest.mark.parametrize(
    ("stop", "code"),
    [
        (StopReason.MAX_TOKENS, ErrorCode.TRUNCATED_OUTPUT),
        (StopReason.REFUSAL, ErrorCode.CONTENT_REFUSED),
    ],
)
async def test_output_that_is_no_answer_is_never_applied(tmp_path, stop, code):
    """Truncated and refused output fails the run, whatever it says (invariant 11)."""
    answer = ScriptedAnswer((TextDelta(draft_text()), StreamStop(stop)))
    async with bench(tmp_path / "repo", [answer]) as made:
        record = await made.run(apply="auto")
        assert record.error is not None
        assert record.error["code"] == code
        assert not made.spec.exists()


async def test_cancel_ends_a_streaming_run_and_keeps_its_text(tmp_path):
    """The provider's stream is closed, the attempt recorded, the text kept."""
    gate = Gate()
    steps = (TextDelta("# One"), UsageUpdate(Usage(7, 2)), gate, TextDelta(" more"))
    async with bench(tmp_path / "repo", [ScriptedAnswer(steps)]) as made:
        started = await made.app.orchestrator.start(made.request())
        await asyncio.wait_for(gate.reached.wait(), 30)
        record = await made.app.orchestrator.cancel(started.id)
        assert record.status is RunStatus.CANCELLED
        assert made.statuses(started.id)[-1] is RunStatus.CANCELLED
        assert record.draft is not None
        assert (record.draft.text, record.draft.complete) == ("# One", False)
        assert [(a.code, a.usage.input_tokens) for a in record.attempts] == [("cancelled", 7)]
        assert made.script.left_early == 1
        assert made.app.orchestrator.active == ()
        assert (await made.app.orchestrator.cancel(started.id)).status is RunStatus.CANCELLED


async def test_closing_records_runs_in_flight_as_interrupted(tmp_path):
    """The server's end is not the user's wish: it can be told apart, and resumed."""
    gate = Gate()
    async with bench(tmp_path / "repo", [ScriptedAnswer((gate,))]) as made:
        started = await made.app.orchestrator.start(made.request())
        await asyncio.wait_for(gate.reached.wait(), 30)
        await made.app.orchestrator.aclose()
        record = await made.app.orchestrator.get(started.id)
        assert record.status is RunStatus.INTERRUPTED


async def test_two_runs_at_once_do_not_mix(tmp_path):
    """Each run streams its own answer, whatever the other one does."""
    first, second = Gate(), Gate()
    answers = [
        ScriptedAnswer((TextDelta("# First\n"), first, TextDelta(draft_text())), match="alpha"),
        ScriptedAnswer((TextDelta("# Second\n"), second, TextDelta(draft_text())), match="beta"),
    ]
    async with bench(tmp_path / "repo", answers) as made:
        one = await made.app.orchestrator.start(made.request("alpha"))
        two = await made.app.orchestrator.start(made.request("beta"))
        await asyncio.wait_for(asyncio.gather(first.reached.wait(), second.reached.wait()), 30)
        assert set(made.app.orchestrator.active) == {one.id, two.id}
        second.release.set()
        await made.app.orchestrator.wait(two.id)
        first.release.set()
        await made.app.orchestrator.wait(one.id)
        assert made.streamed(one.id).startswith("# First")
        assert made.streamed(two.id).startswith("# Second")
        assert made.statuses(one.id) == made.statuses(two.id) == DONE


async def test_resuming_retrieves_no_context_again(tmp_path):
    """A resumed run names its origin and sends the same prompt, although files have changed."""
    failing = ScriptedAnswer((Fail(ErrorCode.PROVIDER_UNAVAILABLE),))
    async with bench(tmp_path / "repo", [failing]) as made:
        origin = await made.run()
        assert origin.status is RunStatus.FAILED
        (made.root / "app.py").write_text("changed = True\n")
        started = await made.app.orchestrator.resume(origin.id)
        record = await made.app.orchestrator.wait(started.id)
        assert (record.origin, record.status) == (origin.id, RunStatus.COMPLETED)
        first, second = made.script.requests
        assert first.messages == second.messages
        assert record.context == origin.context


async def test_resuming_does_not_pay_for_a_finished_answer_again(tmp_path):
    """A run that ended after the provider had answered is finished without another call."""
    gate = Gate()
    answers = [ScriptedAnswer.text(draft_text("Goal")), ScriptedAnswer((gate,))]
    async with bench(tmp_path / "repo", answers) as made:
        started = await made.app.orchestrator.start(made.request())
        await asyncio.wait_for(gate.reached.wait(), 30)
        origin = await made.app.orchestrator.cancel(started.id)
        resumed = await made.app.orchestrator.resume(origin.id)
        record = await made.app.orchestrator.wait(resumed.id)
        assert record.status is RunStatus.COMPLETED
        assert [a.purpose for a in record.attempts] == ["repair"]
        assert record.draft is not None
        assert "## Goal" in record.draft.text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"root": "/no/such/folder"}, "root"),
        ({"spec_path": "../outside.md"}, "spec"),
        ({"spec_path": "/etc/passwd.md"}, "spec"),
        ({"spec_path": "a\0.md"}, "spec"),
        ({"spec_path": "notes.txt"}, "spec"),
        ({"provider": "nobody"}, "provider"),
    ],
)
async def test_bad_input_is_refused_by_name_and_nothing_is_stored(tmp_path, changes, field):
    """The caller learns which field is wrong; no run exists afterwards."""
    async with bench(tmp_path / "repo") as made:
        with pytest.raises(InvalidInputError) as caught:
            await made.app.orchestrator.start(made.request(**changes))
        assert caught.value.field == field
        assert made.events == []


async def test_unknown_and_unfinished_runs_cannot_be_resumed(tmp_path):
    """Resuming names what is wrong with the run it was given."""
    async with bench(tmp_path / "repo") as made:
        record = await made.run()
        for run_id, words in (("nope", "no run"), (record.id, "completed")):
            with pytest.raises(InvalidInputError, match=words):
                await made.app.orchestrator.resume(run_id)


async def test_a_cap_stops_a_run_before_it_spends(tmp_path):
    """With no request allowed nothing is sent, and the message says whose cap it is."""
    settings = Settings(max_retries=0)
    async with bench(tmp_path / "repo", settings=settings) as made:
        incomplete = ScriptedAnswer.text(draft_text("Goal"))
        made.script._answers.append(incomplete)
        record = await made.run(max_requests=1)
        assert [a.purpose for a in record.attempts] == ["draft"]
        assert record.diagnostics[-1].code == "quota_exhausted"


async def test_secrets_in_the_prompt_reach_neither_store_nor_provider(tmp_path):
    """A key pasted into a prompt or selection is masked before anything else happens."""
    canary = "sk-ant-api03-" + "c4n4ry" * 8
    async with bench(tmp_path / "repo") as made:
        made.spec.parent.mkdir()
        made.spec.write_text(f"# S\n\n## Notes\n\nkey {canary}\n")
        await made.run(f"Use {canary} to log in", selection=f"x = '{canary}'")
        assert canary not in str(made.script.requests)
        assert canary not in str(made.events)
    for file in (tmp_path / "state").rglob("*"):
        assert not file.is_file() or canary.encode() not in file.read_bytes(), file


async def test_every_event_was_stored_before_it_was_told(tmp_path):
    """The told records are the stored history, version by version (invariant 3)."""
    async with bench(tmp_path / "repo") as made:
        record = await made.run()
        told = [e.record.seq for e in made.events if isinstance(e, RunChanged)]
        stored = [event.seq for event in await made.app.store.history(record.id)]
        assert told == stored == list(range(1, len(told) + 1))
