"""Who comes and goes: each stay by itself, and one that runs known by what was known of it."""

from __future__ import annotations

from icalsyncd.availability.offers import trouble
from icalsyncd.availability.visits import LOCAL, Known, Visit, continued, visits
from icalsyncd.calendars.calendar import Kind
from icalsyncd.calendars.nights import Stay
from tests.availability.house import DAY_ONE, House


def seen(house: House) -> list[tuple[str, int, int]]:
    """The visits of *house*: of which sync, from which day to which."""
    found = visits(house.ledger, trouble(house.ledger))
    return sorted((visit.sync, visit.stay.check_in - DAY_ONE, visit.stay.check_out - DAY_ONE) for visit in found)


def test_stays_that_touch_are_two_and_one_shown_twice_is_one() -> None:
    house = House("a")
    house.shows("a", (3, 5, Kind.RESERVATION), (5, 8, Kind.RESERVATION), (3, 5, Kind.BLOCK))
    assert seen(house) == [("a", 3, 5), ("a", 5, 8)]
    assert not any(visit.closed for visit in visits(house.ledger, trouble(house.ledger)))


def test_what_only_repeats_us_is_no_visit() -> None:
    house = House("a", "b")
    house.shows("a", (3, 5, Kind.RESERVATION))
    house.shows("b")
    house.reads("b")
    house.shows("b", (3, 5, Kind.BLOCK))
    assert seen(house) == [("a", 3, 5)]


def test_own_blocks_and_what_is_overbooked_are_marked() -> None:
    house = House("a", "b")
    house.takes(10, 12)
    house.shows("a", (3, 5, Kind.RESERVATION))
    house.shows("b", (4, 7, Kind.RESERVATION))
    found = {visit.sync: visit for visit in visits(house.ledger, trouble(house.ledger))}
    assert found[LOCAL].stay == Stay(DAY_ONE + 10, DAY_ONE + 12)
    assert (found["a"].overbooked, found["b"].overbooked, found[LOCAL].overbooked) == (True, True, False)


def test_a_running_stay_is_whole_though_its_portal_shows_what_is_left() -> None:
    before = [Known("x", Stay(10, 17)), Known("y", Stay(12, 13)), Known("x", Stay(20, 22))]

    def whole(*stays: tuple[int, int], today: int = 13) -> list[tuple[int, int]]:
        now = [Visit("x", "x", Stay(*stay)) for stay in stays]
        return sorted((stay[0], stay[1]) for _, stay in continued(now, before, today))

    assert whole((12, 17)) == [(10, 17)]
    assert whole((13, 17)) == [(10, 17)], "clipped to today"
    assert whole((12, 19)) == [(10, 19)], "and extended"
    assert whole((12, 15)) == [(10, 15)], "and shortened"
    assert whole((12, 14), (14, 17)) == [(10, 14), (14, 17)], "the second is one of its own"
    assert whole((14, 17)) == [(14, 17)], "what is still to come has not begun"
    assert whole((20, 22)) == [(20, 22)]
    assert whole((12, 17), (12, 15)) == [(10, 17), (12, 15)], "each is known once"
