"""Owns gitignore-style patterns: compiling them safely and asking whether a path matches.

Must not read files; the grammar is the library's (https://git-scm.com/docs/gitignore).
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

__all__ = ["compile_patterns", "verdict"]

_MAX_PATTERNS = 2000
_MAX_LENGTH = 250
_MAX_STARS = 3
_STARS = re.compile(r"\*+")


def compile_patterns(lines: Iterable[str]) -> "GitIgnoreSpec | None":
    """Compile pattern lines; None when none is left.

    A repository writes these lines and they become regular expressions, so what could make
    matching explode (many wildcards inside one path segment) is left out, as are wrong lines.
    """
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - keeps importing the package cheap
    from pathspec.patterns.gitignore import GitIgnorePatternError  # noqa: PLC0415 - as above

    kept: list[str] = []
    for line in lines:
        if len(kept) >= _MAX_PATTERNS:
            break
        if _is_tame(line):
            try:
                GitIgnoreSpec.from_lines([line])
            except (GitIgnorePatternError, re.error):
                continue
            kept.append(line)
    return GitIgnoreSpec.from_lines(kept) if kept else None


def verdict(spec: "GitIgnoreSpec | None", path: str) -> bool | None:
    """True when ignored, False when re-included by `!`, None when no pattern speaks of it.

    Args:
        spec: What `compile_patterns` returned.
        path: POSIX, relative to the folder of the patterns; a folder ends with `/`.
    """
    return None if spec is None else spec.check_file(path).include


def _is_tame(line: str) -> bool:
    stripped = line.strip()
    if not stripped or stripped.startswith("#") or len(stripped) > _MAX_LENGTH:
        return False
    segments = [part for part in stripped.split("/") if part != "**"]
    return all(len(_STARS.findall(part)) <= _MAX_STARS for part in segments)
