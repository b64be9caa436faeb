"""The hub in the middle: what is known, how it is seen, and what changes it, under the config that runs.

pulls (rounds, intake) ─┐
portals (feeds) ────────┼─▶ journal ─▶ view ─▶ feeds, page, metrics, publication
time (deadlines) ───────┘
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from icalsyncd import log
from icalsyncd.admin.matters import Fault
from icalsyncd.admin.metrics import Counts, Metrics, Scene
from icalsyncd.admin.status import ConfigStatus
from icalsyncd.availability.attribution import woke
from icalsyncd.availability.removal import RemovalDelay
from icalsyncd.availability.restoring import restored
from icalsyncd.availability.rewinding import delay_postponed, postponed, rewound
from icalsyncd.clock import Clock, Waking
from icalsyncd.config.loading import Accepted
from icalsyncd.daemon.audit import log_changes, log_trouble
from icalsyncd.daemon.deadlines import Deadlines
from icalsyncd.daemon.health import faults, status_line
from icalsyncd.daemon.plans import plans, todays
from icalsyncd.daemon.takeover import Takeover, take_over
from icalsyncd.notifying.heartbeat import Pulse
from icalsyncd.notifying.notifier import Notifier
from icalsyncd.notifying.outbox import Outbox
from icalsyncd.pace import in_steps
from icalsyncd.publishing.publisher import Publisher
from icalsyncd.pulling.intake import Intake
from icalsyncd.pulling.look import Looks
from icalsyncd.pulling.pull import Puller
from icalsyncd.pulling.rounds import Rounds
from icalsyncd.serving.connections import Closed
from icalsyncd.serving.feeds import Feeds
from icalsyncd.serving.people import Calendars
from icalsyncd.state.database import StoreRefused
from icalsyncd.state.installation import Installation
from icalsyncd.state.journal import Journal
from icalsyncd.state.outbox import not_after
from icalsyncd.state.schedule import Attempts
from icalsyncd.state.state import State
from icalsyncd.state.store import Store
from icalsyncd.state.view import SyncName, View, believed, noted, see

HOUSES_AT_ONCE: Final = 8
"""Accommodations that change in one go."""
TURNS_ASIDE: Final = 8
"""Times that a config is worked out on a thread; what still changes meanwhile is then worked out on the event loop."""


async def _nothing() -> str | None:
    return None


class Hub:
    """What one running daemon knows and does."""

    def __init__(self, accepted: Accepted, installation: Installation, store: Store) -> None:
        """Raises StoreRefused if what is stored cannot be understood."""
        stored = store.load()
        if not store.is_here and stored.installation not in (None, installation.mark):
            store.close()
            raise StoreRefused(
                "the database belongs to an installation with another secret, under which every link would change: "
                "give this machine the same `server.secret_file`"
            )
        self.accepted = accepted
        """The config that runs."""
        self.installation = installation
        self.clock = Clock(stored.last_commit, agreed=stored.agreed)
        self.journal = Journal(store, stored, self.clock.now)
        self.journal.agreed = lambda: self.clock.agreed
        self.view = View(unsure_since=self.clock.now() if self.journal.unsure else None)
        self.counts = Counts(Closed)
        self.config_status = ConfigStatus(ok=True, problems=(), loaded_at=self.clock.now())
        self.secret_since = stored.secret_since
        """Since when there is this secret; links made before it no longer answer."""
        self._known_secret = stored.installation
        self._puller = Puller(now=self.clock.now)
        self.intake = Intake(self.journal, self._puller, self.clock, installation, self.counts)
        waking = Waking(self.clock.now, self._awake)
        self.rounds = Rounds(self.intake.look, self._attempts, self.clock.now, waking.look)
        self.deadlines = Deadlines(self.journal, self.clock, self._reread_soon, waking.look)
        self.intake.on_pull = self.rounds.pulled
        self.looks = Looks(self.intake.look)
        self.feeds = Feeds(lambda: self.view, self.journal, self.looks.look, self.clock.now, self.counts)
        self.calendars = Calendars(lambda: self.view, self.journal, installation, self.clock.now)
        self.publisher = Publisher(
            lambda: self.view, self.journal, self.clock, installation, self.looks.look, self.counts
        )
        outbox = Outbox(not_after(store.outbox(), self.clock.now()), self.journal.post)
        self.notifier = Notifier(outbox, self._posted, self.clock.now, self.counts)
        self.dead: Callable[[], Awaitable[str | None]] = _nothing
        """What does not live; None where all does."""
        self.pulse = Pulse(lambda: self.dead(), self.clock.now, self.counts)
        self.on_news: Callable[[frozenset[str] | None], None] = lambda _: None
        """Called where something needs the host, perhaps: with the accommodations, or None for the whole."""
        self.metrics = Metrics(self.counts, self._scene)
        self._gone_back = store.gone_back
        self._background: set[asyncio.Task[Any]] = set()

    async def begin(self) -> None:
        """Rebuild the view from what is stored, under the config."""
        now = self.clock.now()
        if self._known_secret != self.installation.mark:
            self.secret_since = now
            self.journal.mark = (self.installation.mark, now)
            if self._known_secret is not None:
                log.warning("the secret is a new one: every link has changed, paste them again (icalsyncd links)")
            elif self.accepted.config.syncs():
                log.info("a new secret was made: paste the links into the portals (icalsyncd links)")
        if self.view.unsure_since is not None:
            log.warning("what was known last may not be stored: feeds are withheld until each portal was asked")
        self._note_waking(set_back=True)
        if self._gone_back.is_marked:
            self._go_back()
        self.journal.on_change = self._changed
        self.journal.on_note = self._noted
        await self.apply(self.accepted)

    def _go_back(self) -> None:
        """What is stored was put back: what portals were told since is not known."""
        now = self.clock.now()
        self.journal.put_all(
            {
                name: state.with_ledger(restored(state.ledger, now=now), now)
                for name, state in self.journal.current.items()
            }
        )
        self.journal.remember("the state was put back from an earlier one")
        log.warning(
            "the state was put back: what portals were told since is not known, so that nothing they show opens; feeds are "
            "withheld until each portal was pulled"
        )

        async def settle() -> None:
            await self.journal.stored()
            if self.journal.failing is None:
                await asyncio.to_thread(self._gone_back.clear)

        self.in_background(settle())

    async def be_sure(self, *, at_last: bool) -> None:
        """Stop withholding feeds for what may be lost, once each portal was asked; *at_last*: even if one was not."""
        if self.view.unsure_since is None or not (
            at_last or not any(house.unsure for house in self.view.houses.values())
        ):
            return
        self.view = believed(self.view)
        self.publisher.news(None)
        await self.journal.be_sure()
        log.info("every portal was asked since the start: no feed is withheld for what may be lost")

    async def end(self) -> bool:
        """Let what runs end, and write what is known; False if the disk does not take it."""
        self.feeds.flush()
        await self.notifier.close()
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.looks.close()
        self.intake.close()
        await self._puller.close()
        return await self.journal.close()

    async def apply(self, accepted: Accepted) -> None:
        """Take the config over: ledgers, schedule, deadlines, and copies to be read again. Nothing here fails.

        Each accommodation is under the new config from one moment to the next, a few at a time; of a household's config
        that is one moment. Accommodations that exchange syncs or share units change together.
        """
        config = accepted.config
        wanted = await asyncio.to_thread(plans, config, self.installation)
        self.accepted = accepted
        self.journal.remembered = float(config.server.history)
        self.journal.remember("the config was taken over")
        self.intake.configure(config)
        self.publisher.configure(config)
        self.notifier.configure(config.telling.receivers)
        self.pulse.configure(config.telling.heartbeat)
        self.calendars.configure(config)
        self.deadlines.configure(self._keep_for(float(config.server.removal_delay)), frozenset(wanted))
        intervals = {
            (sync.accommodation, sync.id): float(sync.interval)
            for sync in config.syncs()
            if sync.receives and not sync.paused
        }
        self.rounds.keep(intervals.keys())
        asked: set[SyncName] = set()
        left: frozenset[str] | None = None
        turns = 0
        while left is None or left:
            work_out = partial(
                take_over,
                config,
                wanted,
                dict(self.journal.current),
                days=todays(config, self.clock.day_moment(), self.journal.current),
                now=self.clock.now(),
                shown=self.view.houses.keys(),
                only=left,
            )
            turns += 1
            if turns <= TURNS_ASIDE:
                taken = await asyncio.to_thread(work_out)
                left = await self._put(taken)
            else:
                # these change faster than a thread works them out
                taken, left = work_out(), frozenset()
                self.journal.put_all(taken.states)
            asked |= taken.asked
            for name in taken.reread:
                if name[0] not in left:
                    self._reread_soon(name)
        async for accommodations in in_steps(list(self.journal.current), HOUSES_AT_ONCE):
            self.deadlines.watch(accommodations)
        await self.rounds.configure(intervals)
        for name in asked:
            self.rounds.hurry(name)
        self.on_news(None)

    def _keep_for(self, wanted: float) -> RemovalDelay:
        """The removal delay under a config that says *wanted* seconds; stored, since the next start may read half a file."""
        # no wait ends by a clock that nobody outside has agreed to, see Deadlines
        known, now = self.journal.removal_delay, self.clock.day_moment()
        delay = RemovalDelay(wanted) if known is None else known.under(wanted, now)
        if delay != known:
            self.journal.keep_for(delay)
        return delay

    @property
    def removal_delay(self) -> float:
        """Seconds for which what disappears from the config is kept at present."""
        known = self.journal.removal_delay
        return (
            known.at(self.clock.day_moment()) if known is not None else float(self.accepted.config.server.removal_delay)
        )

    async def _put(self, taken: Takeover) -> frozenset[str]:
        """Put what was worked out; returns the accommodations that were not, since their states have changed meanwhile."""
        current, left = self.journal.current, set()
        groups = [sorted(group & taken.states.keys()) for group in taken.together]
        together = {each for group in groups for each in group}
        apart = [accommodation for accommodation in taken.states if accommodation not in together]
        steps = [group for group in groups if group]
        steps += [apart[start : start + HOUSES_AT_ONCE] for start in range(0, len(apart), HOUSES_AT_ONCE)]
        for step in steps:
            stale = [each for each in step if current.get(each) is not taken.before.get(each)]
            if stale and step[0] in together:
                stale = step
            left.update(stale)
            self.journal.put_all({each: taken.states[each] for each in step if each not in stale})
            await asyncio.sleep(0)
        return frozenset(left)

    def _changed(self, accommodations: frozenset[str]) -> None:
        """Something is known, or durable, that was not: swap the view."""
        before = self.view
        self.view = see(before, accommodations, self.journal.current, self.journal.kept, self.installation)
        self.publisher.news(accommodations if self.view.links is before.links else None)
        self.on_news(accommodations)
        for accommodation in accommodations:
            house, former = self.view.houses.get(accommodation), before.houses.get(accommodation)
            if house is None or former is None or former.state.ledger is not house.state.ledger:
                self.deadlines.watch((accommodation,))
            if house is not None and (former is None or former.state.ledger is not house.state.ledger):
                known = former.state if former is not None else self.journal.durable.get(accommodation)
                log_changes(accommodation, known.ledger if known is not None else None, house.state.ledger)
            if house is not None and former is not None:
                for name, sync in house.state.ledger.syncs.items():
                    known_sync = former.state.ledger.syncs.get(name)
                    if known_sync is not None and known_sync.channel.read != sync.channel.read:
                        # settings that the config had taken back count no longer
                        self._reread_soon((accommodation, name))
            if house is None or (former is not None and former.trouble == house.trouble):
                continue
            log_trouble(accommodation, former.trouble if former else None, house.trouble)

    def _noted(self, states: Mapping[str, State]) -> None:
        """Only times have changed: swap the view."""
        self.view = noted(self.view, states)

    def _awake(self, set_back: bool) -> None:
        self._note_waking(set_back=set_back)
        self.rounds.awake()

    def _note_waking(self, *, set_back: bool) -> None:
        """After a stop or a sleep: portals could not fetch meanwhile, and are not silent for that.

        A clock that was *set_back* counts as a sleep: what was noted under it lies in the future, and no longer counts.
        """
        now = self.clock.now()
        if self.view.unsure_since is not None:
            self.view = believed(self.view, min(self.view.unsure_since, now))
        if (delay := self.journal.removal_delay) is not None:
            waits = delay_postponed(delay.not_after(now), now)
            if waits != delay:
                self.journal.keep_for(waits)
                self.deadlines.configure(waits, frozenset(each.id for each in self.accepted.config.accommodations))
        noted: dict[str, State] = {}
        heard: dict[str, State] = {}
        for accommodation, state in self.journal.current.items():
            known = replace(state.not_after(now), ledger=rewound(state.ledger, now)) if set_back else state
            ledger = woke(postponed(known.ledger, self.removal_delay, now), now=now)
            if ledger.syncs is known.ledger.syncs:
                noted[accommodation] = replace(known, ledger=ledger)
            else:
                # a portal that is no longer taken for silent has its echoes back: that frees nights
                heard[accommodation] = known.with_ledger(ledger, now)
        self.journal.note_all(noted)
        self.journal.put_all(heard)

    async def _posted(self, patience: float) -> bool:
        """Wait until what receivers are to be told is durable, but for no disk that takes nothing."""
        return self.journal.failing is None and await self.journal.stored(patience) and self.journal.may_answer

    def _attempts(self, name: SyncName) -> Attempts:
        state = self.journal.current.get(name[0])
        return state.of(name[1]).attempts if state is not None else Attempts()

    def _reread_soon(self, name: SyncName) -> None:
        self.in_background(self.intake.reread(name))

    def in_background(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do *work* beside everything else; a bug in it is logged."""
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.bug("a piece of background work ended in a bug", error)

    def _scene(self) -> Scene:
        intervals = {(sync.accommodation, sync.id): float(sync.interval) for sync in self.accepted.config.syncs()}
        return Scene(
            self.view,
            self.config_status,
            self.config_status.ok,
            intervals,
            self.publisher.status(),
            stored=self.journal.failing is None,
            believed=self.clock.doubted is None,
            now=self.clock.now(),
            receivers=self.notifier.status(),
            heartbeat=self.pulse.status(),
            remembered=self.journal.history_kept,
            lease=self.journal.lease,
        )

    def links(self) -> dict[SyncName, str]:
        """The whole links of all syncs that have one; it may be asked on any thread."""
        config = self.accepted.config
        return {
            target.name: config.public_url_of(accommodation) + path
            for accommodation, house in self.view.houses.items()
            for path, target in house.links.items()
            if not target.old
        }

    def calendar_links(self) -> dict[str, str]:
        """The whole links of the calendars for people, by id."""
        return {id: self.accepted.config.server.public_url + path for id, path in self.calendars.links().items()}

    def faults(self) -> tuple[Fault, ...]:
        """What is wrong with the daemon itself; it may be asked on any thread."""
        return faults(self.view, self.journal, self.clock)

    def status_line(self) -> str:
        """The state in one line, for the service manager; it may be asked on any thread."""
        return status_line(self.view, self.config_status, self.journal, self.clock)
