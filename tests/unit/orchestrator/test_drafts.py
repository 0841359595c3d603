"""What becomes of a draft: shown, applied as minimal edits, kept when in doubt, discarded."""

from dataclasses import replace

import pytest
from support.workbench import bench, draft_text

from kata_lsp.errors import InvalidInputError
from kata_lsp.providers.adapters.scripted import ScriptedAnswer
from kata_lsp.runs.record import DraftState, RunStatus

SPEC = draft_text()


async def test_applying_writes_the_draft_and_says_so(tmp_path):
    """A first draft becomes the spec file, and the run knows."""
    async with bench(tmp_path / "repo") as made:
        record = await made.run()
        outcome = await made.app.drafts.apply(record.id, str(made.root))
        assert outcome.outcome == "applied"
        assert made.spec.read_text() == SPEC
        assert outcome.record.draft is not None
        assert outcome.record.draft.state is DraftState.APPLIED
        again = await made.app.drafts.apply(record.id, str(made.root))
        assert again.outcome == "unchanged"


async def test_a_run_at_work_keeps_its_draft_to_itself(tmp_path):
    """Deciding meanwhile would race with what the run stores next; showing is free."""
    async with bench(tmp_path / "repo") as made:
        ended = await made.run()
        *begun, _ = ended.timeline
        at_work = replace(ended, id="other", status=RunStatus.RUNNING, timeline=tuple(begun))
        await made.app.store.save(at_work)
        for decide in (made.app.drafts.apply, made.app.drafts.discard):
            with pytest.raises(InvalidInputError, match="still at work"):
                await decide("other", str(made.root))
        assert (await made.app.drafts.show("other", str(made.root))).draft.text == SPEC


async def test_auto_applies_by_itself(tmp_path):
    """With `auto` the finished draft is in the spec when the run is over."""
    async with bench(tmp_path / "repo") as made:
        record = await made.run(apply="auto")
        assert made.spec.read_text() == SPEC
        assert record.draft is not None
        assert record.draft.state is DraftState.APPLIED


async def test_showing_changes_nothing(tmp_path):
    """The view holds the diff that applying would make; the file is not touched."""
    async with bench(tmp_path / "repo") as made:
        await made.run()
        view = await made.app.drafts.show(None, str(made.root))
        assert view.diff.startswith("--- a/.kata/spec.md\n+++ b/.kata/spec.md\n")
        assert "+# Greet the user\n" in view.diff
        assert view.merged == SPEC
        assert not made.spec.exists()


async def test_refining_changes_only_what_the_model_changed(tmp_path):
    """Ticks, unknown sections and wording that the answer leaves out stay byte for byte."""
    lived_in = SPEC.replace("- [ ] T001", "- [x] T001") + "\n## Notes\n\n* mine,  as I wrote it\n"
    answer = ScriptedAnswer.text("## Goal\n\nGreet by first name.\n")
    async with bench(tmp_path / "repo", [answer]) as made:
        made.spec.parent.mkdir()
        made.spec.write_bytes(lived_in.replace("\n", "\r\n").encode())
        record = await made.run("Use the first name", apply="auto")
        expected = lived_in.replace("- Goal of it", "Greet by first name.")
        assert made.spec.read_bytes().decode() == expected.replace("\n", "\r\n")
        assert "<spec>" in str(made.script.requests[0].messages)
        assert record.draft is not None
        assert record.draft.state is DraftState.APPLIED


async def edited_both(made):
    """Run a refinement of the goal while its reader rewrites the goal too."""
    made.spec.parent.mkdir(exist_ok=True)
    made.spec.write_text(SPEC)
    record = await made.run("Use the first name")
    made.spec.write_text(SPEC.replace("- Goal of it", "- My own goal"))
    return record


@pytest.mark.parametrize(
    ("choice", "goal"),
    [("mine", ["- My own goal"]), ("draft", ["Theirs."]), ("both", ["- My own goal", "Theirs."])],
)
async def test_a_conflict_is_offered_and_never_overwritten(tmp_path, choice, goal):
    """Without a choice nothing is written; with one, exactly that is."""
    answer = ScriptedAnswer.text("## Goal\n\nTheirs.\n")
    async with bench(tmp_path / "repo", [answer]) as made:
        record = await edited_both(made)
        before = made.spec.read_text()
        offered = await made.app.drafts.apply(record.id, str(made.root))
        assert offered.outcome == "conflict"
        assert [each.conflict.theirs.strip() for each in offered.conflicts] == ["Theirs."]
        assert made.spec.read_text() == before
        decided = await made.app.drafts.apply(record.id, str(made.root), choice=choice)
        assert decided.outcome == ("unchanged" if choice == "mine" else "applied")
        text = made.spec.read_text()
        body = text.split("## Goal\n", 1)[1].split("\n## ", 1)[0]
        assert [line for line in body.splitlines() if line] == goal


async def test_a_choice_for_no_conflict_is_refused_by_name(tmp_path):
    """A stale dialog cannot answer a question nobody asks any more."""
    answer = ScriptedAnswer.text("## Goal\n\nTheirs.\n")
    async with bench(tmp_path / "repo", [answer]) as made:
        record = await edited_both(made)
        with pytest.raises(InvalidInputError) as caught:
            await made.app.drafts.apply(record.id, str(made.root), choices={"gone": "mine"})
        assert caught.value.field == "choices"
        assert "gone" in caught.value.message


async def test_a_discarded_draft_is_kept_with_its_run_and_waits_no_more(tmp_path):
    """Discarding puts it aside; the text can still be read."""
    async with bench(tmp_path / "repo") as made:
        record = await made.run()
        await made.app.drafts.discard(None, str(made.root))
        assert await made.app.drafts.waiting(str(made.root)) == ()
        assert await made.app.orchestrator.output(record.id) == SPEC
        with pytest.raises(InvalidInputError, match="no draft waits"):
            await made.app.drafts.show(None, str(made.root))


async def test_a_spec_that_cannot_be_read_is_named_and_left_alone(tmp_path):
    """A file that is not text fails the run with its path, untouched."""
    async with bench(tmp_path / "repo") as made:
        made.spec.parent.mkdir()
        made.spec.write_bytes(b"\xff\xfe\x00bad")
        record = await made.run()
        assert record.error is not None
        assert "spec.md" in record.error["message"]
        assert "UTF-8" in record.error["message"]
        assert made.spec.read_bytes() == b"\xff\xfe\x00bad"
