"""What taking over another config would change: who joins, leaves or is renamed, and which nights open, and when.

Found by doing it to the ledgers as they are stored, and then letting the removal delay pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from icalsyncd.availability.families import rejoined
from icalsyncd.availability.ledger import Ledger, Presence, SyncLedger
from icalsyncd.availability.narrowing import takes_back_settings
from icalsyncd.availability.offers import blocked, offers
from icalsyncd.availability.plan import Plan, Seat
from icalsyncd.availability.roster import expire, expiries, reconcile, renames
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.nights import EMPTY, Night, Nights
from icalsyncd.state.view import SyncName


class Step(StrEnum):
    """What happens to a sync, an accommodation or a setting."""

    JOINS = "joins"
    RENAMED = "is renamed"
    PAUSED = "is paused"
    KEPT = "is paused, and kept as it was"
    RESUMED = "is resumed"
    LEAVES = "leaves"
    RETURNS = "returns"
    CHANGES = "changes"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that the new config changes."""

    subject: str
    """An accommodation's id, a sync's whole name, or a key of the config."""
    step: Step
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """What becomes of an accommodation's nights at one moment, from today on."""

    accommodation: str
    at: Moment
    closed: Nights
    """Nobody had taken them before."""
    freed: Nights
    """Nobody has taken them any more: they open at all portals."""
    opened: Mapping[str, Nights]
    """By sync: nights that others have taken, and that its portal is told no longer."""


@dataclass(frozen=True, slots=True)
class Preview:
    """All that a new config changes in what is known and told."""

    changes: tuple[Change, ...]
    turns: tuple[Turn, ...]


def preview_of(
    ledgers: Mapping[str, Ledger],
    plans: Mapping[str, Plan],
    *,
    today: Mapping[str, Night],
    now: Moment,
    delay: float,
) -> Preview:
    """What *plans* change in *ledgers*, now and until the removal *delay* (seconds) has passed."""
    moved = renames(ledgers, plans)
    after = reconcile(ledgers, plans, today=today, now=now)
    changes = (
        change
        for accommodation, ledger in after.items()
        for change in _changes(accommodation, ledger, ledgers, plans, moved)
    )
    so_far = {each: _as_renamed(each, ledger, ledgers, moved) for each, ledger in after.items()}
    order = {each: place for place, each in enumerate(after)}
    turns = sorted(_turns(after, so_far, now, delay), key=lambda turn: (order[turn.accommodation], turn.at))
    return Preview(tuple(changes), tuple(turns))


def _changes(
    accommodation: str,
    after: Ledger,
    ledgers: Mapping[str, Ledger],
    plans: Mapping[str, Plan],
    moved: Mapping[SyncName, SyncName],
) -> Iterator[Change]:
    before = ledgers.get(accommodation)
    if before is None:
        yield Change(accommodation, Step.JOINS)
    elif accommodation not in plans and any(
        sync.presence is Presence.LEAVING and sync != before.syncs.get(name) for name, sync in after.syncs.items()
    ):
        yield Change(accommodation, Step.LEAVES)
    elif accommodation in plans:
        yield from _changed_house(accommodation, before, after)
    for name, sync in after.syncs.items():
        former = moved.get((accommodation, name))
        known = _sync(ledgers, former or (accommodation, name))
        subject = f"{accommodation}/{name}"
        if known is None:
            yield Change(subject, Step.JOINS, _mistaken(name, sync, after))
            continue
        if former is not None:
            yield Change(subject, Step.RENAMED, _renamed(former, plans[accommodation].syncs[name]))
        yield from _changed_sync(subject, known, sync, ledgers)


def _changed_house(accommodation: str, before: Ledger, after: Ledger) -> Iterator[Change]:
    if before.timezone != after.timezone:
        yield Change(accommodation, Step.CHANGES, f"time zone: {after.timezone}")
    if (before.before, before.after) != (after.before, after.after):
        yield Change(accommodation, Step.CHANGES, f"buffer: {after.before} before, {after.after} after")
    if after.shrinking and before.shrinking != after.shrinking:
        wanted = f"{after.shrinking.before} before, {after.shrinking.after} after"
        yield Change(accommodation, Step.CHANGES, f"buffer: {wanted}, smaller only after the removal delay")
    if new := [part for part in after.parts if part not in before.parts]:
        yield Change(accommodation, Step.CHANGES, f"parts: {', '.join(new)} too")
    if after.parting and before.parting != after.parting:
        gone = ", ".join(part for part in after.parts if part not in after.parting.parts)
        yield Change(accommodation, Step.CHANGES, f"parts: without {gone}, from the end of the removal delay on")
    known = {block.stay: block.leaving_since for block in before.blocks}
    for block in after.blocks:
        if block.stay not in known:
            yield Change(f"{accommodation} block {block.stay}", Step.JOINS)
        elif known[block.stay] is None and block.leaving_since is not None:
            yield Change(f"{accommodation} block {block.stay}", Step.LEAVES)
        elif known[block.stay] is not None and block.leaving_since is None:
            yield Change(f"{accommodation} block {block.stay}", Step.RETURNS)


def _renamed(former: SyncName, seat: Seat) -> str:
    name = "/".join(former)
    said = "" if seat.was else f"; write `was: {name}` beside it, so that the link is this one on a new machine, too"
    return f"it was {name}; link, copies and history stay{said}"


