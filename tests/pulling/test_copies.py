"""A stored copy and its validators belong together: what is read anew is what the portal last said."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from icalsyncd.calendars.settings import ReadSettings
from icalsyncd.pulling.copies import _is_plain
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


@pytest.mark.parametrize(
    "hidden",
    [
        b"RR\r\n ULE:FREQ=DAILY",
        b"R\r\n\tRULE:FREQ=DAILY",
        b"R\n \n RULE:FREQ=DAILY",
        b"R\0RULE:FREQ=DAILY",
        b"rrule:FREQ=DAILY",
        b"RDATE:20300101",
        b"BEGIN:VTIME\r\n ZONE",
        "BEGIN:VT\u0131MEZONE".encode(),
    ],
)
def test_what_is_costly_is_not_read_on_the_loop_however_it_is_written(hidden: bytes) -> None:
    body = calendar((10, 12))
    assert _is_plain(body)
    assert _is_plain(body.replace(b"SUMMARY:", b"SUMMARY:a long\r\n  name "))
    body = body.replace(b"END:VEVENT", hidden + b"\r\nEND:VEVENT")
    assert not _is_plain(body)
    assert not _is_plain(calendar((10, 12)).decode().encode("utf-16"))


async def test_a_folded_rule_leaves_the_loop_free(tmp_path: Path) -> None:
    """The reading of it ends on another thread than the loop's."""
    import threading

    from icalsyncd.pulling import copies as module

    async with portals(1) as (a,), house(tmp_path, sync("a", a)) as made:
        seen: list[threading.Thread] = []
        real = module.read_twofold

        def read(
            body: bytes, settings: ReadSettings, kept: ReadSettings | None, today: int, *, max_size: int
        ) -> object:
            seen.append(threading.current_thread())
            return real(body, settings, kept, today, max_size=max_size)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "read_twofold", read)
            a.body = calendar((10, 12), extra="RR\r\n ULE:FREQ=DAILY;COUNT=3\r\n")
            await asyncio.wait_for(made.hub.intake.pull(A), 20)
        assert seen
        assert threading.main_thread() not in seen
