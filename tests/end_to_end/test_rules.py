"""A daemon and a portal that closes nights by its own settings, which its host has written down."""

from __future__ import annotations

from typing import Any

import pytest

from tests.end_to_end.conftest import two_houses
from tests.end_to_end.daemon import Daemon, nights_of
from tests.end_to_end.portal import Portal, calendar, day

pytestmark = pytest.mark.slow

SYNC = "casa-azul/holidu"
WINDOW, NOTICE = (100, 400, "Closed"), (0, 2, "Closed")
BOOKINGS = ((10, 20, "Booked"), (30, 40, "Booked"))


def nights(*stays: tuple[int, int, str]) -> set[str]:
    return {day(offset).isoformat() for start, end, _ in stays for offset in range(start, end)}


async def seen(running: Daemon) -> set[str]:
    return nights_of((await running.peek("casa-azul/vrbo"))[1])


async def written(running: Daemon, three: list[Portal], more: str) -> None:
    text = two_houses(running, *three)
    url = f"        url: {three[0].url}/1\n"
    assert url in text
    running.write(text.replace(url, url + "".join(f"        {line}\n" for line in more.split(", "))))
    await running.post("/-/reload")


async def test_a_window_is_told_to_nobody_shown_and_does_not_hide_the_loss_of_the_bookings(
    running: Daemon, three: list[Portal]
) -> None:
    three[0].body = calendar(*BOOKINGS, WINDOW)
    await running.pull(SYNC)
    assert await seen(running) == nights(*BOOKINGS, WINDOW)
    await written(running, three, "block: [Closed], reservation: [Booked], portal_window: 100d, portal_notice: 2d")
    three[0].body = calendar(*BOOKINGS, WINDOW, NOTICE)
    (report,) = await running.pull(SYNC)
    assert report["outcome"] == "updated"
    assert await seen(running) == nights(*BOOKINGS)

    status: dict[str, Any] = await running.status()
    (sync,) = (each for house in status["accommodations"] for each in house["syncs"] if each["id"] == SYNC)
    assert [(each["rule"], each["from"], each["closes"]) for each in sync["rules"]] == [
        ("notice", day(0).isoformat(), False),
        ("booking window", day(100).isoformat(), False),
    ]
    _, body = await running.get("/")
    assert "own booking window" in body.decode()
    # a faulty copy with the window alone
    three[0].body = calendar(WINDOW, NOTICE)
    (report,) = await running.pull(SYNC)
    assert (report["outcome"], report["freed"]) == ("held", 0)
    assert await seen(running) == nights(*BOOKINGS)
    # and what the host wants closed is closed at once, after a restart too
    three[0].body = calendar(*BOOKINGS, WINDOW, NOTICE)
    await running.pull(SYNC)
    await written(
        running, three, "block: [Closed], reservation: [Booked], portal_window: 100d, portal_notice: 2d, rules: close"
    )
    assert await seen(running) == nights(*BOOKINGS, WINDOW, NOTICE)
    running.kill()
    await running.up()
    assert await seen(running) == nights(*BOOKINGS, WINDOW, NOTICE)
