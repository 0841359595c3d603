"""A process that works as an agent with the pi engine, to be killed: `URL FOLDER COMMAND [bare]`.

Also finds what is left of such a process. `bare` works without bubblewrap.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

if __package__ in {None, ""}:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from fakes.adapters import spec_of
from fakes.pi_engine import pi_mode

from kata_lsp.providers.agents import AgentAdapter, AgentTask, Permission, ToolRequest
from kata_lsp.providers.base import Credential, Endpoint, Secret
from kata_lsp.providers.pi.sandbox import Sandbox

BARE = Sandbox(None, "left out by the test")


def processes_with(mark: str) -> list[int]:
    """Ids of the processes whose arguments or environment hold `mark`, zombies left out."""
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            shown = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:
            continue
        if mark.encode() in shown:
            found.append(int(folder.name))
    return found


async def until_gone(mark: str, *, within: float = 30.0) -> None:
    """Wait until no process holds `mark`.

    Raises:
        TimeoutError: Some still do.
    """
    deadline = time.monotonic() + within
    while left := processes_with(mark):
        if time.monotonic() > deadline:
            raise TimeoutError(f"still there: {left}")
        await asyncio.sleep(0.05)


async def until_there(mark: str, *, within: float = 30.0) -> None:
    """Wait until a process holds `mark`.

    Raises:
        TimeoutError: None does.
    """
    async with asyncio.timeout(within):
        while not processes_with(mark):  # noqa: ASYNC110 - the kernel tells nobody
            await asyncio.sleep(0.05)


async def _work(url: str, folder: str, *, bare: bool) -> None:
    async def permit(_: ToolRequest) -> Permission:
        return Permission(allowed=True)

    async with pi_mode() as mode:
        if bare:
            mode.engine()._sandbox = BARE
        credential = Credential("api_key", Secret("sk-1"), "the test")
        adapter = await mode.connect(spec_of("anthropic"), Endpoint("a", url), credential)
        assert isinstance(adapter, AgentAdapter)
        async with adapter.agent(AgentTask("Go.", Path(folder), "m"), permit) as events:
            async for _ in events:
                pass


if __name__ == "__main__":
    asyncio.run(_work(sys.argv[1], sys.argv[2], bare=sys.argv[3:] == ["bare"]))
