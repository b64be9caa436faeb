"""What the page says of a portal's own ways, and when."""

from __future__ import annotations

from dataclasses import replace

from icalsyncd.admin.habits import needed_facts
from icalsyncd.admin.overview import SyncRow
from icalsyncd.admin.page import page
from icalsyncd.availability.channel import Channel
from icalsyncd.availability.ledger import Presence
from icalsyncd.availability.stamps import Stamps
from icalsyncd.calendars.nights import Nights
from tests.admin.test_page import with_sync, words
from tests.admin.worlds import NOW, world

BOOKING = Channel("booking", receives=True, sends=True)


def row(**of_ledger: object) -> SyncRow:
    overview = with_sync(world(1, 1), channel=BOOKING, **of_ledger)
    ((accommodation, house),) = overview.view.houses.items()
    return next(iter(overview.syncs_of(accommodation, house)))


def test_what_to_choose_at_a_portal_is_said_until_its_calendar_was_read() -> None:
    assert any("Only reserved dates" in fact for fact in needed_facts(row(pulled_at=None), late=False))
    assert not any("Only reserved dates" in fact for fact in needed_facts(row(), late=False))


def test_how_to_hurry_a_portal_is_said_while_it_has_something_to_read() -> None:
    known = row()
    told = Stamps(((NOW, known.ledger.offered.nights),))
    current = known._replace(ledger=replace(known.ledger, told=told))
    behind = known._replace(ledger=replace(known.ledger, told=Stamps(((NOW, Nights.between(1, 2)),))))
    paused = behind._replace(ledger=replace(behind.ledger, presence=Presence.PAUSED))
    assert needed_facts(current, late=False) == ()
    assert any("read at once" in fact for fact in needed_facts(current, late=True))
    assert any("read at once" in fact for fact in needed_facts(behind, late=False))
    assert needed_facts(paused, late=True) == ()


def test_they_stand_on_the_page() -> None:
    never = with_sync(world(1, 1), channel=BOOKING, told=None, fetches=())
    assert "at most 20 room types" in words(page(never))
