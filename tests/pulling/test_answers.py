"""An answer counts for what was asked: whatever is saved, paused or resumed while a pull is under way."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from icalsyncd.calendars.calendar import Reading, Reason
from icalsyncd.calendars.settings import ReadSettings
from icalsyncd.config.resolved import Sync
from icalsyncd.pulling.report import Report
from icalsyncd.state.copy import Copies
from icalsyncd.state.schedule import Attempts
from tests.end_to_end.portal import calendar, portals
from tests.pulling.house import HEAD, A, B, Gate, house, sync

GONE_AT_ONCE = HEAD + "server: {removal_delay: 0s}\n"


@pytest.mark.parametrize("how", ["paused", "half a file"])
async def test_a_304_asked_before_a_resume_does_not_stand_for_nothing(tmp_path: Path, how: str) -> None:
    head = GONE_AT_ONCE
    async with portals(2) as (a, b), house(tmp_path, sync("a", a), sync("b", b), head=head) as made:
        gate = Gate(a)
        a.body = calendar((10, 12), (20, 27))
        await made.hub.intake.pull(A)
        await made.hub.intake.pull(B)
        before = await made.shown()
        gate.shut()
        pulling = asyncio.create_task(made.hub.intake.look(A))
        await asyncio.wait_for(gate.came.wait(), 10)
        await made.save(*([sync("a", a, ", paused: true")] if how == "paused" else []), sync("b", b), head=head)
        if how == "half a file":
            await made.gone("a")
        await made.save(sync("a", a), sync("b", b), head=head)
        gate.open.set()
        report = await asyncio.wait_for(pulling, 10)
        assert gate.answered == [200, 304, 200], "it is asked again at once"
        assert isinstance(report, Report)
        assert report.outcome == "updated"
        assert await made.shown() == before
        assert before >= {10, 11, 20, 26}


async def test_an_answer_asked_for_before_a_pause_is_thrown_away_after_it(tmp_path: Path) -> None:
    async with portals(2) as (a, b), house(tmp_path, sync("a", a), sync("b", b)) as made:
        gate = Gate(a)
        a.body = calendar((10, 12))
        await made.hub.intake.pull(B)
        gate.shut()
        pulling = asyncio.create_task(made.hub.intake.look(A))
        await asyncio.wait_for(gate.came.wait(), 10)
        await made.save(sync("a", a, ", paused: true"), sync("b", b))
        await made.save(sync("a", a), sync("b", b))
        gate.open.set()
        report = await asyncio.wait_for(pulling, 10)
        assert gate.answered == [200, 200], "it is asked again at once"
        assert isinstance(report, Report)
        assert report.outcome == "updated"
        assert {10, 11} <= await made.shown()


async def test_two_pulls_of_one_sync_never_run_at_once(tmp_path: Path) -> None:
    async with portals(2) as (a, b), house(tmp_path, sync("a", a), sync("b", b)) as made:
        gate = Gate(a)
        a.body = calendar((10, 12), (40, 45))
        await made.hub.intake.pull(A)
        await made.hub.intake.pull(B)
        gate.shut()
        first = asyncio.create_task(made.hub.intake.pull(A))
        await asyncio.wait_for(gate.came.wait(), 10)
        # an editor that writes in two goes
        await made.save(sync("b", b))
        await made.save(sync("a", a), sync("b", b))
        a.body = calendar((10, 12), (20, 22), (40, 45))
        second = asyncio.create_task(made.hub.intake.pull(A))
        for _ in range(3):
            # one host is asked twice at once at most: these end only where the second is not under way, too
            await asyncio.wait_for(made.hub.intake.pull(B), 10)
        gate.open.set()
        await asyncio.wait_for(asyncio.gather(first, second), 10)
        assert gate.most == 1
        assert 20 in await made.shown(), "the newer answer is the last"
        assert not made.hub.intake._turns, "a turn that nobody wants is gone"


async def test_two_pulls_of_a_sync_that_is_renamed_meanwhile_never_run_at_once(tmp_path: Path) -> None:
    async with portals(2) as (a, b), house(tmp_path, sync("a", a), sync("b", b)) as made:
        gate = Gate(a)
        a.body = calendar((10, 12))
        await made.hub.intake.pull(A)
        await made.hub.intake.pull(B)
        gate.shut()
        first = asyncio.create_task(made.hub.intake.pull(A))
        await asyncio.wait_for(gate.came.wait(), 10)
        renamed = sync("a", a, ", was: house/a").replace("a:", "other:", 1)
        await made.save(renamed, sync("b", b))
        second = asyncio.create_task(made.hub.intake.pull(("house", "other")))
        for _ in range(3):
            # one host is asked twice at once at most: these end only where the second is not under way, too
            await asyncio.wait_for(made.hub.intake.pull(B), 10)
        gate.open.set()
        await asyncio.wait_for(asyncio.gather(first, second), 10)
        assert gate.most == 1
        assert not made.hub.intake._turns, "a turn that nobody wants is gone"


async def test_an_answer_that_was_thrown_away_leaves_no_trace(tmp_path: Path) -> None:
    async with portals(2) as (a, b), house(tmp_path, sync("a", a), sync("b", b)) as made:
        gate = Gate(a)
        a.body = calendar((10, 12))
        await made.hub.intake.pull(A)
        await made.hub.intake.pull(B)
        counted = made.hub.counts.pulls["house/a"]
        a.body = calendar((10, 12), (20, 22))
        gate.shut()
        pulling = asyncio.create_task(made.hub.intake.look(A))
        await asyncio.wait_for(gate.came.wait(), 10)
        await made.save(sync("a", a, ", interval: 1h"), sync("b", b))
        gate.open.set()
        report = await asyncio.wait_for(pulling, 10)
        assert gate.answered == [200, 200, 200], "asked again at once, and not with the validators of what was dropped"
        assert isinstance(report, Report)
        assert report.new == 2
        assert {20, 21} <= await made.shown()
        assert made.hub.counts.pulls["house/a"] == counted + 1


async def test_what_was_thrown_away_after_it_was_read_does_not_count_as_read(tmp_path: Path) -> None:
    async with portals(1) as (a,), house(tmp_path, sync("a", a)) as made:
        a.body = calendar((10, 12))
        await made.hub.intake.pull(A)
        a.body = calendar((10, 12), (20, 22))
        bodies = made.hub.intake._bodies
        read, saved = bodies.read, False

        async def read_meanwhile(body: bytes, of: Sync, kept: ReadSettings | None, today: int) -> Reading:
            nonlocal saved
            reading = await read(body, of, kept, today)
            if not saved:
                saved = True
                await made.save(sync("a", a, ", interval: 1h"))
            return reading

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bodies, "read", read_meanwhile)
            report = await made.hub.intake.look(A)
        assert isinstance(report, Report)
        assert report.new == 2
        assert {20, 21} <= await made.shown()


@pytest.mark.parametrize("what", ["midnight", "not modified"])
async def test_a_stored_copy_that_went_while_it_was_read_is_not_entered(tmp_path: Path, what: str) -> None:
    async with portals(2) as (a, b), house(tmp_path, sync("a", a), sync("b", b)) as made:
        gate = Gate(a)
        a.body = calendar(*[(10 * week, 10 * week + 7) for week in range(1, 8)])
        await made.hub.intake.pull(A)
        await made.hub.intake.pull(B)
        a.body = calendar((10, 12))
        report = await made.hub.intake.pull(A)
        assert isinstance(report, Report)
        assert report.outcome == "held"
        bodies = made.hub.intake._bodies
        read, saved = bodies.read, False

        async def read_meanwhile(body: bytes, its: Sync, kept: ReadSettings | None, today: int) -> Reading:
            nonlocal saved
            reading = await read(body, its, kept, today)
            if its.id == "a" and not saved:
                saved = True
                await made.save(sync("a", a, ", paused: true"), sync("b", b))
                await made.save(sync("a", a), sync("b", b))
            return reading

        a.body = calendar((80, 82))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bodies, "read", read_meanwhile)
            if what == "midnight":
                await made.tomorrow()
            else:
                a.body = calendar((10, 12))
                await made.hub.intake.pull(A)
        assert saved
        known = made.journal.current["house"].ledger.syncs["a"]
        if what == "midnight":
            assert known.pulled_at is None
            assert made.facts("a").copies == Copies(), "that copy is no more"
        else:
            assert gate.answered == [200, 200, 304, 200], "it is asked again, and without conditions"


@pytest.mark.slow
async def test_a_bug_in_a_pull_is_a_failure_that_is_counted(tmp_path: Path) -> None:
    async with portals(1) as (a,), house(tmp_path, sync("a", a)) as made:
        a.body = calendar((10, 12))
        await made.hub.intake.pull(A)

        async def bug(order: object) -> object:
            raise RuntimeError("a bug")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(made.hub._puller, "pull", bug)
            report = await made.hub.intake.look(A)
        assert isinstance(report, Report)
        assert report.reason is Reason.BUG
        assert made.hub.counts.failures["house/a", Reason.BUG] == 1
        assert made.facts("a").attempts.failures == 1
        assert made.facts("a").reason is Reason.BUG
        assert {10, 11} <= await made.shown(), "no night is freed by it"
        now = made.hub.clock.now()
        made.hub.rounds.plan(A)
        planned = made.hub.rounds.next_pull(A)
        assert planned is not None
        assert planned > now + 30
        assert (await made.hub.intake.look(A)) is not None
        assert made.facts("a").attempts.failures == 0


async def test_a_portal_that_asked_us_to_wait_is_not_looked_at(tmp_path: Path) -> None:
    async with portals(1) as (a,), house(tmp_path, sync("a", a)) as made:
        gate = Gate(a)
        await made.hub.intake.pull(A)
        made.runs(made.hub.rounds.run())
        gate.status = 429
        assert (await made.hub.intake.look(A)) is not None
        asked = len(gate.answered)
        for _ in range(3):
            assert await made.hub.intake.look(A) is None
            assert not await made.hub.looks.look(A)
        planned, now = made.hub.rounds.next_pull(A), made.hub.clock.now()
        assert planned is not None
        assert planned > now + 3000, "the planned slot has moved"
        assert len(gate.answered) == asked
        # the host may ask all the same
        await made.hub.intake.pull(A)
        assert len(gate.answered) == asked + 1


@pytest.mark.parametrize("who", ["a reader", "the host"])
async def test_whoever_has_a_portal_answer_again_its_next_pull_is_planned(tmp_path: Path, who: str) -> None:
    async with portals(1) as (a,), house(tmp_path, sync("a", a, ", interval: 1h")) as made:
        gate = Gate(a)
        gate.status = 429
        await made.hub.intake.pull(A)
        # the portal wanted nearly a day of peace
        state, now = made.journal.current["house"], made.hub.clock.now()
        facts = state.of("a")
        wish = replace(facts.attempts, not_before=now + 80_000)
        made.journal.note("house", state.with_facts("a", replace(facts, attempts=wish)))
        made.hub.rounds.plan(A)
        planned = made.hub.rounds.next_pull(A)
        assert planned is not None
        assert planned > now + 70_000
        gate.status = 200
        if who == "the host":
            await made.hub.intake.pull(A)
        else:
            over = replace(facts.attempts, not_before=now - 1)
            made.journal.note("house", state.with_facts("a", replace(facts, attempts=over)))
            assert await made.hub.looks.look(A)
        planned = made.hub.rounds.next_pull(A)
        assert planned is not None
        assert planned <= made.hub.clock.now() + 3660, "one interval, and not what the portal once wanted"


async def test_a_look_that_waited_for_a_429_does_not_ask_after_it(tmp_path: Path) -> None:
    async with portals(1) as (a,), house(tmp_path, sync("a", a)) as made:
        gate = Gate(a)
        gate.status = 429
        gate.shut()
        looks = [asyncio.create_task(made.hub.intake.look(A)) for _ in range(3)]
        await asyncio.wait_for(gate.came.wait(), 10)
        gate.open.set()
        await asyncio.wait_for(asyncio.gather(*looks), 10)
        assert gate.answered == [429]


async def test_what_a_portal_wishes_is_heard_though_settings_changed(tmp_path: Path) -> None:
    async with portals(1) as (a,), house(tmp_path, sync("a", a)) as made:
        gate = Gate(a)
        gate.status = 429
        gate.shut()
        look = asyncio.create_task(made.hub.intake.look(A))
        await asyncio.wait_for(gate.came.wait(), 10)
        await made.save(sync("a", a, ", interval: 1h"))
        gate.open.set()
        await asyncio.wait_for(look, 10)
        assert gate.answered == [429]


async def test_what_a_portal_wishes_is_heard_though_its_sync_was_renamed(tmp_path: Path) -> None:
    async with portals(1) as (a,), house(tmp_path, sync("a", a)) as made:
        gate = Gate(a)
        gate.status = 429
        gate.shut()
        look = asyncio.create_task(made.hub.intake.look(A))
        await asyncio.wait_for(gate.came.wait(), 10)
        await made.save(sync("a", a).replace(" a:", " c:"))
        gate.open.set()
        await asyncio.wait_for(look, 10)
        assert await made.hub.intake.look(("house", "c")) is None
        assert gate.answered == [429]
        assert made.facts("c").attempts.not_before is not None


async def test_an_answer_to_a_sync_that_was_renamed_is_asked_for_again_at_once(tmp_path: Path) -> None:
    async with portals(1) as (a,), house(tmp_path, sync("a", a)) as made:
        gate = Gate(a)
        a.body = calendar((10, 12))
        gate.shut()
        look = asyncio.create_task(made.hub.intake.look(A))
        await asyncio.wait_for(gate.came.wait(), 10)
        await made.save(sync("a", a).replace(" a:", " c:"))
        gate.open.set()
        await asyncio.wait_for(look, 10)
        assert gate.answered == [200, 200]
        assert await made.shown() == {10, 11}


async def test_a_new_address_does_not_wait_for_what_the_old_one_asked(tmp_path: Path) -> None:
    async with portals(2) as (old, new), house(tmp_path, sync("a", old)) as made:
        gate = Gate(old)
        gate.status = 429
        await made.hub.intake.look(A)
        await made.save(sync("a", new))
        assert made.facts("a").attempts == Attempts()
        assert (await made.hub.intake.look(A)) is not None
        assert new.asked == 1


async def test_a_url_mended_while_the_wrong_one_hangs_is_asked_at_once(tmp_path: Path) -> None:
    async with portals(3) as (old, wrong, new), house(tmp_path, sync("a", old, ", interval: 24h")) as made:
        Gate(old)
        right = Gate(new)
        hangs = Gate(wrong)
        new.body = calendar((10, 12), (20, 22))
        await made.hub.intake.pull(A)
        state = made.journal.current["house"]
        facts = replace(state.of("a"), attempts=Attempts(made.hub.clock.now()))
        made.journal.note("house", state.with_facts("a", facts))
        made.hub.rounds.plan(A)
        made.runs(made.hub.rounds.run())
        hangs.shut()
        await made.save(sync("a", wrong, ", interval: 24h"))
        await asyncio.wait_for(hangs.came.wait(), 10)
        await made.save(sync("a", new, ", interval: 24h"))
        hangs.open.set()
        await asyncio.wait_for(right.came.wait(), 10)
        # the turn after that pull
        await made.hub.intake.look(A)
        assert 20 in await made.shown()
