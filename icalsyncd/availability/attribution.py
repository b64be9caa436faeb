"""How a ledger changes when a copy of a portal's calendar comes in, when a portal fetches, and when time passes.

    pulled ──▶ claims go on, begin (judged by what the portal had been told), or end
    fetched ─▶ what the portal has been told; what was withdrawn from it
    tick ────▶ the day; portals that have fallen silent
         └───▶ settled: since when each night is offered

Functions of values only: nothing is pulled, stored or served here, and the time is an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from icalsyncd.availability.claims import Rule
from icalsyncd.availability.in_force import feeds_in_force, fetched_since, readable
from icalsyncd.availability.learning import after_publishing, after_telling
from icalsyncd.availability.ledger import FETCHES_KEPT, Ledger, SyncLedger
from icalsyncd.availability.mirroring import begun_untold, given_up
from icalsyncd.availability.offers import offers
from icalsyncd.availability.readers import (
    after_reading,
    followed,
    perhaps_told,
    portals_own,
    product,
)
from icalsyncd.availability.stamps import DAY, Moment, Stamps
from icalsyncd.availability.succession import Found, Seen, as_claimed, carried_over, goes_on_unchanged
from icalsyncd.availability.support import doubts_told, perhaps_sold, plainly_repeated
from icalsyncd.calendars.calendar import Event
from icalsyncd.calendars.nights import EMPTY, Night, Nights, union

DEPARTED_KEPT: Final = 60
"""Days for which a passed night is remembered; no buffer is longer."""
FEEDS_KEPT: Final = 32
"""Differing feeds fetched since the last good copy that are remembered one by one; more of them are one long doubt."""

Ours = Callable[[str], Nights]
"""The nights that we put under a UID in the feeds of this accommodation; none where the UID is not ours."""


def pulled(
    ledger: Ledger,
    name: str,
    events: Iterable[Event] | None,
    *,
    began: Moment,
    now: Moment,
    ours: Ours,
    retained: Nights = EMPTY,
    good: bool = True,
) -> Ledger:
    """The ledger after sync *name*'s portal was seen to claim *events*; None: what it claimed before, event by event.

    *began* is when the pull began: what the portal did after that may not be in the copy. *retained* are nights that it
    claimed before and that stay claimed though the copy lacks them. *good* says that the copy was whole and believed, so
    that what it does not show was not there.
    """
    sync = ledger.syncs[name]
    found = _counted(events, ours) if events is not None else None
    present = Nights.of_stays(event[:2] for event, _ in found) if found is not None else sync.summed.reported
    if good and present and len(sync.published) > 1:
        # an empty calendar tells nothing: it may be a lie; and what has passed goes by itself
        dropped = (sync.summed.echoes - present).since(ledger.today + 1)
        sync = replace(sync, published=readable(sync.published, began, dropped=dropped))
        ledger = ledger.with_sync(name, sync)
    others = ledger.claimed_beside(name)
    lapsed = sync.withdrawn.by(began - sync.delay) if good else EMPTY
    hidden = _hidden(sync, present, began)
    claims = sync.summed
    in_force = feeds_in_force(ledger, name, began)
    returned = _returned(ledger, name, present, in_force)
    touched = retained or sync.retained or lapsed or not hidden.isdisjoint(claims.genuine)
    if touched or not goes_on_unchanged(sync, found, ledger.today - 1):
        seen = Seen(
            now,
            ledger.today,
            in_force,
            present=present,
            retained=retained,
            lapsed=lapsed,
            hidden=hidden,
            returned=returned,
            others=others,
            rivals=others - plainly_repeated(ledger, name),
            lately=sync.given_up.nights,
            held=ledger.held_beside(name),
        )
        made = carried_over(sync, found if found is not None else as_claimed(claims), seen)
        claims = claims if made == claims else made
    untold = begun_untold(ledger, name, claims, began) if claims is not sync.claims else sync.untold
    departed = (sync.departed | sync.genuine).until(ledger.today).since(ledger.today - DEPARTED_KEPT)
    retained -= present
    same = claims is sync.claims and departed == sync.departed and retained == sync.retained
    shown_on = perhaps_sold(ledger, name, claims, began)
    same = same and shown_on == sync.shown_on
    nothing_new = same and sync.pulled_at is not None
    after = replace(
        sync,
        claims=claims,
        pulled_at=now,
        retained=retained,
        returned=(returned - lapsed) & claims.genuine,
        own_before=() if good else sync.own_before,
        departed=departed,
        in_force=fetched_since(sync, began) if good else sync.in_force,
        unfetched=_unfetched_since(sync, began) if good else sync.unfetched,
        unsure_since=None if good and _has_settled(sync, began) else sync.unsure_since,
        withdrawn=sync.withdrawn.only(claims.echoes | (claims.nights - (others - returned))),
        untold=untold,
        shown_on=shown_on,
        given_up=given_up(sync, claims, now),
        readers=followed(sync.readers, (present - sync.claimed).stays(), sync.pulled_at or began, sync.delay)
        if good
        else sync.readers,
    )
    if after.published:
        begun = claims.echoes - sync.claimed if good else EMPTY
        after = replace(
            after,
            published=readable(sync.published, began, begun=begun),
            withdrawn=_withdrawn_unseen(ledger.with_sync(name, after), name, now),
        )
    if nothing_new:
        return ledger.with_sync(name, after)
    ledger = ledger.with_sync(name, after)
    if given_back := sync.summed.confirmed - claims.nights:
        ledger = possible_again(ledger, given_back)
    return settled(ledger, now)


def _has_settled(sync: SyncLedger, began: Moment) -> bool:
    """Whether the portal acts on nothing any more that it read before it is known what it was told."""
    return sync.told is not None and sync.unsure_since is not None and sync.unsure_since <= began - sync.delay


def possible_again(ledger: Ledger, nights: Nights) -> Ledger:
    """*ledger* when the one who has *nights* by the host's word has them no more: whoever shows them may have them now."""
    for name, sync in ledger.syncs.items():
        if any(not claim.under(Rule.ANOTHERS).isdisjoint(nights) for claim in sync.claims):
            claims = tuple(
                replace(claim, doubtful=claim.doubtful | (claim.under(Rule.ANOTHERS) & nights)) for claim in sync.claims
            )
            ledger = ledger.with_sync(name, replace(sync, claims=claims))
    return ledger


