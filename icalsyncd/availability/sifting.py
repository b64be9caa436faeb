"""How what a portal closes by its own settings (:mod:`rules`) is told from what is taken.

copy ─▶ sifted: events that take nights │ nights of rules
     └▶ followed: which edges have moved, and on how many days
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Final

from icalsyncd.availability.claims import Claim
from icalsyncd.availability.ledger import Ledger, SyncLedger
from icalsyncd.availability.rules import MOVES, Edge, Late, Rules
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.calendar import Event, Kind
from icalsyncd.calendars.nights import EMPTY, Night, Nights, Stay, union

LONGEST_NOTICE: Final = 30
"""Nights. What ends further ahead may end where the export does, and that moves, too."""
NEAREST_WINDOW: Final = 3
"""Nights. What begins nearer may be a stay that its portal clips to today, or to tomorrow."""
ASLEEP: Final = 30
"""Days for which an edge is remembered that is not seen: a closure may stand before it."""
FOLLOWED: Final = 8
"""Edges of one side that are followed at a time."""
JITTER: Final = 3
"""Nights by which the end of an export may differ from one day to the next: Booking.com's is 546 to 549 days ahead."""


@dataclass(frozen=True, slots=True)
class Sifted:
    """The events of a copy without those that only show a rule."""

    events: tuple[Event, ...]
    notice: Nights
    window: Nights
    are_closures: bool = False
    """The portal itself calls all of them closures."""


def sifted(sync: SyncLedger, rules: Rules, events: tuple[Event, ...], today: Night) -> Sifted:
    """*events* of a copy of *sync*'s calendar without what its portal closes by its own *rules*.

    What was claimed before a rule reached it stays an event, and so does every reservation. Where the inner edge does not
    stand where it must stand on that day, it is no rule.
    """
    notices = _edges(rules.notices, sync.channel.notice, today)
    windows = _edges(rules.windows, sync.channel.window, today)
    if not events or not (notices or windows):
        return Sifted(events, EMPTY, EMPTY)
    chains = _Chains(events, today)
    near = {event for edge in notices for event in _of_notice(chains, edge, today)}
    far = {event for edge in windows for event in _of_window(chains, edge, today)} - near
    if not near and not far:
        return Sifted(events, EMPTY, EMPTY)
    notice, window = (Nights.of_stays(event.stay for event in each) for each in (near, far))
    # a window that has yet to move today is a rule from where it is to move to; the night before may be booked by now
    window = window.since(min(_least(edge, today) for edge in windows)) if windows else window
    rest = [event for event in events if event not in near and event not in far]
    beside = Nights.of_stays(event.stay for event in rest)
    kept = union(
        before
        for claim in sync.claims
        if claim.kind is not Kind.RESERVATION
        and (before := claim.genuine & (notice | window))
        and not (_is_notice(claim, sync.rules.notices, today) if before & notice else _is_window(claim, windows, today))
    )
    kept = (kept | (Nights.of_stays(event.stay for event in far) - window)) - beside
    for event in (*near, *far):
        rest += [Event(*run, event.kind, "") for run in (kept & Nights.between(*event.stay)).stays()]
    are_closures = all(event.kind is Kind.BLOCK for event in (*near, *far))
    return Sifted(tuple(rest), notice - kept, window - kept, are_closures)


def followed(sync: SyncLedger, events: tuple[Event, ...], *, today: Night, now: Moment) -> Rules:
    """What is known of how *sync*'s edges move after a good copy with *events*."""
    rules = sync.rules
    chains = _Chains(events, today)
    told = union((*sync.in_force, sync.told.nights)) if sync.told is not None else union(sync.in_force)
    starts = [
        event.check_in
        for event in chains.last
        if event.kind is not Kind.RESERVATION
        and event.check_in >= today + NEAREST_WINDOW
        # what it only repeats may move with another portal's rule
        and not Nights.between(*event.stay) <= told
    ]
    stops = [
        event.check_out
        for event in chains.first
        if event.kind is not Kind.RESERVATION
        and event.check_out <= today + LONGEST_NOTICE
        and not Nights.between(*event.stay) <= told
    ]
    return replace(
        rules,
        notices=_moved(rules.notices, stops, today, now),
        windows=_moved(rules.windows, starts, today, now),
        ends=_end(rules.ends, chains.end, today, now),
        labelled=rules.labelled or any(event.kind is Kind.RESERVATION for event in events),
    )


def in_doubt(ledger: Ledger, name: str, nights: Nights) -> Ledger:
    """*ledger* after *nights* that sync *name* was the origin of turned out to be its portal's rule.

    What others repeat of them may hide a booking of their own: they are put to the test, as where an origin is in doubt.
    """
    if not nights:
        return ledger
    for other, sync in ledger.syncs.items():
        if other != name and not sync.summed.echoes.isdisjoint(nights):
            claims = tuple(
                replace(claim, doubtful=claim.doubtful | (claim.disputable & nights)) for claim in sync.claims
            )
            ledger = ledger.with_sync(other, replace(sync, claims=claims))
    return ledger


def closing(sync: SyncLedger) -> Nights:
    """The nights of a portal's own rules that are closed at all other portals too.

    By default none where it labels its reservations, nor beyond a booking window that was seen to move; a notice without
    labels may hide a booking of the last hour.
    """
    rules, wanted = sync.rules, sync.channel.rules
    if wanted:
        return rules.nights if wanted == "close" else EMPTY
    if rules.labelled:
        return EMPTY
    return rules.notice if any(edge.is_rule for edge in rules.windows) else rules.nights


