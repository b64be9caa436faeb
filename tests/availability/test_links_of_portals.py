"""A portal that links its own listings: it closes the house by itself when it sells one of the rooms."""

from __future__ import annotations

from dataclasses import replace

from icalsyncd.availability.attribution import settled
from icalsyncd.availability.claims import Rule
from icalsyncd.availability.ledger import Ledger
from icalsyncd.availability.offers import trouble, verdict
from icalsyncd.calendars.calendar import Kind
from tests.availability.family import Family, house_with_rooms
from tests.availability.house import DAY_ONE, nights

STAY = nights(5, 6)


def linked_house(*, says: bool = False) -> Family:
    """The house and its two rooms, of which one is listed beside it at Vrbo and both at others."""
    family = Family({"finca": "vrbo holidu", "room-1": "vrbo", "room-2": "holidu"}, {"finca": "room-1 room-2"})
    family.begin()
    if says:
        family.change("finca", lambda ledger: _says(ledger, "vrbo"))
    return family


def _says(ledger: Ledger, name: str) -> Ledger:
    sync = ledger.syncs[name]
    return settled(ledger.with_sync(name, replace(sync, channel=replace(sync.channel, linked=True))), 0.0)


def test_while_it_may_be_the_portals_link_the_other_rooms_stay_closed_and_it_shows() -> None:
    family = linked_house()
    for order in (("room-1/vrbo", "finca/vrbo"), ("finca/vrbo", "room-1/vrbo")):
        for sync in order:
            family.shows(sync, (5, 7))
        assert family.closed() == dict.fromkeys(("finca", "room-1", "room-2"), STAY)
        assert family.overbooked() == set()
        # the house and the room are taken either way
        assert family.ghosts() == {"room-2"}
        for sync in order:
            family.shows(sync)
        assert family.closed() == {}


def test_where_the_host_says_so_such_a_stay_closes_nothing_further() -> None:
    family = linked_house(says=True)
    family.shows("room-1/vrbo", (5, 7))
    family.shows("finca/vrbo", (5, 7), (9, 10))
    assert family.closed() == {"finca": nights(5, 6, 9), "room-1": nights(5, 6, 9), "room-2": nights(9)}
    assert family.ghosts() == family.overbooked() == set()
    ledger = family.ledgers["finca"]
    rules = [verdict(ledger, "vrbo", claim, DAY_ONE + 5) for claim in ledger.syncs["vrbo"].claims]
    assert Rule.LINKED in rules


def test_what_the_portal_calls_a_reservation_of_the_house_is_one() -> None:
    family = linked_house(says=True)
    family.shows("room-1/vrbo", (5, 7))
    family.shows("finca/vrbo", (5, 7, Kind.RESERVATION))
    assert family.closed()["room-2"] == STAY


def test_where_all_rooms_show_the_stay_the_house_was_booked() -> None:
    family = Family(
        {"finca": "vrbo", "room-1": "vrbo", "room-2": "vrbo", "room-3": "x"}, {"finca": "room-1 room-2 room-3"}
    )
    family.begin()
    family.change("finca", lambda ledger: _says(ledger, "vrbo"))
    for sync in ("room-1/vrbo", "finca/vrbo"):
        family.shows(sync, (5, 7))
    assert "room-3" not in family.closed()
    family.shows("room-2/vrbo", (5, 7))
    assert family.closed()["room-3"] == STAY


def test_another_portal_on_the_same_nights_is_no_link_but_a_second_booking() -> None:
    family = house_with_rooms()
    family.shows("room-1/holidu", (5, 7))
    family.shows("finca/vrbo", (5, 7))
    assert family.overbooked() == {"finca", "room-1"}
    assert trouble(family.ledgers["room-2"]).overbooked == nights()
