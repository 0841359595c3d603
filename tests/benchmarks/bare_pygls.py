"""The yardstick: the same probe on pygls as it comes."""

import asyncio

from lsprotocol import types
from pygls.lsp.server import LanguageServer

server = LanguageServer("bare", "1")


@server.feature(types.TEXT_DOCUMENT_CODE_LENS)
async def code_lens(ls: LanguageServer, params: types.CodeLensParams) -> list[types.CodeLens]:
    lines = ls.workspace.get_text_document(params.text_document.uri).lines
    return [
        types.CodeLens(
            range=types.Range(types.Position(number, 0), types.Position(number, 5)),
            command=types.Command(title="Run", command="probe.ping"),
        )
        for number, line in enumerate(lines)
        if line.startswith("- [ ]")
    ]


@server.command("probe.ping")
async def ping() -> dict[str, bool]:
    return {"pong": True}


@server.command("probe.stream")
async def stream(ls: LanguageServer) -> dict[str, int]:
    async def one(name: str) -> None:
        for number in range(200):
            ls.protocol.notify(
                "probe/didStream", {"run": name, "n": number, "delta": "some words "}
            )
            await asyncio.sleep(0.01)

    await asyncio.gather(*(one(f"r{index}") for index in range(32)))
    return {"sent": 6400}


if __name__ == "__main__":
    server.start_io()
