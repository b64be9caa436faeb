"""The state of everything in words and numbers, as `GET /api/v1/status` answers it. No link is ever in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from icalsyncd import __version__
from icalsyncd.admin.matters import Fault
from icalsyncd.availability.beside import taken_beside
from icalsyncd.availability.learning import is_sticky
from icalsyncd.availability.ledger import Ledger, Presence, SyncLedger
from icalsyncd.availability.mirroring import mirrors
from icalsyncd.availability.narrowing import gives_up_direction, takes_back_settings
from icalsyncd.availability.pausing import pauses
from icalsyncd.availability.sifting import closing
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.nights import Night, date_of
from icalsyncd.state.state import Facts
from icalsyncd.state.view import House, SyncName, View, has_feed

if TYPE_CHECKING:
    # commands read this module's words and start no client for them
    from icalsyncd.notifying.courier import ReceiverStatus
    from icalsyncd.notifying.heartbeat import HeartbeatStatus
    from icalsyncd.publishing.target_status import TargetStatus

RESUME_AFTER: Final = 1800.0
"""Seconds for which a sync stays paused at least, before it is safe to resume."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ConfigStatus:
    """Whether the config file as it lies there is the one that runs."""

    ok: bool
    problems: tuple[str, ...]
    loaded_at: Moment
    """When the config that runs was taken over."""


@dataclass(frozen=True, slots=True)
class Condition:
    """How the daemon itself is, whatever its portals do."""

    config: ConfigStatus
    targets: tuple[TargetStatus, ...]
    """Where feeds are published, and how that goes."""
    faults: tuple[Fault, ...]
    """What is wrong with it: a disk that takes nothing, a clock that is not believed."""
    removal_delay: float
    """Seconds for which what has left the config is kept as it was."""
    needs: tuple[str, ...]
    """What needs the host, in sentences; none where all is well."""
    digest: str
    """Of the config that runs: what is changed of it is based on that."""
    receivers: tuple[ReceiverStatus, ...] = ()
    """Who is told by messages, and how that goes."""
    heartbeat: HeartbeatStatus | None = None


def report(
    view: View,
    condition: Condition,
    names: Mapping[str, str],
    next_pull: Callable[[SyncName], Moment | None],
    old_links: Mapping[SyncName, int],
) -> bytes:
    """The whole status, as JSON; *names* are the accommodations' display names, *old_links* the requests of links of an
    earlier generation since the start.

    Written accommodation by accommodation: to write, or to forget, thousands at once would hold up every other thread.
    """
    config = condition.config
    head = {
        "version": __version__,
        "verdict": {"well": not condition.needs, "needs": list(condition.needs)},
        "faults": [fault.words for fault in condition.faults],
        "targets": [target_status(target) for target in condition.targets],
        "notify": [receiver_status(receiver) for receiver in condition.receivers],
        "heartbeat": heartbeat_status(condition.heartbeat),
        "config": {"ok": config.ok, "problems": list(config.problems), "loaded_at": rfc3339(config.loaded_at)}
        | {"digest": condition.digest},
    }
    written = (
        json.dumps(
            _accommodation(accommodation, house, names, next_pull, old_links)
            | {"leaving": leaving(house.state.ledger, condition.removal_delay)}
        )
        for accommodation, house in sorted(view.houses.items())
    )
    return f'{json.dumps(head)[:-1]}, "accommodations": [{", ".join(written)}]}}'.encode()


def _accommodation(
    accommodation: str,
    house: House,
    names: Mapping[str, str],
    next_pull: Callable[[SyncName], Moment | None],
    old_links: Mapping[SyncName, int],
) -> Json:
    return {
        "id": accommodation,
        "name": names.get(accommodation, accommodation),
        "ready": house.state.ledger.complete,
        "nights": nights_of(house),
        "syncs": [
            sync_status(house, accommodation, name, next_pull((accommodation, name)))
            | _old_link(house, name, old_links.get((accommodation, name), 0))
            for name in house.state.ledger.syncs
        ],
    }