def fetched(ledger: Ledger, name: str, nights: Nights, *, now: Moment, looked: bool, agent: str = "") -> Ledger:
    """The ledger after somebody whose program calls itself *agent* has read sync *name*'s feed, which holds *nights*.

    *looked*: a good copy of its calendar was pulled after it asked and before it was answered, so that whatever it claims
    from now on began after it was told.
    """
    sync = ledger.syncs[name]
    readers = after_reading(sync.readers, agent, nights, now)
    own = portals_own(readers)
    if own is not None and own.product != product(agent):
        # it is known that this is not the portal: what it has read tells nothing of that
        return ledger.with_sync(name, replace(sync, readers=readers))
    sync = replace(sync, readers=readers)
    still_silent = _is_silent(ledger, sync, now)
    if sync.silent and not still_silent:
        # what it claims was taken for its own while it did not read: that is not to be forgotten before it is put to the test
        sync = replace(
            sync,
            claims=tuple(replace(claim, doubtful=claim.disputable) for claim in sync.claims),
        )
    if looked:
        in_force = sync.perhaps_told
    else:
        in_force = (*(feed for feed in sync.in_force if feed != nights), nights)
        if len(in_force) > FEEDS_KEPT:
            in_force = (in_force[0], *in_force[2:])
    sync = replace(
        sync,
        told=(sync.told or Stamps()).holding(nights, now),
        doubts_told=doubts_told(ledger, name, nights),
        habits=after_telling(sync, nights, now),
        fetches=(*sync.fetches, now)[-FETCHES_KEPT:],
        in_force=in_force,
        unfetched=sync.unfetched and not looked,
        unsure_since=sync.unsure_since if sync.told is not None or sync.unsure_since is None else now,
        withdrawn=_withdrawn(ledger, name, nights | perhaps_told(sync.readers), now),
        silent=still_silent,
    )
    return settled(ledger.with_sync(name, sync), now)


