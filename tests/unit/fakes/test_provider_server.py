"""The provider server itself: who answers, what is recorded, gates, hang-ups, strictness."""

from __future__ import annotations

import asyncio
import time

import pytest
from fakes.behaviours import DraftReply, RetryAfter, canned
from fakes.drafts import spec_draft
from fakes.misbehaviours import HANG, Wire
from fakes.provider_server import ProviderServer, ServerClosedFirst
from fakes.raw_client import exchange, generation, request_bytes, streamed_text
from fakes.reply import Reply, Usage, cut
from fakes.steps import CANARY, SURFACES, Close, Gate, Recorded, Surface

REQUIRED: tuple[tuple[Surface, str], ...] = (
    ("anthropic", "max_tokens"),
    ("chat", "messages"),
    ("responses", "input"),
)


async def text_of(server: ProviderServer, surface: Surface = "chat", prompt: str = "Hi") -> str:
    """The text of one streamed answer."""
    body = generation(surface, stream=True, prompt=prompt)
    return streamed_text(surface, (await exchange(server.url, surface, body)).body)


async def test_rules_then_queue_then_default():
    """A rule wins over the queue, the queue over the default; a rule may run out."""
    async with ProviderServer(Reply("default")) as server:
        server.when("T001", Reply("rule"), times=1)
        server.enqueue(Reply("first"), Reply("second"))
        assert await text_of(server) == "first"
        assert await text_of(server, prompt="do T001 now") == "rule"
        assert await text_of(server, prompt="do T001 now") == "second"
        assert await text_of(server) == "default"


async def test_requests_are_recorded():
    """Path, headers, body, prompt and key of every request are there to look at."""
    async with ProviderServer() as server:
        for surface in SURFACES:
            await text_of(server, surface, "Count the tokens")
        recorded = await server.wait_for_requests(3)
        assert [request.surface for request in recorded] == list(SURFACES)
        assert {request.key for request in recorded} == {CANARY}
        assert {request.last_user_text for request in recorded} == {"Count the tokens"}
        assert all(request.stream and request.body["model"] == "model-x" for request in recorded)
        assert all(request.sent_at for request in recorded)


async def test_prompts_are_found_in_every_shape():
    """System text and text blocks count as prompt; the last user turn is told apart."""
    block = [{"type": "input_text", "text": "new"}]
    turns = [{"role": "user", "content": "old"}, {"role": "user", "content": block}]
    async with ProviderServer() as server:
        system = [{"type": "text", "text": "rules"}]
        claude = generation("anthropic", system=system, messages=turns)
        gpt = generation("responses", instructions="rules", input=turns)
        await exchange(server.url, "anthropic", claude)
        await exchange(server.url, "responses", gpt)
        for request in server.requests:
            assert request.prompt == "rules\nold\nnew"
            assert request.last_user_text == "new"


async def test_a_gate_holds_a_stream_until_released():
    """What precedes the gate is sent, what follows waits for the release."""
    gate = Gate()
    async with ProviderServer(Reply("one two three", gates={2: gate})) as server:
        task = asyncio.create_task(text_of(server))
        await gate.wait_for_arrivals()
        assert not task.done()
        assert server.open_connections == 1
        gate.release()
        assert await task == "one two three"


@pytest.mark.parametrize("behaviour", [HANG, Reply(gates={3: Gate()}), Reply(delay=600)])
async def test_hang_ups_are_noticed_while_the_server_is_silent(behaviour):
    """The server sees a client go at once, wherever its answer stands."""
    async with ProviderServer(behaviour) as server:
        host, port = server.url.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(request_bytes("chat", generation("chat", stream=True)))
        await server.wait_for_requests(1)
        before = time.monotonic()
        writer.close()
        assert await server.wait_for_hangup(0) >= before
        assert server.requests[0].sent_at is None
        assert server.open_connections == 0