def leaving(ledger: Ledger, delay: float) -> list[Json]:
    """What is no longer in the config and kept as it was, each with when it goes: blocks, buffers, syncs,
    directions, settings."""
    found: list[Json] = []
    for block in ledger.blocks:
        if block.leaving_since is not None:
            stretch = {
                "from": date_of(block.stay.check_in).isoformat(),
                "to": date_of(block.stay.check_out).isoformat(),
            }
            found.append({"what": "block", **stretch, "until": rfc3339(block.leaving_since + delay)})
    if ledger.shrinking:
        found.append({"what": "buffer", "until": rfc3339(ledger.shrinking.since + delay)})
    if ledger.parting:
        found.append({"what": "parts", "until": rfc3339(ledger.parting.since + delay)})
    for name, sync in ledger.syncs.items():
        if sync.presence is Presence.LEAVING:
            found.append({"what": "sync", "sync": name, "until": rfc3339(sync.since + delay)})
        elif sync.narrowing and sync.presence is not Presence.GONE:
            whats = (("direction", gives_up_direction(sync)), ("settings", takes_back_settings(sync)))
            until = rfc3339(sync.narrowing.since + delay)
            found.extend({"what": what, "sync": name, "until": until} for what, is_so in whats if is_so)
    return found


def nights_of(house: House) -> list[Json]:
    """The taken nights and possible ghosts from today on, in runs of the same origins."""
    ledger = house.state.ledger
    sources = {"local": ledger.local, **{name: sync.genuine for name, sync in ledger.syncs.items()}}
    sources |= taken_beside(ledger)
    ahead = house.blocked.since(ledger.today) | house.trouble.possible_ghosts
    marks = [*sources.values(), house.trouble.overbooked, house.trouble.possible_ghosts]
    edges = sorted({edge for nights in (ahead, *marks) for stay in nights.stays() for edge in stay})
    rows: list[Json] = []
    for start, end in ahead.stays():
        cuts = [start, *(edge for edge in edges if start < edge < end), end]
        for first, last in pairwise(cuts):
            rows.append(
                {
                    "from": date_of(first).isoformat(),
                    "to": date_of(last).isoformat(),
                    "origins": [name for name, nights in sources.items() if first in nights],
                    "overbooked": first in house.trouble.overbooked,
                    "possible_ghost": first in house.trouble.possible_ghosts,
                }
            )
    return rows


def sync_status(house: House, accommodation: str, name: str, next_pull: Moment | None) -> Json:
    """One sync."""
    sync = house.state.ledger.syncs[name]
    facts = house.state.of(name)
    today = house.state.ledger.today
    channel = sync.channel
    return {
        "id": f"{accommodation}/{name}",
        "portal": channel.portal,
        "direction": direction_of(sync),
        "state": state_of(sync, facts),
        "reason": reason_of(sync, facts),
        "last_attempt": rfc3339(facts.attempts.last),
        "last_success": rfc3339(facts.last_success),
        "last_change": rfc3339(facts.last_change),
        "next_pull": rfc3339(next_pull),
        "last_fetch": rfc3339(sync.last_fetch),
        "since": rfc3339(sync.since) if sync.presence is not Presence.ACTIVE else None,
        "keeps": sync.presence is Presence.KEPT,
        "safe_to_resume": rfc3339(safe_to_resume(sync)),
        "claimed_nights": len(sync.claimed.since(today)),
        "echo_nights": len(sync.echoes.since(today)),
        **paused_nights(house.state.ledger, name),
        "offered_nights": len(house.feeds[name].nights.since(today)) if name in house.feeds else 0,
        "rules": rules_of(sync, today),
        "learned": learned(sync) | {"reader": facts.reader or None, "asks": facts.manner or None},
    }


def learned(sync: SyncLedger) -> Json:
    """What was learned of its portal, in seconds and nights; None where nothing is known yet."""
    habits = sync.habits
    return {
        "reads_every": {"median": habits.rhythm[0], "worst": habits.rhythm[1]} if habits.rhythm else None,
        "shows_after": max(habits.shows, default=None),
        "drops_after": max(habits.drops, default=None),
        "lag": sync.delay,
        "sticky": is_sticky(sync),
        "change": list(habits.change) if habits.change else None,
        "form": habits.form or None,
        "goes_back": habits.goes_back,
        "mirrors": mirrors(sync),
    }


def rules_of(sync: SyncLedger, today: Night) -> list[Json]:
    """What its portal closes by its own settings, from *today* on, and whether that is closed at the others too."""
    return [
        {
            "rule": what,
            "from": date_of(stay.check_in).isoformat(),
            "to": date_of(stay.check_out).isoformat(),
            "closes": stay.check_in in closing(sync),
        }
        for what, nights in (("notice", sync.rules.notice), ("booking window", sync.rules.window))
        for stay in nights.since(today).stays()
    ]


