"""Logging: to stderr and a file of the user's choosing, with nothing secret in it."""

import logging

import pytest

from kata_lsp import logs

KEYS = [
    "sk-ant-api03-abcdefgh12345678",
    "ghp_abcdefghijklmnop1234",
    "Authorization: Bearer abcdefgh12345678",
    "api_key='abcdefgh12345678'",
    "x-api-key: abcdefgh12345678",
]


@pytest.fixture(autouse=True)
def as_before():
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in set(root.handlers) - set(handlers):
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize("text", KEYS)
def test_what_looks_like_a_key_is_masked(text, tmp_path, capsys):
    """Whatever a library chose to log, in words, arguments or a traceback, no key gets through."""
    file = tmp_path / "logs" / "kata.log"
    logs.configure("debug", file)
    log = logging.getLogger("some.library")
    log.info("sent %s", text)
    log.error("failed", exc_info=ValueError(text))
    for handler in logging.getLogger().handlers:
        handler.flush()
    said = capsys.readouterr()
    assert said.out == ""
    for written in (said.err, file.read_text()):
        assert "[redacted]" in written
        assert "abcdefgh" not in written


def test_libraries_that_log_their_every_step_stay_quiet(capsys):
    """At debug level the lines are ours, not the HTTP stack's."""
    logs.configure("debug")
    for name in ("httpcore2.http11", "anthropic._client", "markdown_it.rules_block"):
        logging.getLogger(name).debug("noise")
    logging.getLogger("kata_lsp.x").debug("ours")
    assert "ours" in (said := capsys.readouterr().err)
    assert "noise" not in said


def test_an_unknown_level_is_refused_by_name():
    """The message names the level and the ones there are."""
    with pytest.raises(ValueError, match=r"'loud' is not one of debug, info, warning, error"):
        logs.configure("loud")
