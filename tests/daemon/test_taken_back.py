"""Settings that half a file lacks count on for a while: what portals say meanwhile, who is told, and who ends it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from icalsyncd.admin.status import leaving
from icalsyncd.availability.ledger import Presence
from icalsyncd.availability.roster import hasten
from tests.end_to_end.portal import calendar, portals
from tests.pulling.house import A, House, house, sync

INCLUSIVE = ", dtend: inclusive"


def told(made: House) -> list[object]:
    """What status says is leaving."""
    return leaving(made.journal.current["house"].ledger, made.hub.removal_delay)


async def test_a_cancellation_frees_its_nights_as_ever(tmp_path: Path) -> None:
    async with portals(1) as (a,), house(tmp_path, sync("a", a, INCLUSIVE)) as made:
        a.body = calendar((10, 12), (20, 22))
        await made.hub.intake.pull(A)
        await made.save(sync("a", a))
        await made.quiet()
        assert await made.shown() == {10, 11, 12, 20, 21, 22}
        a.body = calendar((20, 22))
        await made.hub.intake.pull(A)
        assert await made.shown() == {20, 21, 22}


async def test_a_booking_that_comes_meanwhile_is_read_as_before(tmp_path: Path) -> None:
    async with portals(1) as (a,), house(tmp_path, sync("a", a, INCLUSIVE)) as made:
        a.body = calendar((10, 12))
        await made.hub.intake.pull(A)
        await made.save(sync("a", a))
        a.body = calendar((10, 12), (20, 22))
        await made.hub.intake.pull(A)
        assert await made.shown() == {10, 11, 12, 20, 21, 22}


async def test_a_claim_goes_on_as_it_was_judged(tmp_path: Path) -> None:
    async with portals(1) as (a,), house(tmp_path, sync("a", a, INCLUSIVE)) as made:
        a.body = calendar((10, 12))
        await made.hub.intake.pull(A)
        before = made.journal.current["house"].ledger.syncs["a"].claims
        await made.save(sync("a", a))
        await made.quiet()
        await made.save(sync("a", a, INCLUSIVE))
        await made.quiet()
        assert tuple(made.journal.current["house"].ledger.syncs["a"].claims) == tuple(before)


async def test_the_host_is_told_and_ends_it(tmp_path: Path) -> None:
    async with portals(1) as (a,), house(tmp_path, sync("a", a, INCLUSIVE)) as made:
        a.body = calendar((10, 12))
        await made.hub.intake.pull(A)
        assert told(made) == []
        await made.save(sync("a", a))
        await made.quiet()
        assert await made.shown() == {10, 11, 12}
        assert [(each["what"], each["sync"]) for each in told(made)] == [("settings", "a")]
        state = made.journal.current["house"]
        now = made.hub.clock.now()
        made.journal.put("house", state.with_ledger(hasten(state.ledger, "a", now=now), now))
        await made.quiet()
        assert await made.shown() == {10, 11}
        assert told(made) == []


async def test_what_is_new_to_wait_waits_for_the_whole_delay(tmp_path: Path) -> None:
    async with portals(1) as (a,), house(tmp_path, sync("a", a, f"{INCLUSIVE}, echo_padding: 2")) as made:
        a.body = calendar((10, 12))
        await made.hub.intake.pull(A)

        def since() -> float:
            narrowing = made.journal.current["house"].ledger.syncs["a"].narrowing
            assert narrowing is not None
            return narrowing.since

        await made.save(sync("a", a, INCLUSIVE))
        first = since()
        await made.save(sync("a", a))
        second = since()
        assert second > first
        # another setting, that waits for nothing, begins nothing anew
        await made.save(sync("a", a, ", interval: 1h"))
        assert since() == second
        # what has come back waits no longer, and the rest goes on
        await made.save(sync("a", a, INCLUSIVE))
        assert since() == second


async def test_a_wait_that_passed_while_nothing_ran_goes_on_after_the_start(tmp_path: Path) -> None:
    async with portals(1) as (a,):
        async with house(tmp_path, sync("a", a)) as made:
            a.body = calendar((10, 12))
            await made.hub.intake.pull(A)
            await made.save()
            state = made.journal.current["house"]
            away = replace(state.ledger.syncs["a"], since=state.ledger.syncs["a"].since - 5 * 3600.0)
            made.journal.put("house", replace(state, ledger=state.ledger.with_sync("a", away)))
            await made.journal.stored()
        # the machine comes back, its clock five hours ahead, and half a file lies there still
        async with house(tmp_path) as made:
            made.hub.deadlines.attend("house")
            assert made.journal.current["house"].ledger.syncs["a"].presence is Presence.LEAVING
            assert await made.shown() == {10, 11}
