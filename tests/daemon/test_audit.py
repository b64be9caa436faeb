"""The log says which nights were freed or closed, and why."""

from __future__ import annotations

from dataclasses import replace

from icalsyncd.availability.attribution import settled, tick
from icalsyncd.availability.ledger import Ledger
from icalsyncd.availability.roster import pause
from icalsyncd.daemon.audit import entries
from tests.availability.house import DAY_ONE, House, nights


def told(before: Ledger, after: Ledger) -> list[tuple[str, ...]]:
    return [(entry.event, *entry.said.values()) for entry in entries(before, after)]


def dates(start: int, end: int) -> str:
    return str(nights(*range(start, end)).stays()[0])


def test_a_copy_that_closes_and_one_that_frees() -> None:
    house = House("A", "B")
    empty = house.ledger
    house.shows("A", (10, 13))
    assert told(empty, house.ledger) == [("nights closed", dates(10, 13), "A shows them")]
    full = house.ledger
    house.shows("A", (10, 11))
    assert told(full, house.ledger) == [("nights freed", dates(11, 13), "A no longer shows them")]
    assert told(house.ledger, house.ledger) == []


def test_a_pause_says_what_it_frees_and_what_it_opens_at_its_portal() -> None:
    house = House("A", "B")
    house.shows("A", (10, 13))
    house.shows("B", (20, 22))
    before = house.ledger
    assert told(before, pause(before, "A", now=house.now)) == [
        ("a sync is paused", "A"),
        ("nights freed", dates(10, 13), "A is paused"),
        ("nights opened at a portal, though taken", "A", dates(20, 22), "A is paused"),
    ]


def test_a_block_says_when_it_comes_leaves_and_has_left() -> None:
    house = House("A")
    before = house.ledger
    house.takes(5, 8)
    assert told(before, house.ledger) == [
        ("a block was added", dates(5, 8)),
        ("nights closed", dates(5, 8), "your own block"),
    ]
    (block,) = house.ledger.blocks
    leaving = replace(house.ledger, blocks=(replace(block, leaving_since=1.0),))
    assert told(house.ledger, leaving) == [
        ("a block is leaving: no longer in the config", dates(5, 8)),
    ]
    left = settled(replace(leaving, blocks=()), 2.0)
    assert told(leaving, left) == [
        ("a block has left", dates(5, 8)),
        ("nights freed", dates(5, 8), "your own block has left the config"),
    ]


def test_nights_that_pass_are_not_freed() -> None:
    house = House("A")
    house.shows("A", (1, 3))
    assert told(house.ledger, tick(house.ledger, now=house.now + 5 * 86400, today=DAY_ONE + 5)) == []
