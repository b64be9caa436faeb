"""A daemon learns what a portal makes of what it imports."""

from __future__ import annotations

import pytest

from tests.end_to_end.conftest import two_houses
from tests.end_to_end.daemon import Daemon, nights_of
from tests.end_to_end.portal import Portal, calendar, day

pytestmark = pytest.mark.slow

BOOKED = ((20, 22), (30, 33), (40, 42), (50, 53), (60, 62))


async def told(running: Daemon) -> set[str]:
    return nights_of((await running.peek("casa-azul/vrbo"))[1])


async def test_a_portal_that_repeats_a_day_early_makes_no_ghosts_once_that_is_known(
    running: Daemon, three: list[Portal]
) -> None:
    running.write(two_houses(running, *three))
    early, seller, _ = three
    await running.pull("casa-azul/holidu")
    await running.pull("casa-azul/vrbo")
    await running.fetch("casa-azul/holidu")
    for count in range(1, 5):
        seller.body = calendar(*BOOKED[:count])
        await running.pull("casa-azul/vrbo")
        await running.fetch("casa-azul/holidu")
        early.body = calendar(*((start - 1, end - 1) for start, end in BOOKED[:count]))
        await running.pull("casa-azul/holidu")
        # the night before each of them is told to the seller, until four came back alike
        assert await told(running) == (
            {day(start - 1).isoformat() for start, _ in BOOKED[:count]} if count < 4 else set()
        )
    sync = await running.sync("casa-azul/holidu")
    assert sync["learned"]["change"] == [-1, -1]
    assert sync["learned"]["asks"].startswith("HTTP/1.1, unconditional")
    _, body = await running.get("/")
    assert "It shows what it has read 1 day early." in body.decode()

    running.kill()
    await running.up()
    seller.body = calendar(*BOOKED)
    await running.pull("casa-azul/vrbo")
    await running.fetch("casa-azul/holidu")
    early.body = calendar(*((start - 1, end - 1) for start, end in BOOKED))
    await running.pull("casa-azul/holidu")
    assert await told(running) == set()
    # a booking of its own is one
    early.body = calendar(*((start - 1, end - 1) for start, end in BOOKED), (70, 72))
    await running.pull("casa-azul/holidu")
    assert await told(running) == {day(70).isoformat(), day(71).isoformat()}
