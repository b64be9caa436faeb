"""Where a pull goes: redirects, the guard on addresses, and what is sent to whom."""

from __future__ import annotations

import asyncio
import zlib
from ipaddress import ip_network

import pytest
from aiohttp.client_proto import ResponseHandler

from icalsyncd.calendars.calendar import Reason
from icalsyncd.pulling.bounded_sockets import MOST
from icalsyncd.pulling.order import Body, Failure, NotModified
from icalsyncd.pulling.pull import Puller
from icalsyncd.pulling.slots import Slots
from icalsyncd.state.copy import Validators
from tests.pulling.portal import CALENDAR, http, portal, routes, says, zipped

ONE = (ip_network("127.0.0.1/32"),)


def to(location: str, status: str = "302 Found") -> bytes:
    return http(b"", status, Location=location)


@pytest.mark.parametrize(
    "written",
    [
        "http://127.0.0.1:PORT/",
        "http://localhost:PORT/",
        "http://LOCALHOST:PORT/",
        "http://127.1:PORT/",
        "http://2130706433:PORT/",
        "http://0x7f000001:PORT/",
        "http://0177.0.0.1:PORT/",
        "http://0.0.0.0:PORT/",
        "http://[::ffff:127.0.0.1]:PORT/",
        "http://[::ffff:7f00:1]:PORT/",
        "http://[::1]:PORT/",
        "http://[::]:PORT/",
        "http://user:password@127.0.0.1:PORT/",
        "http://example.org@127.0.0.1:PORT/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:10.0.0.1]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://[fd00:ec2::254]/",
        "http://192.168.1.1/",
    ],
)
async def test_a_private_address_is_refused_however_it_is_written(puller, order, written):
    async with portal(says(http())) as here:
        written = written.replace("PORT", str(here.port))
        pulled = await puller.pull(order(written, allow_private=False))
        assert isinstance(pulled, Failure)
        assert pulled.reason is Reason.ADDRESS_REFUSED
        assert "pull.allow_private_addresses" in pulled.detail
    assert here.connections == 0


@pytest.mark.parametrize(
    "location", ["http://127.0.0.2:PORT/", "http://169.254.169.254/latest/meta-data/", "http://[::ffff:10.0.0.1]/"]
)
async def test_each_hop_of_a_redirect_is_checked(puller, order, location):
    async with (
        portal(says(http()), address="127.0.0.2") as inside,
        portal(says(to(location.replace("PORT", str(inside.port))))) as here,
    ):
        pulled = await puller.pull(order(here.url(), allow_private=ONE))
    assert isinstance(pulled, Failure)
    assert pulled.reason is Reason.ADDRESS_REFUSED
    assert inside.connections == 0


async def test_a_public_name_for_a_private_address_is_refused(order):
    async with portal(says(http())) as here, Puller(lookup=lambda *_: ["127.0.0.1"]) as puller:
        pulled = await puller.pull(order(here.url(host="portal.example"), allow_private=False))
        allowed = await puller.pull(order(here.url(host="portal.example")))
    assert isinstance(pulled, Failure)
    assert pulled.reason is Reason.ADDRESS_REFUSED
    assert isinstance(allowed, Body)
    assert here.asked[0].headers["host"] == f"portal.example:{here.port}"


async def test_a_name_is_looked_up_once_and_that_answer_connected_to(order):
    answers = iter([["127.0.0.1"], ["127.0.0.2"]])
    async with portal(says(http())) as here, Puller(lookup=lambda *_: next(answers)) as puller:
        pulled = await puller.pull(order(here.url(host="rebinding.example"), allow_private=ONE))
        again = await puller.pull(order(here.url(host="rebinding.example"), allow_private=ONE))
    assert isinstance(pulled, Body)
    assert isinstance(again, Failure)
    assert again.reason is Reason.ADDRESS_REFUSED


