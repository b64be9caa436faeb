"""How ledgers change when the host's config changes, and when what has left it has been gone for long enough.

    reconcile: who is new, renamed, paused, resumed, or no longer there and so leaving
    expire:    who has been leaving for the removal delay goes; what has been gone for long enough is forgotten

What disappears from the config is kept as it was for a while, so that a half-written file frees nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import replace
from typing import Any, Final

from icalsyncd.availability.attribution import settled
from icalsyncd.availability.families import components, joined, related
from icalsyncd.availability.ledger import Block, Ledger, Presence, Standing, SyncLedger
from icalsyncd.availability.link import Link
from icalsyncd.availability.narrowing import channelled
from icalsyncd.availability.plan import Place, Plan, Seat
from icalsyncd.availability.stamps import DAY, Moment, Stamps
from icalsyncd.availability.taking import Parting, Shrinking
from icalsyncd.calendars.nights import EMPTY, Night, Stay

GONE_KEPT: Final = 7 * DAY
"""Seconds for which the feed of a sync that has left answers without nights before it answers no more."""
OLD_LINK_KEPT: Final = 7 * DAY
"""Seconds for which a link of an earlier generation goes on working."""


def reconcile(
    ledgers: Mapping[str, Ledger],
    plans: Mapping[str, Plan],
    *,
    today: Mapping[str, Night],
    now: Moment,
    only: Set[str] | None = None,
) -> dict[str, Ledger]:
    """The ledgers under a new config. *today* is each planned accommodation's day.

    Where *only* is given, those of these accommodations alone, and of all that exchange syncs. A ledger that the config
    does not change is the same object.
    """
    moved = dict(ledgers)
    renamed = renames(ledgers, plans)
    wanted = None if only is None else frozenset(only).union(*(group for group in tied(ledgers, plans) if group & only))
    for place, former in renamed.items():
        whole = all((place[0], name) in renamed for name in plans[place[0]].syncs)
        _move(moved, former, place, today, whole=whole)
    taken = {sync.link.first_name for ledger in moved.values() for sync in ledger.syncs.values()}
    reserved = {"/".join(seat.was) for plan in plans.values() for seat in plan.syncs.values() if seat.was}
    changed: list[str] = []
    for accommodation in dict.fromkeys((*moved, *plans)):
        if wanted is not None and accommodation not in wanted:
            continue
        plan = plans.get(accommodation)
        if plan is None:
            ledger = _without_plan(moved[accommodation], now)
        else:
            base = moved.get(accommodation) or Ledger(today=today[accommodation], timezone=plan.timezone)
            ledger = _under(base, plan, today[accommodation], now)
            for name, seat in plan.syncs.items():
                if name not in ledger.syncs:
                    first_name = _first_name((accommodation, name), seat, taken, reserved)
                    taken.add(first_name)
                    ledger = ledger.with_sync(name, _newcomer(seat, first_name, now))
        moved[accommodation] = ledger
        changed.append(accommodation)
    moved = related(moved)
    for accommodation in changed:
        before, ledger = ledgers.get(accommodation), moved[accommodation]
        # a ledger that stays as it was is settled already
        moved[accommodation] = before if before is not None and before == ledger else settled(ledger, now)
    moved |= joined(moved, changed, now)
    return {accommodation: moved[accommodation] for accommodation in changed}


def renames(ledgers: Mapping[str, Ledger], plans: Mapping[str, Plan]) -> dict[Place, Place]:
    """Each sync of the config that is an earlier one under a new name, and that earlier name.

    It is one where the config says so (`was`), or where it reads the same calendar as one that has disappeared. A name
    that stays in the config stays the same sync, whatever calendar it reads now.
    """
    planned = {
        (accommodation, name): seat for accommodation, plan in plans.items() for name, seat in plan.syncs.items()
    }
    known = {
        (accommodation, name): sync for accommodation, ledger in ledgers.items() for name, sync in ledger.syncs.items()
    }
    # of two that read the same calendar the one that has left is the earlier one
    orphans = sorted((place for place in known if place not in planned), key=lambda place: _is_out(known[place]))
    by_name = {name: place for place in reversed(orphans) for name in (known[place].link.first_name, "/".join(place))}
    by_calendar = {known[place].calendar: place for place in reversed(orphans) if known[place].calendar}
    wanting = {place: seat for place, seat in planned.items() if place not in known or _is_another(known[place], seat)}
    said = {place: by_name.get("/".join(seat.was)) for place, seat in wanting.items() if seat.was}
    seen = {place: by_calendar.get(seat.calendar or "") for place, seat in wanting.items()}
    found: dict[Place, Place] = {}
    for place, former in (*said.items(), *seen.items()):
        if former is not None and place not in found and former not in found.values():
            found[place] = former
    return found


def tied(ledgers: Mapping[str, Ledger], plans: Mapping[str, Plan]) -> tuple[frozenset[str], ...]:
    """The accommodations that change together under a config: those that exchange syncs, and those of one family."""
    exchanged = [(place[0], former[0]) for place, former in renames(ledgers, plans).items() if place[0] != former[0]]
    shared = [(name, *ledger.kin, *ledger.parts) for name, ledger in ledgers.items()]
    shared += [(name, *plan.parts) for name, plan in plans.items()]
    return components((*exchanged, *(each for each in shared if len(each) > 1)))


def expire(ledger: Ledger, *, delay: float, now: Moment) -> Ledger:
    """*ledger* without what has been leaving for *delay* seconds, or gone for :data:`GONE_KEPT`."""
    moved = ledger
    if any(_is_over(block.leaving_since, delay, now) for block in ledger.blocks):
        moved = replace(
            moved, blocks=tuple(block for block in moved.blocks if not _is_over(block.leaving_since, delay, now))
        )
    if moved.shrinking and _is_over(moved.shrinking.since, delay, now):
        moved = replace(moved, before=moved.shrinking.before, after=moved.shrinking.after, shrinking=None)
    if moved.parting and _is_over(moved.parting.since, delay, now):
        moved = replace(moved, parts=moved.parting.parts, parting=None)
    syncs: dict[str, SyncLedger] = {}
    for name, sync in ledger.syncs.items():
        kept = _expired(sync, delay, now)
        if kept is not None:
            syncs[name] = kept
    if len(syncs) != len(ledger.syncs) or any(syncs[name] is not ledger.syncs[name] for name in syncs):
        moved = replace(moved, syncs=syncs)
    return ledger if moved is ledger else settled(moved, now)


def expiries(ledger: Ledger, delay: float) -> Iterator[Moment]:
    """The moments at which :func:`expire` will have something to do."""
    for block in ledger.blocks:
        if block.leaving_since is not None:
            yield block.leaving_since + delay
    if ledger.shrinking:
        yield ledger.shrinking.since + delay
    if ledger.parting:
        yield ledger.parting.since + delay
    for sync in ledger.syncs.values():
        if sync.presence is Presence.LEAVING:
            yield sync.since + delay
        elif sync.presence is Presence.GONE:
            yield sync.since + GONE_KEPT
        elif sync.narrowing:
            yield sync.narrowing.since + delay
        if sync.muted_until is not None:
            yield sync.muted_until
        yield from (until for _, until in sync.link.old)


def hasten(ledger: Ledger, name: str | None, *, now: Moment) -> Ledger:
    """End a wait now, of the sync *name* or of all: what is leaving goes, what was never pulled counts as empty."""
    moved = ledger
    for each, sync in ledger.syncs.items():
        if name not in (None, each) or sync.presence is Presence.GONE:
            continue
        hastened = _expired(sync, 0.0, now) or sync
        if hastened.presence is Presence.ACTIVE and hastened.awaited:
            hastened = replace(hastened, counted_empty=True)
        moved = moved.with_sync(each, hastened)
    if name is None:
        moved = replace(moved, blocks=tuple(block for block in moved.blocks if block.leaving_since is None))
        if moved.shrinking:
            moved = replace(moved, before=moved.shrinking.before, after=moved.shrinking.after, shrinking=None)
        if moved.parting:
            moved = replace(moved, parts=moved.parting.parts, parting=None)
    return settled(moved, now)


def pause(ledger: Ledger, name: str, *, now: Moment) -> Ledger:
    """The host takes the sync out of play: its claims count no longer, and its feed holds no nights."""
    return settled(ledger.with_sync(name, _cleared(ledger.syncs[name], Presence.PAUSED, now)), now)


def resume(ledger: Ledger, name: str, *, now: Moment) -> Ledger:
    """It takes part again, with all that its portal was told; with a snapshot only where the pause has kept it."""
    return settled(ledger.with_sync(name, _turned(ledger.syncs[name], Presence.ACTIVE, now)), now)


def keep(ledger: Ledger, name: str, *, now: Moment) -> Ledger:
    """The host pauses the sync and keeps what is known: its claims count, and its feed opens nothing."""
    return settled(ledger.with_sync(name, _turned(ledger.syncs[name], Presence.KEPT, now)), now)


def _is_out(sync: SyncLedger) -> bool:
    return sync.presence in (Presence.LEAVING, Presence.GONE)


def _is_another(sync: SyncLedger, seat: Seat) -> bool:
    """Whether *sync* has left, and the one that takes its name now may be one that had another name so far."""
    if sync.presence is Presence.GONE and not sync.calendar:
        return seat.was is not None and sync.link.first_name != "/".join(seat.was)
    return _is_out(sync) and seat.calendar is not None and sync.calendar != seat.calendar


def _is_over(since: Moment | None, delay: float, now: Moment) -> bool:
    return since is not None and now >= since + delay


def _move(ledgers: dict[str, Ledger], former: Place, place: Place, today: Mapping[str, Night], *, whole: bool) -> None:
    source = ledgers[former[0]]
    sync = source.syncs[former[1]]
    ledgers[former[0]] = replace(source, syncs={name: kept for name, kept in source.syncs.items() if name != former[1]})
    target = ledgers.get(place[0])
    if target is None:
        target = Ledger(
            today=today[place[0]],
            timezone=source.timezone,
            awake_since=source.awake_since,
            complete=source.complete and whole,
        )
    if (displaced := target.syncs.get(place[1])) is not None:
        # it has left, and must go on leaving beside the one that bears its name now
        number = 2
        while (aside := f"{place[1]}~{number}") in target.syncs:
            number += 1
        target = target.with_sync(aside, displaced)
    ledgers[place[0]] = target.with_sync(place[1], sync)


def _first_name(place: Place, seat: Seat, taken: Set[str], reserved: Set[str]) -> str:
    """The name that the link of a new sync is made of: no two links may ever be the same.

    Links are to be the same on a new machine, from the config alone: so it is the earliest name that the config knows.
    """
    former = "/".join(seat.was) if seat.was else ""
    if former and former not in taken:
        return former
    own = first_name = "/".join(place)
    number = 1
    while first_name in taken or first_name in reserved:
        number += 1
        first_name = f"{own}#{number}"
    return first_name


def _newcomer(seat: Seat, first_name: str, now: Moment) -> SyncLedger:
    """A sync of which nothing is known yet."""
    return SyncLedger(seat.channel, Link(first_name, seat.generation), seat.calendar or "", seat.presence, since=now)


def _without_plan(ledger: Ledger, now: Moment) -> Ledger:
    """The whole accommodation has disappeared from the config."""
    syncs = {name: _left(sync, now) for name, sync in ledger.syncs.items()}
    return replace(ledger, syncs=syncs, blocks=_leaving_blocks(ledger.blocks, (), now), **_parted(ledger, (), now))


def _under(ledger: Ledger, plan: Plan, today: Night, now: Moment) -> Ledger:
    """A ledger under *plan*, but for the syncs that are new."""
    before, after = max(ledger.before, plan.before), max(ledger.after, plan.after)
    shrinking = None
    if (before, after) != (plan.before, plan.after):
        same = ledger.shrinking and (ledger.shrinking.before, ledger.shrinking.after) == (plan.before, plan.after)
        shrinking = ledger.shrinking if same else Shrinking(plan.before, plan.after, now)
    return replace(
        ledger,
        today=max(ledger.today, today),
        timezone=plan.timezone,
        before=before,
        after=after,
        shrinking=shrinking,
        blocks=_leaving_blocks(ledger.blocks, plan.blocks, now),
        syncs={
            name: _seated(sync, plan.syncs[name], now) if name in plan.syncs else _left(sync, now)
            for name, sync in ledger.syncs.items()
        },
        # an accommodation without syncs is complete; with the first of them it begins anew
        complete=ledger.complete and bool(ledger.syncs),
        **_parted(ledger, plan.parts, now),
    )


def _parted(ledger: Ledger, wanted: tuple[str, ...], now: Moment) -> dict[str, Any]:
    """The parts of *ledger* under a config that says *wanted*: what is new counts at once, what is lacking goes later."""
    if set(ledger.parts) <= set(wanted):
        return {"parts": wanted, "parting": None}
    parts = tuple(dict.fromkeys((*wanted, *ledger.parts)))
    same = ledger.parting is not None and set(ledger.parting.parts) == set(wanted)
    return {"parts": parts, "parting": ledger.parting if same else Parting(wanted, now)}


def _leaving_blocks(known: tuple[Block, ...], wanted: tuple[Stay, ...], now: Moment) -> tuple[Block, ...]:
    present = tuple(Block(stay) for stay in dict.fromkeys(wanted))
    absent = tuple(
        replace(block, leaving_since=now if block.leaving_since is None else block.leaving_since)
        for block in known
        if block.stay not in wanted
    )
    return (*present, *absent)


def _left(sync: SyncLedger, now: Moment) -> SyncLedger:
    if _is_out(sync):
        return sync
    return replace(sync, presence=Presence.LEAVING, since=now, former=Standing(sync.presence, sync.since))


def _seated(sync: SyncLedger, seat: Seat, now: Moment) -> SyncLedger:
    """A known sync under what the config says of it now."""
    if sync.former is not None:
        sync = replace(sync, presence=sync.former.presence, since=sync.former.since, former=None)
    if sync.presence is Presence.GONE:
        # nothing of it is left that would have to leave again; its feed goes on being empty for as long as it was to be
        muted_until = sync.since + GONE_KEPT if sync.channel.sends else sync.muted_until
        sync = replace(sync, channel=seat.channel, muted_until=muted_until)
    sync = channelled(sync, seat.channel, seat.said, now)
    if sync.presence is not seat.presence:
        sync = _turned(sync, seat.presence, now)
    calendar = sync.calendar if seat.calendar is None else seat.calendar
    seated = replace(sync, calendar=calendar, link=sync.link.at(seat.generation, now + OLD_LINK_KEPT))
    return sync if seated == sync else seated


def _turned(sync: SyncLedger, wanted: Presence, now: Moment) -> SyncLedger:
    """*sync* paused, kept or resumed."""
    if wanted is Presence.KEPT:
        # of one that was paused or gone nothing is left to be kept, and what it showed is still open elsewhere
        return replace(sync, presence=wanted, since=now)
    if sync.presence is Presence.KEPT and wanted is Presence.ACTIVE and sync.pulled_at is not None:
        # what it lacked before the pause proves nothing now: the hold begins anew
        return replace(sync, presence=wanted, since=now, held=(), broken=None)
    return _cleared(sync, wanted, now)


def _expired(sync: SyncLedger, delay: float, now: Moment) -> SyncLedger | None:
    """*sync* after what it waits for; None where it is to be forgotten."""
    if sync.presence is Presence.GONE and _is_over(sync.since, GONE_KEPT, now):
        return None
    moved = sync
    if sync.presence is Presence.LEAVING:
        # what it gives up of its direction waits: while it is leaving it stays as it was
        if _is_over(sync.since, delay, now):
            if not sync.channel.sends and sync.muted_until is None:
                return None  # it has no feed that would have to answer for a while
            moved = replace(_cleared(sync, Presence.GONE, now), narrowing=None)
    elif sync.narrowing and _is_over(sync.narrowing.since, delay, now):
        wanted = sync.narrowing.channel
        if sync.channel.receives and not wanted.receives:
            moved = _cleared(sync, sync.presence, sync.since)
        if sync.channel.sends and not wanted.sends:
            moved = replace(moved, muted_until=now + GONE_KEPT)
        moved = replace(moved, channel=wanted, narrowing=None)
    if moved.muted_until is not None and now >= moved.muted_until:
        moved = replace(moved, muted_until=None)
    if any(now >= until for _, until in moved.link.old):
        old = tuple((number, until) for number, until in moved.link.old if now < until)
        moved = replace(moved, link=moved.link.without_old(old))
    return moved


def _cleared(sync: SyncLedger, presence: Presence, now: Moment) -> SyncLedger:
    shown = EMPTY
    if presence is Presence.PAUSED:
        shown = sync.shown_before | sync.genuine | sync.summed.doubtful | sync.perhaps_sold
    own = (*sync.own_before, *(claim.only(claim.genuine) for claim in sync.claims if claim.genuine))
    return replace(
        sync,
        presence=presence,
        since=now,
        former=None,
        claims=(),
        pulled_at=None,
        counted_empty=False,
        held=(),
        broken=None,
        retained=EMPTY,
        returned=EMPTY,
        departed=EMPTY,
        withdrawn=Stamps(),
        shown_on=EMPTY,
        doubts_told=EMPTY,
        given_up=Stamps(),
        shown_before=shown,
        own_before=own,
        rules=replace(sync.rules, notice=EMPTY, window=EMPTY),
    )
