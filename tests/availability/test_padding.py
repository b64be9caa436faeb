"""Stories about portals that close more nights than they were told, without anyone having said so: these may be ghosts."""

from __future__ import annotations

from icalsyncd.availability.claims import Rule
from icalsyncd.calendars.calendar import Kind
from tests.availability.house import House, nights, started, uid


def padded() -> House:
    """Portal b closes a night on each side of the stay of a."""
    house = started("a", "b", "c")
    house.shows("a", (10, 12))
    house.reads("b")
    house.shows("b", (9, 13))
    assert house.possible_ghosts == nights(9, 12)
    return house


def test_a_night_that_was_added_stays_a_possible_ghost_though_its_portal_is_told_of_it_later() -> None:
    house = padded()
    house.shows("c", (8, 14))
    house.reads("b")
    house.shows("b", (7, 15))
    assert house.possible_ghosts >= nights(9, 12)
    assert house.overbooked.isdisjoint(nights(9, 12))


def test_an_added_night_that_outlives_what_it_repeats_beside_a_run_that_is_told_is_a_possible_ghost() -> None:
    house = started("a", "b", "c")
    house.shows("a", (10, 12))
    house.shows("c", (12, 13))
    house.reads("b")
    house.shows("b", (10, 13))
    house.shows("c")
    house.reads("b")
    for _ in range(14):
        house.shows("b", (10, 13))
    assert house.taken == nights(10, 11, 12)
    assert house.possible_ghosts == nights(12)


def test_what_was_ours_and_is_left_beside_a_run_that_is_told_is_a_possible_ghost() -> None:
    house = started("a", "b", "c")
    house.shows("a", (10, 12))
    house.shows("c", (12, 13))
    house.reads("b")
    house.shows("b", (9, 14, Kind.UNKNOWN, uid(10, 13)))
    house.shows("c")
    house.reads("b")
    house.shows("b", (9, 13, Kind.UNKNOWN, uid(10, 12)))
    assert house.possible_ghosts == nights(9, 12)


def test_what_is_left_of_a_booking_around_a_run_that_is_told_is_a_possible_ghost() -> None:
    house = started("a", "b")
    house.shows("b", (6, 10))
    house.shows("a", (10, 12))
    house.reads("b")
    house.shows("b", (6, 10))
    house.shows("b", (9, 13))
    assert house.possible_ghosts == nights(9, 12)


def test_added_nights_stay_possible_ghosts_while_the_run_within_is_told_though_that_was_in_doubt() -> None:
    house = started("a", "b")
    house.shows("a", (10, 12))
    house.reads("b", looked=False)
    house.shows("b", (9, 13))
    assert house.possible_ghosts == nights(9, 12)
    house.reads("b")
    for _ in range(14):
        house.shows("b", (9, 13))
    assert house.possible_ghosts == nights(9, 12)


def test_an_added_night_that_an_earlier_echo_held_is_a_possible_ghost() -> None:
    house = started("a", "b", "c")
    house.shows("a", (10, 12))
    house.reads("b")
    house.shows("b", (9, 13))
    house.shows("a")
    house.shows("c", (12, 14))
    house.reads("b")
    house.shows("b", (11, 15))
    assert house.possible_ghosts >= nights(11, 14)


def test_a_booking_beside_a_run_that_is_told_is_not_taken_for_what_its_portal_adds_to_that() -> None:
    house = started("a", "b", padding=1)
    house.shows("b", (10, 12))
    house.reads("a", looked=False)
    house.shows("a", (10, 12))
    assert house.is_echo("a", 10)
    house.shows("b", (9, 10))
    house.reads("a")
    house.wait(7)
    house.shows("a", (10, 12))
    assert house.rules("a", 10) == {Rule.OUTLIVED}
    assert house.offer("b") == nights(10, 11)