async def test_of_several_addresses_only_those_that_pass_are_connected_to(order):
    async with (
        portal(says(http())) as here,
        portal(says(http()), address="127.0.0.2") as inside,
        Puller(lookup=lambda *_: ["127.0.0.2", "10.0.0.1", "127.0.0.1"]) as puller,
    ):
        pulled = await puller.pull(order(here.url(host="mixed.example"), allow_private=ONE))
    assert isinstance(pulled, Body)
    assert inside.connections == 0


async def test_a_connection_is_not_kept_for_a_pull_that_may_not_make_it(puller, order):
    async with portal(says(http(Connection="keep-alive"))) as here:
        assert isinstance(await puller.pull(order(here.url())), Body)
        refused = await puller.pull(order(here.url(), allow_private=False))
    assert isinstance(refused, Failure)
    assert here.connections == 1


async def test_a_proxy_of_the_environment_is_not_used(puller, order, monkeypatch):
    async with portal(says(http(b"", "500 Proxy"))) as proxy, portal(says(http())) as here:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url(""))
        assert isinstance(await puller.pull(order(here.url())), Body)
    assert not proxy.asked


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("/c/%2Fk%41y%c3%a9.ics?s=a%2Bb+c&x=%7e&&y", "/c/%2Fk%41y%c3%a9.ics?s=a%2Bb+c&x=%7e&&y"),
        ("/a/../b/./c//d?../e", "/a/../b/./c//d?../e"),
        ("/ics?u=http://x.example/?a=b@c", "/ics?u=http://x.example/?a=b@c"),
        ("/x.ics#fragment", "/x.ics"),
        ("?token=1", "/?token=1"),
        ("", "/"),
        ("/käse datei.ics?ö", "/k%C3%A4se%20datei.ics?%C3%B6"),
        ("/a\r\nX-Evil: 1", "/a%0D%0AX-Evil:%201"),
        ("/{a}|<b>'\"`^", "/{a}|<b>'\"`^"),
    ],
)
async def test_a_url_is_sent_as_it_is_written(puller, order, written, sent):
    async with portal(says(http())) as here:
        assert isinstance(await puller.pull(order(here.url(written))), Body)
    assert here.asked[0].line == f"GET {sent} HTTP/1.1"


async def test_a_name_beyond_ascii_is_asked_in_its_ascii_form(order):
    names = []

    def lookup(host, port):
        names.append(host)
        return ["127.0.0.1"]

    async with portal(says(http())) as here, Puller(lookup=lookup) as puller:
        assert isinstance(await puller.pull(order(here.url(host="bücher.example"))), Body)
    assert names == ["xn--bcher-kva.example"]
    assert here.asked[0].headers["host"] == f"xn--bcher-kva.example:{here.port}"


async def test_the_password_of_a_url_goes_to_its_own_host_only(order):
    async with (
        Puller(lookup=lambda *_: ["127.0.0.1"]) as puller,
        portal(says(http())) as there,
        portal(routes(a=to("/b"), b=to(there.url(host="other.example")))) as here,
    ):
        url = here.url("/a").replace("://", "://us%40er:p%3Ass@")
        assert isinstance(await puller.pull(order(url)), Body)
    assert [asked.headers.get("authorization") for asked in here.asked] == ["Basic dXNAZXI6cDpzcw=="] * 2
    assert "authorization" not in there.asked[0].headers
    assert "us" not in here.asked[0].headers["host"]


async def test_the_question_names_us_and_what_we_read(puller, order):
    async with portal(says(http())) as here:
        await puller.pull(order(here.url()))
    headers = here.asked[0].headers
    assert headers["user-agent"] == "icalsyncd/test (+https://example.org)"
    assert headers["accept"] == "text/calendar, */*;q=0.1"
    assert headers["accept-encoding"] == "gzip, deflate"
    assert "cookie" not in headers


