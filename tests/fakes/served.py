"""Custom providers of the kata server's own settings that lead to a provider process.

Knows settings as a client sends them; knows no test.
"""

from __future__ import annotations

from typing import Any

from fakes.provider_process import ProviderProcess
from fakes.steps import CANARY


def custom(provider: ProviderProcess, name: str = "mine", **changes: Any) -> dict[str, Any]:
    """User-level settings with one provider, at debug level.

    It is OpenAI-compatible, because that SDK takes a third of the time to load.
    """
    own = {"kind": "openai-compatible", "baseUrl": provider.openai_url, "model": "test-1"}
    return {"logLevel": "debug", "providers": {name: own}, "provider": name, **changes}


def key_variable(name: str = "mine") -> dict[str, str]:
    """The environment variable that holds the key of a custom provider."""
    return {f"KATA_{name.upper()}_API_KEY": CANARY}
