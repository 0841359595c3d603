"""Providers of the user's own settings, from the terminal: models, doctor and drafts over HTTP."""

from __future__ import annotations

import re
import signal
import socket
import threading

import pytest
from fakes.steps import CANARY

PROMPT = "Greet the user by name"


def configure(terminal, base_url: str, kind: str = "openai-compatible", more: str = "") -> None:
    """Give the user a custom provider `lab` and its key."""
    file = terminal.home / ".config" / "kata-lsp" / "settings.toml"
    file.parent.mkdir(parents=True)
    file.write_text(
        f'provider = "lab"\n{more}\n[providers.lab]\nkind = "{kind}"\nbaseUrl = "{base_url}"\n'
    )
    terminal.env["KATA_LAB_API_KEY"] = CANARY


def finding(terminal, *arguments: str) -> dict[str, str]:
    """What the doctor finds about `lab`."""
    checks = terminal.run("doctor", "--json", *arguments).json["checks"]
    (found,) = [check for check in checks if check["name"] == "provider lab"]
    return found


@pytest.mark.parametrize(
    ("kind", "suffix"),
    [
        ("openai-compatible", "/v1"),
        ("openai-compatible", "/v1/"),
        ("openai-compatible", "/gateway/v1"),
        ("anthropic-compatible", ""),
        ("anthropic-compatible", "/v1"),
    ],
)
def test_the_doctor_finds_a_custom_provider_well(terminal, provider, kind, suffix):
    """However its users write the address, as long as an API is there."""
    configure(terminal, provider.url + suffix, kind)
    found = finding(terminal, "--network")
    assert found["state"] == "ok", found
    assert "credential from environment" in found["detail"]
    assert " models" in found["detail"]


def test_a_custom_provider_lists_its_models(terminal, provider):
    """Its own list, with the default marked; the doctor asks for it only when told to."""
    configure(terminal, provider.openai_url)
    assert "models" not in finding(terminal)["detail"]
    assert provider.requests() == []
    listed = terminal.run("models", "--json").json
    assert listed["provider"] == "lab"
    assert len(listed["models"]) > 1
    assert [each["default"] for each in listed["models"]].count(True) == 1


def test_a_draft_by_a_custom_provider(terminal, provider):
    """The draft on stdout, the default model of its list, one request."""
    configure(terminal, provider.openai_url)
    done = terminal.run("draft", PROMPT)
    assert done.code == 0, done.err
    assert "## Tasks" in done.out
    assert "lab/" in done.err
    asked = [each for each in provider.requests() if each["operation"] == "generate"]
    assert [each["surface"] for each in asked] == ["chat"]


def test_a_server_that_needs_no_key_gets_none(terminal, provider):
    """Ollama and its like: no key is asked for, and no vendor's key is sent."""
    provider.load(models=[{"name": "body", "data": '{"data": [{"id": "tiny"}]}'}])
    configure(terminal, provider.openai_url)
    file = terminal.home / ".config" / "kata-lsp" / "settings.toml"
    file.write_text(file.read_text() + "needsKey = false\n")
    terminal.env["OPENAI_API_KEY"] = terminal.env.pop("KATA_LAB_API_KEY")
    terminal.run("models")
    (asked,) = provider.requests(1)
    assert CANARY not in str(asked["headers"])


def test_a_base_url_without_v1_is_found_out(terminal, provider):
    """The commonest mistake: the doctor tries the right address and names it."""
    configure(terminal, provider.url)
    found = finding(terminal, "--network")
    assert found["state"] == "error"
    assert "/v1" in found["remedy"]
    assert "answers there" in found["remedy"]
    failed = terminal.run("models")
    assert failed.code == 1
    assert "bad_endpoint" in failed.err or "does not lead to its API" in failed.err


def test_a_server_that_is_not_there(terminal):
    """Nothing listens: the doctor says so, and that it may have to be started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    configure(terminal, f"http://127.0.0.1:{port}/v1")
    found = finding(terminal, "--network")
    assert found["state"] == "error"
    assert f"127.0.0.1:{port}" in found["detail"]
    assert "Start the server" in found["remedy"]


def test_a_wrong_key_is_no_fault_of_the_address(terminal, provider):
    """The refusal is reported as such, with what to do; the key is not shown."""
    provider.load(models=[{"name": "refuse", "error": "invalid_key"}] * 2)
    configure(terminal, provider.openai_url)
    done = terminal.run("doctor", "--network")
    assert done.code == 1
    assert "does not accept the credential" in done.out
    assert "/v1" not in done.out
    assert CANARY not in done.out + done.err


def test_a_repository_cannot_name_an_endpoint(terminal, provider):
    """Its settings are not heard: nothing is asked at its address (invariant 12)."""
    (terminal.root / ".kata").mkdir()
    (terminal.root / ".kata" / "settings.toml").write_text(
        f'provider = "evil"\n[providers.evil]\nkind = "openai-compatible"\n'
        f'baseUrl = "{provider.openai_url}"\n'
    )
    terminal.env["KATA_EVIL_API_KEY"] = CANARY
    assert terminal.run("doctor", "--root", ".", "--network").code == 0
    assert "local/drafter-1" in terminal.run("draft", PROMPT).err
    assert provider.requests() == []


def test_a_wait_is_told_and_ctrl_c_ends_it(terminal, provider):
    """The terminal says that it waits and why; Ctrl-C does not wait for it."""
    configure(terminal, provider.openai_url, more='model = "test-1"')
    refusal = {"name": "refuse", "error": "rate_limited", "retry_after": {"seconds": 29}}
    provider.load(default=refusal)
    process = terminal.start("draft", PROMPT)
    guard = threading.Timer(45, process.kill)
    guard.start()
    try:
        assert process.stderr is not None
        said = next(line for line in process.stderr if "trying again in" in line)
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate()
    finally:
        guard.cancel()
    assert re.search(r"rate_limited: trying again in (29|30) s", said), said
    assert process.returncode == 130, rest
    asked = [each for each in provider.requests() if each["operation"] == "generate"]
    assert len(asked) == 1
    assert provider.open_connections() == 0


def test_ctrl_c_hangs_up(terminal, provider):
    """The provider sees the end of a stream that is cancelled from the terminal."""
    configure(terminal, provider.openai_url, more='model = "test-1"')
    provider.load(default={"name": "reply", "text": "# Begun\n" * 20, "gates": {"3": "middle"}})
    process = terminal.start("draft", PROMPT)
    guard = threading.Timer(45, process.kill)
    guard.start()
    try:
        provider.wait_for_arrivals("middle")
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate()
    finally:
        guard.cancel()
    assert process.returncode == 130, rest
    numbers = [each["number"] for each in provider.requests() if each["operation"] == "generate"]
    provider.hangup(numbers[0])
