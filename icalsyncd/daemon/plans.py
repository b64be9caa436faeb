"""What the host's config means for the ledgers: a plan for each accommodation."""

from __future__ import annotations

from collections.abc import Mapping

from icalsyncd.availability.channel import Channel
from icalsyncd.availability.plan import Plan, Seat
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.nights import Night, Stay, date_of, night_of
from icalsyncd.clock import day_at
from icalsyncd.config.resolved import Accommodation, Config, Sync
from icalsyncd.state.installation import Installation
from icalsyncd.state.state import State
from icalsyncd.state.view import SyncName


def plans(config: Config, installation: Installation) -> dict[str, Plan]:
    """What *config* says of each accommodation, by its id; *installation* marks the calendars' URLs."""
    return {
        accommodation.id: _plan(accommodation, installation, float(config.pull.hold))
        for accommodation in config.accommodations
    }


def todays(config: Config, now: Moment, states: Mapping[str, State]) -> dict[str, Night]:
    """Each accommodation's day in its own zone at *now*, never before the one on which its state was last known."""
    days: dict[str, Night] = {}
    for accommodation in config.accommodations:
        state = states.get(accommodation.id)
        floor = date_of(state.ledger.today) if state else None
        days[accommodation.id] = night_of(day_at(now, accommodation.timezone, floor))
    return days


def _plan(accommodation: Accommodation, installation: Installation, hold: float) -> Plan:
    return Plan(
        timezone=accommodation.timezone,
        before=accommodation.before,
        after=accommodation.after,
        blocks=tuple(Stay(night_of(block.from_), night_of(block.to)) for block in accommodation.blocks),
        syncs={sync.id: _sync_plan(sync, installation, hold) for sync in accommodation.syncs},
        parts=accommodation.parts,
    )


def _sync_plan(sync: Sync, installation: Installation, hold: float) -> Seat:
    return Seat(
        channel=Channel(
            sync.portal,
            sync.receives,
            sync.sends,
            lag=float(sync.echo_lag),
            lag_is_given="lag" in sync.said,
            padding=sync.echo_padding,
            reads_every=float(sync.reads_every),
            hold=hold,
            read=sync.read,
            buffer=sync.buffer,
            offer_notice=sync.offer.notice,
            offer_window=sync.offer.window,
            linked=sync.linked,
            **sync.own_rules._asdict(),
        ),
        calendar=installation.fingerprint(sync.url.reveal()) if sync.url else None if sync.lacks_url else "",
        paused=sync.paused,
        keeps=sync.keeps,
        was=_sync_name(sync.was) if sync.was else None,
        generation=sync.link_generation,
        said=sync.said,
    )


def _sync_name(name: str) -> SyncName:
    accommodation, _, sync = name.partition("/")
    return accommodation, sync


def notes_of(accommodation: Accommodation) -> tuple[tuple[Stay, str], ...]:
    """What the host wrote beside the blocks of *accommodation*."""
    return tuple(
        (Stay(night_of(block.from_), night_of(block.to)), block.note) for block in accommodation.blocks if block.note
    )
