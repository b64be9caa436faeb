"""What Prometheus scrapes: counters of what happened, and gauges of how things are, read from the view.

Every metric of the daemon is defined here, but for those of messages (`telling_metrics`). Labels are names of the config,
never a URL, a link or a word of a calendar.
A time at which nothing happened yet is an absent series, not a 0; counts begin at 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Histogram, disable_created_metrics, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from icalsyncd import __version__
from icalsyncd.admin.exposition import Exposition, labels
from icalsyncd.admin.lease_metrics import of_lease
from icalsyncd.admin.status import ConfigStatus, direction_of
from icalsyncd.admin.telling_metrics import of_telling
from icalsyncd.admin.unsafe import unsafe_nights
from icalsyncd.availability.ledger import Presence, SyncLedger
from icalsyncd.availability.pausing import pauses
from icalsyncd.calendars.calendar import Reason
from icalsyncd.calendars.nights import Night
from icalsyncd.notifying.courier import ReceiverStatus
from icalsyncd.notifying.heartbeat import Beat, HeartbeatStatus
from icalsyncd.notifying.post import Why as NotTold
from icalsyncd.publishing.target_status import TargetStatus
from icalsyncd.publishing.targets.storage import Why
from icalsyncd.state.lease import Lease
from icalsyncd.state.state import Facts
from icalsyncd.state.view import SyncName, View

CODES: Final = (200, 304, 503)
"""The answers to a link."""
LISTENERS: Final = ("feeds", "admin")
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

# a second series a histogram that no query asks for
disable_created_metrics()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a scrape looks at."""

    view: View
    config: ConfigStatus
    reloaded: bool
    """The last reload was taken over."""
    intervals: Mapping[SyncName, float]
    """Seconds between two pulls, of the syncs in the config."""
    targets: tuple[TargetStatus, ...] = ()
    stored: bool = True
    """The disk took the last commit."""
    believed: bool = True
    """The machine's clock is."""
    now: float = 0.0
    receivers: tuple[ReceiverStatus, ...] = ()
    heartbeat: HeartbeatStatus | None = None
    remembered: bool = True
    """What happened was kept in the history with the last commit."""
    lease: Lease | None = None
    """For how long this daemon may answer; None where the state lies in a file."""


class Counts:
    """What happened since the start, counted on the event loop."""

    def __init__(self, closings: Iterable[str] = ()) -> None:
        """*closings* are the reasons for which a listener closes a connection: each is counted from 0 on."""
        self.why_closed: Final = tuple(closings)
        self.pulls: dict[str, int] = {}
        self.failures: dict[tuple[str, Reason], int] = {}
        self.requests: dict[tuple[SyncName | None, int], int] = {}
        self.old_links: dict[SyncName, int] = {}
        self.unpublished: dict[tuple[str, Why], int] = {}
        self.closings: dict[tuple[str, str], int] = {}
        self.messages: dict[str, int] = {}
        self.untold: dict[tuple[str, NotTold], int] = {}
        self.beats: dict[Beat, int] = {}
        self.registry = CollectorRegistry()
        self._durations = Histogram(
            "icalsyncd_sync_pull_duration_seconds",
            "Time from the request to a portal until what came in was merged",
            buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=self.registry,
        )

    def pulled(self, name: str, reason: Reason | None, seconds: float) -> None:
        """One pull of the sync `accommodation/sync` has ended."""
        self.pulls[name] = self.pulls.get(name, 0) + 1
        if reason is not None:
            self.failures[name, reason] = self.failures.get((name, reason), 0) + 1
        self._durations.observe(seconds)

    def requested(self, name: SyncName | None, code: int, *, old: bool) -> None:
        """One request at the feeds listener was answered."""
        self.requests[name, code] = self.requests.get((name, code), 0) + 1
        if old and name is not None:
            self.old_links[name] = self.old_links.get(name, 0) + 1

    def closed(self, listener: str, why: str) -> None:
        """One connection of a listener was closed from here."""
        self.closings[listener, why] = self.closings.get((listener, why), 0) + 1

    def unsent(self, target: str, why: Why) -> None:
        """One file could not be put at a target of the shared cloud, or not be deleted there."""
        self.unpublished[target, why] = self.unpublished.get((target, why), 0) + 1

    def messaged(self, receiver: str, why: NotTold | None) -> None:
        """One message was taken by a receiver, or was not, for a reason."""
        if why is None:
            self.messages[receiver] = self.messages.get(receiver, 0) + 1
        else:
            self.untold[receiver, why] = self.untold.get((receiver, why), 0) + 1

    def beaten(self, beat: Beat) -> None:
        """One fetch of the heartbeat has ended."""
        self.beats[beat] = self.beats.get(beat, 0) + 1


