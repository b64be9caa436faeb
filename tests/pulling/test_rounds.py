"""Pulls out of turn: all at once when the clock is in doubt, and not over and over."""

from __future__ import annotations

import asyncio
import time

import pytest

from icalsyncd.pulling.rounds import Rounds
from icalsyncd.state.schedule import Attempts
from icalsyncd.state.view import SyncName

HOUSES: list[SyncName] = [(f"house-{number}", "holidu") for number in range(20)]
BUSY: SyncName = ("house-0", "holidu")


async def rounds(now: float) -> Rounds:
    async def pull(name: SyncName) -> None:
        raise AssertionError("nothing runs here")

    def attempts(name: SyncName) -> Attempts:
        return Attempts(last=now - 1, not_before=now + 7200 if name == BUSY else None)

    made = Rounds(pull, attempts, lambda: now, lambda: None)
    await made.configure(dict.fromkeys(HOUSES, 86400.0))
    return made


async def test_where_the_clock_is_in_doubt_every_portal_is_asked_within_half_a_minute() -> None:
    now = time.time()
    made = await rounds(now)
    await made.hurry_all()
    moments = [made.next_pull(name) for name in HOUSES if name != BUSY]
    assert all(moment is not None and now <= moment <= now + 30 for moment in moments)
    assert len(set(moments)) == len(moments), "not all in the same moment"


async def test_a_portal_that_asked_us_to_wait_is_not_hurried() -> None:
    now = time.time()
    made = await rounds(now)
    before = made.next_pull(BUSY)
    await made.hurry_all()
    assert before is not None
    assert made.next_pull(BUSY) == min(before, now + 7200)


async def test_a_clock_that_goes_to_and_fro_does_not_make_us_ask_over_and_over() -> None:
    now = time.time()
    made = await rounds(now)
    await made.hurry_all()
    for name in HOUSES:
        made.plan(name)
    planned = [made.next_pull(name) for name in HOUSES]
    await made.hurry_all()
    assert [made.next_pull(name) for name in HOUSES] == planned


@pytest.mark.slow
async def test_a_sync_that_was_not_pulled_is_looked_at_again_and_one_that_is_no_more_is_not() -> None:
    asked: list[SyncName] = []
    now = time.time()
    going = asyncio.Event()

    async def pull(name: SyncName) -> object:
        asked.append(name)
        if name == BUSY:
            await going.wait()
        return None

    made = Rounds(pull, lambda name: Attempts(), time.time, lambda: None)
    await made.configure(dict.fromkeys(HOUSES[:2], 3600.0))
    running = asyncio.create_task(made.run())
    await asyncio.sleep(0.1)
    made.keep({HOUSES[1]})
    going.set()
    await asyncio.sleep(0.2)
    assert asked == HOUSES[:2]
    assert made.next_pull(BUSY) is None
    planned = made.next_pull(HOUSES[1])
    assert planned is not None
    assert planned > now + 0.5
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def at_work(made: Rounds, until: asyncio.Event, patience: float = 10.0) -> None:
    """Let *made* run until it has come so far."""
    running = asyncio.create_task(made.run())
    try:
        async with asyncio.timeout(patience):
            await until.wait()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_pull_that_did_not_even_end_is_not_tried_again_at_once() -> None:
    asked: list[float] = []
    ended = asyncio.Event()
    now = time.time()

    async def pull(name: SyncName) -> object:
        asked.append(now)
        asyncio.get_running_loop().call_soon(ended.set)
        raise RuntimeError("a bug")

    made = Rounds(pull, lambda name: Attempts(), time.time, lambda: None)
    await made.configure({BUSY: 3600.0})
    await at_work(made, ended)
    planned = made.next_pull(BUSY)
    assert planned is not None
    assert planned > now + 500
    assert len(asked) == 1


async def test_what_is_hurried_while_it_runs_is_pulled_right_after() -> None:
    asked: list[SyncName] = []
    again = asyncio.Event()
    now = time.time()

    async def pull(name: SyncName) -> object:
        asked.append(name)
        if len(asked) == 1:
            made.hurry(name)
        else:
            again.set()
        return object()

    made = Rounds(pull, lambda name: Attempts(last=now), time.time, lambda: None)
    await made.configure({BUSY: 86400.0})
    made.hurry(BUSY)
    await at_work(made, again)
    assert asked == [BUSY, BUSY]


async def test_a_wish_heard_after_a_slot_was_planned_moves_the_slot() -> None:
    asked: list[SyncName] = []
    other = asyncio.Event()
    now = time.time()
    attempts = {HOUSES[1]: Attempts(last=now - 100), BUSY: Attempts(last=now - 100)}

    async def pull(name: SyncName) -> object:
        asked.append(name)
        other.set()
        return object()

    made = Rounds(pull, lambda name: attempts[name], time.time, lambda: None)
    await made.configure(dict.fromkeys((BUSY, HOUSES[1]), 86400.0))
    made.hurry(BUSY)
    attempts[BUSY] = Attempts(last=now, failures=1, not_before=now + 3600)
    assert made.next_pull(BUSY) == now + 3600
    made.hurry(HOUSES[1])
    await at_work(made, other)
    assert asked == [HOUSES[1]]
