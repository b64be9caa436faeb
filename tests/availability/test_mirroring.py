"""Stories about portals that read each other beside us: what they show may be each other's, and is not believed alone."""

from __future__ import annotations

from icalsyncd.availability.explanation import explain
from icalsyncd.availability.mirroring import mirrors
from icalsyncd.availability.wording import words
from icalsyncd.calendars.calendar import Kind
from icalsyncd.calendars.nights import EMPTY
from tests.availability.house import DAY_ONE, House, nights, started

RESERVATION, BLOCK = Kind.RESERVATION, Kind.BLOCK

STAYS = ((10, 12), (20, 23), (30, 31))


def linked(*more: tuple[int, int]) -> House:
    """Portal b has shown the stays of a three times before it was told, all are cancelled, and a now repeats b's *more*."""
    house = started("a", "b")
    house.shows("a", *STAYS)
    house.shows("b", *STAYS)
    house.shows("a")
    house.shows("b")
    house.all_read()
    house.wait(25)
    house.shows("b", *more)
    house.all_read()
    house.shows("a", *more)
    return house


def test_a_portal_that_shows_anothers_stays_again_and_again_is_not_believed_about_what_that_one_repeats() -> None:
    house = linked((40, 42))
    assert mirrors(house.ledger.syncs["b"])
    assert not mirrors(house.ledger.syncs["a"])
    assert house.is_echo("a", 40)
    assert house.possible_ghosts == nights(40, 41)
    assert house.offer("a") == nights(40, 41), "it stays closed"


def test_such_a_portal_is_believed_where_nobody_else_shows_the_night() -> None:
    house = linked((40, 42))
    house.shows("a")
    assert house.possible_ghosts == EMPTY


def test_such_a_portal_is_believed_where_it_calls_the_stay_a_reservation() -> None:
    house = linked((40, 42))
    house.shows("b", (40, 42, RESERVATION))
    assert house.possible_ghosts == EMPTY


def test_what_a_portal_repeats_late_though_it_was_withdrawn_says_nothing_of_where_it_reads() -> None:
    for hours, counts in ((4, False), (7, True)):
        house = started("a", "b", "c")
        house.shows("a", *STAYS)
        house.reads("b")
        house.shows("a")
        house.reads("b")
        house.shows("b")
        house.wait(hours)
        house.shows("c", *STAYS)
        house.shows("b", *STAYS)
        assert mirrors(house.ledger.syncs["b"]) is counts


def test_two_double_bookings_are_no_link() -> None:
    house = started("a", "b")
    house.shows("a", *STAYS[:2])
    house.shows("b", *STAYS[:2])
    assert not mirrors(house.ledger.syncs["b"])
    assert house.overbooked == nights(10, 11, 20, 21, 22)


def test_a_link_that_was_taken_out_is_forgotten_after_as_many_stays_as_are_remembered() -> None:
    house = linked()
    house.shows("b", *((day, day + 1) for day in range(50, 114, 2)))
    assert not mirrors(house.ledger.syncs["b"])


def test_blocks_within_a_portals_own_reservations_come_from_another_portal() -> None:
    house = started("a", "b")
    reserved = tuple((start, end, RESERVATION) for start, end in STAYS)
    house.shows("b", *reserved)
    house.all_read()
    house.shows("a", *STAYS)
    house.shows("b", *reserved, *((start, start + 1, BLOCK) for start, _ in STAYS))
    assert mirrors(house.ledger.syncs["b"])
    house.shows("b", *((start, start + 1, BLOCK) for start, _ in STAYS))
    assert house.possible_ghosts == nights(10, 20, 30)


def coming_and_going() -> House:
    """Portal b has shown a night again that a repeats, and has just given it up."""
    house = linked((40, 42))
    house.shows("b")
    house.reads("a")
    house.shows("b", (40, 42))
    house.reads("a")
    house.shows("b")
    return house


def test_a_ghost_that_comes_and_goes_is_shown_until_it_has_been_gone_for_a_day() -> None:
    house = coming_and_going()
    assert house.offer("a") == EMPTY
    assert house.possible_ghosts == nights(40, 41)
    house.shows("a")
    house.shows("b", (40, 42))
    assert house.possible_ghosts == nights(40, 41)
    house.shows("b")
    house.wait(23)
    assert house.possible_ghosts == nights(40, 41)
    house.wait(2)
    assert house.possible_ghosts == EMPTY


def test_a_ghost_that_comes_and_goes_is_told_with_what_ends_it() -> None:
    house = coming_and_going()
    house.shows("a")
    found = explain(house.ledger, DAY_ONE + 40)
    assert found.possible_ghost
    assert not found.taken
    told = "\n".join(words(house.ledger, found, "casa", str))
    assert "open now, and perhaps a ghost that comes and goes" in told
    assert "b showed this night until lately" in told
    assert "Take that link out." in told
