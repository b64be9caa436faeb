"""What the network of portals must come to, over thousands of bookings, and quickly over a few."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.network.figures import (
    APART,
    FORGETFUL,
    LABELLED,
    PUBLISHED,
    USUAL,
    Setting,
    a_merge_with_split_horizon,
    tally,
)
from tests.network.simulation import Tally


def some(setting: Setting) -> Tally:
    """What a few of the histories of *setting* come to; `make network` plays all of them."""
    # other tests run beside: no processes of its own
    return tally(setting, seeds=range(1, setting.networks, 24 if setting.networks > 10 else 5), workers=1)


def is_safe(found: Tally) -> bool:
    """No night that is taken is open, and no double booking that could have been avoided was new to the host."""
    return found.open_taken == 0 and found.avoidable == 0


def names(setting: Setting) -> str:
    return setting.name


@pytest.mark.slow
@pytest.mark.parametrize("setting", USUAL, ids=names)
def test_a_few_days_of_bookings_come_to_rest_without_a_night_open_that_is_taken(setting: Setting) -> None:
    found = tally(replace(setting, given={"days": 3, "portals": 3}), seeds=(3,), workers=1)
    assert found.bookings > 40
    assert is_safe(found)
    assert found.ghosts == 0


@pytest.mark.slow
@pytest.mark.parametrize("setting", USUAL, ids=names)
def test_many_bookings_leave_hardly_a_ghost_and_no_night_open_that_is_taken(setting: Setting) -> None:
    found = some(setting)
    assert found.bookings >= 250
    assert is_safe(found)
    assert found.avoidable_again * 2_000 < found.bookings
    assert found.ghosts * 1_000 < 8 * found.bookings
    assert found.ghosts_unshown == found.ghosts_undoubted == found.ghosts_after_advice == 0
    assert found.suspected * 20 < found.taken


@pytest.mark.slow
@pytest.mark.parametrize("setting", LABELLED, ids=names)
def test_where_every_portal_labels_its_reservations_there_are_no_ghosts(setting: Setting) -> None:
    found = some(setting)
    assert found.bookings >= 150
    assert is_safe(found)
    assert found.ghosts == found.avoidable_again == 0


@pytest.mark.slow
@pytest.mark.parametrize("setting", FORGETFUL, ids=names)
def test_after_the_state_is_lost_nothing_opens_that_is_taken_and_all_that_is_doubtful_is_shown(
    setting: Setting,
) -> None:
    found = some(setting)
    assert found.open_taken == 0
    assert found.ghosts_unshown == found.ghosts_after_advice == 0


@pytest.mark.slow
@pytest.mark.parametrize("setting", PUBLISHED, ids=names)
def test_where_no_fetch_is_seen_no_night_is_open_that_is_taken(setting: Setting) -> None:
    found = some(setting)
    assert is_safe(found)
    assert found.ghosts_unshown == 0
    assert found.suspected * 20 < found.taken


@pytest.mark.slow
@pytest.mark.parametrize("setting", APART, ids=names)
def test_padding_portals_and_those_that_read_each_other_open_no_night_that_is_taken(setting: Setting) -> None:
    found = some(setting)
    assert is_safe(found)
    assert found.suspected * 5 < found.taken
    assert found.ghosts_unshown == 0


@pytest.mark.slow
def test_the_same_histories_with_split_horizon_alone_close_night_after_night() -> None:
    with_outages, _ = USUAL
    usual = tally(with_outages, a_merge_with_split_horizon, seeds=range(2), workers=1)
    assert usual.ghosts * 1_000 > 500 * usual.bookings
