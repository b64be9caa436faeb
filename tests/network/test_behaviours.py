"""The rows of behaviours: each can be played, and what the oracle counts is what it says."""

from __future__ import annotations

from icalsyncd.calendars.calendar import Kind
from icalsyncd.calendars.nights import Stay
from tests.network.history import START
from tests.network.odd_portals import Oddity, OddPortal
from tests.network.portals import Habits, today

DAY_ONE = today(START)


def shown(odd: Oddity, *imported: Stay) -> list[tuple[int, int]]:
    """What a portal with that oddity shows of what it imported, in days from the first."""
    portal = OddPortal("odd", Habits(), odd=odd)
    portal.hear([(stay, "") for stay in imported], START)
    portal.hear([], START + 1)
    if not odd.sticky:
        portal.hear([(stay, "") for stay in imported], START + 2)
    return [(event.check_in - DAY_ONE, event.check_out - DAY_ONE) for event in portal.events(START + 3)]


def test_odd_portals_do_what_is_said_of_them() -> None:
    stay = Stay(DAY_ONE + 10, DAY_ONE + 12)
    assert shown(Oddity(), stay) == [(10, 12)]
    assert shown(Oddity(sticky=True), stay) == [(10, 12)]
    assert shown(Oddity(shift=(-1, -1)), stay) == [(9, 11)]
    assert shown(Oddity(own_by_night=True), stay) == [(10, 11), (11, 12)]
    assert shown(Oddity(notice=2), stay) == [(10, 12), (0, 2)]
    assert shown(Oddity(starts_tomorrow=True), Stay(DAY_ONE, DAY_ONE + 2)) == [(1, 2)]


def test_a_portal_that_labels_shows_its_own_rules_as_blocks() -> None:
    portal = OddPortal("odd", Habits(labels=True), odd=Oddity(window=100))
    assert [event.kind for event in portal.events(START)] == [Kind.BLOCK]