def paused_nights(ledger: Ledger, name: str) -> Json:
    """How many nights a pause leaves open: sold at its portal and open elsewhere, and the other way round; 0 without."""
    pause = next((each for each in pauses(ledger) if each.sync == name), None)
    return {
        "released_nights": len(pause.sold) if pause else 0,
        "unknown_nights": len(pause.unknown) if pause else 0,
    }


def target_status(target: TargetStatus) -> Json:
    """One target of the shared cloud."""
    unsent = target.unsent
    return {
        "name": target.name,
        "type": target.kind,
        "state": "failing" if unsent is not None else "never" if target.last_success is None else "ok",
        "reason": f"{unsent.why.value}: {unsent.detail}" if unsent is not None else None,
        "last_success": rfc3339(target.last_success),
        "failing_since": rfc3339(target.failing_since),
        "feeds": target.feeds,
        "behind": target.behind,
        "unsure": target.unsure,
        "overwritten": target.overwritten,
        "tears": target.tears,
    }


def receiver_status(receiver: ReceiverStatus) -> Json:
    """One receiver of messages."""
    return {
        "name": receiver.name,
        "state": "failing" if receiver.why is not None else "never" if receiver.last_success is None else "ok",
        "reason": receiver.why.value if receiver.why is not None else None,
        "last_success": rfc3339(receiver.last_success),
        "failing_since": rfc3339(receiver.failing_since),
        "waiting": receiver.waiting,
    }


def heartbeat_status(heartbeat: HeartbeatStatus | None) -> Json | None:
    """The heartbeat; None where there is none."""
    if heartbeat is None:
        return None
    failing = heartbeat.failing_since is not None
    quiet = "never" if heartbeat.last_success is None else "ok"
    return {
        "state": "stopped" if heartbeat.stopped is not None else "failing" if failing else quiet,
        "reason": heartbeat.stopped,
        "last_success": rfc3339(heartbeat.last_success),
        "failing_since": rfc3339(heartbeat.failing_since),
    }


def _old_link(house: House, name: str, requests: int) -> Json:
    """Until when links of earlier generations still work, and how often they were asked for since the start."""
    sync = house.state.ledger.syncs[name]
    until = max((until for _, until in sync.link.old), default=None)
    return {"old_link_until": rfc3339(until), "old_link_requests": requests if until is not None else 0}


def direction_of(sync: SyncLedger) -> str:
    """The direction in the config's words."""
    if sync.channel.receives and sync.channel.sends:
        return "bidirectional"
    return "import" if sync.channel.receives else "export"


def state_of(sync: SyncLedger, facts: Facts) -> str:
    """The one word for how a sync is: what needs a human most comes first."""
    match sync.presence:
        case Presence.PAUSED | Presence.KEPT:
            return "paused"
        case Presence.LEAVING | Presence.GONE:
            return "leaving"
        case Presence.ACTIVE:
            pass
    if not sync.channel.receives:
        return "ok"
    if facts.outcome in ("failed", "held", "partial"):
        return "failing" if facts.outcome == "failed" else facts.outcome
    return "never" if sync.pulled_at is None else "ok"


def reason_of(sync: SyncLedger, facts: Facts) -> str | None:
    """Why a sync is not well, in a few words; None if it is."""
    if sync.presence is not Presence.ACTIVE:
        return None
    if facts.outcome == "failed" and facts.reason is not None:
        return f"{facts.reason.value}: {facts.detail}" if facts.detail else facts.reason.value
    if facts.outcome == "held":
        times = max((lack.times for lack in sync.held), default=0)
        return f"{len(sync.retained)} nights would be freed, confirmed {times} of 3"
    if facts.outcome == "partial":
        return f"partial: some of it cannot be read, {len(sync.retained)} nights kept"
    return None


def safe_to_resume(sync: SyncLedger) -> Moment | None:
    """From when on it is safe to resume a paused sync; None if it is not paused, or its portal has yet to read the
    empty feed.
    """
    if sync.presence is Presence.KEPT:
        # nothing was released that its portal would have to hear of
        return sync.since
    if sync.presence is not Presence.PAUSED:
        return None
    earliest = sync.since + RESUME_AFTER
    if not has_feed(sync):
        return earliest
    if sync.published and not sync.published[-1][1]:
        # the daemon does not see the portal read it
        return max(sync.published[-1][0] + sync.delay, earliest)
    emptied = [moment for moment in sync.fetches if moment >= sync.since]
    if not emptied or any(sync.perhaps_told):
        # of several readers each may be the portal, so all of them must know
        return None
    return max(emptied[0], earliest)


def rfc3339(moment: Moment | None) -> str | None:
    """A moment in UTC, to the second; None for never."""
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