class Metrics:
    """The metrics of one daemon."""

    def __init__(self, counts: Counts, scene: Callable[[], Scene]) -> None:
        self._counts = counts
        self._scene = scene
        self._registry = counts.registry
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def text(self) -> bytes:
        """The exposition; it may be made off the event loop."""
        return standing(self._scene(), self._counts).encode() + generate_latest(self._registry)


def standing(scene: Scene, counts: Counts) -> str:
    """All metrics but those of prometheus_client: the durations of pulls, and the process's own."""
    out = Exposition()
    _of_config(out, scene)
    if scene.lease is not None:
        of_lease(out, scene.lease)
    _of_accommodations(out, scene.view, scene.now)
    _of_syncs(out, scene)
    _of_pulls(out, scene.view, counts)
    _of_feeds(out, scene.view, counts)
    _of_targets(out, scene.targets, counts)
    of_telling(out, scene.receivers, scene.heartbeat, counts)
    _of_listeners(out, counts)
    return out.text()


def _of_config(out: Exposition, scene: Scene) -> None:
    build = out.gauge("icalsyncd_build_info", "Always 1; the version is the label")
    build.add(labels(("version", __version__)), 1)
    successful = out.gauge(
        "icalsyncd_config_last_reload_successful", "1 while the config file as it lies there is the one that runs"
    )
    successful.alone(int(scene.reloaded))
    at = out.gauge("icalsyncd_config_last_reload_success_timestamp_seconds", "When the config that runs was taken over")
    at.alone(scene.config.loaded_at)
    stored = out.gauge("icalsyncd_state_stored", "1 while the disk takes what is known; at 0 a restart loses it")
    stored.alone(int(scene.stored))
    believed = out.gauge(
        "icalsyncd_clock_believed", "1 while the machine's clock is believed; at 0 feeds stay as they were"
    )
    believed.alone(int(scene.believed))
    kept = out.gauge(
        "icalsyncd_history_stored", "1 while what happened is kept; at 0 the history is damaged, or has no room"
    )
    kept.alone(int(scene.remembered))


def _of_accommodations(out: Exposition, view: View, now: float) -> None:
    blocked = out.gauge(
        "icalsyncd_accommodation_blocked_nights", "Nights from today on that someone took, without buffers"
    )
    overbooked = out.gauge("icalsyncd_accommodation_overbooked_nights", "Nights from today on with two or more origins")
    ghosts = out.gauge(
        "icalsyncd_accommodation_possible_ghost_nights",
        "Nights from today on that may be closed though nobody took them",
    )
    unsafe = out.gauge(
        "icalsyncd_accommodation_unsafe_nights",
        "Nights about to begin, tonight's and tomorrow's, that are taken and open at a portal",
    )
    ready = out.gauge(
        "icalsyncd_accommodation_ready", "1 once every sync that receives has been pulled; until then feeds answer 503"
    )
    for accommodation, house in view.houses.items():
        pair = labels(("accommodation", accommodation))
        blocked.add(pair, len(house.blocked.since(house.state.ledger.today)))
        overbooked.add(pair, len(house.trouble.overbooked))
        ghosts.add(pair, len(house.trouble.possible_ghosts))
        unsafe.add(pair, len(unsafe_nights(house.state.ledger, now)))
        ready.add(pair, int(house.state.ledger.complete))


