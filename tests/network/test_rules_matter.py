"""Each rule switched off alone makes the story of that rule go wrong: none of them is decoration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from icalsyncd.availability import attribution, judgement, offers, succession
from icalsyncd.availability.calendar import Event, Kind
from icalsyncd.availability.claimed import Claims
from icalsyncd.availability.claims import Claim
from icalsyncd.availability.judgement import Circumstances
from icalsyncd.availability.nights import EMPTY, Nights, union
from tests.availability import test_attribution as stories
from tests.availability import test_overbooked as overbooked

Story = Callable[[], None]

_circumstances, _begin, _goes_on = judgement.circumstances, judgement.begin, judgement.goes_on


def _told_nothing(**given: Any) -> Circumstances:
    return replace(_circumstances(**given), in_force=(), surely_told=EMPTY, maybe_told=EMPTY, runs_told=frozenset())


def _told_for_ever(**given: Any) -> Circumstances:
    at = _circumstances(**given)
    return replace(at, surely_told=at.surely_told | at.maybe_told | at.others)


def _matching_nothing(**given: Any) -> Circumstances:
    return replace(_circumstances(**given), runs_told=frozenset())


def _never_in_doubt(**given: Any) -> Circumstances:
    at = _circumstances(**given)
    return replace(at, surely_told=at.surely_told | at.maybe_told, maybe_told=EMPTY)


def _without_proof(event: Event, own: Nights, at: Circumstances) -> Claim:
    return _begin(event._replace(kind=Kind.UNKNOWN), own, at)


def _without_uid(event: Event, own: Nights, at: Circumstances) -> Claim:
    return _begin(event, EMPTY, at)


def _of_the_same_nights(claim: Claim, event: Event, own: Nights, today: int, edge: int) -> bool:
    return claim.kind is event.kind and claim.stay == event.stay


def _of_any_kind(claim: Claim, event: Event, own: Nights, today: int, edge: int) -> bool:
    return _goes_on(claim, event._replace(kind=claim.kind), own, today, edge)


def _to_everyone(closed: dict[str, Nights], name: str) -> Nights:
    return union(closed.values())


def _first_come(found: dict[str, Nights]) -> dict[str, Nights]:
    held, kept = EMPTY, {}
    for name, nights in found.items():
        kept[name] = nights - held
        held |= nights
    return kept


_origins = offers.origins

SWITCHES: list[tuple[str, object, str, object, Story]] = [
    ("split horizon", offers, "beside", _to_everyone, stories.test_what_came_from_a_portal_never_goes_back_to_it),
    (
        "echo",
        succession,
        "circumstances",
        _told_nothing,
        stories.test_what_a_portal_repeats_is_offered_to_nobody_and_goes_with_its_origin,
    ),
    (
        "last fetched, not ever told",
        succession,
        "circumstances",
        _told_for_ever,
        stories.test_a_booking_seen_by_the_look_is_an_origin_though_the_portal_is_then_told,
    ),
    (
        "doubt: a run that matches",
        succession,
        "circumstances",
        _matching_nothing,
        stories.test_in_doubt_exactly_what_was_told_is_an_echo,
    ),
    (
        "doubt: a run that does not",
        succession,
        "circumstances",
        _never_in_doubt,
        stories.test_in_doubt_anything_else_than_what_was_told_is_an_origin,
    ),
    (
        "standing in",
        Claims,
        "doubtful",
        EMPTY,
        stories.test_an_echo_in_doubt_stands_in_until_its_portal_has_dropped_it,
    ),
    (
        "proof by reservation",
        succession,
        "begin",
        _without_proof,
        stories.test_a_reservation_is_an_origin_though_the_portal_was_told_the_night,
    ),
    (
        "proof by our UID",
        succession,
        "begin",
        _without_uid,
        stories.test_an_event_under_our_own_uid_is_an_echo_on_our_nights_and_judged_on_the_others,
    ),
    (
        "the same less what has passed",
        succession,
        "goes_on",
        _of_the_same_nights,
        stories.test_a_running_double_booking_clipped_to_today_every_day_stays_overbooked,
    ),
    (
        "another kind begins anew",
        succession,
        "goes_on",
        _of_any_kind,
        stories.test_a_night_that_turns_from_reservation_to_block_begins_anew,
    ),
    (
        "bookings within a merged event",
        judgement,
        "_carried",
        lambda made, nights, at: (replace(made, verdicts=()), EMPTY),
        overbooked.test_a_double_booking_survives_that_its_portal_shows_it_as_one_with_what_it_was_told,
    ),
    (
        "outliving",
        succession,
        "outlive",
        lambda claim, withdrawn, others: claim,
        stories.test_a_claim_that_outlives_what_it_repeats_is_an_origin,
    ),
    (
        "silence",
        attribution,
        "_is_silent",
        lambda ledger, sync, now: False,
        stories.test_a_portal_that_has_not_fetched_for_a_day_has_no_echoes_until_it_fetches_again,
    ),
    (
        "overbooked nights go to both sides",
        offers,
        "origins",
        lambda ledger: _first_come(_origins(ledger)),
        overbooked.test_an_overbooked_night_stays_offered_to_both_sides,
    ),
    (
        "possible ghosts: hidden for a day",
        attribution,
        "_hidden",
        lambda sync, present, began: EMPTY,
        overbooked.test_two_that_look_like_each_other_for_a_day_are_shown_as_a_possible_ghost,
    ),
    (
        "padding",
        judgement,
        "_pads",
        lambda stay, run, padding: False,
        stories.test_a_block_padded_by_as_many_nights_as_the_portal_adds_is_an_echo_as_a_whole,
    ),
    (
        "grown",
        judgement,
        "_grown",
        lambda stay, fresh, at: EMPTY,
        stories.test_a_block_that_grew_past_what_was_told_is_a_possible_ghost_without_buffers,
    ),
]


@pytest.mark.parametrize(
    ("place", "name", "instead", "story"), [switch[1:] for switch in SWITCHES], ids=[switch[0] for switch in SWITCHES]
)
def test_without_the_rule_its_story_goes_wrong(
    monkeypatch: pytest.MonkeyPatch, place: object, name: str, instead: object, story: Story
) -> None:
    story()
    monkeypatch.setattr(place, name, instead)
    with pytest.raises(AssertionError):
        story()
