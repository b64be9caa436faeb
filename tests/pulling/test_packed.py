"""A portal's packed answer costs what its size says, and none of the event loop."""

from __future__ import annotations

import gzip
import threading

import pytest

from icalsyncd.calendars.calendar import Reason
from icalsyncd.pulling import pull
from icalsyncd.pulling.compression import Damage, unpacked
from icalsyncd.pulling.order import Body, Failure
from tests.pulling.portal import CALENDAR, http, portal, says

LIMIT = 5 * 2**20


async def test_a_body_of_very_many_members_is_refused_in_both_of_its_layers(puller, order):
    many = gzip.compress(b"") * 262_000
    for body in (many, gzip.compress(many), gzip.compress(gzip.compress(many))):
        async with portal(says(http(body, Content_Encoding="gzip"))) as here:
            pulled = await puller.pull(order(here.url(), max_size=2 * len(many)))
        assert isinstance(pulled, Failure)
        assert pulled.reason is Reason.TOO_LARGE
        assert "pieces" in pulled.detail


@pytest.mark.parametrize("pieces", [1, 2, 63, 64])
def test_as_many_members_as_anybody_writes_are_read(pieces):
    size = len(CALENDAR) // pieces + 1
    packed = b"".join(gzip.compress(CALENDAR[at * size : (at + 1) * size]) for at in range(pieces))
    assert unpacked(packed, "", LIMIT) == CALENDAR
    assert unpacked(packed + bytes(100_000), "", LIMIT) == CALENDAR


def test_one_member_more_is_refused():
    assert unpacked(gzip.compress(b"x") * 65, "", LIMIT) is Damage.PIECES


@pytest.mark.parametrize("over", [0, 1])
def test_the_limit_holds_whatever_the_steps(over):
    content = bytes(range(256)) * 2048
    packed = gzip.compress(content, 1) + gzip.compress(bytes(1 + over))
    expected = Damage.TOO_LARGE if over else content + b"\0"
    assert unpacked(packed, "", len(content) + 1) == expected


@pytest.mark.parametrize("lost", [1, 8, 100])
def test_a_large_member_that_is_cut_off_is_told_as_such(lost):
    import random

    packed = gzip.compress(random.Random(1).randbytes(300_000))
    assert unpacked(packed[:-lost], "", LIMIT) is Damage.CUT


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_nothing_is_unpacked_on_the_event_loop(puller, order, monkeypatch, encoding):
    seen = []

    def unpack(body, encoding, max_size):
        seen.append(threading.current_thread())
        return unpacked(body, encoding, max_size)

    monkeypatch.setattr(pull, "unpacked", unpack)
    async with portal(says(http(gzip.compress(CALENDAR), Content_Encoding=encoding))) as here:
        pulled = await puller.pull(order(here.url()))
    assert isinstance(pulled, Body)
    assert pulled.body == CALENDAR
    assert len(seen) == 1
    assert threading.main_thread() not in seen