def telling(ledger: Ledger, name: str, nights: Nights, *, now: Moment, agent: str | None = None) -> Ledger:
    """The ledger before sync *name*'s portal is answered with a feed that holds *nights*; *agent*, where that is known, is
    what the program calls itself that asked.

    Whether the answer arrives is not known yet: what is claimed from now on is in doubt until :func:`fetched` says so.
    """
    sync = ledger.syncs[name]
    own = portals_own(sync.readers)
    another = agent is not None and own is not None and len(sync.readers) > 1 and own.product != product(agent)
    if another:
        return ledger
    if nights in sync.in_force:
        return ledger
    return settled(ledger.with_sync(name, replace(sync, in_force=(*sync.in_force, nights))), now)


def opened_by(ledger: Ledger, name: str, nights: Nights) -> Nights:
    """What a feed for sync *name* that holds *nights* opens, from today on, of what its portal may know."""
    sync = ledger.syncs[name]
    known = sync.told.nights if sync.told is not None else EMPTY
    for feed in (*sync.in_force, *(published for _, published in sync.published)):
        known |= feed
    return (known - nights).since(ledger.today)


def tick(ledger: Ledger, *, now: Moment, today: Night) -> Ledger:
    """The ledger at *now*, on the day *today* of the accommodation: portals may have fallen silent."""
    moved = ledger
    if today > ledger.today:
        words = tuple(word for word in ledger.words if word.nights.since(today))
        moved = replace(ledger, today=today, words=words)
    for name, sync in ledger.syncs.items():
        silent = _is_silent(ledger, sync, now)
        lately = sync.given_up.since(now - DAY)
        if silent is not sync.silent or lately is not sync.given_up:
            moved = moved.with_sync(name, replace(sync, silent=silent, given_up=lately))
    return ledger if moved is ledger else settled(moved, now)


def woke(ledger: Ledger, *, now: Moment) -> Ledger:
    """The ledger after a time in which no portal could fetch, since the daemon or its machine was down.

    Nobody is silent for that time, and whoever was taken for silent by then is not.
    """
    moved = replace(ledger, awake_since=now)
    silent = [name for name, sync in moved.syncs.items() if sync.silent and not _is_silent(moved, sync, now)]
    for name in silent:
        moved = moved.with_sync(name, replace(moved.syncs[name], silent=False))
    return settled(moved, now) if silent else moved


def published(ledger: Ledger, name: str, nights: Nights, *, now: Moment) -> Ledger:
    """The ledger after a feed that holds *nights* was put where sync *name*'s portal reads it unseen.

    Nobody knows when, or whether, the portal reads it: what it claims is judged as in doubt, and what is withdrawn from it
    may stay for twice its reading interval beside its lag.
    """
    sync = ledger.syncs[name]
    last = sync.published[-1][1] if sync.published else None
    if last == nights:
        return ledger
    earlier = sync.published_since(now)
    sync = replace(
        sync,
        published=(*earlier[-FEEDS_KEPT:], (now, nights)),
        doubts_told=doubts_told(ledger, name, nights),
        habits=after_publishing(sync, nights, now),
        withdrawn=_withdrawn(ledger, name, nights, now),
    )
    return settled(ledger.with_sync(name, sync), now)


