"""Each rule switched off alone makes the story of that rule go wrong: none of them is decoration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import inf

import pytest

from icalsyncd.availability import attribution, habits, judgement, mirroring, offers, succession, support
from icalsyncd.availability import ledger as ledgers
from icalsyncd.availability.claimed import Claims
from icalsyncd.availability.stamps import NONE
from icalsyncd.calendars.nights import EMPTY, Nights, horizon
from tests.availability import test_attribution as stories
from tests.availability import test_doubt as doubt
from tests.availability import test_mirroring as mirroring_stories
from tests.availability import test_overbooked as overbooked
from tests.availability import test_padding as padding
from tests.availability import test_perhaps_sold as sold_stories
from tests.availability import test_published as published_feeds
from tests.availability import test_readers as reader_stories
from tests.network.switched_off import (
    carried_with_what_is_left,
    carried_with_what_was_ours,
    carried_without_growth,
    first_come,
    hidden_behind_fetches,
    matching_nothing,
    never_in_doubt,
    nothing_told_in_doubt,
    of_any_kind,
    of_the_same_nights,
    origins_as_they_are,
    outlived_night_by_night,
    outlived_without_growth,
    readable_whatever_it_begins,
    readable_whatever_it_dropped,
    to_everyone,
    told_for_ever,
    told_nothing,
    without_proof,
    without_uid,
)

Story = Callable[[], None]

SWITCHES: list[tuple[str, object, str, object, Story]] = [
    (
        "split horizon",
        offers,
        "_closed_by_others",
        to_everyone,
        stories.test_what_came_from_a_portal_never_goes_back_to_it,
    ),
    (
        "echo",
        succession,
        "circumstances",
        told_nothing,
        stories.test_what_a_portal_repeats_is_offered_to_nobody_and_goes_with_its_origin,
    ),
    (
        "last fetched, not ever told",
        succession,
        "circumstances",
        told_for_ever,
        stories.test_a_booking_seen_by_the_look_is_an_origin_though_the_portal_is_then_told,
    ),
    (
        "doubt: a run that matches",
        succession,
        "circumstances",
        matching_nothing,
        doubt.test_in_doubt_exactly_what_was_told_is_an_echo,
    ),
    (
        "doubt: a run that does not",
        succession,
        "circumstances",
        never_in_doubt,
        doubt.test_in_doubt_anything_else_than_what_was_told_is_an_origin,
    ),
    (
        "standing in",
        Claims,
        "doubtful",
        EMPTY,
        doubt.test_an_echo_in_doubt_stands_in_until_its_portal_has_dropped_it,
    ),
    (
        "proof by reservation",
        succession,
        "begin",
        without_proof,
        stories.test_a_reservation_is_an_origin_though_the_portal_was_told_the_night,
    ),
    (
        "proof by our UID",
        succession,
        "begin",
        without_uid,
        stories.test_an_event_under_our_own_uid_is_an_echo_on_our_nights_and_judged_on_the_others,
    ),
    (
        "the same less what has passed",
        succession,
        "identity_of",
        of_the_same_nights,
        stories.test_a_running_double_booking_clipped_to_today_every_day_stays_overbooked,
    ),
    (
        "another kind begins anew",
        succession,
        "identity_of",
        of_any_kind,
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
        lambda ledger: first_come(origins_as_they_are(ledger)),
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
        lambda stay, at: False,
        stories.test_a_block_padded_by_as_many_nights_as_the_portal_adds_is_an_echo_as_a_whole,
    ),
    (
        "padding: none without the run",
        attribution,
        "_added",
        lambda sync, told, today: told.widened(sync.channel.padding, sync.channel.padding),
        padding.test_a_booking_beside_a_run_that_is_told_is_not_taken_for_what_its_portal_adds_to_that,
    ),
    (
        "grown",
        judgement,
        "_grown",
        lambda stay, fresh, at: EMPTY,
        stories.test_a_block_that_grew_past_what_was_told_is_a_possible_ghost_without_buffers,
    ),
    (
        "grown: carried over",
        judgement,
        "_carried",
        carried_without_growth,
        padding.test_a_night_that_was_added_stays_a_possible_ghost_though_its_portal_is_told_of_it_later,
    ),
    (
        "grown: what was ours",
        judgement,
        "_carried",
        carried_with_what_was_ours,
        padding.test_what_was_ours_and_is_left_beside_a_run_that_is_told_is_a_possible_ghost,
    ),
    (
        "grown: what is left of a booking",
        judgement,
        "_carried",
        carried_with_what_is_left,
        padding.test_what_is_left_of_a_booking_around_a_run_that_is_told_is_a_possible_ghost,
    ),
    (
        "grown: outlived beside a run",
        succession,
        "outlive",
        outlived_without_growth,
        padding.test_an_added_night_that_outlives_what_it_repeats_beside_a_run_that_is_told_is_a_possible_ghost,
    ),
    (
        "grown: while the run is told",
        succession,
        "outlive",
        outlived_night_by_night,
        padding.test_added_nights_stay_possible_ghosts_while_the_run_within_is_told_though_that_was_in_doubt,
    ),
    (
        "possible ghosts: hidden where no fetch is seen",
        attribution,
        "_hidden",
        hidden_behind_fetches,
        overbooked.test_two_that_look_like_each_other_are_shown_where_no_fetch_is_seen_as_soon_as_both_must_have_read,
    ),
    (
        "published: no way back from what was dropped",
        attribution,
        "readable",
        readable_whatever_it_dropped,
        published_feeds.test_a_portal_that_has_dropped_what_it_repeated_does_not_go_back_to_an_older_published_feed,
    ),
    (
        "published: no way back from what is repeated",
        attribution,
        "readable",
        readable_whatever_it_begins,
        published_feeds.test_a_portal_that_repeats_a_published_feed_does_not_go_back_to_an_older_one,
    ),
    (
        "published: withdrawn before it is claimed",
        attribution,
        "_withdrawn_unseen",
        lambda ledger, name, now: ledger.syncs[name].withdrawn,
        published_feeds.test_a_booking_of_nights_that_are_published_no_longer_is_believed_though_nothing_else_is_published,
    ),
    (
        "every reader is told, perhaps",
        ledgers,
        "perhaps",
        lambda known: known[-1:],
        reader_stories.test_what_another_reader_has_read_may_be_what_the_portal_does_not_know,
    ),
    (
        "which reader is the portal's",
        attribution,
        "followed",
        lambda known, appeared, seen, delay: known,
        reader_stories.test_whose_reading_the_calendar_follows_is_the_portal,
    ),
    (
        "mirroring",
        offers,
        "mirrors",
        lambda sync: False,
        mirroring_stories.test_a_portal_that_shows_anothers_stays_again_and_again_is_not_believed_about_what_that_one_repeats,
    ),
    (
        "mirroring: no accident",
        mirroring,
        "REPEATS",
        2,
        mirroring_stories.test_two_double_bookings_are_no_link,
    ),
    (
        "mirroring: within its own reservations",
        mirroring,
        "_doubled",
        lambda sync, claims: EMPTY,
        mirroring_stories.test_blocks_within_a_portals_own_reservations_come_from_another_portal,
    ),
    (
        "ghosts that come and go",
        attribution,
        "given_up",
        lambda sync, claims, now: NONE,
        mirroring_stories.test_a_ghost_that_comes_and_goes_is_shown_until_it_has_been_gone_for_a_day,
    ),
    (
        "perhaps sold: shown on",
        habits.Habits,
        "soon_drops",
        inf,
        sold_stories.test_nights_sold_again_where_they_were_repeated_are_told_free_to_nobody_else,
    ),
    (
        "perhaps sold: shown too soon",
        habits.Habits,
        "soonest_shows",
        None,
        sold_stories.test_what_appears_sooner_than_its_portal_acts_may_be_a_guest_when_its_origin_goes,
    ),
    (
        "perhaps sold: no doubt for a doubt's sake",
        attribution,
        "doubts_told",
        nothing_told_in_doubt,
        sold_stories.test_what_a_portal_was_told_for_such_a_doubt_is_no_doubt_again,
    ),
    (
        "perhaps sold: what nobody else holds, where no fetch is seen",
        support,
        "taken_beside",
        lambda ledger, name: Nights.between(*horizon(ledger.today)),
        published_feeds.test_what_appears_where_nobody_holds_it_any_more_is_told_free_to_nobody_else,
    ),
    (
        "perhaps sold: no doubt for a doubt's sake, where no fetch is seen",
        attribution,
        "doubts_told",
        nothing_told_in_doubt,
        published_feeds.test_two_that_read_unseen_do_not_keep_each_other_closed,
    ),
    (
        "what comes back may repeat what stood in",
        attribution,
        "_returned",
        lambda ledger, name, present, in_force: EMPTY,
        doubt.test_what_comes_back_while_it_was_kept_and_told_may_be_an_echo_of_what_stood_in,
    ),
]


@pytest.mark.parametrize(
    ("place", "name", "instead", "story"), [each[1:] for each in SWITCHES], ids=[each[0] for each in SWITCHES]
)
def test_without_the_rule_its_story_goes_wrong(
    monkeypatch: pytest.MonkeyPatch, place: object, name: str, instead: object, story: Story
) -> None:
    story()
    monkeypatch.setattr(place, name, instead)
    with pytest.raises(AssertionError):
        story()