async def test_cookies_are_not_kept(puller, order):
    answers = routes(a=http(b"", "302 Found", Location="/b", Set_Cookie="a=1"), b=http(Set_Cookie="b=2"))
    async with portal(answers) as here:
        await puller.pull(order(here.url("/a")))
        await puller.pull(order(here.url("/b")))
    assert len(here.asked) == 3
    assert not any("cookie" in asked.headers for asked in here.asked)


async def test_a_body_comes_with_its_validators_and_a_304_means_it_again(puller, order):
    modified = "Sun, 22 Nov 2026 12:00:00 GMT"

    async def talk(asked, writer):
        known = asked.headers.get("if-none-match") == 'W/"7"'
        writer.write(http(b"", "304 Not Modified") if known else http(ETag='W/"7"', Last_Modified=modified))

    async with portal(talk) as here:
        first = await puller.pull(order(here.url()))
        assert isinstance(first, Body)
        assert first.validators == Validators('W/"7"', modified)
        assert await puller.pull(order(here.url(), validators=first.validators)) == NotModified(None)


async def test_a_validator_that_no_header_can_hold_is_not_kept(puller, order):
    async with portal(says(http(ETag='"\xe9\x07"', Last_Modified="x" * 2000))) as here:
        pulled = await puller.pull(order(here.url()))
    assert isinstance(pulled, Body)
    assert pulled.validators is None


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (zipped(CALENDAR), "gzip"),
        (zipped(CALENDAR), "x-gzip"),
        (zipped(CALENDAR), None),
        (zipped(CALENDAR), "deflate"),
        (zipped(CALENDAR) + bytes(100), "gzip"),
        (zipped(CALENDAR[:20]) + zipped(CALENDAR[20:]), "gzip"),
        (zipped(zipped(CALENDAR)), "gzip"),
        (zipped(zipped(CALENDAR)), "gzip, gzip"),
        (zlib.compress(CALENDAR), "deflate"),
        (zlib.compress(CALENDAR)[2:-4], "deflate"),
        (CALENDAR, "gzip"),
        (CALENDAR, "deflate"),
        (CALENDAR, "br"),
        (CALENDAR, "identity"),
    ],
)
async def test_the_body_decides_how_it_is_unpacked(puller, order, body, encoding):
    async with portal(says(http(body, Content_Encoding=encoding))) as here:
        pulled = await puller.pull(order(here.url()))
    assert isinstance(pulled, Body)
    assert pulled.body == CALENDAR


@pytest.mark.parametrize(
    "answer",
    [
        http(b""),
        http(b"", "204 No Content", Content_Length=None),
        http(b"", Content_Encoding="gzip"),
        http(b"", Content_Length=None, Transfer_Encoding="chunked") + b"0\r\n\r\n",
        http(b"", Content_Length=None),
    ],
)
async def test_an_empty_answer_is_a_body_that_the_reader_judges(puller, order, answer):
    async with portal(says(answer)) as here:
        pulled = await puller.pull(order(here.url()))
    assert isinstance(pulled, Body)
    assert pulled.body == b""


async def test_a_web_page_is_a_body_that_the_reader_judges(puller, order):
    page = b"<!doctype html><title>Log in</title>"
    async with portal(says(http(page, Content_Type="text/html"))) as here:
        pulled = await puller.pull(order(here.url()))
    assert isinstance(pulled, Body)
    assert pulled.body == page


