"""`kata-lsp draft` as its user runs it: draft on stdout, the rest on stderr, true exit codes."""

import signal
import threading

import jsonschema
import pytest
from support.workbench import draft_text

from kata_lsp import protocol

PROMPT = "Greet the user by name"


def steps_of(text: str) -> dict[str, str]:
    return {"text": text}


def test_the_embedded_default_drafts_without_key_or_network(terminal):
    """With an empty home a real draft that names the right file goes to stdout."""
    done = terminal.run("draft", PROMPT)
    assert done.code == 0, done.err
    assert done.out.startswith("# Greet the user by name\n")
    assert "`app.py` (`greet`)" in done.out
    assert "local/drafter-1" in done.err
    assert not (terminal.root / ".kata").exists()


def test_apply_writes_the_spec_and_refines_it_the_next_time(terminal):
    """`--apply` creates the spec; a second prompt changes it and keeps what is there."""
    assert terminal.run("draft", PROMPT, "--apply").code == 0
    spec = terminal.root / ".kata" / "spec.md"
    ticked = spec.read_text().replace("- [ ] T001", "- [x] T001") + "\n## Notes\n\nmine\n"
    spec.write_text(ticked)
    assert terminal.run("draft", "Also wave", "--apply").code == 0
    refined = spec.read_text()
    assert "- [x] T001" in refined
    assert "Also wave" in refined
    assert refined.endswith("\n## Notes\n\nmine\n")


def test_json_is_the_wire_contract(terminal):
    """`--json` prints the run as the contract's schema describes it, with the draft."""
    terminal.script(steps_of(draft_text()), {"usage": {"input_tokens": 11, "output_tokens": 5}})
    done = terminal.run("draft", PROMPT, "--provider", "scripted", "--json")
    assert done.code == 0, done.err
    assert done.json["text"] == draft_text()
    run = done.json["run"]
    assert (run["status"], run["usage"]["inputTokens"]) == ("completed", 11)
    schema = protocol.schema()
    jsonschema.validate(run, {"$ref": "#/$defs/RunPayload", "$defs": schema["$defs"]})


def test_the_prompt_can_come_from_a_pipe(terminal):
    """`-` reads it from stdin, so that long prompts need no quoting."""
    done = terminal.run("draft", "-", stdin="Greet\nthe `user`\n")
    assert done.code == 0, done.err
    assert "Greet" in done.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["draft", "  "], "PROMPT"),
        (["draft"], "PROMPT"),
        (["draft", PROMPT, "--root", "/no/such"], "--root"),
        (["draft", PROMPT, "--provider", "nobody"], "nobody"),
        (["draft", PROMPT, "--spec", "../x.md"], "leaves the workspace"),
        (["draft", PROMPT, "--profile", "huge"], "--profile"),
        (["runs", "show", "nope"], "nope"),
        (["no-such-command"], "no-such-command"),
    ],
)
def test_wrong_input_exits_with_2_and_names_it(terminal, arguments, words):
    """The message names what is wrong; stdout stays empty."""
    done = terminal.run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert "Traceback" not in done.err


def test_a_failure_exits_with_1_and_says_what_to_do(terminal):
    """Code, message and remedy on stderr; nothing that looks like a draft on stdout."""
    done = terminal.run("draft", PROMPT, "--provider", "anthropic")
    assert (done.code, done.out) == (1, "")
    assert "missing_auth" in done.err
    assert "kata-lsp auth set" in done.err


def test_partial_output_is_kept_and_can_be_shown(terminal):
    """A stream that breaks exits with 1; `runs show` prints what had arrived."""
    terminal.script(steps_of("# Half"), {"error": {"code": "stream_interrupted"}})
    done = terminal.run("draft", PROMPT, "--provider", "scripted")
    assert (done.code, done.out) == (1, "")
    run_id = done.err.rsplit("runs show ", 1)[1].split()[0]
    shown = terminal.run("runs", "show", run_id)
    assert shown.out == "# Half"
    assert "stream_interrupted" in shown.err


def test_ctrl_c_cancels_and_says_so(terminal):
    """The run ends as cancelled, its text is kept, the exit code is 130."""
    terminal.script(steps_of("# Begun"), {"hang": True})
    process = terminal.start("draft", PROMPT, "--provider", "scripted")
    guard = threading.Timer(45, process.kill)
    guard.start()
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if "scripted-1" in line:
                break
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate()
    finally:
        guard.cancel()
    assert process.returncode == 130, rest
    assert "cancelled: run" in rest
    (run,) = terminal.run("runs", "list", "--json").json
    assert run["status"] == "cancelled"


def test_an_estimate_sends_nothing(terminal):
    """`--estimate` says what a run would cost at most, and no run exists afterwards."""
    terminal.script({"error": {"code": "unexpected_error"}})
    done = terminal.run("draft", PROMPT, "--provider", "scripted", "--estimate", "--json")
    assert done.code == 0, done.err
    assert done.json["inputTokens"] > 0
    assert done.json["maxOutputTokens"] > 0
    assert terminal.run("runs", "list", "--json").json == []