def _of_syncs(out: Exposition, scene: Scene) -> None:
    info = out.gauge("icalsyncd_sync_info", "Always 1; what the config says is in the labels")
    paused = out.gauge("icalsyncd_sync_paused", "1 while the host has paused the sync")
    released = out.gauge(
        "icalsyncd_sync_paused_open_nights",
        "Nights from today on that a pause leaves open though somebody took them: there, or everywhere else",
    )
    leaving = out.gauge("icalsyncd_sync_leaving", "1 while the sync is no longer in the config and kept as it was")
    interval = out.gauge("icalsyncd_sync_interval_seconds", "Seconds between two pulls")
    attempt = out.gauge(
        "icalsyncd_sync_last_attempt_timestamp_seconds", "When the portal was last asked for its calendar"
    )
    success = out.gauge(
        "icalsyncd_sync_last_success_timestamp_seconds",
        "When a pull last ended updated, not modified or partial; never held",
    )
    change = out.gauge(
        "icalsyncd_sync_last_change_timestamp_seconds", "When the calendar last had other nights than before"
    )
    failing = out.gauge(
        "icalsyncd_sync_failing_since_timestamp_seconds", "When the first of the last failed pulls in a row was"
    )
    held = out.gauge("icalsyncd_sync_held", "1 while a suspicious copy is held")
    partial = out.gauge("icalsyncd_sync_partial", "1 while the calendar is partly unreadable")
    retained = out.gauge("icalsyncd_sync_retained_nights", "Nights kept closed though the last copy lacks them")
    claimed = out.gauge("icalsyncd_sync_claimed_nights", "Nights from today on that the portal claims")
    broken = out.gauge("icalsyncd_sync_broken_events", "Events of the last copy that could not be read")
    open_nights = {
        (accommodation, pause.sync): len(pause.open)
        for accommodation, house in scene.view.houses.items()
        for pause in pauses(house.state.ledger)
    }
    for name, pairs, sync, facts, today in _each(scene.view):
        info.add(f"{pairs},{labels(('portal', sync.channel.portal), ('direction', direction_of(sync)))}", 1)
        paused.add(pairs, int(sync.presence in (Presence.PAUSED, Presence.KEPT)))
        released.add(pairs, open_nights.get(name, 0))
        leaving.add(pairs, int(sync.presence in (Presence.LEAVING, Presence.GONE)))
        if not sync.channel.receives:
            continue
        for family, value in (
            (interval, scene.intervals.get(name)),
            (attempt, facts.attempts.last),
            (success, facts.last_success),
            (change, facts.last_change),
            (failing, facts.failing_since),
        ):
            if value is not None:
                family.add(pairs, value)
        held.add(pairs, int(bool(sync.held)))
        partial.add(pairs, int(sync.broken is not None))
        retained.add(pairs, len(sync.retained.since(today)))
        genuine = sync.genuine.since(today)
        claimed.add(f'{pairs},kind="genuine"', len(genuine))
        claimed.add(f'{pairs},kind="echo"', len(sync.claimed.since(today) - genuine))
        broken.add(pairs, len(sync.broken.fingerprints) if sync.broken else 0)


def _of_pulls(out: Exposition, view: View, counts: Counts) -> None:
    pulls = out.counter("icalsyncd_sync_pulls_total", "Pulls that have ended, well or not")
    failures = out.counter("icalsyncd_sync_pull_failures_total", "Pulls that failed")
    reasons = [(reason, f",{labels(('reason', reason.value))}") for reason in Reason]
    for (accommodation, name), pairs, sync, _, _ in _each(view):
        if not sync.channel.receives:
            continue
        whole = f"{accommodation}/{name}"
        pulls.add(pairs, counts.pulls.get(whole, 0))
        for reason, pair in reasons:
            failures.add(pairs + pair, counts.failures.get((whole, reason), 0))


