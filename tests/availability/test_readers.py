"""Stories about several programs at one link: until it is known which is the portal's, each is told, perhaps."""

from __future__ import annotations

import pytest

from icalsyncd.availability.attribution import telling
from icalsyncd.availability.claims import Rule
from icalsyncd.availability.readers import portals_own, product
from tests.availability.house import House, started

PORTAL, OTHER = "Portal-Importer/2.1 (java)", "Google-Calendar-Importer; (+https://www.google.com)"


@pytest.mark.parametrize(
    ("agent", "token"),
    [
        ("Portal-Importer/2.1 (java)", "Portal-Importer"),
        ("Portal-Importer/2.2", "Portal-Importer"),
        (OTHER, "Google-Calendar-Importer"),
        ("Mozilla/5.0 (compatible)", "Mozilla"),
        ("", ""),
        ("x" * 90, "x" * 40),
        ("a\x1bb/1", ""),
    ],
)
def test_a_reader_is_called_by_its_product_without_the_version(agent: str, token: str) -> None:
    assert product(agent) == token


def two_readers() -> House:
    """Both a portal and another program have read the link of b for a while; a has a stay that b repeats."""
    house = House("a", "b", "c")
    for name in "abc":
        house.shows(name)
    for name in "ac":
        house.reads(name)
    for _ in range(3):
        house.reads("b", agent=PORTAL)
        house.reads("b", agent=OTHER)
    return house


def test_what_one_of_two_readers_has_read_is_no_proof_of_a_withdrawal() -> None:
    house = two_readers()
    house.shows("a", (10, 12))
    for agent in (PORTAL, OTHER):
        house.reads("b", agent=agent)
    house.shows("b", (10, 12))
    house.shows("a")
    for _ in range(8):
        house.reads("b", agent=OTHER)
        house.wait(1)
    house.shows("b", (10, 12))
    assert house.rules("b", 10) == {Rule.TOLD}, "the portal may not have read that it is free"
    house.reads("b", agent=PORTAL)
    house.wait(7)
    house.shows("b", (10, 12))
    assert house.rules("b", 10) == {Rule.OUTLIVED}


def test_what_another_reader_has_read_may_be_what_the_portal_does_not_know() -> None:
    house = two_readers()
    house.shows("a", (10, 12))
    house.reads("b", agent=OTHER)
    house.shows("b", (10, 13))
    assert house.rules("b", 10) == {Rule.MISMATCHED}
    assert 10 + 740_000 in house.overbooked


def test_a_passer_by_is_forgotten_after_a_day() -> None:
    house = started("a", "b")
    house.reads("b", agent="curl/8.1")
    assert len(house.ledger.syncs["b"].readers) == 2
    house.wait(25)
    house.reads("b")
    assert [reader.product for reader in house.ledger.syncs["b"].readers] == [""]


def test_a_portal_that_has_stopped_reading_is_silent_though_another_program_reads_on() -> None:
    house = two_readers()
    for _ in range(26):
        house.wait(1)
        house.reads("b", agent=OTHER)
    assert house.ledger.syncs["b"].silent


def known(house: House) -> House:
    """The portal's calendar follows one of the two, three times."""
    for start in (10, 20, 30):
        house.shows("a", (start, start + 1))
        house.reads("b", agent=OTHER)
        house.wait(7)
        house.shows("b", *((day, day + 1) for day in (10, 20) if day < start))
        house.reads("b", agent=PORTAL)
        house.shows("b", *((day, day + 1) for day in (10, 20, 30) if day <= start))
    return house


def test_whose_reading_the_calendar_follows_is_the_portal() -> None:
    house = known(two_readers())
    own = portals_own(house.ledger.syncs["b"].readers)
    assert own is not None
    assert own.product == "Portal-Importer"


def test_once_the_portal_is_known_nobody_else_tells_what_it_has_read() -> None:
    house = known(two_readers())
    before = house.ledger.syncs["b"]
    house.shows("a", (40, 41))
    assert telling(house.ledger, "b", house.offer("b"), now=house.now, agent=OTHER) is house.ledger
    house.reads("b", agent=OTHER)
    after = house.ledger.syncs["b"]
    assert (after.told, after.fetches, after.in_force) == (before.told, before.fetches, before.in_force)
    house.shows("b", (10, 11), (20, 21), (30, 31), (40, 41))
    assert house.rules("b", 40) == {Rule.UNTOLD}
