"""The commands around drafting: runs, models, doctor, auth, schema, context."""

import json

import jsonschema

from kata_lsp import __version__, protocol


def test_runs_are_listed_newest_first_and_shown(terminal):
    """What one process ran, another one lists; the draft goes to stdout alone."""
    assert "no run yet" in terminal.run("runs", "list").err
    drafts = [terminal.run("draft", prompt).out for prompt in ("Greet twice", "Wave back")]
    listed = terminal.run("runs", "list", "--json").json
    assert [run["prompt"] for run in listed] == ["Wave back", "Greet twice"]
    table = terminal.run("runs", "list").out
    assert listed[0]["runId"] in table
    assert "completed" in table
    shown = terminal.run("runs", "show", listed[1]["runId"])
    assert shown.out == drafts[0]
    assert "prompt: Greet twice" in shown.err


def test_models_marks_the_default(terminal):
    """Each model of the provider a run would use, and which one that is."""
    assert "* drafter-1" in " ".join(terminal.run("models").out.split())
    listed = terminal.run("models", "scripted", "--json").json
    assert listed["models"] == [{"id": "scripted-1", "displayName": "Scripted", "default": True}]


def test_doctor_finds_what_works_and_what_to_do(terminal):
    """With an empty home nothing is broken: it says that drafts are made without a model."""
    done = terminal.run("doctor")
    assert done.code == 0, done.out
    assert "drafts are made without a language model" in done.out
    assert "kata-lsp auth set anthropic" in done.out


def test_doctor_names_wrong_settings(terminal):
    """A setting that was not understood is named with its layer."""
    file = terminal.home / ".config" / "kata-lsp" / "settings.toml"
    file.parent.mkdir(parents=True)
    file.write_text('provder = "openai"\n[deadlines]\nidle = "soon"\n')
    done = terminal.run("doctor", "--json")
    details = [check["detail"] for check in done.json["checks"] if check["name"] == "settings"]
    assert any("provder" in detail for detail in details), details
    assert any("deadlines.idle" in detail for detail in details), details


def test_auth_status_names_sources_and_never_a_key(terminal):
    """A key from the environment is reported by its source only."""
    canary = "sk-canary-0123456789abcdef"
    terminal.env["ANTHROPIC_API_KEY"] = canary
    done = terminal.run("auth", "status")
    assert "environment" in done.out
    assert "missing_auth" in done.out
    assert canary not in done.out + done.err


def test_auth_set_refuses_a_blank_key_and_stores_nothing(terminal):
    """A key with nothing in it is refused before the keyring is asked."""
    done = terminal.run("auth", "set", "anthropic", stdin="  \n")
    assert done.code == 2
    assert "blank" in done.err


def test_schema_is_valid_and_covers_the_contract(terminal):
    """The printed document is a JSON Schema that names every command."""
    printed = json.loads(terminal.run("schema").out)
    jsonschema.Draft202012Validator.check_schema(printed)
    assert set(printed["commands"]) == {spec.name for spec in protocol.COMMANDS}
    for entry in (*printed["commands"].values(), *printed["notifications"].values()):
        assert entry["params"]["$ref"].removeprefix("#/$defs/") in printed["$defs"]


def test_context_ranks_and_serves(terminal):
    """One query prints rows; served, each line of stdin is answered by a line."""
    (first, *_) = terminal.run("context", "--query", "greet the user").out.splitlines()
    assert json.loads(first)["path"] == "app.py"
    queries = ({"query": "greet", "limit": 1}, {"query": "value"})
    asked = "".join(f"{json.dumps(query)}\n" for query in queries)
    served = terminal.run("context", "--serve", stdin=asked).out
    answers = [json.loads(line) for line in served.splitlines()]
    assert [answer["paths"][0] for answer in answers] == ["app.py", "other.py"]


def test_serve_lists_its_options_and_refuses_the_outside(terminal):
    """Debugging ports are loopback only."""
    assert "--tcp" in terminal.run("serve", "--help").out
    done = terminal.run("serve", "--tcp", "0", "--host", "192.0.2.1")
    assert done.code == 2
    assert "loopback" in done.err
    assert "serve" in terminal.run("--help").out


def test_settings_show_value_and_origin(terminal):
    """Each setting with the layer it comes from; a repository cannot name itself a provider."""
    terminal.env["KATA_CONTEXT_LIMIT"] = "7"
    (terminal.root / ".kata").mkdir()
    (terminal.root / ".kata" / "settings.toml").write_text(
        'provider = "evil"\n[context]\nmaxTokens = 500\n'
    )
    done = terminal.run("settings", "--root", ".", "--json")
    found = {row["key"]: (row["value"], row["from"]) for row in done.json}
    assert found["context.limit"] == (7, "environment")
    assert found["context.maxTokens"] == (500, "repository settings")
    assert found["provider"] == (None, "default")
    assert "a workspace may not change it" in done.err


def test_version_names_the_package(terminal):
    """`--version` prints what a bug report needs."""
    assert terminal.run("--version").out == f"kata-lsp {__version__}\n"
