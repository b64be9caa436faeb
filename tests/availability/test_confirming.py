"""Stories about the host's word: who has a night, or that nobody has, and when that ends."""

from __future__ import annotations

from icalsyncd.availability.claims import Rule
from icalsyncd.availability.confirming import called_reservations, confirm, seen_on
from icalsyncd.availability.explanation import explain
from icalsyncd.availability.wording import words
from icalsyncd.calendars.calendar import Kind
from icalsyncd.calendars.nights import EMPTY
from icalsyncd.state.records import dump_accommodation, load_accommodation
from tests.availability.house import DAY_ONE, House, nights


def moved_in() -> House:
    """At the first start two portals show the same stay, and nobody knows whose it is."""
    house = House("a", "b", "c")
    house.shows("a", (10, 12))
    house.shows("b", (10, 12))
    house.shows("c")
    house.all_read()
    assert house.possible_ghosts == nights(10, 11)
    return house


def says(house: House, by: str | None) -> None:
    house.ledger = confirm({"": house.ledger}, "", nights(10, 11), by, now=house.now)[""]


def test_once_the_host_says_who_has_it_a_night_is_no_possible_ghost() -> None:
    house = moved_in()
    says(house, "a")
    assert house.possible_ghosts == house.overbooked == EMPTY
    assert (house.rules("a", 10), house.rules("b", 10)) == ({Rule.CONFIRMED}, {Rule.ANOTHERS})
    assert house.offer("c") == house.offer("b") == nights(10, 11)
    assert house.offer("a") == EMPTY


def test_when_the_one_who_had_it_drops_it_the_others_may_have_it_again() -> None:
    house = moved_in()
    says(house, "a")
    house.shows("a")
    assert house.offer("a") == house.offer("c") == nights(10, 11)
    assert house.rules("b", 10) == {Rule.STANDS_IN}
    house.reads("b")
    house.shows("b")
    assert house.taken == EMPTY


def test_what_nobody_has_by_the_hosts_word_opens_everywhere() -> None:
    house = moved_in()
    says(house, None)
    assert house.taken == house.possible_ghosts == EMPTY
    house.all_read()
    house.shows("a")
    house.shows("b")
    assert house.ledger.syncs["b"].claimed == EMPTY


def test_what_outlives_the_hosts_word_closes_again_and_is_told() -> None:
    house = moved_in()
    says(house, None)
    house.all_read()
    house.wait(7)
    house.shows("a")
    house.shows("b", (10, 12))
    assert house.rules("b", 10) == {Rule.OUTLIVED}
    assert house.offer("a") == nights(10, 11)
    assert house.possible_ghosts == nights(10, 11)
    assert "You said on" in "\n".join(words(house.ledger, explain(house.ledger, DAY_ONE + 10), "casa", str))


def test_the_hosts_word_ends_with_the_event_that_it_was_about() -> None:
    house = moved_in()
    says(house, None)
    house.all_read()
    house.shows("b", (9, 12))
    assert house.offer("c") >= nights(9, 10, 11)


def test_an_event_that_the_host_was_not_shown_is_not_meant() -> None:
    house = moved_in()
    seen = seen_on({"": house.ledger}, "", nights(10, 11))
    house.shows("c", (11, 13))
    house.ledger = confirm({"": house.ledger}, "", nights(10, 11), None, now=house.now, seen=seen)[""]
    assert house.rules("c", 11) == {Rule.TOLD} or 11 + DAY_ONE in house.taken
    assert Rule.NOBODYS not in house.rules("c", 11)


def test_what_a_portal_calls_a_reservation_stays_one() -> None:
    house = House("a", "b")
    house.shows("a", (10, 12, Kind.RESERVATION))
    house.shows("b", (10, 12))
    says(house, None)
    assert called_reservations(house.ledger, nights(10)) == ("a",)
    assert house.taken == nights(10, 11)


def test_the_hosts_word_is_stored_and_forgotten_with_its_nights() -> None:
    house = moved_in()
    says(house, "a")
    word = explain(house.ledger, DAY_ONE + 10).said
    assert word is not None
    assert word.by == "a"
    assert load_accommodation(dump_accommodation(house.ledger), house.ledger.syncs).words == house.ledger.words
    house.wait(24 * 13)
    assert house.ledger.words == ()
