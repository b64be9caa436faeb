"""Stories about echoes whose support has gone: they may be guests again, and what the portal does decides."""

from __future__ import annotations

from icalsyncd.availability.attribution import telling
from icalsyncd.availability.claims import Rule
from icalsyncd.availability.explanation import explain
from icalsyncd.availability.wording import words
from icalsyncd.availability.offers import trouble
from icalsyncd.calendars.calendar import Kind
from icalsyncd.calendars.nights import EMPTY
from icalsyncd.state.records import dump_sync, load_sync
from icalsyncd.state.state import Facts
from tests.availability.house import DAY_ONE, House, nights, started


def withdrawn(house: House) -> House:
    """Portal b repeats a stay of a, which is cancelled, and b has read that."""
    house.shows("a", (10, 12))
    house.all_read()
    house.shows("b", (10, 12))
    house.shows("a")
    assert house.taken == EMPTY, "while b knows the nights as taken it cannot sell them"
    house.reads("b")
    return house


def test_the_same_nights_sold_again_where_they_were_repeated_are_told_free_to_nobody() -> None:
    house = withdrawn(started("a", "b", "c"))
    house.shows("b", (10, 12))
    for name in "ac":
        assert house.offer(name) == nights(10, 11)
    assert house.offer("b") == EMPTY
    assert house.rules("b", 10) == {Rule.STANDS_IN}


def test_a_portal_is_answered_as_if_it_had_read_the_answer_that_may_be_lost() -> None:
    house = started("a", "b")
    house.shows("a", (10, 12))
    house.all_read()
    house.shows("b", (10, 12))
    house.shows("a")
    house.ledger = telling(house.ledger, "b", house.offer("b"), now=house.now)
    assert house.offer("a") == nights(10, 11)


def test_the_nights_are_free_for_all_once_the_portal_has_dropped_them() -> None:
    house = withdrawn(started("a", "b", "c"))
    house.shows("b")
    assert house.taken == EMPTY
    assert house.offer("a") == house.offer("c") == EMPTY


def test_a_block_of_a_portal_that_labels_its_reservations_is_no_guest() -> None:
    house = started("a", "b")
    house.shows("a", (10, 12))
    house.all_read()
    house.shows("b", (10, 12, Kind.BLOCK))
    house.shows("a")
    house.reads("b")
    assert house.taken == EMPTY


def test_what_was_told_for_the_sake_of_doubts_does_not_keep_others_closed_for_ever() -> None:
    house = withdrawn(started("a", "b", "c", "d"))
    keeper, rest = "b", ["c", "d", "a"]
    for _ in range(12):
        # each in turn repeats the doubt of the one before, who has dropped it by then
        after = rest.pop(0)
        house.reads(after)
        house.shows(after, (10, 12))
        house.shows(keeper)
        house.reads(after)
        rest.append(keeper)
        keeper = after
    assert house.taken == EMPTY


def test_an_echo_that_appears_when_its_origin_has_gone_may_be_a_guest() -> None:
    house = started("a", "b")
    house.shows("a", (10, 12))
    house.reads("b")
    house.shows("a")
    house.shows("b", (10, 12))
    assert house.rules("b", 10) == {Rule.STANDS_IN}
    assert house.offer("a") == nights(10, 11)


def test_an_event_of_nights_told_and_of_others_may_be_a_guest_though_a_doubt_alone_was_told() -> None:
    house = withdrawn(started("a", "b", "c"))
    house.reads("c")
    house.shows("c", (9, 11))
    house.shows("b")
    assert 10 + DAY_ONE in house.offer("a")


def test_a_portal_that_acts_late_on_what_it_read_before_is_no_certain_origin() -> None:
    house = started("a", "b")
    house.shows("a", (10, 12))
    house.reads("b")
    house.shows("a")
    house.reads("b")
    house.shows("b", (10, 12))
    assert house.rules("b", 10) == {Rule.STANDS_IN}
    house.reads("b")
    house.shows("b")
    assert house.taken == EMPTY


def test_a_guest_at_another_portal_beside_such_a_doubt_may_be_the_second_one() -> None:
    house = withdrawn(started("a", "b", "c"))
    house.shows("c", (10, 12, Kind.RESERVATION))
    found = trouble(house.ledger)
    assert found.perhaps_two == nights(10, 11)
    assert found.overbooked == found.possible_ghosts == EMPTY
    told = "\n".join(words(house.ledger, explain(house.ledger, DAY_ONE + 10), "casa", str))
    assert "taken (c), and perhaps booked twice" in told
    assert "Perhaps two guests: b and c show this night." in told
    house.shows("b")
    assert trouble(house.ledger).perhaps_two == EMPTY


def test_what_lies_behind_what_was_told_is_stored() -> None:
    house = withdrawn(started("a", "b", "c"))
    house.reads("a")
    for sync in house.ledger.syncs.values():
        assert load_sync(dump_sync(sync, Facts()))[0] == sync
    assert house.ledger.syncs["b"].grounds.freed.nights == nights(10, 11)
    assert house.ledger.syncs["a"].grounds.doubts == nights(10, 11)


def test_an_event_that_cuts_through_what_a_doubt_alone_told_is_its_own() -> None:
    house = started("a", "b", "c")
    house.shows("a", (10, 14))
    house.reads("b")
    house.shows("b", (10, 14))
    house.shows("a")
    house.reads("b")
    house.reads("c")
    house.shows("c", (8, 12))
    assert house.rules("c", 10) == {Rule.MISMATCHED}
    assert house.rules("c", 8) == {Rule.UNTOLD}
