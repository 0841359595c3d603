"""Owns the resolved settings: one frozen value that every room reads its part of.

Must not know where a value came from; the layers decide that. Field names are the snake_case of
the `kata.camelCase` keys that users write, the same in TOML, in the environment and in an editor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

ApplyPolicy = Literal["ask", "auto", "never"]
"""What happens to a finished draft: offer it, apply it at once, or only keep it."""


@dataclass(frozen=True, slots=True)
class ContextSettings:
    """Bounds on what is read and sent as context (`kata.context.*`)."""

    max_tokens: int = 12_000
    """Estimated tokens of all snippets together."""
    limit: int = 12
    """Snippets at most."""
    max_files: int = 20_000
    max_file_bytes: int = 512 * 1024
    excludes: tuple[str, ...] = ()
    """Gitignore-style patterns, added to what git already ignores."""


@dataclass(frozen=True, slots=True)
class DeadlineSettings:
    """Seconds each phase of a provider call may take (`kata.deadlines.*`)."""

    connect: float = 10.0
    first_token: float = 60.0
    idle: float = 60.0
    total: float = 900.0


@dataclass(frozen=True, slots=True)
class BudgetSettings:
    """Caps checked before each provider request (`kata.budget.*`); None means no cap."""

    max_cost_usd_per_run: float | None = None
    max_cost_usd_per_day: float | None = None
    max_requests_per_run: int | None = None
    max_requests_per_day: int | None = None


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """One provider's own settings (`kata.providers.ID.*`), user-level only.

    `kind` and `base_url` define a custom provider; a built-in one needs neither.
    """

    kind: Literal["openai", "openai-compatible", "anthropic", "anthropic-compatible"] | None = None
    base_url: str | None = None
    model: str | None = None
    api_key_command: tuple[str, ...] = ()
    """Program and arguments that print the key; run without a shell, with a timeout."""
    needs_key: bool = True
    """False for servers that accept anyone, such as a local Ollama."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, resolved."""

    provider: str | None = None
    """The provider to use; None takes the first one that has a credential, else `local`."""
    fallback: tuple[str, ...] = ()
    """Providers to try, in order, when the first cannot serve before its first token."""
    model: str | None = None
    runtime_mode: Literal["native", "pi"] = "native"
    spec_path: str = ".kata/spec.md"
    """Relative to the workspace root, and never outside it."""
    apply: ApplyPolicy = "ask"
    max_output_tokens: int = 8192
    max_output_bytes: int = 1024 * 1024
    """Our own limit on one answer; beyond it the output counts as truncated."""
    max_retries: int = 2
    log_level: Literal["debug", "info", "warning", "error"] = "warning"
    log_file: str | None = None
    prices_file: str | None = None
    """A user's TOML file of prices that overrides the shipped one."""
    context: ContextSettings = field(default_factory=ContextSettings)
    deadlines: DeadlineSettings = field(default_factory=DeadlineSettings)
    budget: BudgetSettings = field(default_factory=BudgetSettings)
    providers: Mapping[str, ProviderSettings] = field(default_factory=lambda: MappingProxyType({}))
