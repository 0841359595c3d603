"""Owns what a single setting declares beside its type: meaning, bounds, and who may change it.

Must not know the settings themselves, nor where values come from.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import urlsplit


class Narrowing(Enum):
    """How a workspace, which its repository's author may control, can change a setting."""

    REFUSED = "user only"
    LOWER = "a workspace may lower it"
    STRICTER = "a workspace may make it stricter"
    ADD = "a workspace may add to it"
    SET = "a workspace may set it"


@dataclass(frozen=True, slots=True)
class About:
    """What a setting is for.

    Attributes:
        text: One sentence for documentation and editors.
        workspace: What a workspace may do to it.
        least: The smallest number that makes sense, inclusive.
        most: The largest one, inclusive.
        fault: Returns what is wrong with a value of the right type, None when it is fine.
        strictness: The values from the strictest on, for `Narrowing.STRICTER`.
    """

    text: str
    workspace: Narrowing = Narrowing.REFUSED
    least: float | None = None
    most: float | None = None
    fault: Callable[[Any], str | None] | None = None
    strictness: tuple[str, ...] = ()


_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_SPEC_SUFFIXES: Final = frozenset({".md", ".markdown"})


def text_fault(text: str) -> str | None:
    """Return what is wrong with a one-line text."""
    if not text.strip():
        return "must not be blank"
    return "must not hold control characters" if _CONTROL.search(text) else None


def spec_path_fault(path: str) -> str | None:
    """Return what is wrong with a spec path as text; where links lead is checked by its reader."""
    parts = PurePosixPath(path).parts
    if reason := text_fault(path):
        return reason
    if "\\" in path or re.match(r"[A-Za-z]:", path) or path.startswith(("/", "~")):
        return "must be relative to the workspace root, with forward slashes"
    if ".." in parts:
        return "must not leave the workspace root"
    if any(part.lower() == ".git" for part in parts):
        return "must not be inside .git"
    if PurePosixPath(path).suffix.lower() not in _SPEC_SUFFIXES:
        return "must name a Markdown file (.md)"
    return None


def base_url_fault(url: str) -> str | None:
    """Return what is wrong with a provider's base URL, whoever set it."""
    if text_fault(url) or " " in url:
        return "must be an http or https URL without spaces"
    try:
        parts = urlsplit(url)
        port_is_usable = parts.port != 0
    except ValueError:
        return "is not a URL"
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_usable:
        return "must be an http or https URL with a host"
    if parts.username is not None or parts.password is not None:
        return "must not hold a user name or password; keys have their own places"
    if parts.query or parts.fragment:
        return "must not have a query or a fragment"
    return None


def is_insecure(url: str) -> bool:
    """Tell whether requests to this valid URL cross a network in clear text."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https" or host == "localhost":
        return False
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True


def patterns_fault(patterns: tuple[str, ...]) -> str | None:
    """Return what is wrong with exclude patterns: they only ever take away."""
    if any(pattern.startswith("!") for pattern in patterns):
        return "must not hold patterns that begin with '!'; excludes only take files away"
    return next((reason for pattern in patterns if (reason := text_fault(pattern))), None)


def each_text_fault(texts: tuple[str, ...]) -> str | None:
    """Return what is wrong with the first bad text of a list."""
    return next((reason for text in texts if (reason := text_fault(text))), None)
