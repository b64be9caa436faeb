"""Stories about guests behind what a portal is taken to repeat: it can sell until it acts on what it read."""

from __future__ import annotations

from dataclasses import replace

from icalsyncd.availability.claims import Rule
from icalsyncd.calendars.calendar import Kind
from icalsyncd.calendars.nights import EMPTY
from icalsyncd.state.records import dump_sync, load_sync
from icalsyncd.state.state import Facts
from tests.availability.house import HOUR, House, nights, started


def known(*names: str, drops: float = 0.25, shows: float = 3) -> House:
    """Portal b is known to drop what is free within *drops* hours, and to show what is taken after *shows*."""
    house = started(*names)
    sync = house.ledger.syncs["b"]
    habits = replace(sync.habits, drops=(drops * HOUR,) * 4, shows=(shows * HOUR,) * 4)
    house.ledger = house.ledger.with_sync("b", replace(sync, habits=habits))
    return house


def withdrawn(house: House) -> House:
    """Portal b repeats a stay of a, which is cancelled, and b has read that."""
    house.shows("a", (10, 12))
    house.all_read()
    house.wait(4)
    house.shows("b", (10, 12))
    house.shows("a")
    house.reads("b")
    assert house.taken == EMPTY, "it has not acted on that yet, and cannot sell"
    return house


def test_nights_sold_again_where_they_were_repeated_are_told_free_to_nobody_else() -> None:
    house = withdrawn(known("a", "b", "c"))
    house.shows("b", (10, 12))
    assert house.offer("a") == house.offer("c") == nights(10, 11)
    assert house.offer("b") == EMPTY
    assert house.rules("b", 10) == {Rule.STANDS_IN}
    house.shows("b")
    assert house.taken == EMPTY


def test_a_portal_that_takes_its_time_repeats_until_it_has_had_it() -> None:
    house = withdrawn(known("a", "b", "c", drops=2))
    house.shows("b", (10, 12))
    assert house.taken == EMPTY
    house.wait(2)
    house.shows("b", (10, 12))
    assert house.taken == nights(10, 11)


def test_what_appears_sooner_than_its_portal_acts_may_be_a_guest_when_its_origin_goes() -> None:
    for hours, closed in ((1, nights(10, 11)), (4, EMPTY)):
        house = known("a", "b", "c")
        house.shows("a", (10, 12))
        house.all_read()
        house.wait(hours)
        house.shows("b", (10, 12))
        house.shows("a")
        assert house.offer("a") == closed


def test_a_block_of_a_portal_that_labels_its_reservations_hides_no_guest() -> None:
    house = known("a", "b")
    house.shows("a", (10, 12))
    house.all_read()
    house.shows("b", (10, 12, Kind.BLOCK))
    house.shows("a")
    assert house.taken == EMPTY


def test_a_guest_behind_an_echo_is_certain_though_others_repeat_it() -> None:
    house = withdrawn(known("a", "b", "c"))
    house.shows("b", (10, 12))
    house.reads("c")
    house.shows("c", (10, 12))
    house.wait(7)
    house.shows("b", (10, 12))
    assert house.rules("b", 10) == {Rule.OUTLIVED}
    assert house.possible_ghosts == EMPTY


def test_what_a_portal_was_told_for_such_a_doubt_is_no_doubt_again() -> None:
    house = withdrawn(known("b", "a", "c"))
    sync = house.ledger.syncs["c"]
    house.ledger = house.ledger.with_sync("c", replace(sync, habits=house.ledger.syncs["b"].habits))
    house.reads("c")
    house.shows("b", (10, 12))
    house.reads("c")
    for each in house.ledger.syncs.values():
        assert load_sync(dump_sync(each, Facts()))[0] == each
    assert house.ledger.syncs["c"].doubts_told == house.ledger.syncs["b"].shown_on == nights(10, 11)
    house.wait(4)
    house.shows("c", (10, 12))
    house.shows("b")
    house.reads("c")
    house.shows("c", (10, 12))
    assert house.taken == EMPTY
