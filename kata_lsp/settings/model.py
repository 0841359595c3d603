"""Owns the resolved settings: one frozen value that every room reads its part of.

Must not know where a value came from; the layers decide that. Field names are the snake_case of
the `kata.camelCase` keys that users write, the same in TOML, in the environment and in an editor.
What `About` says of a field is its documentation, its validation and its scope.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Literal

from kata_lsp.settings.rules import (
    About,
    Narrowing,
    base_url_fault,
    each_text_fault,
    patterns_fault,
    spec_path_fault,
    text_fault,
)

ApplyPolicy = Literal["ask", "auto", "never"]
"""What happens to a finished draft: offer it, apply it at once, or only keep it."""

_LOWER = Narrowing.LOWER


@dataclass(frozen=True, slots=True)
class ContextSettings:
    """Bounds on what is read and sent as context (`kata.context.*`)."""

    max_tokens: Annotated[
        int, About("Estimated tokens of all context snippets together.", _LOWER, least=0)
    ] = 12_000
    limit: Annotated[int, About("How many context snippets are sent at most.", _LOWER, least=0)] = (
        12
    )
    max_files: Annotated[
        int, About("How many files of the workspace are considered at most.", _LOWER, least=0)
    ] = 20_000
    max_file_bytes: Annotated[
        int, About("Files larger than this many bytes are not read.", _LOWER, least=0)
    ] = 512 * 1024
    excludes: Annotated[
        tuple[str, ...],
        About(
            "Gitignore-style patterns of files never read as context, "
            "added to what git already ignores.",
            Narrowing.ADD,
            fault=patterns_fault,
        ),
    ] = ()


@dataclass(frozen=True, slots=True)
class DeadlineSettings:
    """Seconds each phase of a provider call may take (`kata.deadlines.*`)."""

    connect: Annotated[
        float, About("Seconds to connect to a provider.", _LOWER, least=0.1, most=3600)
    ] = 10.0
    first_token: Annotated[
        float, About("Seconds until the first token arrives.", _LOWER, least=0.1, most=3600)
    ] = 60.0
    idle: Annotated[
        float,
        About("Seconds without new content, pings aside.", _LOWER, least=0.1, most=3600),
    ] = 60.0
    total: Annotated[
        float, About("Seconds for one whole provider call.", _LOWER, least=0.1, most=86_400)
    ] = 900.0


@dataclass(frozen=True, slots=True)
class BudgetSettings:
    """Caps checked before each provider request (`kata.budget.*`); None means no cap."""

    max_cost_usd_per_run: Annotated[
        float | None, About("US dollars one run may cost; no cap when unset.", _LOWER, least=0)
    ] = None
    max_cost_usd_per_day: Annotated[
        float | None, About("US dollars one day may cost; no cap when unset.", _LOWER, least=0)
    ] = None
    max_requests_per_run: Annotated[
        int | None, About("Requests one run may send; no cap when unset.", _LOWER, least=0)
    ] = None
    max_requests_per_day: Annotated[
        int | None, About("Requests one day may send; no cap when unset.", _LOWER, least=0)
    ] = None


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """One provider's own settings (`kata.providers.ID.*`), user-level only.

    `kind` and `base_url` define a custom provider; a built-in one needs neither.
    """

    kind: Annotated[
        Literal["openai", "openai-compatible", "anthropic", "anthropic-compatible"] | None,
        About("Which API a custom provider speaks."),
    ] = None
    base_url: Annotated[
        str | None,
        About(
            "Where the provider's API is: an https URL, or http on this machine.",
            fault=base_url_fault,
        ),
    ] = None
    allow_insecure_http: Annotated[
        bool, About("Allow an http base URL on another machine: keys and prompts go in the clear.")
    ] = False
    model: Annotated[
        str | None, About("The model to use with this provider.", fault=text_fault)
    ] = None
    api_key_command: Annotated[
        tuple[str, ...],
        About(
            "Program and arguments that print the key; run without a shell, with a timeout.",
            fault=each_text_fault,
        ),
    ] = ()
    needs_key: Annotated[
        bool, About("False for servers that accept anyone, such as a local Ollama.")
    ] = True
    refused: str = ""
    """Not a setting: why this provider may not be used, when its base URL was refused.

    Falling back to the vendor's own address would send prompts where the user did not mean to.
    """


@dataclass(frozen=True, slots=True)
class PiSettings:
    """Runtime mode `pi` (`kata.pi.*`), user-level only."""

    subscriptions: Annotated[
        bool,
        About(
            "Allow subscription logins through the pi engine. They belong to the vendors' own "
            "products: check that the terms let other programs use them."
        ),
    ] = False


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, resolved."""

    provider: Annotated[
        str | None,
        About(
            "The provider to use; when unset, the first that has a credential, else `local`.",
            fault=text_fault,
        ),
    ] = None
    fallback: Annotated[
        tuple[str, ...],
        About(
            "Providers to try, in order, when the first cannot serve before its first token.",
            fault=each_text_fault,
        ),
    ] = ()
    model: Annotated[
        str | None,
        About(
            "The model to use; when unset, the provider's newest suitable one.", fault=text_fault
        ),
    ] = None
    runtime_mode: Annotated[
        Literal["native", "pi"], About("What carries out provider calls: our runtime, or pi.")
    ] = "native"
    spec_path: Annotated[
        str,
        About(
            "Where the spec is, relative to the workspace root and never outside it.",
            Narrowing.SET,
            fault=spec_path_fault,
        ),
    ] = ".kata/spec.md"
    apply: Annotated[
        ApplyPolicy,
        About(
            "What happens to a finished draft: offer it, apply it at once, or only keep it.",
            Narrowing.STRICTER,
            strictness=("never", "ask", "auto"),
        ),
    ] = "ask"
    max_output_tokens: Annotated[
        int, About("Tokens one answer may have at most.", _LOWER, least=1)
    ] = 8192
    max_output_bytes: Annotated[
        int,
        About("Bytes of one answer; beyond it the output counts as truncated.", _LOWER, least=1),
    ] = 1024 * 1024
    max_retries: Annotated[
        int, About("Retries of one request, before its first token only.", _LOWER, least=0, most=2)
    ] = 2
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], About("The least severity that is logged.")
    ] = "warning"
    log_file: Annotated[str | None, About("A file to log to, beside stderr.", fault=text_fault)] = (
        None
    )
    prices_file: Annotated[
        str | None,
        About("A TOML file of model prices that overrides the shipped one.", fault=text_fault),
    ] = None
    context: ContextSettings = field(default_factory=ContextSettings)
    deadlines: DeadlineSettings = field(default_factory=DeadlineSettings)
    budget: BudgetSettings = field(default_factory=BudgetSettings)
    pi: PiSettings = field(default_factory=PiSettings)
    providers: Mapping[str, ProviderSettings] = field(default_factory=lambda: MappingProxyType({}))
