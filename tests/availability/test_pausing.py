"""What a pause leaves open is known to the host, and to nobody else."""

from __future__ import annotations

from icalsyncd.availability.explanation import explain, frees_when
from icalsyncd.availability.offers import blocked, offers
from icalsyncd.availability.pausing import pauses
from icalsyncd.availability.roster import pause, resume
from icalsyncd.availability.wording import words
from icalsyncd.calendars.nights import EMPTY
from icalsyncd.state.records import SyncRecord, dump_sync, load_sync
from icalsyncd.state.state import Facts
from tests.availability.house import DAY_ONE, House, nights, started


def paused() -> House:
    """A sold the nights 10 to 12, B the nights 20 and 21, and A is paused."""
    house = House("A", "B")
    house.shows("A", (10, 13))
    house.shows("B", (20, 22))
    house.ledger = pause(house.ledger, "A", now=house.now)
    return house


def test_it_says_what_its_portal_sold_and_what_its_portal_does_not_know() -> None:
    (found,) = pauses(paused().ledger)
    assert (found.sync, found.sold, found.unknown, found.twice) == ("A", nights(10, 11, 12), nights(20, 21), EMPTY)


def test_a_night_that_another_sells_meanwhile_is_told_as_taken_twice() -> None:
    house = paused()
    house.shows("B", (11, 14), (20, 22))
    (found,) = pauses(house.ledger)
    assert (found.sold, found.twice) == (nights(10), nights(11, 12))


def test_nothing_of_it_is_offered_to_anybody() -> None:
    house = paused()
    assert offers(house.ledger)["B"] == EMPTY
    assert offers(house.ledger)["A"] == EMPTY
    assert blocked(house.ledger) == nights(20, 21)


def test_it_outlives_a_restart_and_ends_with_the_pause() -> None:
    house = paused()
    stored, _ = load_sync(SyncRecord(*dump_sync(house.ledger.syncs["A"], Facts())))
    assert stored == house.ledger.syncs["A"]
    house.ledger = resume(house.ledger, "A", now=house.now)
    assert list(pauses(house.ledger)) == []
    assert house.ledger.syncs["A"].shown_before == EMPTY


def test_the_explanation_of_a_released_night_names_the_pause() -> None:
    ledger = paused().ledger
    sold, elsewhere = explain(ledger, DAY_ONE + 11), explain(ledger, DAY_ONE + 20)
    told = "\n".join(words(ledger, sold, "casa", lambda moment: "12:00"))
    assert "A is paused since 12:00; it last showed this night as taken" in told
    assert "free, though A, paused, last showed it as taken" in told
    assert "Nothing keeps this night closed" not in told
    assert frees_when(ledger, sold) == "It is open now, since A is paused."
    assert "its portal is not told that this night is taken" in "\n".join(
        words(ledger, elsewhere, "casa", lambda moment: "12:00")
    )


def test_what_a_portal_sold_is_its_own_after_a_pause_in_which_it_read_nothing() -> None:
    house = started("A", "B", "C")
    house.shows("A", (10, 12))
    house.shows("B", (10, 12))
    house.reads("B")
    house.ledger = pause(house.ledger, "B", now=house.now)
    house.ledger = resume(house.ledger, "B", now=house.now + 1)
    house.shows("B", (10, 12))
    house.shows("A")
    assert house.offer("A") == house.offer("C") == nights(10, 11)
    assert house.ledger.syncs["B"].own_before == ()


def test_what_a_portal_repeats_is_an_echo_after_a_pause_in_which_it_read_nothing() -> None:
    house = started("A", "B")
    house.shows("A", (10, 12))
    house.reads("B")
    house.shows("B", (10, 12))
    house.ledger = pause(house.ledger, "B", now=house.now)
    house.ledger = resume(house.ledger, "B", now=house.now + 1)
    house.shows("B", (10, 12))
    house.shows("A")
    assert house.offer("A") == EMPTY


def test_a_possible_ghost_is_one_after_a_pause_in_which_its_portal_read_nothing() -> None:
    house = started("A", "B", "C")
    house.shows("A", (10, 12))
    house.reads("B")
    house.shows("B", (9, 13))
    house.ledger = pause(house.ledger, "B", now=house.now)
    house.ledger = resume(house.ledger, "B", now=house.now + 1)
    house.shows("B", (9, 13))
    assert house.possible_ghosts == nights(9, 12)
