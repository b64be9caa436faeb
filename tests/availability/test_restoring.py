"""Stories about a state that has gone back: what portals show stays closed until it is known anew what they were told."""

from __future__ import annotations

from icalsyncd.availability.claims import Rule
from icalsyncd.availability.restoring import restored
from icalsyncd.calendars.calendar import Kind
from icalsyncd.calendars.nights import EMPTY
from tests.availability.house import House, nights, started


def gone_back() -> House:
    """Portal b repeated a stay of a when the backup was made; since then a's guest has cancelled, and b has sold it."""
    house = started("a", "b", "c")
    house.shows("a", (10, 12))
    house.all_read()
    house.shows("b", (10, 12))
    house.ledger = restored(house.ledger, now=house.now)
    return house


def test_an_echo_of_the_backup_that_has_become_a_booking_is_told_free_to_nobody() -> None:
    house = gone_back()
    house.shows("a")
    house.shows("b", (10, 12))
    house.shows("c")
    assert house.offer("a") == house.offer("c") == nights(10, 11)
    assert house.rules("b", 10) == {Rule.LOST}


def test_no_feed_is_told_until_each_portal_was_pulled_anew() -> None:
    house = gone_back()
    assert not house.ledger.complete
    for name in "abc":
        assert not house.ledger.complete
        house.shows(name)
    assert house.ledger.complete


def test_what_two_portals_show_after_it_is_a_possible_ghost() -> None:
    house = gone_back()
    house.shows("a", (20, 22))
    house.shows("b", (20, 22))
    house.shows("c", (30, 31, Kind.RESERVATION))
    assert house.possible_ghosts == nights(20, 21)
    assert house.taken == nights(20, 21, 30)


def test_what_began_before_a_portal_acts_on_what_it_is_told_again_is_as_unsure() -> None:
    house = gone_back()
    for name in "abc":
        house.shows(name)
    house.all_read()
    house.shows("b", (20, 22))
    house.shows("c", (20, 22))
    assert house.possible_ghosts == nights(20, 21)
    house.wait(7)
    house.shows("a")
    house.shows("b")
    house.shows("c")
    house.all_read()
    house.shows("a", (30, 32))
    house.shows("b", (30, 32))
    assert house.possible_ghosts == EMPTY
    assert house.overbooked == nights(30, 31)
