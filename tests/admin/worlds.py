"""Views of many accommodations, made by the daemon's own functions, without a daemon."""

from __future__ import annotations

import hashlib
from datetime import date

from icalsyncd.admin.overview import Overview
from icalsyncd.admin.status import ConfigStatus
from icalsyncd.availability.attribution import fetched, pulled
from icalsyncd.availability.channel import Channel
from icalsyncd.availability.offers import offers
from icalsyncd.availability.plan import Plan, Seat
from icalsyncd.availability.roster import reconcile
from icalsyncd.calendars.calendar import Event, Kind
from icalsyncd.calendars.nights import EMPTY, Stay, night_of
from icalsyncd.state.installation import Installation
from icalsyncd.state.schedule import Attempts
from icalsyncd.state.state import Facts, State
from icalsyncd.state.view import View, see

NOW = 1_800_000_000.0
TODAY = night_of(date.fromtimestamp(NOW))  # noqa: DTZ012 (the tests' zone is UTC)
INSTALLATION = Installation(hashlib.sha256(b"a secret for tests").digest())


def events(seed: int, count: int) -> tuple[Event, ...]:
    """*count* stays of some nights, somewhere in the coming year."""
    made = []
    for number in range(count):
        start = TODAY + (seed * 37 + number * 29) % 330
        made.append(Event(start, start + 2 + (seed + number) % 6, Kind.UNKNOWN, f"{seed}-{number}@portal.example"))
    return tuple(made)


def view_of(accommodations: int, syncs: int, *, stays: int = 8) -> View:
    """A view of *accommodations* with *syncs* each: every one pulled, and its feed fetched."""
    plans = {
        f"house-{number:03}": Plan(
            timezone="UTC",
            after=number % 2,
            blocks=(Stay(TODAY + 40, TODAY + 44),),
            syncs={
                f"portal-{sync}": Seat(
                    Channel(f"portal-{sync}", receives=True, sends=True), calendar=f"{number}-{sync}"
                )
                for sync in range(syncs)
            },
        )
        for number in range(accommodations)
    }
    ledgers = reconcile({}, plans, today=dict.fromkeys(plans, TODAY), now=NOW - 9000)
    states: dict[str, State] = {}
    for seed, (accommodation, ledger) in enumerate(ledgers.items()):
        for turn, name in enumerate(plans[accommodation].syncs):
            ledger = pulled(
                ledger,
                name,
                events(seed * 7 + turn, stays),
                began=NOW - 8000 + turn,
                now=NOW - 8000 + turn,
                ours=lambda uid: EMPTY,
                retained=EMPTY,
                good=True,
            )
        for turn, name in enumerate(plans[accommodation].syncs):
            ledger = fetched(ledger, name, offers(ledger)[name], now=NOW - 600 + turn, looked=True)
        facts = Facts(
            attempts=Attempts(NOW - 240),
            last_success=NOW - 240,
            last_change=NOW - 8000,
            outcome="updated",
            reader="Portal/1",
        )
        states[accommodation] = State(ledger, dict.fromkeys(ledger.syncs, facts))
    return see(View(), states, states, [states], INSTALLATION)


def world(accommodations: int, syncs: int, *, stays: int = 8) -> Overview:
    """What the status page of such a view sees."""
    view = view_of(accommodations, syncs, stays=stays)
    names = [(house, sync) for house in view.houses for sync in view.houses[house].state.ledger.syncs]
    return Overview(
        now=NOW,
        view=view,
        config=ConfigStatus(ok=True, problems=(), loaded_at=NOW - 9000),
        file="config.yaml",
        removal_delay=1800.0,
        intervals=dict.fromkeys(names, 1800.0),
        next_pulls=dict.fromkeys(names, NOW + 1560),
        links={name: f"https://cal.example.org/{'a' * 32}{index}.ics" for index, name in enumerate(names)},
        lines={name: index + 20 for index, name in enumerate(names)},
        secret_since=NOW - 9000,
    )