async def test_a_close_of_our_own_is_no_hang_up():
    """Waiting for a hang-up fails at once when the script closed the connection."""
    async with ProviderServer(Wire((Close(),))) as server:
        answer = await exchange(server.url, "chat", generation("chat"))
        assert answer.ending == "closed"
        with pytest.raises(ServerClosedFirst, match="request 0"):
            await server.wait_for_hangup(0)


async def test_connections_are_kept_alive_and_counted():
    """Several requests share a connection; leaving closes it."""
    async with ProviderServer(Reply("x")) as server:
        host, port = server.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        for number in range(3):
            writer.write(request_bytes("chat", generation("chat", stream=True)))
            await reader.readuntil(b"\r\n0\r\n\r\n")
            assert len(server.requests) == number + 1
        assert server.open_connections == 1
        writer.close()
        await server.wait_for_hangup(2)
        assert all(request.hung_up_at for request in server.requests)


async def test_requests_that_the_real_api_refuses_are_refused():
    """A missing field is a 400, a wrong route a 404; neither uses up a behaviour."""
    async with ProviderServer(Reply("x")) as server:
        server.enqueue(Reply("queued"))
        for surface, field in REQUIRED:
            body = generation(surface)
            del body[field]
            answer = await exchange(server.url, surface, body)
            assert answer.status == 400
            assert field.encode() in answer.body
        assert await text_of(server) == "queued"
    async with ProviderServer(strict=False) as server:
        assert (await exchange(server.url, "chat", {})).status == 200


async def test_a_wrong_behaviour_is_loud():
    """What a behaviour raises comes out of the server's own exit."""

    class Wrong:
        def steps(self, request: Recorded):
            raise LookupError("broken behaviour")

    with pytest.raises(LookupError, match="broken behaviour"):
        async with ProviderServer(Wrong()) as server:
            await exchange(server.url, "chat", generation("chat"))


@pytest.mark.parametrize("surface", SURFACES)
async def test_drafts_come_in_forty_pieces(surface: Surface):
    """The default answer is a whole draft about the prompt, cut into 40 deltas."""
    async with ProviderServer() as server:
        text = await text_of(server, surface, "Show the token count in the runs list")
    assert text == spec_draft("Show the token count in the runs list")
    assert text.startswith("# Show the token count in the runs list\n")
    for title in ("Goal", "Tasks", "Acceptance Criteria", "Non-goals", "Assumptions"):
        assert f"\n## {title}\n" in text
    assert "- [ ] T003 [P] Implement" in text
    assert len(cut(text, DraftReply().chunks)) == 40


@pytest.mark.parametrize("surface", SURFACES)
async def test_canned_streams_equal_live_ones(surface: Surface):
    """Encoding beforehand and sending in bursts changes no byte of the text."""
    reply = Reply("word " * 300, burst=64, usage=Usage(output_tokens=300))
    async with ProviderServer(canned(reply, surface)) as server:
        assert await text_of(server, surface) == reply.text


async def test_many_streams_run_at_once():
    """A hundred paced streams are all whole."""
    reply = Reply("tick " * 20, delay=0.01)
    async with ProviderServer(reply) as server:
        texts = await asyncio.gather(*(text_of(server) for _ in range(100)))
    assert set(texts) == {reply.text}


def test_retry_after_has_three_forms():
    """Seconds, milliseconds and an HTTP date."""
    assert RetryAfter(1).header() == {"retry-after": "1"}
    assert RetryAfter(0.15, "ms").header() == {"retry-after-ms": "150"}
    assert RetryAfter(90, "date").header()["retry-after"].endswith(" GMT")


def test_cutting_loses_nothing():
    """Words or pieces, the parts add up to the text."""
    for text in ("", "x", "one two", " a  b\n\nc \n", "\n", "日本語 🦊"):
        for pieces in (0, 1, 3, 40):
            assert "".join(cut(text, pieces)) == text
    assert len(cut("abcdefgh" * 10, 40)) == 40
