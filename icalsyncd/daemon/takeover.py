"""What a config makes of the accommodations: worked out from their states at one moment, on any thread.

    states, config ─▶ take_over ─▶ Takeover ─▶ the hub puts each accommodation, unless its state has changed meanwhile;
                          ▲                                        │
                          └───────── those, once more ◀────────────┘

Nothing here is put or stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace

from icalsyncd.availability.ledger import Presence
from icalsyncd.availability.plan import Plan
from icalsyncd.availability.roster import reconcile, renames, tied
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.calendar import Reason
from icalsyncd.calendars.nights import Night
from icalsyncd.calendars.settings import read_under
from icalsyncd.config.resolved import Config
from icalsyncd.state.state import State
from icalsyncd.state.view import SyncName


@dataclass(frozen=True, slots=True)
class Takeover:
    """The accommodations under a config."""

    before: Mapping[str, State]
    """The states that this was worked out from."""
    states: Mapping[str, State]
    """By accommodation; those that differ from before, or are not shown yet."""
    together: tuple[frozenset[str], ...]
    """Accommodations that exchange syncs, or share units: each group is put in one go, or not at all."""
    asked: frozenset[SyncName]
    """To be pulled at once: new, resumed, at another address, or at one that was not known."""
    reread: frozenset[SyncName]
    """Copies to be read again, under other settings."""


def take_over(
    config: Config,
    plans: Mapping[str, Plan],
    states: Mapping[str, State],
    *,
    days: Mapping[str, Night],
    now: Moment,
    shown: Set[str],
    only: Set[str] | None = None,
) -> Takeover:
    """Work out what *config*, whose *plans* these are, makes of *states*; only of those in *only*, if it is given.

    *days* are the days of the config's accommodations; *shown* are those that the view has already.
    """
    ledgers = {accommodation: state.ledger for accommodation, state in states.items()}
    moved = renames(ledgers, plans)
    together = tied(ledgers, plans)
    ledgers = reconcile(ledgers, plans, today=days, now=now, only=only)
    facts = {
        (accommodation, name): known for accommodation, state in states.items() for name, known in state.facts.items()
    }
    made: dict[str, State] = {}
    for accommodation, ledger in ledgers.items():
        before = states.get(accommodation)
        if before is not None and before.ledger is ledger and accommodation in shown:
            # nothing that the config says of it is new, and none of its syncs came from elsewhere
            continue
        places = {name: moved.get((accommodation, name), (accommodation, name)) for name in ledger.syncs}
        own = {name: facts[place] for name, place in places.items() if place in facts}
        # one that was renamed is compared with what it was: at another address it begins anew, whatever it is called
        former = {
            name: states[place[0]].ledger.syncs[place[1]]
            for name, place in places.items()
            if place[0] in states and place[1] in states[place[0]].ledger.syncs
        }
        base = State(replace(before.ledger if before else ledger, syncs=former), own)
        made[accommodation] = base.with_ledger(ledger, now)
    return Takeover(states, made, together, *_wanted(config, states, made, moved, ledgers.keys()))


def _wanted(
    config: Config,
    states: Mapping[str, State],
    made: Mapping[str, State],
    moved: Mapping[SyncName, SyncName],
    planned: Set[str],
) -> tuple[frozenset[SyncName], frozenset[SyncName]]:
    asked: set[SyncName] = set()
    reread: set[SyncName] = set()
    for sync in config.syncs():
        if not sync.receives or sync.paused or sync.accommodation not in planned:
            continue
        name = (sync.accommodation, sync.id)
        former = moved.get(name, name)
        known = states[former[0]].ledger.syncs.get(former[1]) if former[0] in states else None
        state = made.get(sync.accommodation) or states[sync.accommodation]
        now_known = state.ledger.syncs[sync.id]
        found = state.of(sync.id).reason is Reason.NO_URL and not sync.lacks_url
        if (
            known is None
            or now_known.pulled_at is None
            or known.calendar != now_known.calendar
            or known.presence is Presence.KEPT
            or found
        ):
            asked.add(name)
        copy, wanted_as = state.of(sync.id).copies.last, read_under(sync.read, now_known.channel.read)
        if copy is not None and copy.read_as.settings != wanted_as:
            reread.add(name)
    return frozenset(asked), frozenset(reread)