def unpublished(ledger: Ledger, name: str) -> Ledger:
    """The ledger after sync *name*'s feed is no longer put anywhere: its fetches tell again what its portal knows.

    What it read before stays in doubt until its next fetch.
    """
    sync = ledger.syncs[name]
    feeds = tuple(nights for _, nights in sync.published)
    in_force = (*(feed for feed in sync.in_force if feed not in feeds), *dict.fromkeys(feeds))[-FEEDS_KEPT:]
    return ledger.with_sync(name, replace(sync, in_force=in_force, published=()))


def settled(ledger: Ledger, now: Moment) -> Ledger:
    """*ledger* with each sync's offer brought up to date, and complete once every sync that receives is known."""
    moved: dict[str, SyncLedger] = {}
    for name, nights in offers(ledger).items():
        sync = ledger.syncs[name]
        if (offered := sync.offered.holding(nights, now)) is not sync.offered:
            moved[name] = replace(sync, offered=offered)
    complete = ledger.complete or (ledger.kin.are_known and not any(sync.awaited for sync in ledger.syncs.values()))
    if not moved and complete is ledger.complete:
        return ledger
    return replace(ledger, syncs={**ledger.syncs, **moved}, complete=complete)


def _withdrawn(ledger: Ledger, name: str, told: Nights, now: Moment) -> Stamps:
    """Since when the portal has been told of nights that it claims without proof that they are free.

    What others claim as well proves nothing by staying, unless we took it for an echo.
    """
    sync = ledger.syncs[name]
    alone = (sync.summed.contested | sync.summed.grown) - (ledger.claimed_beside(name) - sync.returned)
    return sync.withdrawn.holding((_repeated(sync) | alone) - told - _added(sync, told, ledger.today), now)


def _returned(ledger: Ledger, name: str, present: Nights, in_force: tuple[Nights, ...]) -> Nights:
    """Nights that it shows again after it was told of them, while they were kept and another sync stood in."""
    sync = ledger.syncs[name]
    if not sync.retained:
        return sync.returned
    return sync.returned | (sync.retained & present & union(in_force) & ledger.doubted_beside(name))


def _added(sync: SyncLedger, told: Nights, today: Night) -> Nights:
    """What the portal may add around what it was told: nights of events that hold some of that, or run to today."""
    padding = sync.channel.padding
    changed = sync.habits.changed(told) & sync.claimed
    if not padding:
        return changed
    around = [
        claim.nights for claim in sync.claims if claim.stay.check_in <= today or not claim.nights.isdisjoint(told)
    ]
    return (told.widened(padding, padding) & union(around)) | changed


def _withdrawn_unseen(ledger: Ledger, name: str, now: Moment) -> Stamps:
    """The same of a portal that reads unseen: no fetch will come after what it has begun to claim."""
    return _withdrawn(ledger, name, ledger.syncs[name].published[-1][1], now)


def _repeated(sync: SyncLedger) -> Nights:
    return sync.summed.echoes


def _is_silent(ledger: Ledger, sync: SyncLedger, now: Moment) -> bool:
    last = sync.surely_read_at
    # what is published may be read without a fetch that anyone sees
    return last is not None and not sync.published and now - max(last, ledger.awake_since) > sync.patience()


def _unfetched_since(sync: SyncLedger, began: Moment) -> bool:
    """Whether, since a pull *began*, there was a time at which the portal had fetched nothing yet."""
    return sync.told is None or (sync.unfetched and sync.last_fetch is not None and sync.last_fetch >= began)


def _hidden(sync: SyncLedger, present: Nights, began: Moment) -> Nights:
    """The nights that the portal has been told for a day, where it repeats what it is told.

    A claim of its own on them, shown once, looks the same after it is cancelled.
    """
    # where no fetch is seen, what is offered is told by the time at which it must have been read
    told = sync.offered if sync.published else sync.told
    if told is None or not told.by(began - sync.delay) <= present:
        return EMPTY
    return told.by(began - (sync.delay if sync.published else 0.0) - DAY)


def _counted(events: Iterable[Event], ours: Ours) -> Found:
    return [(event, ours(event.uid) if event.uid else EMPTY) for event in events]
