"""The table of settings: complete, described, and the same in every notation."""

from __future__ import annotations

import pytest

from kata_lsp.settings.layers import environment_layer
from kata_lsp.settings.model import ProviderSettings, Settings
from kata_lsp.settings.resolving import load_settings
from kata_lsp.settings.rules import Narrowing
from kata_lsp.settings.schema import LEAVES, describe_settings


def from_environment(**variables: str) -> Settings:
    resolved = load_settings([environment_layer(variables)])
    assert resolved.problems == ()
    return resolved.settings


def test_every_setting_is_described() -> None:
    """Each row has a sentence, a scope, and a key and variable of its own."""
    rows = describe_settings()
    assert len(rows) == len(LEAVES) == len({row.key for row in rows})
    assert len({row.environment for row in rows}) == len(rows)
    for row in rows:
        assert row.description.endswith("."), row.key
        assert isinstance(row.scope, Narrowing)


def test_no_default_is_refused() -> None:
    """Every default is a value that a user could write."""
    table = {row.key: row.default for row in describe_settings() if row.default is not None}
    assert table["specPath"] == Settings().spec_path
    for leaf in LEAVES.values():
        about = leaf.about
        if leaf.default is not None and about.fault is not None:
            assert about.fault(leaf.default) is None, leaf.key


def test_rows_tell_what_an_editor_needs() -> None:
    """Type, options, bounds and scope of a row come from the model."""
    rows = {row.key: row for row in describe_settings()}
    apply = rows["apply"]
    assert (apply.type, apply.options, apply.scope) == (
        "string",
        ("ask", "auto", "never"),
        Narrowing.STRICTER,
    )
    retries = rows["maxRetries"]
    assert (retries.type, retries.minimum, retries.maximum) == ("integer", 0, 2)
    assert rows["providers.<id>.baseUrl"].environment == "KATA_PROVIDERS_<ID>_BASE_URL"
    assert (rows["context.excludes"].type, rows["context.excludes"].default) == ("array", [])


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("KATA_PROVIDER", "openai", Settings(provider="openai")),
        ("KATA_RUNTIME_MODE", "pi", Settings(runtime_mode="pi")),
        ("KATA_MAX_RETRIES", "0", Settings(max_retries=0)),
        ("KATA_MODEL", "7", Settings(model="7")),
        ("KATA_FALLBACK", "openai, local", Settings(fallback=("openai", "local"))),
        ("KATA_FALLBACK", '["a,b"]', Settings(fallback=("a,b",))),
        ("KATA_MODEL", "", Settings()),
        ("KATA_ANTHROPIC_API_KEY", "sk-1", Settings()),
        ("PATH", "/bin", Settings()),
        (
            "KATA_PROVIDERS_MY_BOX_NEEDS_KEY",
            "False",
            Settings(providers={"my-box": ProviderSettings(needs_key=False)}),
        ),
        (
            "KATA_PROVIDERS_OPENAI_API_KEY_COMMAND",
            '["pass", "openai"]',
            Settings(providers={"openai": ProviderSettings(api_key_command=("pass", "openai"))}),
        ),
    ],
)
def test_environment(name: str, text: str, expected: Settings) -> None:
    """Variables are read by the type of their setting; credentials and others are left alone."""
    assert from_environment(**{name: text}) == expected


def test_provider_ids_in_variables() -> None:
    """A variable means the known provider of that spelling, whatever its case and separators."""
    layer = environment_layer({"KATA_PROVIDERS_MY_BOX_MODEL": "m"}, ["other", "My.box"])
    assert set(load_settings([layer]).settings.providers) == {"My.box"}


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("KATA_MAX_RETRIES", "many", "KATA_MAX_RETRIES must be a whole number"),
        ("KATA_PROVIDERS_X_NEEDS_KEY", "maybe", "must be true or false"),
        ("KATA_FALLBACK", "[1", "must be a list"),
        ("KATA_FALLBACK", "[" * 10**5, "must be a list"),
        ("KATA_PROVDER", "x", "did you mean KATA_PROVIDER?"),
        ("KATA_PROVIDERS_X_COLOUR", "x", "is not a setting"),
    ],
)
def test_wrong_variables(name: str, text: str, reason: str) -> None:
    """A problem names the variable, as its user wrote it."""
    resolved = load_settings([environment_layer({name: text})])
    (problem,) = resolved.problems
    assert (problem.layer, problem.key) == ("environment", name)
    assert reason in problem.message
    assert resolved.settings == Settings()
