"""Owns how words of prose and code meet."""

import pytest

from kata_lsp.context.files.selection import Kind
from kata_lsp.context.prompt import parse_prompt
from kata_lsp.context.terms import count_terms, path_terms, stem, subwords


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("HTTPServer_name2", ["HTTP", "Server", "name", "2"]),
        ("parseURLFast", ["parse", "URL", "Fast"]),
        ("before_first_request", ["before", "first", "request"]),
        ("größe 変数", ["gr", "öß", "e", "変数"]),
        ("", []),
    ],
)
def test_subwords(text: str, expected: list[str]) -> None:
    """Identifiers fall apart at case changes, underscores and digits."""
    assert subwords(text) == expected


@pytest.mark.parametrize(
    "family",
    [
        "validate validates validated validating validator validators validation",
        "handle handler handlers handling handled",
        "query queries",
        "stop stopped stopping",
        "Run runs RUN",
    ],
)
def test_stem_families(family: str) -> None:
    """The inflected forms of a word share one stem."""
    assert len({stem(word) for word in family.split()}) == 1


@pytest.mark.parametrize("word", ["class", "status", "this", "error", "id", "変数"])
def test_stem_leaves_short_and_foreign_words(word: str) -> None:
    """What only looks inflected is left alone."""
    assert stem(word) == word


def test_counts_across_blocks() -> None:
    """A text longer than one block is counted whole."""
    assert count_terms("alpha beta\n" * 20_000)["alpha"] == 20_000


def test_path_terms() -> None:
    """Folders, name and suffix count, single letters do not."""
    assert path_terms("src/a/HttpClient.py") == {"src", "http", "client", "py"}


def test_prompt_parts() -> None:
    """A prompt yields terms without stop words, identifiers with their parts, and paths."""
    prompt = parse_prompt("Please fix `retry` in Client.sendRequest of src/http/client.ts")
    assert "pleas" not in prompt.terms
    assert {"retry", "client", "send", "request"} <= prompt.terms.keys()
    assert {"retry", "Client.sendRequest", "sendRequest"} <= set(prompt.identifiers)
    assert "src/http/client.ts" in prompt.paths


def test_prompt_of_stop_words_only() -> None:
    """A prompt that has nothing but stop words is searched for those."""
    assert parse_prompt("fix this").terms


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Write tests for the parser", Kind.TEST),
        ("Update the README", Kind.DOCS),
        ("Speed up the benchmark", Kind.EXAMPLE),
        ("Add a CI workflow", Kind.CONFIG),
    ],
)
def test_prompt_wants_kinds(text: str, kind: Kind) -> None:
    """A prompt about tests, docs, examples or configuration says so."""
    assert kind in parse_prompt(text).wanted


@pytest.mark.parametrize("text", ["a" * 20_000, "a/" * 10_000, "a." * 10_000, "_aB" * 7_000])
def test_pasted_blobs(text: str) -> None:
    """A blob in a prompt is taken apart in linear time (the suite's time-out is the judge)."""
    assert parse_prompt(text).terms is not None
