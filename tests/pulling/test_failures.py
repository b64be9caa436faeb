"""Each reason for which a pull fails, produced by a real socket."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import time
import zlib

import pytest

from icalsyncd.calendars.calendar import Reason
from icalsyncd.pulling.order import Body, Failure
from icalsyncd.state.copy import Validators
from tests.pulling.portal import CALENDAR, http, portal, says, zipped

SECRET = "/calendar/s3cr3t-key.ics"


def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("400 Bad Request", Reason.HTTP_4XX),
        ("401 Unauthorized", Reason.HTTP_4XX),
        ("403 Forbidden", Reason.HTTP_4XX),
        ("404 Not Found", Reason.HTTP_4XX),
        ("410 Gone", Reason.HTTP_4XX),
        ("429 Too Many Requests", Reason.HTTP_429),
        ("500 Internal Server Error", Reason.HTTP_5XX),
        ("503 Service Unavailable", Reason.HTTP_5XX),
        ("599 Whatever", Reason.HTTP_5XX),
        ("300 Multiple Choices", Reason.REDIRECT),
        ("304 Not Modified", Reason.NOT_CALENDAR),
        ("202 Accepted", Reason.NOT_CALENDAR),
        ("206 Partial Content", Reason.NOT_CALENDAR),
    ],
)
async def test_a_status_that_is_no_success_is_a_failure_though_a_calendar_comes_with_it(puller, order, status, reason):
    # a 304 has no body, whatever its headers say
    async with portal(says(http(b"" if status.startswith("304") else CALENDAR, status))) as here:
        pulled = await puller.pull(order(here.url()))
    assert isinstance(pulled, Failure)
    assert (pulled.reason, pulled.status) == (reason, int(status[:3]))
    assert pulled.detail == f"portal answered {status[:3]}"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "120"}, 120.0),
        ({"Retry_After": " 0 "}, 0.0),
        ({"Retry_After": "Sun, 22 Nov 2026 12:02:00 GMT", "Date": "Sun, 22 Nov 2026 12:00:00 GMT"}, 120.0),
        ({"Retry_After": "Sun, 22 Nov 2026 11:00:00 GMT", "Date": "Sun, 22 Nov 2026 12:00:00 GMT"}, 0.0),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": "-5"}, None),
        ({"Retry_After": "9" * 5000}, None),
        ({}, None),
    ],
)
async def test_retry_after_is_told_in_seconds(puller, order, headers, seconds):
    async with portal(says(http(b"", "503 Service Unavailable", **headers))) as here:
        pulled = await puller.pull(order(here.url()))
    assert isinstance(pulled, Failure)
    assert pulled.retry_after == seconds


async def test_the_portals_clock_is_told_with_success_and_failure(puller, order):
    for status in ("200 OK", "500 Internal Server Error"):
        async with portal(says(http(status=status, Date="Sun, 22 Nov 2026 12:00:00 GMT"))) as here:
            assert (await puller.pull(order(here.url()))).date == 1795348800.0


async def test_a_portal_that_never_answers_ends_as_timeout(puller, order):
    async def hang(*_):
        await asyncio.sleep(60)

    async with portal(hang) as here:
        began = time.monotonic()
        pulled = await puller.pull(order(here.url(), timeout=0.2))
    assert pulled == Failure(Reason.TIMEOUT, "no whole answer within 0.2 s")
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("piece", [b"B", b""])
async def test_a_body_that_drips_or_stops_ends_as_timeout(puller, order, piece):
    async def drip(_, writer):
        writer.write(http()[: -len(CALENDAR)])
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.02)

    async with portal(drip) as here:
        pulled = await puller.pull(order(here.url(), timeout=0.15))
    assert isinstance(pulled, Failure)
    assert pulled.reason is Reason.TIMEOUT


async def test_headers_that_drip_without_end_end_as_timeout(puller, order):
    async def drip(_, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while True:
            writer.write(b"a")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with portal(drip) as here:
        pulled = await puller.pull(order(here.url(), timeout=0.15))
    assert isinstance(pulled, Failure)
    assert pulled.reason is Reason.TIMEOUT


async def test_endless_interim_answers_end_as_timeout(puller, order):
    async def interim(_, writer):
        while True:
            writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with portal(interim) as here:
        pulled = await puller.pull(order(here.url(), timeout=0.15))
    assert isinstance(pulled, Failure)
    assert pulled.reason is Reason.TIMEOUT


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
        b"\x00\xff\x00\xff" * 100 + b"\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nBEGIN",
        b"HTTP/1.1 200 " + b"O" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-Many: a\r\n" * 20_000 + b"\r\n",
    ],
)
async def test_what_is_no_http_is_told_as_such(puller, order, answer):
    async with portal(says(answer)) as here:
        pulled = await puller.pull(order(here.url()))
    assert pulled == Failure(Reason.CONNECT, "the answer was no HTTP")


async def test_a_connection_that_ends_before_an_answer(puller, order):
    async with portal(says(b"HTTP/1.1 200 OK\r\nConte")) as here:
        pulled = await puller.pull(order(here.url()))
    assert pulled == Failure(Reason.CONNECT, "the connection ended before an answer")


async def test_a_port_where_nobody_listens(puller, order):
    pulled = await puller.pull(order(f"http://127.0.0.1:{closed_port()}{SECRET}"))
    assert pulled == Failure(Reason.CONNECT, "the portal refused the connection")


async def test_a_name_that_does_not_exist(puller, order):
    pulled = await puller.pull(order("https://nowhere.invalid/calendar.ics"))
    assert isinstance(pulled, Failure)
    assert pulled.reason is Reason.DNS


@pytest.mark.parametrize("host", ["a" * 70 + ".example", "a..b", "h%2eexample", "h\u0000st.example"])
async def test_a_name_that_cannot_exist(puller, order, host):
    pulled = await puller.pull(order(f"https://{host}/calendar.ics"))
    assert isinstance(pulled, Failure)
    assert pulled.reason in (Reason.DNS, Reason.CONNECT)


@pytest.mark.needs("openssl")
async def test_a_certificate_that_nobody_vouches_for(puller, order, tls):
    async with portal(says(http()), tls) as here:
        pulled = await puller.pull(order(here.url()))
    assert pulled == Failure(Reason.TLS, "the portal's certificate is signed by itself alone")
    assert not here.asked


@pytest.mark.needs("openssl")
async def test_a_certificate_for_another_name(trusting, order, tls):
    async with portal(says(http()), tls) as here:
        pulled = await trusting.pull(order(here.url(host="localhost"), allow_private=True))
    assert pulled == Failure(Reason.TLS, "the portal's certificate is for another name")


async def test_https_asked_of_a_port_that_speaks_plain_http(puller, order):
    async def plain(reader, writer):
        await reader.read(100)
        writer.write(http())
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        pulled = await puller.pull(order(f"https://127.0.0.1:{port}{SECRET}"))
    assert isinstance(pulled, Failure)
    assert pulled.reason is Reason.TLS


@pytest.mark.needs("openssl")
async def test_a_calendar_over_a_trusted_connection(trusting, order, tls):
    async with portal(says(http()), tls) as here:
        pulled = await trusting.pull(order(here.url()))
    assert pulled == Body(CALENDAR, None, None)


@pytest.mark.needs("openssl")
async def test_the_first_encrypted_pull_reads_no_authorities_while_feeds_wait(trusting, order, tls, monkeypatch):
    read: list[object] = []
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", lambda *given: read.append(given))
    async with portal(says(http()), tls) as here:
        assert await trusting.pull(order(here.url())) == Body(CALENDAR, None, None)
    assert read == []


@pytest.mark.parametrize(
    "answer",
    [
        http(Content_Length=str(len(CALENDAR) + 1)),
        http(Content_Length=None, Transfer_Encoding="chunked").replace(CALENDAR, b"20\r\n" + CALENDAR[:10]),
        http(Content_Length=None, Transfer_Encoding="chunked").replace(CALENDAR, b"5\r\nBEGIN\r\n"),
        http(zipped(CALENDAR)[:-4], Content_Encoding="gzip"),
        http(zipped(CALENDAR)[:-8] + bytes(8), Content_Encoding="gzip"),
        http(zipped(CALENDAR) + zipped(CALENDAR)[:20], Content_Encoding="gzip"),
        http(zlib.compress(CALENDAR)[:-2], Content_Encoding="deflate"),
    ],
    ids=["length", "chunk", "no-last-chunk", "gzip", "checksum", "second-member", "deflate"],
)
async def test_a_cut_off_answer_is_truncated(puller, order, answer):
    async with portal(says(answer)) as here:
        pulled = await puller.pull(order(here.url()))
    assert isinstance(pulled, Failure)
    assert (pulled.reason, pulled.status) == (Reason.TRUNCATED, 200)


@pytest.mark.parametrize("size", [b"f" * 16, b"7" + b"f" * 15, b"f" * 1000, b"-5", b"+5", b"0x5"])
async def test_a_chunk_of_an_impossible_size_is_a_failure(puller, order, size):
    answer = http(size + b"\r\n" + CALENDAR, Content_Length=None, Transfer_Encoding="chunked")
    async with portal(says(answer)) as here:
        pulled = await puller.pull(order(here.url(), timeout=2.0))
    assert isinstance(pulled, Failure)


async def test_what_a_chunk_says_beside_its_size_is_passed_over(puller, order):
    size = b"0" * 100_000 + b"%x;" % len(CALENDAR) + b"a" * 500_000
    body = size + b"\r\n" + CALENDAR + b"\r\n0\r\n\r\n"
    async with portal(says(http(body, Content_Length=None, Transfer_Encoding="chunked"))) as here:
        pulled = await puller.pull(order(here.url()))
    assert isinstance(pulled, Body)
    assert pulled.body == CALENDAR


async def test_a_chunk_without_a_size_is_a_failure(puller, order):
    async def garble(_, writer):
        writer.write(http(b"5\r\nBEGIN\r\n", Content_Length=None, Transfer_Encoding="chunked"))
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(b"zz\r\n")

    async with portal(garble) as here:
        pulled = await puller.pull(order(here.url(), timeout=0.15))
    assert isinstance(pulled, Failure)
    # aiohttp tells its reader nothing of this: the time ends it
    assert pulled.reason in (Reason.TRUNCATED, Reason.TIMEOUT)


@pytest.mark.needs("openssl")
async def test_a_reset_in_the_middle_of_the_body_is_truncated(trusting, puller, order, tls):
    async def reset(_, writer):
        writer.write(http(Content_Length="1000"))
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, bytes((1, 0, 0, 0) * 2)
        )
        writer.transport.abort()

    for context, asker in ((None, puller), (tls, trusting)):
        async with portal(reset, context) as here:
            pulled = await asker.pull(order(here.url()))
        assert isinstance(pulled, Failure)
        assert pulled.reason is Reason.TRUNCATED


async def test_a_body_that_is_announced_as_too_large_is_not_read(puller, order):
    async with portal(says(http(Content_Length="52428800"))) as here:
        pulled = await puller.pull(order(here.url()))
    assert isinstance(pulled, Failure)
    assert (pulled.reason, pulled.detail) == (Reason.TOO_LARGE, "the calendar is larger than 5242880 bytes")


async def test_an_endless_body_is_left_where_it_becomes_too_large(puller, order):
    sent = 0

    async def flood(_, writer):
        nonlocal sent
        writer.write(http(Content_Length=None))
        while True:
            writer.write(bytes(65536))
            await writer.drain()
            sent += 65536

    async with portal(flood) as here:
        pulled = await puller.pull(order(here.url(), max_size=100_000))
        assert isinstance(pulled, Failure)
        assert pulled.reason is Reason.TOO_LARGE
    # what the kernel's buffers took is on the way already
    assert sent < 20_000_000


@pytest.mark.parametrize(
    "bomb",
    [
        lambda: http(zipped(bytes(50_000_000)), Content_Encoding="gzip"),
        lambda: http(zipped(bytes(50_000_000))),
        lambda: http(zipped(zipped(bytes(50_000_000))), Content_Encoding="gzip"),
        lambda: http(b"".join(zipped(bytes(1_000_000)) for _ in range(10)), Content_Encoding="gzip"),
        lambda: http(zlib.compress(bytes(50_000_000)), Content_Encoding="deflate"),
    ],
    ids=["gzip", "unannounced", "double", "members", "deflate"],
)
async def test_a_small_answer_that_unpacks_to_a_huge_one_is_too_large(puller, order, bomb):
    async with portal(says(bomb())) as here:
        pulled = await puller.pull(order(here.url()))
    assert isinstance(pulled, Failure)
    assert pulled.reason is Reason.TOO_LARGE


async def test_nothing_tells_the_url_or_the_body(puller, order, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    talks = [
        says(http(b"Guest Jane Doe", "500 Jane Doe")),
        says(http(b"", "302 Found", Location=SECRET)),
        says(b"Jane Doe is no HTTP\r\n\r\n"),
        says(http(b"Jane Doe", Content_Length="100")),
        says(http(b"Jane Doe")),
    ]
    told = []
    for talk in talks:
        async with portal(talk) as here:
            asked = order(here.url(SECRET))
            told += [repr(asked), repr(await puller.pull(asked))]
    told += [repr(await puller.pull(order(f"https://127.0.0.1:{closed_port()}{SECRET}")))]
    told += [repr(await puller.pull(order(f"gopher://127.0.0.1{SECRET}")))]
    told += [repr(await puller.pull(order(f"file:///nowhere{SECRET}")))]
    printed = capsys.readouterr()
    everything = "\n".join([*told, caplog.text, printed.out, printed.err])
    assert "s3cr3t" not in everything
    assert "Jane" not in everything


async def test_no_validators_of_another_body_are_sent_unasked(puller, order):
    async with portal(says(http())) as here:
        await puller.pull(order(here.url()))
        await puller.pull(order(here.url(), validators=Validators('"a"', "Sun, 22 Nov 2026 12:00:00 GMT")))
    first, second = (asked.headers for asked in here.asked)
    assert "if-none-match" not in first
    assert "if-modified-since" not in first
    assert second["if-none-match"] == '"a"'
    assert second["if-modified-since"] == "Sun, 22 Nov 2026 12:00:00 GMT"