def _of_feeds(out: Exposition, view: View, counts: Counts) -> None:
    requests = out.counter(
        "icalsyncd_feed_requests_total", "Requests at the feeds listener; those that led nowhere bear no names"
    )
    fetched = out.gauge("icalsyncd_feed_last_fetch_timestamp_seconds", "When the portal last read its feed")
    patience = out.gauge(
        "icalsyncd_feed_patience_seconds",
        "Seconds after which a portal that has not read its feed is late: a day, or three intervals",
    )
    blocked = out.gauge("icalsyncd_feed_blocked_nights", "Nights from today on in the feed, with buffers")
    old = out.counter("icalsyncd_feed_old_link_requests_total", "Requests of a link of an earlier generation")
    requests.add('accommodation="",sync="",code="404"', counts.requests.get((None, 404), 0))
    codes = [(code, f',code="{code}"') for code in CODES]
    for name, pairs, sync, _, today in _each(view):
        feed = view.feed(name)
        if feed is None:
            continue
        for code, pair in codes:
            requests.add(pairs + pair, counts.requests.get((name, code), 0))
        if sync.last_fetch is not None:
            fetched.add(pairs, sync.last_fetch)
        if sync.channel.sends and not sync.published:
            # where the feed is published, its readings are not seen
            patience.add(pairs, sync.patience())
        blocked.add(pairs, len(feed.nights.since(today)))
        old.add(pairs, counts.old_links.get(name, 0))


def _of_targets(out: Exposition, targets: tuple[TargetStatus, ...], counts: Counts) -> None:
    success = out.gauge(
        "icalsyncd_publish_last_success_timestamp_seconds", "When all that was due was last sent to the target"
    )
    failing = out.gauge(
        "icalsyncd_publish_failing_since_timestamp_seconds",
        "When the first of the last failed tries in a row was at the target",
    )
    behind = out.gauge(
        "icalsyncd_publish_behind_feeds", "Feeds that lie at the target with other nights than here, or not yet"
    )
    unsure = out.gauge("icalsyncd_publish_unsure_feeds", "Feeds at the target over which an older copy may still land")
    overwritten = out.gauge(
        "icalsyncd_publish_overwritten_feeds", "Feeds at the target that somebody else wrote, within the last day"
    )
    failures = out.counter("icalsyncd_publish_failures_total", "Tries at the target that failed")
    for target in targets:
        pair = labels(("target", target.name))
        if target.last_success is not None:
            success.add(pair, target.last_success)
        if target.failing_since is not None:
            failing.add(pair, target.failing_since)
        behind.add(pair, target.behind)
        unsure.add(pair, target.unsure)
        overwritten.add(pair, target.overwritten)
        for why in Why:
            reason = labels(("reason", why.value))
            failures.add(f"{pair},{reason}", counts.unpublished.get((target.name, why), 0))


def _of_listeners(out: Exposition, counts: Counts) -> None:
    closed = out.counter(
        "icalsyncd_listener_closed_connections_total",
        "Connections that the daemon closed: no request, silent, or no room",
    )
    for listener in LISTENERS:
        for why in counts.why_closed:
            pairs = labels(("listener", listener), ("reason", why))
            closed.add(pairs, counts.closings.get((listener, why), 0))


def _each(view: View) -> Iterator[tuple[SyncName, str, SyncLedger, Facts, Night]]:
    for accommodation, house in view.houses.items():
        today = house.state.ledger.today
        for name, sync in house.state.ledger.syncs.items():
            pairs = labels(("accommodation", accommodation), ("sync", name))
            yield (accommodation, name), pairs, sync, house.state.of(name), today
