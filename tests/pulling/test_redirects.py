"""Where a portal sends a pull elsewhere: what is followed, and what is refused."""

from __future__ import annotations

import asyncio

import pytest

from icalsyncd.calendars.calendar import Reason
from icalsyncd.pulling.order import Body, Failure
from tests.pulling.portal import CALENDAR, http, portal, routes, says


def to(location: str, status: str = "302 Found") -> bytes:
    return http(b"", status, Location=location)


async def test_a_redirect_is_followed_relative_and_absolute(puller, order):
    async with (
        portal(says(http())) as there,
        portal(routes(a=to("/b"), b=to("c", "308 Permanent Redirect"), c=to(there.url()))) as here,
    ):
        pulled = await puller.pull(order(here.url("/a")))
    assert isinstance(pulled, Body)
    assert pulled.body == CALENDAR
    assert [asked.path for asked in here.asked] == ["/a", "/b", "/c"]


async def test_five_redirects_are_followed_and_no_sixth(puller, order):
    chain = {name: to(f"/{chr(ord(name) + 1)}") for name in "abcdef"}
    async with portal(routes(**chain, g=http())) as here:
        assert isinstance(await puller.pull(order(here.url("/b"))), Body)
        pulled = await puller.pull(order(here.url("/a")))
    assert pulled == Failure(Reason.REDIRECT, "more than 5 redirects")


async def test_two_portals_that_redirect_to_each_other_end_as_redirect(puller, order):
    async with portal(lambda *a: says(to(other.url()))(*a)) as here, portal(says(to(here.url()))) as other:
        pulled = await asyncio.gather(*(puller.pull(order(here.url())) for _ in range(4)))
    assert {(failure.reason, failure.detail) for failure in pulled} == {(Reason.REDIRECT, "more than 5 redirects")}


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/", "javascript:x", "webcal://127.0.0.1/"],
)
async def test_a_redirect_to_what_is_not_http_is_refused(puller, order, location):
    async with portal(says(to(location))) as here:
        pulled = await puller.pull(order(here.url()))
    assert isinstance(pulled, Failure)
    assert (pulled.reason, pulled.status) == (Reason.REDIRECT, 302)


@pytest.mark.parametrize("answer", [http(b"", "302 Found"), to("http://[::1"), to("http://h:99999/")])
async def test_a_redirect_to_nowhere_is_refused(puller, order, answer):
    async with portal(says(answer)) as here:
        pulled = await puller.pull(order(here.url()))
    assert isinstance(pulled, Failure)
    assert (pulled.reason, pulled.status) == (Reason.REDIRECT, 302)


@pytest.mark.needs("openssl")
async def test_a_redirect_from_https_to_http_is_refused(trusting, order, tls):
    async with portal(says(http())) as plain, portal(says(to(plain.url())), tls) as here:
        pulled = await trusting.pull(order(here.url()))
    assert pulled == Failure(Reason.REDIRECT, "it redirects from https to http", None, 302)
    assert not plain.asked


@pytest.mark.needs("openssl")
async def test_a_redirect_from_http_to_https_is_followed_with_a_warning(trusting, order, tls):
    async with portal(says(http()), tls) as encrypted, portal(says(to(encrypted.url()))) as here:
        pulled = await trusting.pull(order(here.url()))
    assert isinstance(pulled, Body)
    assert "http" in pulled.warnings[0]
