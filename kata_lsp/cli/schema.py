"""Owns `kata-lsp schema`: the wire contract as JSON Schema, for clients' types."""

from __future__ import annotations

import json
import sys

from kata_lsp import protocol


def schema() -> None:
    """Print the JSON Schema of every command and notification."""
    sys.stdout.write(json.dumps(protocol.schema(), indent=2) + "\n")
