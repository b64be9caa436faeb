"""A house and its rooms at portals of every kind: the same figures as for single houses, and no family is ever locked."""

from __future__ import annotations

import pytest

from tests.network.families import by_links, emptied, family, play
from tests.network.simulation import Tally

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
    assert emptied(made)[1] == {}
