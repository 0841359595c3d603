"""Owns the providers that speak Anthropic's Messages API: Anthropic, and servers like it.

Must not know other adapters; the SDK is imported only when one of these providers is used.
"""

from __future__ import annotations

from functools import partial

from kata_lsp.providers.adapters.anthropic.client import connect
from kata_lsp.providers.base import Capabilities, ProviderSpec

PREFERRED_MODELS = (
    "claude-sonnet-[0-9]*",
    "claude-opus-[0-9]*",
    "claude-haiku-[0-9]*",
    "claude-*",
)
"""The newest of a line comes first in Anthropic's list, so a line is enough."""

_VENDOR = Capabilities(token_sessions=True, tools=True, thinking=True)
_COMPATIBLE = Capabilities(token_sessions=False, tools=True, thinking=True)

PROVIDERS = (
    ProviderSpec(
        kind="anthropic",
        display_name="Anthropic",
        connect=partial(connect, capabilities=_VENDOR),
        capabilities=_VENDOR,
        key_variables=("ANTHROPIC_API_KEY",),
        token_variables=("ANTHROPIC_AUTH_TOKEN",),
        preferred_models=PREFERRED_MODELS,
    ),
    ProviderSpec(
        kind="anthropic-compatible",
        display_name="Anthropic-compatible server",
        connect=partial(connect, capabilities=_COMPATIBLE),
        capabilities=_COMPATIBLE,
        preferred_models=(*PREFERRED_MODELS, "*"),
        models_path="/v1/models",
        builtin=False,
    ),
)
