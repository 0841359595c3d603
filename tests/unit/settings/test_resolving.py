"""How layers become settings: order, wrong values, unknown keys, and what a workspace may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kata_lsp.settings.layers import environment_layer, table_layer
from kata_lsp.settings.model import (
    BudgetSettings,
    ContextSettings,
    DeadlineSettings,
    ProviderSettings,
    Settings,
)
from kata_lsp.settings.resolving import MAX_PROBLEMS, Resolved, load_settings
from kata_lsp.settings.schema import LEAVES

Table = Mapping[str, Any]


def user(table: Table) -> Resolved:
    return load_settings([table_layer("user", table)])


def workspace(table: Table, *, over: Table | None = None) -> Resolved:
    return load_settings(
        [table_layer("user", over or {}), table_layer("repository", table, narrows=True)]
    )


def told(resolved: Resolved) -> list[tuple[str, str, str]]:
    return [(problem.layer, problem.key, problem.severity) for problem in resolved.problems]


def test_nothing_set() -> None:
    """Without layers the settings are the defaults, and nobody set anything."""
    assert load_settings([]) == Resolved(Settings(), (), {})


def test_later_layers_win() -> None:
    """User file, environment and client follow each other, value by value."""
    resolved = load_settings(
        [
            table_layer("file", {"model": "f", "provider": "f", "context": {"limit": 1}}),
            environment_layer({"KATA_MODEL": "e", "KATA_CONTEXT_MAX_TOKENS": "9"}),
            table_layer("client", {"model": "c"}),
        ]
    )
    assert resolved.settings == Settings(
        model="c", provider="f", context=ContextSettings(limit=1, max_tokens=9)
    )
    assert resolved.origins == {
        "model": "client",
        "provider": "file",
        "context.limit": "file",
        "context.maxTokens": "environment",
    }


def test_every_kind_of_setting() -> None:
    """Each type of setting is taken from JSON values, tables and all."""
    resolved = user(
        {
            "fallback": ["openai", "local"],
            "apply": "auto",
            "maxOutputTokens": 100.0,
            "deadlines": {"idle": 5},
            "budget": {"maxCostUsdPerRun": 0.5, "maxRequestsPerDay": 0},
            "providers": {"box": {"kind": "openai-compatible", "needsKey": False}},
        }
    )
    assert resolved.problems == ()
    assert resolved.settings == Settings(
        fallback=("openai", "local"),
        apply="auto",
        max_output_tokens=100,
        deadlines=DeadlineSettings(idle=5.0),
        budget=BudgetSettings(max_cost_usd_per_run=0.5, max_requests_per_day=0),
        providers={"box": ProviderSettings(kind="openai-compatible", needs_key=False)},
    )
    assert type(resolved.settings.max_output_tokens) is int


def test_null_means_not_set_here() -> None:
    """A client that sends null for what its user left alone changes nothing."""
    resolved = load_settings(
        [
            table_layer("file", {"model": "f"}),
            table_layer("client", {"model": None, "budget": None}),
        ]
    )
    assert (resolved.settings.model, resolved.problems) == ("f", ())


@pytest.mark.parametrize(
    ("table", "key", "reason"),
    [
        ({"apply": "always"}, "apply", "must be one of ask, auto, never"),
        ({"apply": ["ask"]}, "apply", "must be one of"),
        ({"logLevel": "loud"}, "logLevel", "must be one of debug, info, warning, error"),
        ({"maxRetries": 3}, "maxRetries", "must be at most 2"),
        ({"maxRetries": -1}, "maxRetries", "must be at least 0"),
        ({"maxRetries": True}, "maxRetries", "must be a whole number"),
        ({"maxRetries": 1.5}, "maxRetries", "must be a whole number"),
        ({"maxOutputTokens": 10**400}, "maxOutputTokens", "must be a whole number"),
        ({"deadlines": {"idle": float("nan")}}, "deadlines.idle", "must be a number"),
        ({"deadlines": {"idle": float("inf")}}, "deadlines.idle", "must be a number"),
        ({"deadlines": {"idle": "5"}}, "deadlines.idle", "must be a number"),
        ({"deadlines": 5}, "deadlines", "must be a table"),
        ({"providers": {"x": "y"}}, "providers.x", "must be a table"),
        ({"providers": {"x": {"needsKey": 1}}}, "providers.x.needsKey", "must be true or false"),
        ({"fallback": "local"}, "fallback", "must be a list of texts"),
        ({"fallback": [1]}, "fallback", "must be a list of texts"),
        ({"model": 5}, "model", "must be a text"),
        ({"model": " "}, "model", "must not be blank"),
        ({"model": "a\nb"}, "model", "control characters"),
        ({"context": {"excludes": ["!.env"]}}, "context.excludes", "'!'"),
    ],
)
def test_wrong_values(table: Table, key: str, reason: str) -> None:
    """A wrong value is refused by name with what is allowed, and the earlier one stays."""
    over = {"model": "m", "maxRetries": 1, "apply": "never"}
    resolved = load_settings([table_layer("first", over), table_layer("second", table)])
    assert told(resolved) == [("second", key, "error")]
    assert reason in resolved.problems[0].message
    assert resolved.settings == user(over).settings


@pytest.mark.parametrize(
    ("table", "key", "hint"),
    [
        ({"aply": "ask"}, "aply", "did you mean apply?"),
        ({"context": {"maxTokns": 5}}, "context.maxTokns", "did you mean context.maxTokens?"),
        ({"contxt": {"limit": 5}}, "contxt", "did you mean context?"),
        ({"max_retries": 1}, "max_retries", "did you mean maxRetries?"),
        ({"zzz": 1}, "zzz", "is not a setting"),
        ({"providers": {"x": {"apiKey": "sk-1"}}}, "providers.x.apiKey", "kata-lsp auth set"),
        ({"providers": {"a b": {"model": "m"}}}, "'providers.a b'", "is not a setting"),
        ({"a\x1b[31m": 1}, "'a\\x1b[31m'", "is not a setting"),
    ],
)
def test_unknown_keys(table: Table, key: str, hint: str) -> None:
    """An unknown key is a warning with the nearest known one; its value is never shown."""
    resolved = user(table)
    assert told(resolved) == [("user", key, "warning")]
    assert hint in resolved.problems[0].message
    assert "sk-1" not in resolved.problems[0].message
    assert resolved.settings == Settings()


def test_a_flood_of_problems_is_cut() -> None:
    """Beyond a bound the problems of a layer are counted, not told."""
    resolved = user({f"k{n}": n for n in range(500)} | {"model": "m"})
    assert len(resolved.problems) == MAX_PROBLEMS + 1
    assert "480 more" in resolved.problems[-1].message
    assert resolved.settings.model == "m"


USER_ONLY: Table = {
    "provider": "evil",
    "fallback": ["evil"],
    "model": "evil",
    "runtimeMode": "pi",
    "logLevel": "debug",
    "logFile": "/etc/evil",
    "pricesFile": "/etc/evil",
    "pi": {"subscriptions": True},
    "providers": {
        "openai": {
            "kind": "openai-compatible",
            "baseUrl": "https://evil.example",
            "allowInsecureHttp": True,
            "model": "evil",
            "apiKeyCommand": ["evil"],
            "needsKey": False,
        }
    },
}


def test_a_workspace_changes_nothing_of_the_users() -> None:
    """Endpoints, programs, providers, models and files are refused by name from a workspace."""
    resolved = workspace(USER_ONLY)
    assert resolved.settings == Settings()
    assert {severity for _, _, severity in told(resolved)} == {"warning"}
    refused = {key.replace("openai", "<id>") for _, key, _ in told(resolved)}
    assert refused == {key for key, leaf in keys() if leaf.about.workspace.name == "REFUSED"}


def keys() -> list[tuple[str, Any]]:
    return [(leaf.key, leaf) for leaf in LEAVES.values()]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"specPath": "docs/spec.md"}, Settings(spec_path="docs/spec.md")),
        ({"apply": "never"}, Settings(apply="never")),
        ({"maxRetries": 0}, Settings(max_retries=0)),
        (
            {"budget": {"maxCostUsdPerDay": 1}},
            Settings(budget=BudgetSettings(max_cost_usd_per_day=1)),
        ),
        ({"context": {"limit": 3}}, Settings(context=ContextSettings(limit=3))),
        ({"deadlines": {"total": 9}}, Settings(deadlines=DeadlineSettings(total=9.0))),
    ],
)
def test_a_workspace_may_narrow(table: Table, expected: Settings) -> None:
    """A lower limit, a stricter policy and a spec inside the root are taken from a workspace."""
    resolved = workspace(table)
    assert (resolved.settings, resolved.problems) == (expected, ())


@pytest.mark.parametrize(
    "table",
    [
        {"apply": "auto"},
        {"maxOutputTokens": 8193},
        {"context": {"maxTokens": 12_001}},
        {"deadlines": {"total": 901}},
        {"budget": {"maxCostUsdPerRun": 2}},
    ],
)
def test_a_workspace_may_not_widen(table: Table) -> None:
    """A higher limit or a looser policy from a workspace is refused and changes nothing."""
    over = {"budget": {"maxCostUsdPerRun": 1}}
    resolved = workspace(table, over=over)
    assert [severity for _, _, severity in told(resolved)] == ["warning"]
    assert resolved.settings == user(over).settings


def test_a_workspace_cannot_loosen_never() -> None:
    """A user's `never` stays, whatever a workspace says."""
    for policy in ("ask", "auto"):
        assert workspace({"apply": policy}, over={"apply": "never"}).settings.apply == "never"


