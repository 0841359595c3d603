"""Owns which subscriptions the user has signed in to with the engine; never what a login is.

Must not know how one signs in: the engine's own terminal program does that.
"""

from __future__ import annotations

import json
from typing import cast

from kata_lsp.providers.pi.installation import Installation


def signed_in(installation: Installation) -> frozenset[str]:
    """Return the engine's names of the providers that it keeps a login for."""
    try:
        kept: object = json.loads((installation.logins / "auth.json").read_bytes())
    except (OSError, ValueError):
        return frozenset()
    return frozenset(cast("dict[str, object]", kept)) if isinstance(kept, dict) else frozenset()
