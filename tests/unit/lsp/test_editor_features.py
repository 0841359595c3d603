"""Tests of what the editor knows of open specs, and of what features may load."""

from __future__ import annotations

import json
import subprocess
import sys

CODE = """
import json, pkgutil, sys
from importlib import import_module
import kata_lsp.lsp.editor
from kata_lsp.lsp import features
for module in pkgutil.iter_modules(features.__path__):
    import_module(f"{features.__name__}.{module.name}")
print(json.dumps(sorted(sys.modules)))
"""
UNWANTED = {"pydantic", "anthropic", "openai", "httpx", "httpx2", "sqlite3", "keyring", "rich"}


def test_features_load_neither_payloads_nor_providers():
    """Whoever reads and edits a spec pays for no run."""
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert UNWANTED.isdisjoint(json.loads(done.stdout))