def _changed_sync(subject: str, known: SyncLedger, sync: SyncLedger, ledgers: Mapping[str, Ledger]) -> Iterator[Change]:
    if known.presence is not sync.presence:
        yield Change(subject, _step(known.presence, sync.presence))
    if sync.presence in (Presence.LEAVING, Presence.GONE):
        return
    if known.calendar != sync.calendar and known.calendar and sync.calendar:
        of = next((name for name in _reading(sync.calendar, ledgers) if name != subject), None)
        which = f"another calendar, so far that of {of}" if of else "another calendar"
        yield Change(subject, Step.CHANGES, f"{which}; the copy of the old one counts until the first good new one")
    if known.link.generation != sync.link.generation:
        yield Change(subject, Step.CHANGES, "a new link: paste it at the portal; the old one works 7 days more")
    if known.channel.portal != sync.channel.portal:
        yield Change(subject, Step.CHANGES, f"portal: {sync.channel.portal}")
    if sync.narrowing and (known.narrowing is None or known.narrowing.channel != sync.narrowing.channel):
        given_up = [
            words
            for was, stays, words in (
                (sync.channel.sends, sync.narrowing.channel.sends, "sends"),
                (sync.channel.receives, sync.narrowing.channel.receives, "receives"),
            )
            if was and not stays
        ]
        if given_up:
            yield Change(
                subject, Step.CHANGES, f"no longer {' nor '.join(given_up)}, from the end of the removal delay on"
            )
        if takes_back_settings(sync):
            yield Change(subject, Step.CHANGES, "settings that are gone count on until the end of the removal delay")
    if sync.channel.sends and not known.channel.sends:
        yield Change(subject, Step.CHANGES, "sends now too")
    if sync.channel.receives and not known.channel.receives:
        yield Change(subject, Step.CHANGES, "receives now too")


def _step(before: Presence, after: Presence) -> Step:
    match after:
        case Presence.PAUSED:
            return Step.PAUSED
        case Presence.LEAVING | Presence.GONE:
            return Step.LEAVES
        case Presence.KEPT:
            return Step.KEPT
        case Presence.ACTIVE:
            return Step.RESUMED if before in (Presence.PAUSED, Presence.KEPT) else Step.RETURNS


def _mistaken(name: str, sync: SyncLedger, ledger: Ledger) -> str:
    """A hint where a sync that joins may be one that leaves, under another name and URL."""
    for other, known in ledger.syncs.items():
        if other != name and known.presence is Presence.LEAVING and known.channel.portal == sync.channel.portal:
            return f"a new one, with a new link; where it is the one called {other} so far, say so with `was:`"
    return ""


def _reading(calendar: str, ledgers: Mapping[str, Ledger]) -> Iterator[str]:
    """The syncs that take part and read *calendar*."""
    for accommodation, ledger in ledgers.items():
        for name, sync in ledger.syncs.items():
            if sync.calendar == calendar and sync.presence is not Presence.GONE:
                yield f"{accommodation}/{name}"


def _as_renamed(
    accommodation: str, after: Ledger, ledgers: Mapping[str, Ledger], moved: Mapping[SyncName, SyncName]
) -> tuple[Nights, dict[str, Nights]]:
    """The nights taken in an accommodation so far, and those told to each sync, under their names to be."""
    before = ledgers.get(accommodation)
    told: dict[str, Nights] = {}
    for name in after.syncs:
        place = moved.get((accommodation, name), (accommodation, name))
        source = ledgers.get(place[0])
        told[name] = offers(source).get(place[1], EMPTY) if source else EMPTY
    return (blocked(before) if before else EMPTY), told


def _turns(
    after: Mapping[str, Ledger], so_far: dict[str, tuple[Nights, dict[str, Nights]]], now: Moment, delay: float
) -> Iterator[Turn]:
    """What becomes of the nights now, and at each moment at which something has waited for the removal *delay*."""
    due: dict[Moment, list[str]] = {now: list(after)}
    for accommodation, ledger in after.items():
        for moment in expiries(ledger, delay):
            if now < moment <= now + delay:
                due.setdefault(moment, []).append(accommodation)
    ledgers = dict(after)
    for moment, those in sorted(due.items()):
        moved = {each: expire(ledgers[each], delay=delay, now=moment) for each in those}
        moved = {each: ledger for each, ledger in moved.items() if moment == now or ledger is not ledgers[each]}
        ledgers |= moved
        if any(ledger.kin for ledger in moved.values()):
            moved |= rejoined(ledgers, moment, moved)
            ledgers |= moved
        for accommodation, ledger in moved.items():
            before, so_far[accommodation] = so_far[accommodation], (blocked(ledger), offers(ledger))
            if turn := _turn(accommodation, ledger, moment, before, so_far[accommodation]):
                yield turn


def _turn(
    accommodation: str,
    ledger: Ledger,
    moment: Moment,
    before: tuple[Nights, dict[str, Nights]],
    after: tuple[Nights, dict[str, Nights]],
) -> Turn | None:
    """What is taken and told at *moment* compared to *before*; None where it is the same."""
    (taken, told), (will_be_taken, will_tell), today = before, after, ledger.today
    opened = {
        name: nights
        for name, known in told.items()
        if (nights := ((known - will_tell.get(name, EMPTY)) & will_be_taken).since(today))
    }
    closed, freed = (will_be_taken - taken).since(today), (taken - will_be_taken).since(today)
    return Turn(accommodation, moment, closed, freed, opened) if closed or freed or opened else None


def _sync(ledgers: Mapping[str, Ledger], place: SyncName) -> SyncLedger | None:
    ledger = ledgers.get(place[0])
    return ledger.syncs.get(place[1]) if ledger else None
