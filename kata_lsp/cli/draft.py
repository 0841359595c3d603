"""Owns `kata-lsp draft`: a prompt becomes a spec draft in the terminal.

Must not know providers or specs; it starts a run, shows it, and prints what came of it.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from kata_lsp.app import App
from kata_lsp.cli import output, session
from kata_lsp.cli.progress import RunProgress
from kata_lsp.errors import ErrorCode, InvalidInputError, KataError
from kata_lsp.lsp import payloads
from kata_lsp.providers.calls import Estimate
from kata_lsp.runs.record import RunRecord, RunRequest, RunStatus
from kata_lsp.settings.resolving import Resolved


def draft(
    prompt: Annotated[
        str,
        typer.Argument(metavar="PROMPT", help="What to change, in your words; `-` reads stdin."),
    ],
    root: Annotated[Path, typer.Option(help="The repository.")] = Path(),
    provider: Annotated[str | None, typer.Option(help="Which provider; see `models`.")] = None,
    model: Annotated[str | None, typer.Option(help="Which of its models.")] = None,
    spec: Annotated[
        str | None, typer.Option(help="The spec to write or refine, inside the root.")
    ] = None,
    profile: Annotated[
        Literal["standard", "lite"], typer.Option(help="`lite` asks for less in a small change.")
    ] = "standard",
    runtime_mode: Annotated[
        Literal["native", "pi"] | None, typer.Option(help="Which runtime asks the provider.")
    ] = None,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Say what it would cost at most; send nothing.")
    ] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Write the draft into the spec.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the run as JSON.")] = False,
) -> None:
    """Draft a spec for PROMPT over a repository; the draft goes to stdout.

    Nothing is written into the repository without --apply; the draft is kept and can be applied
    later, here or in an editor.
    """

    async def command() -> int:
        folder = session.folder(root)
        resolved = session.settings_for(folder)
        request = RunRequest(
            prompt=_prompt(prompt),
            root=str(folder),
            spec_path=spec or resolved.settings.spec_path,
            provider=provider,
            model=model,
            runtime_mode=runtime_mode or resolved.settings.runtime_mode,
            apply="auto" if apply else "never",
            profile=profile,
        )
        if estimate:
            return await _estimate(resolved, request, as_json=as_json)
        return await _draft(resolved, request, as_json=as_json)

    session.run(command)


def _prompt(argument: str) -> str:
    text = sys.stdin.read() if argument == "-" else argument
    if not text.strip():
        raise InvalidInputError("PROMPT", "is empty; say what you want to change")
    return text.strip()


async def _draft(resolved: Resolved, request: RunRequest, *, as_json: bool) -> int:
    with RunProgress() as progress:
        async with session.core(resolved, progress) as app:
            record = await _carried_out(app, request)
            answer = await app.orchestrator.output(record.id)
    return _report(record, answer, as_json=as_json)


async def _estimate(resolved: Resolved, request: RunRequest, *, as_json: bool) -> int:
    async with session.core(resolved) as app:
        _print_estimate(await app.orchestrator.estimate(request), as_json=as_json)
    return output.OK


async def _carried_out(app: App, request: RunRequest) -> RunRecord:
    started = await app.orchestrator.start(request)
    try:
        return await app.orchestrator.wait(started.id)
    except asyncio.CancelledError:
        return await app.orchestrator.cancel(started.id)


def _print_estimate(found: Estimate, *, as_json: bool) -> None:
    if as_json:
        output.print_json(payloads.estimate(found).to_json())
        return
    cost = "unknown" if found.max_cost_usd is None else f"${found.max_cost_usd:.4f}"
    note = f" ({found.note})" if found.note else ""
    output.answers().print(
        f"{found.provider}/{found.model}: about {found.input_tokens:,} tokens in, at most "
        f"{found.max_output_tokens:,} out, at most {cost}{note}",
        markup=False,
    )


def _report(record: RunRecord, answer: str, *, as_json: bool) -> int:
    if as_json:
        run = payloads.run(record).to_json()
        output.print_json({"run": run, "text": answer})
    elif record.status is RunStatus.COMPLETED:
        sys.stdout.write(answer if answer.endswith("\n") else f"{answer}\n")
    match record.status:
        case RunStatus.COMPLETED:
            return output.OK
        case RunStatus.CANCELLED:
            kept = "; what arrived was kept" if answer else ""
            output.remarks().print(f"cancelled: run {record.id}{kept}")
            return output.CANCELLED
        case _:
            output.print_error(_failure(record))
            if answer:
                output.remarks().print(f"  Partial output: kata-lsp runs show {record.id}")
            return output.FAILED


def _failure(record: RunRecord) -> KataError:
    error = record.error or {}
    return KataError(
        ErrorCode(error.get("code", ErrorCode.UNEXPECTED_ERROR)),
        error.get("message", f"run {record.id} ended as {record.status}"),
        remediation=error.get("remediation"),
    )
