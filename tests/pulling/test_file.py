"""A calendar in a file of this machine."""

from __future__ import annotations

import gzip
import os
import time

import pytest

from icalsyncd.calendars.calendar import Reason
from icalsyncd.pulling.order import Body, Failure, NotModified
from icalsyncd.pulling.pull import Puller
from tests.pulling.portal import CALENDAR


async def test_a_file_is_read(puller, order, tmp_path):
    file = tmp_path / "my calendar.ics"
    file.write_bytes(CALENDAR)
    for url in (file.as_uri(), f"file://localhost{file}", f"file:{file}"):
        pulled = await puller.pull(order(url))
        assert isinstance(pulled, Body)
        assert pulled.body == CALENDAR


async def test_a_compressed_file_is_unpacked(puller, order, tmp_path):
    file = tmp_path / "calendar.ics.gz"
    file.write_bytes(gzip.compress(CALENDAR))
    pulled = await puller.pull(order(file.as_uri()))
    assert isinstance(pulled, Body)
    assert pulled.body == CALENDAR
    file.write_bytes(gzip.compress(CALENDAR)[:-3])
    assert (await puller.pull(order(file.as_uri()))).reason is Reason.TRUNCATED
    file.write_bytes(gzip.compress(bytes(10_000_000)))
    assert (await puller.pull(order(file.as_uri()))).reason is Reason.TOO_LARGE


async def test_a_file_that_has_not_changed_is_not_modified(order, tmp_path):
    file = tmp_path / "calendar.ics"
    file.write_bytes(CALENDAR)
    async with Puller(now=lambda: time.time() + 60) as later:
        first = await later.pull(order(file.as_uri()))
        assert isinstance(first, Body)
        assert first.validators is not None
        known = order(file.as_uri(), validators=first.validators)
        assert await later.pull(known) == NotModified(None)
        file.write_bytes(CALENDAR.replace(b"portal", b"another"))
        assert isinstance(await later.pull(known), Body)


async def test_a_file_that_has_just_changed_is_read_again(puller, order, tmp_path):
    file = tmp_path / "calendar.ics"
    file.write_bytes(CALENDAR)
    pulled = await puller.pull(order(file.as_uri()))
    assert isinstance(pulled, Body)
    assert pulled.validators is None


async def test_a_file_has_the_limit_of_any_calendar(puller, order, tmp_path):
    file = tmp_path / "calendar.ics"
    file.write_bytes(bytes(1001))
    assert (await puller.pull(order(file.as_uri(), max_size=1000))).reason is Reason.TOO_LARGE
    assert isinstance(await puller.pull(order(file.as_uri(), max_size=1001)), Body)


async def test_what_is_no_readable_file_is_a_failure_at_once(puller, order, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    began = time.monotonic()
    for url in (
        (tmp_path / "nowhere.ics").as_uri(),
        tmp_path.as_uri(),
        (tmp_path / "pipe").as_uri(),
        "file:///dev/zero",
        "file:///dev/null/x",
    ):
        pulled = await puller.pull(order(url))
        assert isinstance(pulled, Failure)
        assert pulled.reason is Reason.CONNECT
        assert str(tmp_path) not in pulled.detail
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "url", ["file:calendar.ics", "file://calendar.ics", "file://other.example/x.ics", "file:///a%00b"]
)
async def test_a_file_url_needs_an_absolute_path_on_this_machine(puller, order, url):
    pulled = await puller.pull(order(url))
    assert isinstance(pulled, Failure)
    assert "file:///path" in pulled.detail
