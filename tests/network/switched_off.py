"""What stands in the place of each rule that is switched off."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from icalsyncd.availability import attribution, judgement, offers, succession
from icalsyncd.availability.claims import Claim
from icalsyncd.availability.in_force import Feeds
from icalsyncd.availability.judgement import Circumstances, Identity
from icalsyncd.availability.ledger import Ledger, SyncLedger
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.calendar import Event, Kind
from icalsyncd.calendars.nights import EMPTY, Nights, Stay, union

_circumstances, _begin, _identity_of = judgement.circumstances, judgement.begin, judgement.identity_of
_carried, _outlive, _hidden = judgement._carried, succession.outlive, attribution._hidden
_readable = attribution.readable


def told_nothing(sync: SyncLedger, **given: Any) -> Circumstances:
    return replace(
        _circumstances(sync, **given), in_force=(), surely_told=EMPTY, maybe_told=EMPTY, runs_told=frozenset()
    )


def told_for_ever(sync: SyncLedger, **given: Any) -> Circumstances:
    at = _circumstances(sync, **given)
    return replace(at, surely_told=at.surely_told | at.maybe_told | at.others)


def matching_nothing(sync: SyncLedger, **given: Any) -> Circumstances:
    return replace(_circumstances(sync, **given), runs_told=frozenset())


def never_in_doubt(sync: SyncLedger, **given: Any) -> Circumstances:
    at = _circumstances(sync, **given)
    return replace(at, surely_told=at.surely_told | at.maybe_told, maybe_told=EMPTY)


def without_proof(event: Event, own: Nights, at: Circumstances) -> Claim:
    return _begin(event._replace(kind=Kind.UNKNOWN), own, at)


def without_uid(event: Event, own: Nights, at: Circumstances) -> Claim:
    return _begin(event, EMPTY, at)


def of_the_same_nights(stay: Stay, kind: Kind, *, is_ours: bool, today: int, edge: int) -> Identity:
    return (*stay, kind, False)


def of_any_kind(stay: Stay, kind: Kind, *, is_ours: bool, today: int, edge: int) -> Identity:
    return _identity_of(stay, Kind.UNKNOWN, is_ours=is_ours, today=today, edge=edge)


def to_everyone(closed: dict[str, Nights]) -> dict[str, Nights]:
    return dict.fromkeys(closed, union(closed.values()))


def first_come(found: dict[str, Nights]) -> dict[str, Nights]:
    held, kept = EMPTY, {}
    for name, nights in found.items():
        kept[name] = nights - held
        held |= nights
    return kept


def carried_without_growth(made: Claim, nights: Nights, at: Circumstances) -> tuple[Claim, Nights]:
    carried, former = _carried(made, nights, at)
    return replace(carried, grown=EMPTY), former


def carried_with_what_was_ours(made: Claim, nights: Nights, at: Circumstances) -> tuple[Claim, Nights]:
    carried, former = _carried(made, nights, at)
    return carried, former | (union(claim.echoes for claim in at.ended) & nights)


def carried_with_what_is_left(made: Claim, nights: Nights, at: Circumstances) -> tuple[Claim, Nights]:
    carried, former = _carried(made, nights, at)
    return carried, former | (union(claim.genuine for claim in at.ended) & nights)


def outlived_without_growth(claim: Claim, withdrawn: Nights, others: Nights) -> Claim:
    after = _outlive(claim, withdrawn, others)
    return replace(after, grown=after.grown & claim.grown)


def outlived_night_by_night(claim: Claim, withdrawn: Nights, others: Nights) -> Claim:
    after = _outlive(claim, withdrawn, others)
    return after if claim.echoes else replace(after, grown=claim.grown - (withdrawn - others))


def hidden_behind_fetches(sync: SyncLedger, present: Nights, began: Moment) -> Nights:
    return EMPTY if sync.published else _hidden(sync, present, began)


def readable_whatever_it_dropped(feeds: Feeds, began: Moment, **shown: Nights) -> Feeds:
    return _readable(feeds, began, **{**shown, "dropped": EMPTY})


def readable_whatever_it_begins(feeds: Feeds, began: Moment, **shown: Nights) -> Feeds:
    return _readable(feeds, began, **{**shown, "begun": EMPTY})


def nothing_told_in_doubt(ledger: Ledger, name: str, nights: Nights) -> Nights:
    return EMPTY


origins_as_they_are = offers.origins
