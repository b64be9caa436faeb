"""The host's word on a house or on a room: it is said of all that share a unit, where it was not clear who has them."""

from __future__ import annotations

import pytest

from icalsyncd.availability.claims import Rule
from icalsyncd.availability.confirming import confirm, seen_on
from icalsyncd.availability.families import joined
from icalsyncd.calendars.calendar import Kind
from tests.availability.family import Family
from tests.availability.house import nights

STAY = nights(5, 6)


def moved_in() -> Family:
    """At the first start the house and a room show the same stay, and nobody knows whose it is."""
    family = Family({"finca": "x", "room-1": "y", "room-2": "z"}, {"finca": "room-1 room-2"})
    family.shows("finca/x", (5, 7))
    family.shows("room-1/y", (5, 7))
    family.shows("room-2/z")
    for sync in family.syncs:
        family.reads(sync)
    assert family.ghosts() == {"finca", "room-1", "room-2"}
    return family


def says(family: Family, accommodation: str, by: str | None) -> None:
    moved = confirm(family.ledgers, accommodation, STAY, by, now=family.now)
    family.ledgers |= moved
    family.ledgers |= joined(family.ledgers, moved, family.now)


def rules(family: Family, sync: str) -> set[Rule]:
    accommodation, name = sync.split("/")
    return {rule for claim in family.ledgers[accommodation].syncs[name].claims for rule, _ in claim.verdicts}


def test_that_the_house_is_booked_is_said_of_its_rooms_too() -> None:
    family = moved_in()
    says(family, "finca", "x")
    assert family.ghosts() == family.overbooked() == set()
    assert (rules(family, "finca/x"), rules(family, "room-1/y")) == ({Rule.CONFIRMED}, {Rule.ANOTHERS})
    assert set(family.closed()) == {"finca", "room-1", "room-2"}
    assert not family.offer("finca/x")
    assert family.offer("room-1/y") == STAY


def test_that_a_room_is_booked_opens_the_other_room() -> None:
    family = moved_in()
    says(family, "room-1", "y")
    assert family.ghosts() == family.overbooked() == set()
    assert (rules(family, "room-1/y"), rules(family, "finca/x")) == ({Rule.CONFIRMED}, {Rule.ANOTHERS})
    assert set(family.closed()) == {"finca", "room-1"}


def test_what_nobody_has_at_the_house_opens_everywhere() -> None:
    family = moved_in()
    says(family, "finca", None)
    assert family.closed() == {}
    assert family.ghosts() == set()
    assert not any(family.offer(sync) for sync in family.syncs)


def test_when_the_one_who_had_it_drops_it_the_kin_may_have_it_again() -> None:
    family = moved_in()
    says(family, "finca", "x")
    family.shows("finca/x")
    assert family.offer("finca/x") == STAY
    assert rules(family, "room-1/y") == {Rule.ANOTHERS}
    assert family.is_origin("room-1/y"), "it stands in until its portal has shown that it was an echo"
    for _ in range(2):
        family.reads("room-1/y")
        family.shows("room-1/y")
    assert family.closed() == {}


@pytest.mark.parametrize("kind", [Kind.RESERVATION, Kind.UNKNOWN])
def test_a_word_on_a_room_frees_nothing_that_the_house_is_known_to_have(kind: Kind) -> None:
    family = Family({"finca": "x", "room-1": "y"}, {"finca": "room-1"})
    family.begin()
    family.shows("finca/x", (5, 7, kind))
    family.reads("room-1/y")
    family.shows("room-1/y", (5, 7))
    assert [event.sync for event in seen_on(family.ledgers, "room-1", STAY)] == ["y"]
    says(family, "room-1", None)
    assert set(family.closed()) == {"finca", "room-1"}
    assert rules(family, "finca/x") <= {Rule.RESERVATION, Rule.UNTOLD}
