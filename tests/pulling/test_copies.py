"""A stored copy and its validators belong together: what is read anew is what the portal last said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.end_to_end.portal import calendar, day, portals
from tests.pulling.house import A, B, Gate, House, house, sync


def uid_of(feed: bytes, start: int) -> str:
    """The UID of the event that begins *start* days from now."""
    unfolded = feed.replace(b"\r\n ", b"").decode()
    event = next(each for each in unfolded.split("BEGIN:VEVENT") if f"{day(start):%Y%m%d}" in each)
    found = re.search(r"UID:(.*?)\r\n", event)
    assert found
    return found[1]


async def fetched(made: House, name: str) -> bytes:
    """The portal of *name* reads its feed."""
    from icalsyncd.availability.attribution import fetched as entered

    await made.journal.stored()
    feed = made.hub.view.feed(("house", name))
    assert feed is not None
    state, now = made.journal.current["house"], made.hub.clock.now()
    made.journal.put("house", state.with_ledger(entered(state.ledger, name, feed.nights, now=now, looked=True), now))
    return feed.plain.body


@pytest.mark.parametrize("how", ["midnight", "a setting"])
async def test_a_booking_of_nights_that_its_portal_repeated_stays_closed(tmp_path: Path, how: str) -> None:
    async with portals(2) as (a, b), house(tmp_path, sync("a", a), sync("b", b)) as made:
        Gate(b)
        a.body, b.body = calendar((10, 12), (60, 61)), calendar((70, 71))
        await made.hub.intake.pull(A)
        await made.hub.intake.pull(B)
        uid = uid_of(await fetched(made, "b"), 10)
        sold = calendar((10, 12), (70, 71))
        b.body = sold.replace(b"10-12-0@portal.example", uid.encode())
        await made.hub.intake.pull(B)
        a.body = calendar((60, 61))
        await made.hub.intake.pull(A)
        await fetched(made, "b")
        b.body = sold
        await made.hub.intake.pull(B)
        assert 10 in await made.shown("a"), "the nights were sold at b itself"

        if how == "midnight":
            await made.tomorrow()
        else:
            await made.save(sync("a", a), sync("b", b, ", ignore: ['no such summary']"))
            await made.quiet()
        assert 10 in await made.shown("a")
        await made.hub.intake.pull(B)
        assert 10 in await made.shown("a")


@pytest.mark.parametrize(
    ("before", "after"),
    [(", block: [Blocked], claims: not_blocks", ", block: [Blocked], claims: all"), (", ignore: [Blocked]", "")],
)
async def test_a_setting_is_applied_to_the_last_copy(tmp_path: Path, before: str, after: str) -> None:
    async with portals(2) as (a, b), house(tmp_path, sync("a", a, before), sync("b", b)) as made:
        gate = Gate(a)
        a.body = calendar((10, 12, "Reserved"))
        await made.hub.intake.pull(A)
        await made.hub.intake.pull(B)
        a.body = calendar((10, 12, "Reserved"), (20, 22, "Blocked"))
        await made.hub.intake.pull(A)
        assert 20 not in await made.shown()
        await made.save(sync("a", a, after), sync("b", b))
        await made.hub.intake.pull(A)
        assert gate.answered[-1] == 304
        assert {10, 11, 20, 21} <= await made.shown()


async def test_not_modified_is_no_reading_under_new_settings(tmp_path: Path) -> None:
    """The pull gets its turn before the copy is read anew."""
    async with portals(2) as (a, b), house(tmp_path, sync("a", a, ", ignore: [Blocked]"), sync("b", b)) as made:
        Gate(a)
        a.body = calendar((10, 12, "Reserved"), (20, 22, "Blocked"))
        await made.hub.intake.pull(A)
        await made.hub.intake.pull(B)
        made.hub._reread_soon = lambda name: None  # type: ignore[method-assign]
        await made.save(sync("a", a), sync("b", b))
        await made.hub.intake.pull(A)
        assert 20 in await made.shown()