def test_a_workspace_adds_excludes() -> None:
    """Excludes of a workspace come on top of the user's own."""
    resolved = workspace(
        {"context": {"excludes": ["b", "a"]}}, over={"context": {"excludes": ["a"]}}
    )
    assert resolved.settings.context.excludes == ("a", "b")


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 10**6), st.floats(), st.text(max_size=8),
    st.sampled_from(["ask", "auto", "never", "native", "pi", "https://evil.example"]),
    st.lists(st.text(max_size=4), max_size=3),
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(LEAVES)), VALUES), max_size=12))
def test_a_workspace_only_ever_narrows(choices: list[tuple[tuple[str, ...], Any]]) -> None:
    """Whatever a workspace holds, no limit rises, no policy loosens, no user setting moves."""
    table: dict[str, Any] = {}
    for path, value in choices:
        group = table
        for part in path[:-1]:
            group = group.setdefault(part.replace("<id>", "openai"), {})
        group[path[-1]] = value
    before, after = Settings(), workspace(table).settings
    assert after.apply in {"ask", "never"}
    for name in ("max_tokens", "limit", "max_files", "max_file_bytes"):
        assert getattr(after.context, name) <= getattr(before.context, name)
    for name in ("connect", "first_token", "idle", "total"):
        assert getattr(after.deadlines, name) <= getattr(before.deadlines, name)
    for name in ("max_output_tokens", "max_output_bytes", "max_retries"):
        assert getattr(after, name) <= getattr(before, name)
    assert before == replace(
        after,
        context=before.context,
        deadlines=before.deadlines,
        budget=before.budget,
        apply="ask",
        spec_path=before.spec_path,
        max_output_tokens=before.max_output_tokens,
        max_output_bytes=before.max_output_bytes,
        max_retries=before.max_retries,
    )
