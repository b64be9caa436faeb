"""What is no request, too much of one, or meets a bug of ours: the answer tells nothing, and nothing is logged of it."""

from __future__ import annotations

import asyncio
import logging

import pytest
from aiohttp import web

from icalsyncd.pulling.bounded_sockets import MOST
from icalsyncd.serving import connections
from icalsyncd.serving.connections import Closed
from tests.serving.door import ASK, answered, is_closed, place


@pytest.mark.parametrize(
    "words",
    [
        b"garbage\r\n\r\n",
        b"GET /s3cret HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET /" + b"s3cret" * 2000 + b" HTTP/1.1\r\n\r\n",
        b"GET /s3cret HTTP/1.1\r\n" + b"A: b\r\n" * 500 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\ns3cret",
        b"\x16\x03\x01\x02\x00\x01\x00s3cret\r\n\r\n",
        # what a proxy before it may understand in another way
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\ns3cre",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\ns3cre",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\ns3cre",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nA: s3cret\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\nHost: a\n\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nA: \0s3cret\r\n\r\n",
    ],
)
async def test_what_is_no_request_gets_a_bare_answer_and_is_only_counted(
    words: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with place() as here:
        told = await here.say(words)
        assert told == b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        assert here.tally == {Closed.MALFORMED: 1}
    assert [record.getMessage() for record in caplog.records if record.name != "asyncio"] == []


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"Transfer-Encoding: chunked", b"no chunk\r\n\r\n"),
        (b"Content-Encoding: gzip\r\nContent-Length: 20", b"\x1f\x8bs3crets3crets3cret"),
    ],
)
async def test_a_body_that_cannot_be_read_is_not_logged_either(
    head: bytes, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with place() as here:
        reader, writer = await here.connect()
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\n" + head + b"\r\n\r\n")
        assert await answered(reader) == 200
        writer.write(body)
        writer.write_eof()
        await is_closed(reader)
        writer.close()
    assert [record.getMessage() for record in caplog.records] == []


async def test_little_of_a_stranger_is_parsed_before_others_have_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces: list[int] = []
    parse = connections.Connection.data_received

    def watched(self: connections.Connection, data: bytes) -> None:
        pieces.append(len(data))
        parse(self, data)

    monkeypatch.setattr(connections.Connection, "data_received", watched)
    async with place() as here:
        reader, writer = await here.connect()
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 50_000)
        assert await answered(reader) == 200
        writer.close()
        # somebody else is answered beside it
        assert (await here.say(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).startswith(b"HTTP/1.1 200")
    assert 0 < max(pieces) <= MOST


async def test_who_asks_on_and_on_and_reads_nothing_is_not_heard_any_more() -> None:
    async with place() as here:
        _, writer = await here.connect()

        async def ask() -> None:
            # far more than the system keeps for the two of them
            for _ in range(200):
                writer.write(ASK * 10_000)
                await writer.drain()

        asking = asyncio.create_task(ask())
        assert await asyncio.wait({asking}, timeout=2) == (set(), {asking})
        writer.transport.abort()
        asking.cancel()


async def test_a_bug_of_ours_is_logged_and_its_answer_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def buggy(request: web.BaseRequest) -> web.StreamResponse:
        raise LookupError("s3cret")

    async with place(buggy) as here:
        reader, writer = await here.connect()
        writer.write(ASK)
        assert await answered(reader) == 500
        assert not here.tally
        writer.close()
    (record,) = caplog.records
    assert record.exc_info is not None
