"""What has to be sent to a target, and what is to be deleted there."""

from __future__ import annotations

from dataclasses import replace

from icalsyncd.availability.channel import Channel
from icalsyncd.availability.ledger import Ledger, Presence, SyncLedger
from icalsyncd.availability.link import Link
from icalsyncd.availability.stamps import DAY, Stamps
from icalsyncd.calendars.nights import EMPTY, Nights
from icalsyncd.state.installation import Installation
from icalsyncd.state.publication import REFRESH, Publication, Reach, due, parted
from icalsyncd.state.records import dump_publication, load_publication
from icalsyncd.state.state import State
from icalsyncd.state.view import View, see

TODAY = 740_000
NOW = 1_800_000_000.0
TAKEN = Nights.between(TODAY + 10, TODAY + 13)
HOUSE = Reach(frozenset({"casa"}), frozenset({"casa"}))
LINK = Link("casa/vrbo")
INSTALLATION = Installation(bytes(32))


def sync(nights: Nights = TAKEN, link: Link = LINK, **more: object) -> SyncLedger:
    made = SyncLedger(Channel("vrbo", True, True), link, pulled_at=NOW, offered=Stamps().holding(nights, NOW))
    return replace(made, **more)  # type: ignore[arg-type]


def seen(*, complete: bool = True, **syncs: SyncLedger) -> View:
    state = State(Ledger(TODAY, syncs=syncs, complete=complete))
    return see(View(), ["casa"], {"casa": state}, [{"casa": state}], INSTALLATION)


def test_a_new_feed_is_sent_and_one_that_lies_there_is_not() -> None:
    view = seen(vrbo=sync())
    (sending,) = due(view, HOUSE, {}, {}, NOW).sendings
    assert (sending.link, sending.sync, sending.changed) == (("casa/vrbo", 1), ("casa", "vrbo"), True)
    assert sending.feed.nights == TAKEN
    lies = {("casa/vrbo", 1): Publication("place", TAKEN)}
    assert not due(view, HOUSE, lies, {("casa/vrbo", 1): NOW - 60}, NOW)


def test_everything_is_sent_again_after_half_an_hour_and_after_a_start() -> None:
    view = seen(vrbo=sync())
    lies = {("casa/vrbo", 1): Publication("place", TAKEN)}
    for sent in ({("casa/vrbo", 1): NOW - REFRESH}, {}):
        (sending,) = due(view, HOUSE, lies, sent, NOW).sendings
        assert not sending.changed


def test_what_has_changed_goes_first() -> None:
    view = seen(agoda=sync(link=Link("casa/agoda")), vrbo=sync())
    lies = {("casa/agoda", 1): Publication("place", TAKEN), ("casa/vrbo", 1): Publication("place", EMPTY)}
    assert [each.changed for each in due(view, HOUSE, lies, {}, NOW).sendings] == [True, False]


def test_what_may_lie_there_is_sent_anew() -> None:
    (sending,) = due(
        seen(vrbo=sync()), HOUSE, {("casa/vrbo", 1): Publication("place")}, {("casa/vrbo", 1): NOW}, NOW
    ).sendings
    assert sending.changed


def test_of_an_incomplete_accommodation_what_lies_there_stays() -> None:
    lies = {("casa/vrbo", 1): Publication("place", TAKEN)}
    assert not due(seen(complete=False, vrbo=sync(EMPTY)), HOUSE, lies, {}, NOW)
    assert not due(seen(complete=False, vrbo=sync(EMPTY)), HOUSE, {}, {}, NOW)
    # but a paused sync's is emptied, as its link answers
    paused = sync(EMPTY, presence=Presence.PAUSED)
    assert due(seen(complete=False, vrbo=paused), HOUSE, lies, {}, NOW).sendings


def test_an_old_link_lies_there_beside_the_new_one() -> None:
    link = Link("casa/vrbo", 2, ((1, NOW + 7 * DAY),))
    found = due(seen(vrbo=sync(link=link)), HOUSE, {("casa/vrbo", 1): Publication("place", TAKEN)}, {}, NOW)
    assert [(each.link, each.changed) for each in found.sendings] == [
        (("casa/vrbo", 2), True),
        (("casa/vrbo", 1), False),
    ]
    assert not found.deletions


def test_only_what_was_written_and_has_no_link_any_more_is_deleted() -> None:
    lies = {("casa/vrbo", 1): Publication("place", TAKEN), ("casa/gone", 1): Publication("place", EMPTY)}
    assert due(seen(vrbo=sync()), HOUSE, lies, {}, NOW).deletions == (("casa/gone", 1),)


def test_what_a_target_no_longer_carries_goes_after_seven_days() -> None:
    view = seen(vrbo=sync())
    elsewhere = Reach(frozenset(), frozenset({"casa"}))
    link = ("casa/vrbo", 1)
    publication = Publication("place", EMPTY)
    found = due(view, elsewhere, {link: publication}, {}, NOW)
    assert found.parting == (link,)
    assert [each.link for each in found.sendings] == [link]
    parting = {link: parted(publication, NOW)}
    assert due(view, elsewhere, parting, {}, NOW + 7 * DAY - 1).deletions == ()
    assert due(view, elsewhere, parting, {}, NOW + 7 * DAY).deletions == (link,)
    assert due(view, HOUSE, parting, {}, NOW + DAY).returning == (link,)
    # an accommodation that has left the config is not parting: it has its own delays
    assert not due(view, Reach(frozenset(), frozenset()), {link: publication}, {}, NOW).parting


def test_what_was_never_sent_there_is_not_sent_on_parting() -> None:
    assert not due(seen(vrbo=sync()), Reach(frozenset(), frozenset({"casa"})), {}, {}, NOW)


def test_a_publication_is_stored_as_it_is() -> None:
    for publication in (Publication("place"), Publication("place", TAKEN, NOW), Publication("place", EMPTY)):
        assert load_publication(dump_publication(publication)) == publication
