"""A host who goes over from links that are fetched to feeds that are published, and back."""

from __future__ import annotations

from icalsyncd.availability.attribution import unpublished
from icalsyncd.availability.claims import Rule
from icalsyncd.calendars.nights import EMPTY
from tests.availability.house import House


def two_that_fetch() -> House:
    house = House("a", "b")
    house.shows("a")
    house.shows("b")
    house.all_read()
    return house


def test_a_portal_that_reads_what_is_published_is_not_silent() -> None:
    house = two_that_fetch()
    house.shows("a", (20, 22))
    house.publishes("b")
    house.shows("b", (20, 22))
    house.wait(24 * 5)
    assert not house.ledger.syncs["b"].silent
    assert house.is_echo("b", 20)
    assert house.offer("a") == EMPTY


def test_back_at_the_listener_what_was_read_before_is_in_doubt_until_the_first_fetch() -> None:
    house = two_that_fetch()
    house.shows("a", (20, 22))
    house.publishes("b")
    house.ledger = unpublished(house.ledger, "b")
    assert not house.ledger.syncs["b"].published
    house.shows("b", (20, 22))
    assert house.rules("b", 20) == {Rule.MATCHED}
    house.reads("b")
    house.shows("a", (20, 22), (30, 32))
    house.reads("b")
    house.shows("b", (20, 22), (30, 32))
    assert house.rules("b", 30) == {Rule.TOLD}
