"""A house and its rooms at portals of every kind: the same figures as for single houses, and no family is ever locked."""

from __future__ import annotations

import pytest

from icalsyncd.availability.offers import blocked
from icalsyncd.calendars.nights import Nights
from tests.network.families import Families, Family, FamilyPlay, by_links, family, play
from tests.network.simulation import REST, Tally

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("outages", [False, True])
def test_no_taken_night_is_told_free_and_no_ghost_is_left(outages: bool) -> None:
    made = [family(seed, outages=outages) for seed in (int(outages),)]
    found = sum((play(each)[0] for each in made), Tally())
    assert found.bookings > 70
    assert (found.open_taken, found.avoidable, found.ghosts_unshown, found.ghosts_after_advice) == (0, 0, 0, 0)
    assert found.ghosts <= 6
    # for scale: what hosts do without it
    if not outages:
        assert play(made[0], by_links(made[0]))[0].ghosts > 300


def test_when_all_have_cancelled_nothing_is_closed() -> None:
    made = family(2, outages=False, days=4, a_day=60.0)
    assert locked(made) == {}


def locked(made: Family) -> dict[str, Nights]:
    """What is closed, and where, when every guest of a history has cancelled and all portals have read that."""
    _, played = play(made)
    assert isinstance(played, FamilyPlay)
    for key, booking in played.bookings.items():
        played.portals[booking.portal].cancel(key)
    played._versions.clear()
    played.until(played.now + 2 * REST)
    assert isinstance(played.hub, Families)
    closed = {name: portal.closed(played.now) for name, portal in played.portals.items()}
    closed |= {name: blocked(ledger) for name, ledger in played.hub.ledgers.items()}
    return {name: nights for name, nights in closed.items() if nights}
