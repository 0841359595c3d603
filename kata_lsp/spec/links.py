"""Owns what in running text looks like a file path or a web address.

It must not know whether a path exists: that is asked of a callable by the rule that cares.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kata_lsp.spec.shapes import LinkShape, Span

_FILE_TYPES = (
    "bash|c|cc|cfg|conf|cpp|cs|css|csv|dart|ex|exs|go|gradle|h|hpp|html|ini|java|js|json|jsx|kt|lock|"
    "lua|md|mjs|php|proto|ps1|py|pyi|rb|rs|rst|scss|sh|sql|svelte|swift|tf|toml|ts|tsx|txt|vue|xml|"
    "yaml|yml|zig"
)
_LINK = re.compile(
    r"(?P<url>https?://[^\s<>()\[\]{}`\"']+[^\s<>()\[\]{}`\"'.,;:!?*_])"
    r"|\]\((?P<target>[^)\s<>]+)"
    r"|`(?P<code>[^`\s]+)`"
    r"|(?<![A-Za-z0-9_/.@-])(?P<bare>(?:[A-Za-z0-9_.@+-]+/)+[A-Za-z0-9_.@+-]*\.[A-Za-z][A-Za-z0-9]{0,7})"
    r"(?![A-Za-z0-9/])"
)
_CODE_PATH = re.compile(
    r"(?P<path>\.{0,2}/?(?:[\w.@+\[\]-]+/)+(?:[\w.@+\[\]-]*\.[A-Za-z]\w{0,7})?"
    rf"|[\w.@+-]+\.(?:{_FILE_TYPES}))(?::\d+)*"
)
_EXTERNAL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|#|//")


def scan_links(text: str, opaque: Sequence[Span]) -> Iterator[LinkShape]:
    """Yield the paths and addresses of ``text``, except those that begin inside ``opaque``."""
    for match in _LINK.finditer(text):
        if any(span.start <= match.start() < span.end for span in opaque):
            continue
        group = match.lastgroup or "url"
        found, at = match[group], match.start(group)
        if group == "url":
            yield LinkShape("url", found, at)
        elif group == "bare":
            yield LinkShape("path", found, at)
        elif group == "code":
            if path := _CODE_PATH.fullmatch(found):
                yield LinkShape("path", path["path"], at)
        elif not _EXTERNAL.match(found):
            yield LinkShape("path", found.partition("#")[0], at)
        elif found.startswith(("http://", "https://")):
            yield LinkShape("url", found, at)
