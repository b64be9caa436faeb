"""What is too near or too far to be offered is closed in the feeds, and is nobody's night."""

from __future__ import annotations

from dataclasses import replace

from icalsyncd.admin.unsafe import unsafe_nights
from icalsyncd.availability.attribution import settled
from icalsyncd.availability.explanation import explain, frees_when
from tests.availability.family import Family
from tests.availability.house import DAY_ONE, HOUR, House, nights, started


def offering(house: House, name: str, *, notice: int = 0, window: int | None = None) -> None:
    sync = house.ledger.syncs[name]
    channel = replace(sync.channel, offer_notice=notice, offer_window=window)
    house.ledger = settled(house.ledger.with_sync(name, replace(sync, channel=channel)), house.now)


def test_the_nights_are_closed_in_that_feed_and_taken_by_nobody() -> None:
    house = started("a", "b")
    offering(house, "a", notice=2, window=10)
    assert house.offer("a") == nights(-1, 0, 1) | (house.offer("a").since(DAY_ONE + 10))
    assert len(house.offer("a")) > 1000
    assert not house.offer("b")
    assert not house.taken
    found = explain(house.ledger, DAY_ONE + 1)
    assert found.unoffered == ("a",)
    assert not found.taken
    assert not found.buffered
    assert "too near or too far" in frees_when(house.ledger, found)


def test_its_echo_is_known_and_goes_nowhere_while_the_edges_move() -> None:
    house = started("a", "b")
    offering(house, "a", notice=1, window=10)
    for day in range(4):
        house.reads("a")
        house.shows("a", (day - 1, day + 1), (day + 10, 1095 + day))
        assert not house.offer("b"), day
        assert not house.taken
        assert not house.possible_ghosts
        house.wait(24 - house.now / 3600 % 24 + 0.5)


def test_a_booking_of_its_own_is_not_told_to_its_portal_for_that() -> None:
    house = started("a", "b")
    house.shows("a", (12, 14))
    offering(house, "a", window=10)
    assert nights(12, 13).isdisjoint(house.offer("a"))
    assert house.offer("b") == nights(12, 13)


def test_a_buffer_of_one_sync_is_in_its_feed_alone() -> None:
    house = started("a", "b", "c", after=1)
    sync = house.ledger.syncs["b"]
    house.ledger = house.ledger.with_sync("b", replace(sync, channel=replace(sync.channel, buffer=(2, 0))))
    house.shows("a", (5, 7))
    assert house.offer("b") == nights(3, 4, 5, 6)
    assert house.offer("c") == nights(5, 6, 7)


def test_what_is_not_offered_at_the_house_is_offered_in_its_rooms() -> None:
    family = Family({"finca": "x", "room-1": "x"}, {"finca": "room-1"})
    family.begin()
    sync = family.ledgers["finca"].syncs["x"]
    channel = replace(sync.channel, offer_window=10)
    family.change("finca", lambda ledger: settled(ledger.with_sync("x", replace(sync, channel=channel)), 0.0))
    assert family.offer("finca/x")
    assert not family.offer("room-1/x")


def test_a_portal_that_does_not_read_leaves_no_night_unsafe_for_that_alone() -> None:
    house = started("a", "b")
    offering(house, "a", notice=2)
    later = house.now + 40 * 24 * HOUR
    assert unsafe_nights(house.ledger, later) == {}
    house.shows("b", (1, 4))
    assert unsafe_nights(house.ledger, later) == {DAY_ONE + 1: ("a",)}