def rule_on(sync: SyncLedger, night: Night) -> str | None:
    """What closes *night* at the portal by its own settings, in words; None where nothing does."""
    if night in sync.rules.notice:
        return "notice"
    return "booking window" if night in sync.rules.window else None


@dataclass(frozen=True, slots=True)
class Ruled:
    """That a portal closes a night by its own settings."""

    sync: str
    what: str
    """`notice` or `booking window`."""
    closes: bool
    """It is closed at all other portals too."""

    def __str__(self) -> str:
        others = "closed at the others too" if self.closes else "not told to the others"
        return f"{self.sync}'s own {self.what} closes it there: that is no booking, and {others}"


def ruled(ledger: Ledger, night: Night) -> tuple[Ruled, ...]:
    """Whose own settings close *night*."""
    return tuple(
        Ruled(name, what, night in closing(sync))
        for name, sync in ledger.syncs.items()
        if (what := rule_on(sync, night)) is not None
    )


def export_end(sync: SyncLedger, today: Night) -> Night | None:
    """An event that ends here or later may end where the calendar does, and that moves with the days."""
    ends = sync.rules.ends
    if ends is not None and ends.is_rule:
        return ends.on(today) - JITTER - 1
    return today + sync.channel.horizon - JITTER - 1 if sync.channel.horizon else None


def _edges(edges: Sequence[Edge], given: int | None, today: Night) -> tuple[Edge, ...]:
    """Those that are a rule's; where the host knows it, that one."""
    if given is not None:
        # portals count from today or from tomorrow
        return tuple(Edge(today, today + given + more, inf, MOVES, late=2) for more in (0, 1))
    return tuple(edge for edge in edges if edge.is_rule)


def _least(edge: Edge, today: Night) -> Night:
    return edge.on(today) - (edge.late == 2)


def _is_notice(claim: Claim, before: Sequence[Edge], today: Night) -> bool:
    """Whether *claim* is what was thought of a notice that this copy shows to be a rule; *before*: the edges so far."""
    return claim.stay.check_in <= today and any(
        edge.moves == MOVES - 1 and claim.stay.check_out in (edge.place, edge.place - 1) for edge in before
    )


def _is_window(claim: Claim, edges: Sequence[Edge], today: Night) -> bool:
    """The same of a window, or of one that stood still for a while."""
    return any(
        claim.began >= edge.since or edge.on(today) - 2 <= claim.stay.check_in <= edge.on(today) for edge in edges
    )


class _Chains:
    """The events of a calendar that stand beside each other without a gap: those from today on, and those at its end."""

    def __init__(self, events: Sequence[Event], today: Night) -> None:
        runs = Nights.of_stays(event[:2] for event in events).stays()
        self._events = events
        self.end: Night = runs[-1].check_out if runs else 0
        first = next((run for run in runs if run.check_in <= today + 1 and run.check_out > today), None)
        self.first = list(self._within(first))
        self.last = list(self._within(runs[-1] if runs else None))

    def _within(self, run: Stay | None) -> Iterator[Event]:
        if run is not None:
            yield from (each for each in self._events if run.check_in <= each.check_in < run.check_out)


def _of_notice(chains: _Chains, edge: Edge, today: Night) -> Iterable[Event]:
    stop = edge.on(today)
    closures = [event for event in chains.first if event.kind is not Kind.RESERVATION]
    exact = [event for event in closures if event.check_in <= today + 1 and stop - 1 <= event.check_out <= stop]
    if exact or any(event.check_in < stop < event.check_out for event in closures):
        return exact
    # a reservation stands before its end: what is left of it is cut
    if not Nights.between(today + 1, stop - 1) <= Nights.of_stays(event.stay for event in chains.first):
        return []
    return [event for event in closures if event.kind is Kind.BLOCK and event.check_out <= stop]


def _of_window(chains: _Chains, edge: Edge, today: Night) -> Iterable[Event]:
    start = edge.on(today)
    closures = [event for event in chains.last if event.kind is not Kind.RESERVATION]
    exact = [event for event in closures if start - 1 <= event.check_in <= start and event.check_out == chains.end]
    if exact or any(event.check_in < start < event.check_out for event in closures):
        return exact
    # reservations stand in it: what is left of it is cut
    if not Nights.between(start, chains.end) <= Nights.of_stays(event.stay for event in chains.last):
        return []
    return [event for event in closures if event.kind is Kind.BLOCK and event.check_in >= start]


def _moved(edges: tuple[Edge, ...], places: Iterable[Night], today: Night, now: Moment) -> tuple[Edge, ...]:
    """*edges* after a copy in which there are edges at *places*."""
    left = list(dict.fromkeys(places))
    kept: list[Edge] = []
    for edge in edges:
        wanted = edge.on(today)
        if wanted in left:
            left.remove(wanted)
            if today > edge.day:
                late: Late = 2 if edge.late else 0
                edge = Edge(today, wanted, edge.since, edge.moves + 1, late)
            kept.append(edge)
        elif today > edge.day and wanted - 1 in left:
            left.remove(wanted - 1)
            kept.append(edge if edge.late else replace(edge, late=1))
        elif edge.is_rule and today - edge.day <= ASLEEP:
            kept.append(edge)
    kept += [Edge(today, place, now) for place in left]
    kept.sort(key=lambda edge: (-edge.moves, edge.since))
    return tuple(kept[:FOLLOWED])


def _end(edge: Edge | None, end: Night, today: Night, now: Moment) -> Edge | None:
    if not end:
        return edge
    if edge is None or abs(end - edge.on(today)) > JITTER:
        return Edge(today, end, now)
    if end <= edge.place:
        return edge
    return replace(edge, day=today, place=end, moves=edge.moves + 1 if today > edge.day else edge.moves)
