"""Owns the recognition of credentials inside text that is about to leave the machine.

Must not know where the text comes from; it knows shapes, never values.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Redaction", "redact"]


@dataclass(frozen=True, slots=True)
class Redaction:
    """A text with its secrets replaced; the number of lines is unchanged."""

    text: str
    count: int


def redact(text: str) -> Redaction:
    """Replace what looks like a credential by a visible marker such as `[redacted: github token]`.

    Recognised are the published shapes of provider tokens, private key blocks (also when the text
    holds only a part of one), passwords in URLs, authorization headers, and quoted or dotenv-style
    values assigned to a name that says it is a secret. Placeholders stay.
    """
    count = 0

    def marked(label: str) -> Callable[[re.Match[str]], str]:
        def replace(match: re.Match[str]) -> str:
            nonlocal count
            count += 1
            return _marker(label, match.group())

        return replace

    def assigned(match: re.Match[str]) -> str:
        nonlocal count
        if not _is_secret(match["value"]):
            return match.group()
        count += 1
        return f"{match['head']}{_marker('value', match['value'])}{match['tail']}"

    for label, pattern in _SHAPES:
        text = pattern.sub(marked(label), text)
    for pattern in _ASSIGNMENTS:
        text = pattern.sub(assigned, text)
    return Redaction(text, count)


def _marker(label: str, secret: str) -> str:
    # Line numbers of a snippet must keep pointing at the same lines of the file.
    return f"[redacted: {label}]" + "\n" * secret.count("\n")


_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (label, re.compile(pattern, re.MULTILINE))
    for label, pattern in (
        (
            "private key",
            (
                r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"
                r"(?:(?!-----END)[\s\S]){0,20000}(?:-----END [A-Z0-9 ]{0,40}-----|\Z)"
            ),
        ),
        (
            "key material",
            r"^(?:[ \t\"'+]{0,16}[A-Za-z0-9+/]{56,80}={0,2}[\\n\"',]{0,4}\r?$\n?){3,}",
        ),
        ("api key", r"\bsk-(?:ant-|proj-|or-v1-|svcacct-)?[A-Za-z0-9_-]{20,}"),
        ("api key", r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,}"),
        ("github token", r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{40,})"),
        ("gitlab token", r"\bglpat-[A-Za-z0-9_-]{20,}"),
        ("slack token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
        ("aws key", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
        ("google key", r"\bAIza[0-9A-Za-z_-]{35}"),
        ("google token", r"\bya29\.[0-9A-Za-z_-]{20,}"),
        ("hugging face token", r"\bhf_[A-Za-z0-9]{30,}"),
        ("npm token", r"\bnpm_[A-Za-z0-9]{36}\b"),
        ("pypi token", r"\bpypi-AgE[A-Za-z0-9_-]{50,}"),
        ("json web token", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
        ("authorization", r"(?i)(?<=bearer )[A-Za-z0-9._~+/-]{24,}={0,2}"),
        (
            "password",
            (
                r"(?<=://)(?!(?:user(?:name)?|foo|me|u):(?:pass(?:word)?|pw|bar|p)@)"
                r"[^\s/:@\"'<>{}$%()\[\]]{1,64}:[^\s/:@\"'<>{}$()\[\]]{3,128}(?=@[\w.\[-])"
            ),
        ),
    )
)

_NAME = (
    r"(?i:[A-Za-z0-9_.-]{0,40}(?:password|passwd|passphrase|secret|api[_-]?key|access[_-]?key|"
    r"auth[_-]?token|access[_-]?token|refresh[_-]?token|private[_-]?key|credential|token)s?"
    r"(?:[_-]?(?:key|value|base))?)"
)
_ASSIGNMENTS: tuple[re.Pattern[str], ...] = (
    # name = "value", "name": "value", name => 'value', name: str = "value"
    re.compile(
        rf"(?P<head>\b{_NAME}[\"']?\]?(?:: ?[A-Za-z]{{1,20}})?\s{{0,8}}(?::=|=>|=|:)\s{{0,8}}"
        r"[rbu]?(?P<quote>[\"'`]))(?P<value>[^\"'`\s]{6,256})(?P<tail>(?P=quote))"
    ),
    # export NAME=value, at the start of a line, as in a dotenv or shell file
    re.compile(
        r"(?P<head>^(?:export )?(?-i:[A-Z0-9_]{0,40}(?:PASSWORD|PASSWD|SECRET|API_KEY|"
        r"ACCESS_KEY|TOKEN)[A-Z0-9_]{0,12}=))(?P<value>[^\s\"'`$<{(#]{8,256})(?P<tail>\r?$)",
        re.MULTILINE,
    ),
)
_PLACEHOLDER = re.compile(
    r"(?i)[<>{}$%]|^\[redacted|^\*+$|x{4}|\.\.\.|example|placeholder|change.?me|your|dummy|"
    r"fake|sample|redacted|process\.env|environ"
)
_WORDS = re.compile(r"(?:[A-Za-z]+[_./: -])*[A-Za-z]+")
_LONG = 16


def _is_secret(value: str) -> bool:
    """Whether a quoted value is random enough to be a credential rather than a word or a path."""
    if _PLACEHOLDER.search(value) or _WORDS.fullmatch(value):
        return False
    has_letter = any(c.isalpha() for c in value)
    has_digit = any(c.isdigit() for c in value)
    has_symbol = any(not c.isalnum() and c not in "_-./:" for c in value)
    return has_letter and (has_digit or (has_symbol and len(value) < _LONG))
