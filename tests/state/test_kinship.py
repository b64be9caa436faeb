"""A house and its rooms are put as one, stored as one, and found again as they were."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from icalsyncd.availability.attribution import settled
from icalsyncd.state.state import State
from icalsyncd.state.stored import peek
from tests.state.test_journal import Desk, nights, state

FREE = nights()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A house of two rooms, and another one beside it."""
    made = Desk(tmp_path / "state.sqlite3")
    houses = {name: state(house=name) for name in ("finca", "room-1", "room-2", "alone")}
    finca = houses["finca"]
    houses["finca"] = State(replace(finca.ledger, parts=("room-1", "room-2")), finca.facts)
    made.journal.put_all(houses)
    made.work()
    yield made
    await made.stop()


def blocked(desk: Desk, name: str, *ranges: tuple[int, int]) -> State:
    """The state of *name* where the host has other blocks now."""
    before = desk.journal.current[name]
    blocks = state(*ranges).ledger.blocks
    return before.with_ledger(settled(replace(before.ledger, blocks=blocks), 5.0), 5.0)


def closed(desk: Desk) -> dict[str, object]:
    return {
        name: feed.nights for name in desk.view.houses if (feed := desk.view.feed((name, "s"))) and feed.nights != FREE
    }


async def test_what_is_put_of_one_is_seen_at_its_kin_in_the_same_step(desk: Desk):
    desk.seen.clear()
    desk.journal.put("room-1", blocked(desk, "room-1", (1, 3)))
    assert desk.seen == [{"room-1", "finca"}]
    assert closed(desk) == {"room-1": nights((1, 3)), "finca": nights((1, 3))}
    desk.journal.put("finca", blocked(desk, "finca", (6, 7)))
    assert closed(desk)["room-2"] == nights((6, 7))
    assert closed(desk)["finca"] == nights((1, 3), (6, 7))


async def test_kin_open_when_that_is_durable_and_together(desk: Desk):
    desk.journal.put("finca", blocked(desk, "finca", (1, 3)))
    assert await desk.journal.stored()
    desk.journal.put("finca", blocked(desk, "finca"))
    assert set(closed(desk)) == {"finca", "room-1", "room-2"}
    assert await desk.journal.stored()
    assert closed(desk) == {}


async def test_a_restart_finds_the_kin_as_they_were(desk: Desk):
    desk.journal.put("room-1", blocked(desk, "room-1", (1, 3)))
    assert await desk.journal.stored()
    known = {name: known.ledger for name, known in desk.journal.current.items()}
    assert {name: stored.ledger for name, stored in peek(desk.place).states.items()} == known


async def test_one_that_shares_nothing_changes_nobody(desk: Desk):
    desk.seen.clear()
    before = dict(desk.journal.current)
    desk.journal.put("alone", blocked(desk, "alone", (1, 3)))
    assert desk.seen == [{"alone"}]
    assert all(desk.journal.current[name] is before[name] for name in ("finca", "room-1", "room-2"))


async def test_one_that_leaves_for_good_takes_what_it_took_with_it(desk: Desk):
    desk.journal.put("room-1", blocked(desk, "room-1", (1, 3)))
    desk.journal.put("room-1", None)
    assert await desk.journal.stored()
    assert closed(desk) == {}
