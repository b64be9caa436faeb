"""Stories about nights that two portals have, or seem to have: overbooked ones, and possible ghosts."""

from __future__ import annotations

from icalsyncd.availability.roster import pause, resume
from icalsyncd.calendars.calendar import Kind
from icalsyncd.calendars.nights import EMPTY
from tests.availability.house import House, nights, started

RESERVATION = Kind.RESERVATION


def test_an_overbooked_night_stays_offered_to_both_sides() -> None:
    house = started("a", "b")
    house.shows("a", (10, 12))
    house.shows("b", (11, 13))
    assert house.overbooked == nights(11)
    assert house.offer("a") == nights(11, 12)
    assert house.offer("b") == nights(10, 11)


def test_a_double_booking_survives_that_its_portal_shows_it_as_one_with_what_it_was_told() -> None:
    house = started("a", "b")
    house.shows("a", (10, 13))
    house.shows("b", (12, 15))
    house.all_read()
    house.shows("b", (10, 15))
    house.shows("a", (10, 15))
    assert house.overbooked == nights(12)
    house.shows("b", (10, 13))
    assert house.is_echo("b", 12)
    assert house.offer("b") == nights(10, 11, 12)


def test_a_double_booking_survives_that_all_its_nights_are_told_to_the_portal_that_shows_it() -> None:
    house = started("a", "b")
    house.shows("a", (10, 15))
    house.shows("b", (11, 13))
    house.all_read()
    house.shows("b", (10, 15))
    assert house.overbooked == nights(11, 12)
    assert house.offer("a") == nights(11, 12)
    house.shows("a")
    house.reads("b")
    house.shows("b", (11, 13))
    assert house.taken == nights(11, 12)


def test_of_two_events_alike_the_own_one_has_gone_while_the_portal_is_still_told() -> None:
    house = started("a", "b")
    house.shows("a", (10, 12))
    house.shows("b", (10, 12))
    house.all_read()
    house.shows("b", (10, 12), (10, 12))
    assert house.overbooked == nights(10, 11)
    house.shows("b", (10, 12))
    assert house.is_echo("b", 10)
    assert house.overbooked == EMPTY


def test_nights_that_two_portals_show_at_the_first_start_are_possible_ghosts_and_stay_closed() -> None:
    house = House("a", "b")
    house.shows("a", (10, 12), (20, 22))
    house.shows("b", (10, 12))
    assert house.possible_ghosts == nights(10, 11)
    assert house.overbooked == EMPTY
    assert house.offer("a") == nights(10, 11)
    assert house.offer("b") == nights(10, 11, 20, 21)


def test_what_one_portal_shows_at_the_first_start_is_certain_though_the_other_comes_to_repeat_it() -> None:
    house = House("a", "b")
    house.shows("a", (10, 12))
    house.shows("b")
    house.all_read()
    house.shows("b", (10, 12))
    assert house.possible_ghosts == EMPTY


def test_a_reservation_at_the_first_start_is_no_possible_ghost() -> None:
    house = House("a", "b")
    house.shows("a", (10, 12, RESERVATION))
    house.shows("b", (10, 12))
    assert house.possible_ghosts == EMPTY
    assert house.overbooked == nights(10, 11)


def test_two_that_look_like_each_other_for_a_day_are_shown_as_a_possible_ghost() -> None:
    house = started("a", "b")
    house.shows("a", (10, 12))
    house.shows("b", (10, 12))
    house.all_read()
    for _ in range(26):
        house.wait(0.5)
        for name in "ab":
            house.reads(name)
            house.shows(name, (10, 12))
    assert house.possible_ghosts == nights(10, 11)
    assert house.offer("a") == house.offer("b") == nights(10, 11)


def test_a_booking_that_its_portal_shows_beside_the_echo_is_no_possible_ghost() -> None:
    house = started("a", "b")
    house.shows("a", (10, 12))
    house.shows("b", (10, 12))
    house.all_read()
    for _ in range(26):
        house.wait(0.5)
        for name in "ab":
            house.reads(name)
            house.shows(name, (10, 12), (10, 12))
    assert house.overbooked == nights(10, 11)


def test_two_that_look_like_each_other_are_shown_where_no_fetch_is_seen_as_soon_as_both_must_have_read() -> None:
    house = started("a", "b")
    for name in "ab":
        house.publishes(name)
    house.shows("a", (10, 12))
    house.shows("b", (10, 12))
    for _ in range(40):
        for name in "ab":
            house.publishes(name)
            house.shows(name, (10, 12))
    assert house.overbooked == nights(10, 11)
    for _ in range(72):
        for name in "ab":
            house.shows(name, (10, 12))
    assert house.possible_ghosts == nights(10, 11)
    assert house.offer("a") == house.offer("b") == nights(10, 11)


def test_a_possible_ghost_ends_when_all_but_one_are_paused_until_they_have_dropped_it() -> None:
    house = House("a", "b")
    house.shows("a", (10, 12))
    house.shows("b", (10, 12))
    house.all_read()
    house.ledger = pause(house.ledger, "b", now=house.now)
    assert house.offer("a") == house.offer("b") == EMPTY
    house.reads("a")
    house.reads("b")
    house.shows("a")
    house.wait(1)
    house.ledger = resume(house.ledger, "b", now=house.now)
    house.shows("b")
    assert house.taken == house.possible_ghosts == EMPTY