@pytest.fixture
def pieces(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes aiohttp is given to parse each time; it parses them all as before."""
    seen: list[int] = []
    parse = ResponseHandler.data_received

    def watched(self, data):
        seen.append(len(data))
        parse(self, data)

    monkeypatch.setattr(ResponseHandler, "data_received", watched)
    return seen


@pytest.mark.needs("openssl")
async def test_little_is_parsed_before_others_have_a_turn(trusting, order, tls, pieces):
    # 256 KiB of such answers, or of such chunks, held everybody up for 80 ms
    early = b"HTTP/1.1 103 Early Hints\r\n\r\n" * 12_000
    crumbs = http(b"1\r\na\r\n" * 50_000 + b"0\r\n\r\n", Content_Length=None, Transfer_Encoding="chunked")
    for context in (None, tls):
        async with portal(says(early + crumbs), context) as here:
            pulled = await trusting.pull(order(here.url()))
        assert isinstance(pulled, Body)
        assert pulled.body == b"a" * 50_000
        # a record of TLS, which has up to 16 KiB, is given as a whole
        assert 0 < max(pieces) <= (MOST if context is None else 3 * MOST)
        pieces.clear()


async def test_a_body_that_comes_in_crumbs_is_whole(puller, order):
    crumbs = [CALENDAR[n : n + 1] for n in range(len(CALENDAR))]
    async with portal(says(http(Content_Length=None)[: -len(CALENDAR)], *crumbs)) as here:
        pulled = await puller.pull(order(here.url()))
    assert isinstance(pulled, Body)
    assert pulled.body == CALENDAR


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("scheme", ["webcal", "webcals", "WebCal", "HTTPS"])
async def test_webcal_is_https(trusting, order, tls, scheme):
    async with portal(says(http()), tls) as here:
        pulled = await trusting.pull(order(here.url().replace("https", scheme)))
    assert pulled == Body(CALENDAR, None, None)


@pytest.mark.parametrize(
    "written", ["", "calendar.ics", "ftp://x.example/", "http://", "https:///x", "webcal:x.example/c"]
)
async def test_what_is_no_url_of_a_calendar_is_a_failure(puller, order, written):
    pulled = await puller.pull(order(written))
    assert isinstance(pulled, Failure)
    assert pulled.reason is Reason.CONNECT


async def test_at_most_two_pulls_run_at_once_at_one_host(order):
    async def slow(_, writer):
        await asyncio.sleep(0.03)
        writer.write(http())

    async with portal(slow) as here, Puller(lookup=lambda *_: ["127.0.0.1"]) as puller:
        one_host = [order(here.url(f"/{n}", host="One.example" if n % 2 else "one.example")) for n in range(8)]
        assert all(isinstance(pulled, Body) for pulled in await asyncio.gather(*map(puller.pull, one_host)))
        assert here.most_open == 2
        hosts = [order(here.url(host=f"portal-{n}.example")) for n in range(6)]
        await asyncio.gather(*map(puller.pull, hosts))
        assert here.most_open == 6
        assert len(puller.busy_hosts) == 0


async def test_waiting_for_a_slot_does_not_count_as_the_portals_time(puller, order):
    async def slow(_, writer):
        await asyncio.sleep(0.1)
        writer.write(http())

    async with portal(slow) as here:
        pulled = await asyncio.gather(*(puller.pull(order(here.url(), timeout=0.19)) for _ in range(4)))
    assert all(isinstance(one, Body) for one in pulled)


async def test_a_cancelled_pull_gives_its_slot_and_its_connection_back(puller, order):
    both_asked = asyncio.Event()

    async def talk(asked, writer):
        if asked.path == "/hang":
            if here.open == 2:
                both_asked.set()
            await asyncio.sleep(60)
        writer.write(http())

    async with portal(talk) as here:
        hanging = [asyncio.create_task(puller.pull(order(here.url("/hang")))) for _ in range(4)]
        await both_asked.wait()
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
        assert all(task.cancelled() for task in hanging)
        assert isinstance(await puller.pull(order(here.url("/fine"))), Body)
        assert len(puller.busy_hosts) == 0


async def test_many_hosts_together_have_a_limit_too():
    slots = Slots(2, 3)
    inside = most = 0

    async def take(host):
        nonlocal inside, most
        async with slots.slot(host):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(take(f"portal-{n % 5}.example") for n in range(40)))
    assert most == 3
    assert slots.hosts == frozenset()
