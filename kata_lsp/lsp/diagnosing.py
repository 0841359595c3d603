"""Owns the problems of an open spec and the diagnostics a client is given of them.

Must not know when they are sent. What is found for one version and the same facts is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

from kata_lsp.lsp.client import Client
from kata_lsp.lsp.convert import path_to_uri
from kata_lsp.lsp.known_paths import KnownPaths
from kata_lsp.lsp.spec_runs import SpecRuns, label
from kata_lsp.lsp.specs import SpecView
from kata_lsp.spec.rules import Facts, Problem, Severity, WaitingDraft, check
from kata_lsp.spec.threads import Thread

SOURCE: Final = "kata"
MAX_SHOWN: Final = 1_000
"""Diagnostics sent of one spec: nobody reads more, and every keystroke would send them again."""
MORE_PROBLEMS: Final = "more-problems"

_SEVERITIES: Final = {
    Severity.ERROR: 1,
    Severity.WARNING: 2,
    Severity.INFORMATION: 3,
    Severity.HINT: 4,
}
# A file that comes with the server: it is there without a network, in the version that runs.
_RULES_URI: Final = path_to_uri(Path(__file__).with_name("rules.md"))
_DATA_NAMES: Final = {"draft-waiting": "runId", "open-comment": "threadId"}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of a spec besides its text: `runs(root, path)` and `threads(root, path)`."""

    runs: Callable[[str, str], SpecRuns]
    threads: Callable[[str, str], tuple[Thread, ...]]


class _Found(NamedTuple):
    view: SpecView
    facts: tuple[object, ...]
    problems: tuple[Problem, ...]
    number: int


class Diagnosing:
    """Finds problems and puts them into the client's terms.

    Args:
        client: Whose capabilities count.
        surroundings: Runs and comments.
        paths: Which paths are there.
    """

    def __init__(self, client: Client, surroundings: Surroundings, paths: KnownPaths) -> None:
        self._client = client
        self._around = surroundings
        self._paths = paths
        self._kept: dict[str, _Found] = {}
        self._count = 0

    async def diagnose(self, view: SpecView) -> list[dict[str, Any]]:
        """Return the diagnostics of a spec, once its paths are looked up."""
        await self._paths.learn(view)
        problems = self.problems(view)
        if len(problems) <= MAX_SHOWN:
            return [self.diagnostic(view, problem) for problem in problems]
        gravest = sorted(problems, key=lambda problem: _SEVERITIES[problem.severity])
        more = Problem(
            MORE_PROBLEMS,
            f"{len(problems) - MAX_SHOWN} lesser problems are not shown.",
            problems[0].span,
            Severity.INFORMATION,
        )
        return [self.diagnostic(view, problem) for problem in (*gravest[:MAX_SHOWN], more)]

    def revision(self, view: SpecView) -> str:
        """Return a name for what `problems` finds now; another name means something else."""
        self.problems(view)
        return str(self._kept[view.snapshot.uri].number)

    def problems(self, view: SpecView) -> tuple[Problem, ...]:
        """Return the problems of a spec as far as is known now."""
        uri = view.snapshot.uri
        waiting = self._around.runs(view.root, view.path).waiting
        draft = WaitingDraft(waiting[0].id, label(waiting[0])) if waiting else None
        threads = self._around.threads(view.root, view.path)
        missing = self._paths.missing(view)
        facts = (draft, threads, missing)
        kept = self._kept.get(uri)
        if kept and kept.view is view and kept.facts == facts:
            return kept.problems
        found = check(
            view.document,
            Facts(path_exists=lambda target: target not in missing, draft=draft, threads=threads),
        )
        self._count += 1
        self._kept[uri] = _Found(view, facts, found, self._count)
        return found

    def diagnostic(self, view: SpecView, problem: Problem) -> dict[str, Any]:
        """Return a problem as LSP's Diagnostic, in plain JSON."""
        found: dict[str, Any] = {
            "range": view.range(problem.span),
            "severity": _SEVERITIES[problem.severity],
            "code": problem.code,
            "source": SOURCE,
            "message": problem.message,
        }
        if self._describes:
            found["codeDescription"] = {"href": f"{_RULES_URI}#{problem.code}"}
        data: dict[str, Any] = {}
        if problem.fixes:
            data["fixes"] = [fix.title for fix in problem.fixes]
        if problem.data:
            data[_DATA_NAMES[problem.code]] = problem.data
        if data and self._keeps_data:
            found["data"] = data
        return found

    def forget(self, uri: str) -> None:
        """Drop what was found in a closed document."""
        self._kept.pop(uri, None)

    @cached_property
    def _describes(self) -> bool:
        return self._can("codeDescriptionSupport")

    @cached_property
    def _keeps_data(self) -> bool:
        return self._can("dataSupport")

    def _can(self, name: str) -> bool:
        can = self._client.session.capability
        places = ("textDocument.publishDiagnostics", "textDocument.diagnostic")
        return any(can(f"{place}.{name}") is True for place in places)
