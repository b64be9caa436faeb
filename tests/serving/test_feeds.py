"""The feeds listener as portals and strangers see it."""

from __future__ import annotations

import gzip
import socket

import pytest
from yarl import URL

from tests.end_to_end.daemon import LOOK, Daemon, nights_of
from tests.end_to_end.portal import Portal, calendar

pytestmark = pytest.mark.slow


async def test_a_feed_is_served_as_http_wants_it(running: Daemon, three: list[Portal]) -> None:
    three[0].body = calendar((10, 13))
    await running.pull()
    link = running.links()["casa-azul/vrbo"]
    status, body, headers = await running.ask("GET", link)
    assert status == 200
    assert headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert headers["Cache-Control"] == "no-cache"
    assert headers["ETag"].startswith('"')
    assert "aiohttp" not in headers["Server"]
    assert "Python" not in headers["Server"]
    base, _, file = link.rpartition("/")
    for other_way in (link + "?t=1", f"{base}/behind/a/proxy/{file}", f"{base}/%{ord(file[0]):x}{file[1:]}"):
        assert (await running.ask("GET", URL(other_way, encoded=True)))[1] == body
    again, nothing, _ = await running.ask("GET", link, {"If-None-Match": headers["ETag"]})
    assert (again, nothing) == (304, b"")
    assert (await running.ask("GET", link, {"If-Modified-Since": headers["Last-Modified"]}))[0] == 304
    assert (await running.ask("GET", link, {"If-None-Match": '"another"'}))[0] == 200
    head, nothing, headers_of_head = await running.ask("HEAD", link)
    assert (head, nothing, headers_of_head["Content-Length"]) == (200, b"", str(len(body)))
    _, zipped, headers = await running.ask("GET", link, {"Accept-Encoding": "gzip"})
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped) == body
    assert len(nights_of(body)) == 3


async def test_anything_else_is_not_found_without_a_hint(running: Daemon) -> None:
    base = f"http://127.0.0.1:{running.listen}"
    link = running.links()["casa-azul/vrbo"]
    seen = {
        (status, body, headers.get("Content-Type"), headers["Server"])
        for status, body, headers in [
            await running.ask("GET", base + "/"),
            await running.ask("GET", base + "/metrics"),
            await running.ask("GET", link[:-4]),
            await running.ask("GET", link[:-6] + "xx.ics"),
            await running.ask("POST", link),
            await running.ask("DELETE", link),
            await running.ask("GET", base + "/%00/..%2f.ics"),
        ]
    }
    assert len(seen) == 1
    assert next(iter(seen))[0] == 404


async def test_a_request_that_is_no_http_learns_no_version(running: Daemon) -> None:
    with socket.create_connection(("127.0.0.1", running.listen)) as connection:
        connection.sendall(b"garbage\r\n\r\n")
        connection.settimeout(3)
        answer = connection.recv(4096)
    assert b"aiohttp" not in answer
    assert b"Python" not in answer


async def test_what_counts_as_a_fetch(running: Daemon) -> None:
    link = running.links()["casa-azul/vrbo"]

    async def fetched() -> bool:
        return (await running.sync("casa-azul/vrbo"))["last_fetch"] is not None

    await running.ask("HEAD", link)
    await running.ask("GET", link, {"Range": "bytes=0-10"})
    await running.ask("GET", link, LOOK)
    assert not await fetched()
    await running.ask("GET", link)
    assert await fetched()


async def test_a_page_of_another_site_cannot_drive_the_daemon(running: Daemon) -> None:
    base = f"http://127.0.0.1:{running.admin}"
    assert (await running.ask("POST", base + "/-/pull", {"Origin": "https://evil.example"}))[0] == 403
    assert (await running.ask("GET", base + "/", {"Host": "evil.example"}))[0] == 403
    assert (await running.ask("GET", base + "/api/v1/status", {"Host": "evil.example"}))[0] == 403
    assert (await running.ask("POST", base + "/-/reload", {"Host": "evil.example"}))[0] == 403
    assert (await running.ask("GET", base + "/metrics", {"Host": "prometheus.lan"}))[0] == 403
    assert (await running.ask("GET", base + "/metrics", {"Host": "192.168.1.7:15545"}))[0] == 200
    assert (await running.ask("GET", base + "/-/healthy", {"Host": "prometheus.lan"}))[0] == 200
    assert (await running.ask("POST", base + "/-/reload", {"Origin": base}))[0] == 200
