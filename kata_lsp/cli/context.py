"""Owns `kata-lsp context`: what a prompt would be given of a repository, without asking a model."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from kata_lsp.app import App
from kata_lsp.cli import output, session
from kata_lsp.context import ContextQuery, Snippet
from kata_lsp.errors import InvalidInputError


def context(
    query: Annotated[str, typer.Option("--query", "-q", help="What to look for.")] = "",
    root: Annotated[Path, typer.Option(help="The repository.")] = Path(),
    limit: Annotated[int, typer.Option(min=1, max=100)] = 12,
    serve: Annotated[
        bool, typer.Option("--serve", help='Answer {"query", "limit"} per line of stdin.')
    ] = False,
) -> None:
    """Print the files that matter for a query, best first, one JSON object a line.

    With --serve one process answers many queries: a line {"paths": [...]} for each.
    """

    async def command() -> int:
        folder = session.folder(root)
        if not serve and not query.strip():
            raise InvalidInputError("--query", "is empty; say what to look for")
        async with session.core(session.settings_for(folder)) as app:
            if not serve:
                for snippet in await _snippets(app, folder, query, limit):
                    sys.stdout.write(json.dumps(_row(snippet), ensure_ascii=False) + "\n")
                return output.OK
            for line in sys.stdin:
                asked = json.loads(line)
                found = await _snippets(app, folder, asked["query"], asked.get("limit", limit))
                paths = list(dict.fromkeys(snippet.path for snippet in found))
                sys.stdout.write(json.dumps({"paths": paths}) + "\n")
                sys.stdout.flush()
        return output.OK

    session.run(command)


async def _snippets(app: App, root: Path, query: str, limit: int) -> tuple[Snippet, ...]:
    max_tokens = app.settings.context.max_tokens
    bundle = await app.context.retrieve(ContextQuery(query, root, limit, max_tokens))
    for note in bundle.diagnostics:
        output.remarks().print(note.message, markup=False)
    return bundle.snippets


def _row(snippet: Snippet) -> dict[str, object]:
    return {
        "path": snippet.path,
        "startLine": snippet.start_line,
        "endLine": snippet.end_line,
        "score": round(snippet.score, 4),
        "reason": snippet.reason,
    }
