"""Owns `kata-lsp runs`: what was run, what it cost, and what it said.

Must not change a run; that is for the process that carries it out.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from textwrap import shorten
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from kata_lsp.cli import output, session
from kata_lsp.lsp import payloads
from kata_lsp.runs.record import RunRecord, RunStatus
from kata_lsp.runs.store import RunFilter, Spending, SpendingFilter

cli = typer.Typer(help="List and show runs.", no_args_is_help=True)

_STYLE = {
    RunStatus.COMPLETED: "green",
    RunStatus.FAILED: "red",
    RunStatus.INTERRUPTED: "yellow",
    RunStatus.CANCELLED: "yellow",
    RunStatus.RUNNING: "cyan",
    RunStatus.QUEUED: "cyan",
}


@cli.command("list")
def list_runs(
    root: Annotated[Path | None, typer.Option(help="Only runs of this repository.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 20,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """List runs, newest first."""

    async def command() -> int:
        folder = session.folder(root) if root else None
        async with session.core(session.settings_for(folder)) as app:
            query = RunFilter(root=str(folder) if folder else None, limit=limit)
            runs = await app.orchestrator.list(query)
            used = await app.orchestrator.spending(SpendingFilter(root=query.root))
        if as_json:
            output.print_json([payloads.run(run).to_json() for run in runs])
        elif runs:
            output.answers().print(_table(runs))
            output.remarks().print(_spending(used))
        else:
            output.remarks().print('no run yet; start one with: kata-lsp draft "PROMPT"')
        return output.OK

    session.run(command)


@cli.command("show")
def show_run(
    run_id: Annotated[str, typer.Argument(help="The run's id, from `runs list`.")],
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Show a run: its course and cost on stderr, its draft or partial output on stdout."""

    async def command() -> int:
        async with session.core(session.settings_for(None)) as app:
            record = await app.orchestrator.get(run_id)
            text = await app.orchestrator.output(run_id)
        if as_json:
            output.print_json({"run": payloads.run(record).to_json(), "text": text})
            return output.OK
        _describe(record)
        sys.stdout.write(text)
        return output.OK

    session.run(command)


def _table(runs: Sequence[RunRecord]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("ID", "Started", "Status", "Model", "Tokens", "Cost", "Draft", "Prompt"):
        numeric = column in {"Tokens", "Cost"}
        table.add_column(column, no_wrap=True, justify="right" if numeric else "left")
    for run in runs:
        style = _STYLE[run.status]
        table.add_row(
            run.id,
            _local_time(run.created_at),
            f"[{style}]{run.status}[/]",
            escape(f"{run.provider or '-'}/{run.model or '-'}"),
            _tokens(run),
            _cost(run),
            run.draft.state.value if run.draft else "-",
            escape(shorten(run.request.prompt, 48, placeholder="…")),
        )
    return table


def _spending(used: Spending) -> str:
    tokens = f"{used.input_tokens:,} tokens in, {used.output_tokens:,} out"
    unknown = used.unknown_cost_requests
    note = f" and {unknown} of unknown price" if unknown else ""
    return f"in all: {used.requests} requests, {tokens}, ${used.cost_usd:.4f}{note}"


def _describe(record: RunRecord) -> None:
    say = output.remarks().print
    say(f"[bold]{record.id}[/] [{_STYLE[record.status]}]{record.status}[/]  {_cost(record)}")
    say(escape(f"prompt: {record.request.prompt}"))
    say(escape(f"spec:   {record.request.root}/{record.request.spec_path}"))
    for entry in record.timeline:
        say(f"{_local_time(entry.at)}  {entry.status}")
    for attempt in record.attempts:
        outcome = attempt.code or "answered"
        who = f"{attempt.provider}/{attempt.model} ({attempt.runtime_mode})"
        say(escape(f"  {attempt.purpose}: {who}, {attempt.seconds:.1f} s, {outcome}"))
    for note in record.diagnostics:
        say(escape(f"  note: {note.message}"))
    if record.error:
        say(f"[red]{record.error['code']}[/]: {escape(record.error['message'])}")
        say(escape(f"  {record.error['remediation']}"))


def _local_time(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC).astimezone():%Y-%m-%d %H:%M:%S}"


def _tokens(run: RunRecord) -> str:
    counts = (run.usage.input_tokens, run.usage.output_tokens)
    known = [count for count in counts if count is not None]
    return f"{sum(known):,}" if known else "-"


def _cost(run: RunRecord) -> str:
    return "unknown" if run.cost_usd is None and run.attempts else f"${run.cost_usd or 0:.4f}"
