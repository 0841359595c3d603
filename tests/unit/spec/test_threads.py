"""Comment threads: a pure model, a stable file form, anchors that survive edits."""

import pytest

from kata_lsp.spec import (
    Comment,
    Thread,
    ThreadError,
    add_thread,
    anchor,
    dump_threads,
    load_threads,
    parse,
    reply,
    resolve,
    threads_path,
)

FIRST = Comment("ada", "Is this enough?", "2026-03-01T10:00:00Z")
ANSWER = Comment("bob", "はい", "2026-03-01T11:00:00Z")


def thread_on(title, text="# T\n\n## Goal\n\nx\n"):
    """Return the threads after one was added on the section with that title."""
    section = next(each for each in parse(text).sections if each.title == title)
    return add_thread((), "t1", section, FIRST)


def test_a_thread_is_added_answered_and_resolved():
    """An answer reopens a resolved thread."""
    threads = resolve(thread_on("Goal"), "t1")
    assert threads[0].resolved
    threads = reply(threads, "t1", ANSWER)
    assert threads == (Thread("t1", ("T", "Goal"), (FIRST, ANSWER)),)
    assert not resolve(threads, "t1", resolved=False)[0].resolved


def test_the_file_form_goes_round():
    """What is written is read back, and blank is no threads."""
    threads = reply(thread_on("Goal"), "t1", ANSWER)
    text = dump_threads(threads)
    assert load_threads(text) == threads
    assert "はい" in text
    assert text.endswith("}\n")
    assert load_threads("  ") == ()


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("# T\n## Goal\n", "Goal"),
        ("# Renamed\n## 1. goal\n", "1. goal"),
        ("# T\n## Goals\n", "Goals"),
        ("# A\n## Goal\n# B\n## Goal\n", None),
        ("# T\n## Other\n", None),
        ("", None),
    ],
)
def test_a_thread_finds_its_section(spec, expected):
    """By the whole path, else by a title that only one section has."""
    section = anchor(parse(spec), thread_on("Goal")[0])
    assert (section and section.title) == expected


@pytest.mark.parametrize(
    "action",
    [
        lambda threads: reply(threads, "t9", ANSWER),
        lambda threads: resolve(threads, "t9"),
        lambda threads: add_thread(threads, "t1", parse("# T").sections[0], FIRST),
    ],
)
def test_a_wrong_id_is_refused(action):
    """Nothing happens to another thread instead."""
    with pytest.raises(ThreadError, match=r"t[19]"):
        action(thread_on("Goal"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[]", "no JSON object"),
        ('{"version": 2, "threads": []}', "version 2"),
        ('{"version": 1, "threads": {}}', "'threads'"),
        ('{"version": 1, "threads": [1]}', "a thread"),
        ('{"version": 1, "threads": [{"id": 1}]}', "'id'"),
        ('{"version": 1, "threads": [{"id": "a", "section": [], "comments": [{}]}]}', "'author'"),
    ],
)
def test_a_broken_file_is_refused_with_what_is_wrong(text, message):
    """The file is in the reader's hands, so the error says what to repair."""
    with pytest.raises(ThreadError, match=message):
        load_threads(text)


def test_the_file_stands_beside_the_spec():
    """In the same folder, under the same name."""
    assert threads_path(".kata/spec.md") == ".kata/spec.comments.json"
