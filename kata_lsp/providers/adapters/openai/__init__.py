"""Owns the providers of OpenAI's two APIs: Responses at OpenAI, Chat Completions elsewhere.

Must not know other adapters; the SDK is imported only when one of these providers is used.
"""

from __future__ import annotations

from functools import partial

from kata_lsp.providers.adapters.openai.chat import CHAT
from kata_lsp.providers.adapters.openai.client import connect
from kata_lsp.providers.adapters.openai.responses import RESPONSES
from kata_lsp.providers.base import Capabilities, ProviderSpec

PREFERRED_MODELS = (
    "gpt-[0-9]*-sol",
    "gpt-[0-9]*-terra",
    "gpt-[0-9].[0-9]",
    "gpt-[0-9]*",
    "gpt-*",
)
"""The model list is sorted newest first, so a line is enough."""

_VENDOR = Capabilities(token_sessions=True, tools=True, thinking=True)
_COMPATIBLE = Capabilities(token_sessions=False, tools=True, thinking=True)

PROVIDERS = (
    ProviderSpec(
        kind="openai",
        display_name="OpenAI",
        connect=partial(connect, surface=RESPONSES, capabilities=_VENDOR),
        capabilities=_VENDOR,
        key_variables=("OPENAI_API_KEY",),
        preferred_models=PREFERRED_MODELS,
    ),
    ProviderSpec(
        kind="openai-compatible",
        display_name="OpenAI-compatible server",
        connect=partial(connect, surface=CHAT, capabilities=_COMPATIBLE),
        capabilities=_COMPATIBLE,
        preferred_models=("*coder*", "*instruct*", "*"),
        builtin=False,
    ),
)
