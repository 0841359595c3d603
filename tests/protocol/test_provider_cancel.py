"""Every way to stop a question, in every phase of it, with the provider's word for the hang-up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from clients.editor import PATIENCE, Editor, editing
from clients.workspace import make_workspace
from fakes.provider_process import ProviderProcess
from fakes.served import custom, key_variable
from lsprotocol import types

GATE = "middle"
ANSWERS: dict[str, dict[str, Any]] = {
    "headers": {"name": "hang"},
    "stream": {"name": "reply", "text": "# Half of it\n\nmore " * 20, "gates": {"5": GATE}},
    "back-off": {"name": "refuse", "error": "rate_limited", "retry_after": {"seconds": 2}},
}
PHASES = list(ANSWERS)
LONGER = {"name": "refuse", "error": "rate_limited", "retry_after": {"seconds": 3}}


def session(folder: Path, provider: ProviderProcess) -> AbstractAsyncContextManager[Editor]:
    """A session of an editor whose provider is that process."""
    options = {"kata": custom(provider)}
    return editing(make_workspace(folder), options=options, env=key_variable())


async def begun(provider: ProviderProcess, phase: str, number: int = 0) -> None:
    """Return once the request of that number is in its phase, as the provider sees it."""
    if phase == "stream":
        await asyncio.to_thread(provider.wait_for_arrivals, GATE)
    async with asyncio.timeout(PATIENCE):
        while True:
            request = (await asyncio.to_thread(provider.requests, number + 1))[number]
            if phase != "back-off" or request["sentAt"]:
                return


async def in_phase(editor: Editor, provider: ProviderProcess, phase: str, number: int = 0) -> str:
    """Start a run and return its id once it is in that phase, as client and provider see it."""
    provider.enqueue(ANSWERS[phase])
    run_id = await editor.start("Count tokens", provider=None)
    await begun(provider, phase, number)
    if phase == "back-off":
        await editor.change(run_id, lambda run: run.get("waitingUntil") is not None)
    if phase == "stream":
        await editor.message("kata/run/didStream", lambda it: it["runId"] == run_id)
    return run_id


async def hung_up(provider: ProviderProcess, phase: str, number: int = 0) -> None:
    """Assert that the client has gone; in a back-off that no request is on its way."""
    if phase == "back-off":
        # An idle connection may be kept; what counts is that nothing more is asked on it.
        assert len(await asyncio.to_thread(provider.requests)) == number + 1
    else:
        await asyncio.to_thread(provider.hangup, number)


async def by_command(editor: Editor, run_id: str) -> None:
    """Cancel with `kata.run.cancel`."""
    await editor.command("kata.run.cancel", {"runId": run_id})


async def by_bar(editor: Editor, run_id: str) -> None:
    """Cancel with the cancel button of the progress bar."""
    bar = await editor.message("$/progress", lambda params: run_id in str(params.token))
    params = types.WorkDoneProgressCancelParams(token=bar.token)
    editor.client.window_work_done_progress_cancel(params)


Cancel = Callable[[Editor, str], Awaitable[None]]


@pytest.mark.parametrize("cancel", [by_command, by_bar])
async def test_cancelling_a_run_hangs_up(tmp_path: Path, provider: ProviderProcess, cancel: Cancel):
    """The run is cancelled, its request is in the record, and what arrived is kept."""
    async with session(tmp_path, provider) as editor:
        for number, phase in enumerate(PHASES):
            run_id = await in_phase(editor, provider, phase, number)
            await cancel(editor, run_id)
            run = await editor.ended(run_id)
            assert run["status"] == "cancelled"
            (attempt,) = run["attempts"]
            assert attempt["code"] == ("rate_limited" if phase == "back-off" else "cancelled")
            await hung_up(provider, phase, number)
            kept = (await editor.command("kata.run.get", run_id))["text"]
            assert kept.startswith("# Half of it") == (phase == "stream")


async def execute(editor: Editor, msg_id: str) -> Any:
    """Ask directly, under a request id of our own."""
    params = types.ExecuteCommandParams("kata.provider.execute", [{"prompt": "Hello"}])
    return await editor.client.protocol.send_request_async(
        "workspace/executeCommand", params, msg_id=msg_id
    )


@pytest.mark.parametrize("phase", ["headers", "body", "back-off"])
async def test_cancel_request_ends_a_direct_question(
    tmp_path: Path, provider: ProviderProcess, phase: str
):
    """`$/cancelRequest` for `kata.provider.execute`: answered as cancelled, and really over."""
    provider.enqueue(
        {"name": "fault", "id": "body_silence"} if phase == "body" else ANSWERS[phase], LONGER
    )
    async with session(tmp_path, provider) as editor:
        asking = asyncio.create_task(execute(editor, "mine"))
        await begun(provider, phase)
        editor.client.cancel_request(types.CancelParams(id="mine"))
        with pytest.raises(Exception, match="cancel"):
            await asyncio.wait_for(asking, PATIENCE)
        if phase != "back-off":
            await hung_up(provider, phase)
        # A question that waits longer than the cancelled one was to wait is the clock here.
        await asyncio.wait_for(execute(editor, "other"), PATIENCE)
        assert len(await asyncio.to_thread(provider.requests)) == 3


async def leave(editor: Editor) -> int:
    """End as an editor should: shutdown, then exit."""
    return await editor.leave()


async def exit_at_once(editor: Editor) -> int:
    """Send exit without shutdown."""
    editor.client.exit(None)
    return await editor.exit_code()


async def vanish(editor: Editor) -> int:
    """Close the pipes, as an editor that was killed."""
    process = editor.client._server
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()
    return await editor.exit_code()


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("end", [leave, exit_at_once, vanish])
async def test_the_end_of_a_session_hangs_up(
    tmp_path: Path, provider: ProviderProcess, phase: str, end: Callable[[Editor], Awaitable[int]]
):
    """Shutdown, exit or a client that vanished: the process ends, nothing more is asked."""
    async with session(tmp_path, provider) as editor:
        await in_phase(editor, provider, phase)
        code = await end(editor)
        assert (code == 0) == (end is leave)
        await hung_up(provider, phase)
        assert await asyncio.to_thread(provider.open_connections) == 0
