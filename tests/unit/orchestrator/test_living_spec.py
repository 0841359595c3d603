"""Ticking tasks and commenting on sections: small edits, and nothing in the spec's own text."""

import asyncio
import itertools
import json

import pytest

from kata_lsp.errors import InvalidInputError
from kata_lsp.orchestrator.living_spec import LivingSpec
from kata_lsp.orchestrator.spec_files import DiskSpecFiles
from kata_lsp.spec.shapes import TaskStatus

PATH = ".kata/spec.md"
TEXT = "# S\r\n\r\n## Goal\r\n\r\nG\r\n\r\n## Tasks\r\n\r\n- [ ] T001 A\r\n- [ ] T002 B 雪\r\n"


@pytest.fixture
def spec(tmp_path):
    file = tmp_path / PATH
    file.parent.mkdir()
    file.write_bytes(TEXT.encode())
    return file


@pytest.fixture
def living():
    numbers = itertools.count(1)
    return LivingSpec(DiskSpecFiles(), clock=lambda: 0.0, new_id=lambda: f"t{next(numbers)}")


async def test_a_tick_is_one_character(tmp_path, spec, living):
    """Setting a status changes the mark and no other byte; setting it back restores the file."""
    for status, mark in ((TaskStatus.DONE, "x"), (TaskStatus.IN_PROGRESS, "/")):
        ticked = await living.set_status(str(tmp_path), PATH, "T002", status)
        assert ticked.result.outcome == "applied"
        assert spec.read_bytes().decode() == TEXT.replace("- [ ] T002", f"- [{mark}] T002")
    await living.set_status(str(tmp_path), PATH, "T002", TaskStatus.TODO)
    assert spec.read_bytes().decode() == TEXT


async def test_without_a_status_a_task_takes_the_next_one(tmp_path, spec, living):
    """Three clicks lead around the cycle."""
    seen = [(await living.set_status(str(tmp_path), PATH, "T001", None)).status for _ in range(3)]
    assert seen == [TaskStatus.IN_PROGRESS, TaskStatus.DONE, TaskStatus.TODO]


async def test_quick_ticks_are_made_one_after_the_other(tmp_path, spec, living):
    """Ticks asked for at once are all in the file: none is made for a text that has moved on."""
    root = str(tmp_path)
    wanted = [living.set_status(root, PATH, task, TaskStatus.DONE) for task in ("T001", "T002")]
    ticked = await asyncio.gather(*wanted)
    assert [each.result.outcome for each in ticked] == ["applied", "applied"]
    assert spec.read_bytes().decode() == TEXT.replace("- [ ]", "- [x]")


async def test_unknown_tasks_sections_and_threads_are_named(tmp_path, spec, living):
    """The caller learns which names there are, and nothing is written."""
    root = str(tmp_path)
    for call, words in (
        (living.set_status(root, PATH, "T9", None), "T001, T002"),
        (living.comment(root, PATH, "Nope", "x", "me"), "Goal, Tasks"),
        (living.reply(root, PATH, "t9", "x", "me"), "t9"),
        (living.resolve(root, PATH, "t9", resolved=True), "t9"),
    ):
        with pytest.raises(InvalidInputError, match=words):
            await call
    assert [file.name for file in spec.parent.iterdir()] == ["spec.md"]


@pytest.mark.parametrize("path", ["", ".", "src", "../out.md", "a\0.md"])
async def test_threads_of_what_is_no_spec_are_refused(tmp_path, living, path):
    """The path is checked before the file beside it is looked for."""
    with pytest.raises(InvalidInputError, match="spec"):
        await living.threads(str(tmp_path), path)


async def test_a_thread_is_kept_beside_the_spec(tmp_path, spec, living):
    """Add, reply, resolve: the file beside the spec holds it, the spec itself is untouched."""
    root = str(tmp_path)
    thread = await living.comment(root, PATH, "goal", "Too vague?", "ada")
    await living.reply(root, PATH, thread.id, "Named it.", "bo")
    await living.resolve(root, PATH, thread.id, resolved=True)
    (found,) = await living.threads(root, PATH)
    assert (found.section, found.resolved) == (("S", "Goal"), True)
    assert [(c.author, c.body) for c in found.comments] == [
        ("ada", "Too vague?"),
        ("bo", "Named it."),
    ]
    stored = json.loads((spec.parent / "spec.comments.json").read_text())
    assert stored["threads"][0]["comments"][0]["createdAt"] == "1970-01-01T00:00:00+00:00"
    assert spec.read_bytes().decode() == TEXT


async def test_a_comment_file_that_cannot_be_read_is_named_and_kept(tmp_path, spec, living):
    """A broken file is reported by path, and not overwritten by the next comment."""
    file = spec.parent / "spec.comments.json"
    file.write_text("{ broken")
    with pytest.raises(InvalidInputError, match=r"spec\.comments\.json"):
        await living.comment(str(tmp_path), PATH, "Goal", "x", "me")
    assert file.read_text() == "{ broken"
