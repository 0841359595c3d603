"""Tests of the documentation that diagnostics link to."""

from __future__ import annotations

from kata_lsp.lsp.rule_docs import RULES_FILE, documentation
from kata_lsp.spec.rules import RULES


def test_the_documentation_is_fresh():
    """`python -m kata_lsp.lsp.rule_docs` writes it."""
    assert RULES_FILE.read_text(encoding="utf-8") == documentation()


def test_every_rule_has_a_heading_of_its_own():
    """Diagnostics link to it by their code."""
    text = documentation()
    assert all(text.count(f"\n## {rule.code}\n") == 1 for rule in RULES)
