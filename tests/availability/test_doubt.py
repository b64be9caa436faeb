"""Stories about claims that began while nobody looked, and what stands in for an origin that goes."""

from __future__ import annotations

from icalsyncd.availability.claims import Rule
from icalsyncd.calendars.calendar import Kind
from icalsyncd.calendars.nights import EMPTY
from tests.availability.house import nights, started, uid


def test_in_doubt_exactly_what_was_told_is_an_echo() -> None:
    house = started("a", "b")
    house.shows("a", (10, 12))
    house.reads("b", looked=False)
    house.shows("b", (10, 12))
    assert house.rules("b", 10) == {Rule.MATCHED}
    assert house.offer("a") == EMPTY


def test_in_doubt_anything_else_than_what_was_told_is_an_origin() -> None:
    house = started("a", "b")
    house.shows("a", (10, 12))
    house.reads("b", looked=False)
    house.shows("b", (10, 13))
    assert house.rules("b", 10) == {Rule.MISMATCHED}
    assert house.offer("a") == nights(10, 11, 12)


def test_in_doubt_a_run_is_known_again_beside_nights_that_the_portal_had() -> None:
    house = started("a", "b")
    house.shows("b", (8, 10))
    house.shows("a", (10, 12))
    house.reads("b", looked=False)
    house.shows("b", (8, 12))
    assert house.rules("b", 10) == {Rule.MATCHED}
    assert house.rules("b", 9) == {Rule.UNTOLD}


def test_a_verdict_in_doubt_does_not_flicker_with_later_fetches() -> None:
    house = started("a", "b")
    house.shows("a", (10, 12))
    house.reads("b", looked=False)
    house.shows("b", (10, 13))
    for _ in range(3):
        house.reads("b")
        house.shows("b", (10, 13))
        assert house.rules("b", 10) == {Rule.MISMATCHED}


def test_an_echo_in_doubt_stands_in_until_its_portal_has_dropped_it() -> None:
    house = started("a", "b", "c")
    house.shows("a", (10, 12))
    house.reads("b", looked=False)
    house.shows("b", (10, 12))
    house.shows("a")
    assert house.rules("b", 10) == {Rule.STANDS_IN}
    assert house.offer("a") == house.offer("c") == nights(10, 11)
    assert house.offer("b") == EMPTY
    house.reads("b")
    house.shows("b")
    assert house.taken == EMPTY


def test_an_echo_in_doubt_stands_in_beside_an_origin_that_its_portal_lacks() -> None:
    house = started("a", "b")
    house.shows("a", (10, 12))
    house.reads("b", looked=False)
    house.shows("b", (10, 12))
    assert house.offer("a") == EMPTY
    house.shows("a", retained=nights(10, 11))
    assert house.offer("a") == house.offer("b") == nights(10, 11)
    house.shows("a")
    assert house.offer("a") == nights(10, 11)
    assert house.offer("b") == EMPTY


def test_of_several_echoes_in_doubt_one_stands_in_so_that_they_cannot_keep_each_other_closed() -> None:
    house = started("a", "b", "c")
    house.shows("a", (10, 12))
    house.reads("b", looked=False)
    house.reads("c", looked=False)
    house.shows("b", (10, 12))
    house.shows("c", (10, 12))
    house.shows("a")
    assert house.offer("b") == EMPTY
    assert house.offer("c") == nights(10, 11)
    house.reads("b")
    house.shows("b")
    assert house.offer("c") == EMPTY
    house.reads("c")
    house.shows("c")
    assert house.taken == EMPTY


def test_what_comes_back_while_it_was_kept_and_told_may_be_an_echo_of_what_stood_in() -> None:
    house = started("a", "b")
    house.shows("a", (10, 12))
    house.reads("b", looked=False)
    house.shows("b", (10, 12))
    house.shows("a", retained=nights(10, 11))
    house.reads("a")
    house.shows("a", (10, 12))
    assert house.taken == house.possible_ghosts == nights(10, 11)


def test_what_comes_back_under_our_uid_may_be_an_echo_of_what_stood_in_as_well() -> None:
    house = started("a", "b")
    house.shows("a", (10, 12))
    house.reads("b", looked=False)
    house.shows("b", (10, 12))
    house.shows("a", good=False, retained=nights(10, 11))
    house.reads("a", looked=False)
    house.shows("a", (10, 12, Kind.UNKNOWN, uid(10, 12)))
    assert house.taken == house.possible_ghosts == nights(10, 11)


def test_what_comes_back_night_by_night_after_it_was_kept_is_an_echo_of_what_stood_in() -> None:
    house = started("a", "b", "c")
    house.shows("a", (10, 13, Kind.RESERVATION))
    house.reads("b", looked=False)
    house.shows("b", (10, 13))
    house.shows("a", good=False, retained=nights(10, 11, 12))
    house.reads("a", looked=False)
    house.shows("a", *((day, day + 1, Kind.BLOCK) for day in (10, 11, 12)))
    assert house.rules("b", 10) == {Rule.STANDS_IN}
    assert house.offer("a") == house.offer("c") == nights(10, 11, 12)


def test_what_it_shows_on_after_it_was_told_that_it_is_free_is_its_own_again() -> None:
    house = started("a", "b")
    house.shows("a", (10, 12))
    house.reads("b", looked=False)
    house.shows("b", (10, 12))
    house.shows("a", retained=nights(10, 11))
    house.reads("a")
    house.shows("a", (10, 12))
    house.reads("a")
    house.wait(hours=7)
    house.shows("a", (10, 12))
    assert house.taken == nights(10, 11)
    assert not house.possible_ghosts
