"""Each way in which a portal fails leaves every feed byte for byte as it was, with its reason said everywhere."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from tests.end_to_end.conftest import two_houses
from tests.end_to_end.daemon import Daemon, free_port
from tests.end_to_end.portal import Answer, Portal, calendar

pytestmark = pytest.mark.slow


async def answers_500(request: web.Request) -> web.StreamResponse:
    return web.Response(status=500)


async def hangs(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(30)
    return web.Response()


async def cuts_the_body(request: web.Request) -> web.StreamResponse:
    body = calendar((50, 60))
    response = web.StreamResponse(headers={"Content-Type": "text/calendar", "Content-Length": str(len(body))})
    await response.prepare(request)
    await response.write(body[:-30])
    assert request.transport is not None
    request.transport.close()
    return response


async def ends_early(request: web.Request) -> web.StreamResponse:
    return web.Response(body=calendar((50, 60))[:-30])


async def sends_html(request: web.Request) -> web.StreamResponse:
    return web.Response(text="<html><body>Please log in</body></html>", content_type="text/html")


async def sends_nothing(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"", content_type="text/calendar")


async def sends_50_mb(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    try:
        for _ in range(50):
            await response.write(b"X" * 2**20)
    except (ConnectionError, asyncio.CancelledError):
        pass
    return response


async def answers_404(request: web.Request) -> web.StreamResponse:
    return web.Response(status=404)


async def asks_for_patience(request: web.Request) -> web.StreamResponse:
    return web.Response(status=429, headers={"Retry-After": "120"})


async def leads_in_a_circle(request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": str(request.url)})


async def leads_to_a_cloud_s_own_address(request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": "http://169.254.169.254/latest/meta-data"})


async def leads_to_where_nobody_listens(request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": f"http://127.0.0.1:{free_port()}/"})


async def leads_to_tls_that_is_none(request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": f"https://127.0.0.1:{request.url.port}/"})


async def leads_to_a_name_that_cannot_be(request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": f"http://{'a' * 64}.example/"})


async def sends_too_many_events(request: web.Request) -> web.StreamResponse:
    return web.Response(body=calendar(*[(10, 11)] * 20_001))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (answers_404, "http_4xx"),
        (asks_for_patience, "http_429"),
        (leads_in_a_circle, "redirect"),
        (leads_to_a_cloud_s_own_address, "address_refused"),
        (leads_to_where_nobody_listens, "connect"),
        (leads_to_tls_that_is_none, "tls"),
        (leads_to_a_name_that_cannot_be, "dns"),
        (sends_too_many_events, "too_many_events"),
        (answers_500, "http_5xx"),
        (hangs, "timeout"),
        (cuts_the_body, "truncated"),
        (ends_early, "truncated"),
        (sends_html, "not_calendar"),
        (sends_nothing, "empty"),
        (sends_50_mb, "too_large"),
    ],
)
async def test_a_portal_that(answer: Answer, reason: str, running: Daemon, three: list[Portal]) -> None:
    text = two_houses(running, *three).replace("_addresses: true", "_addresses: [127.0.0.0/8]")
    # the others wait for as long as they must
    running.write(text.replace("timeout: 10s", "timeout: 3s") if reason == "timeout" else text)
    await running.post("/-/reload")
    three[0].body = calendar((10, 13))
    await running.pull()
    before = await running.feeds()
    three[0].answer = answer
    (report,) = await running.pull("casa-azul/holidu")
    assert (report["outcome"], report["reason"]) == ("failed", reason)
    assert await running.feeds() == before
    labels = {"accommodation": "casa-azul", "sync": "holidu", "reason": reason}
    assert await running.metric("icalsyncd_sync_pull_failures_total", **labels) == 1.0
    sync = await running.sync("casa-azul/holidu")
    assert sync["state"] == "failing"
    assert sync["reason"].startswith(reason)
    assert f"reason={reason}" in running.words()
    three[0].answer = None
    (report,) = await running.pull("casa-azul/holidu")
    assert report["outcome"] in ("updated", "not_modified")
    assert (await running.sync("casa-azul/holidu"))["state"] == "ok"
    assert await running.feeds() == before
