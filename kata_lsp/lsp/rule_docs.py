"""Owns the documentation of the rules that diagnostics link to: a file made from the rules.

Must not know documents. `python -m kata_lsp.lsp.rule_docs` writes the file; a test keeps it fresh.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from kata_lsp.lsp.diagnosing import MAX_SHOWN, MORE_PROBLEMS
from kata_lsp.spec.rules import RULES

RULES_FILE: Final = Path(__file__).with_name("rules.md")

_HEAD: Final = """\
# What kata-lsp says about a spec

Each diagnostic carries one of these codes. Severities are those of the Language Server Protocol.
"""


def documentation() -> str:
    """Return the documentation of every rule, one heading per code."""
    rules = (f"## {rule.code}\n\n*{rule.severity}* · {rule.summary}\n" for rule in RULES)
    more = f"## {MORE_PROBLEMS}\n\n*information* · Only the {MAX_SHOWN:,} gravest are listed.\n"
    return "\n".join((_HEAD, *rules, more))


if __name__ == "__main__":
    RULES_FILE.write_text(documentation(), encoding="utf-8")
    sys.exit(0)
