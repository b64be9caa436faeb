"""The answers to what the admin listener may ask of the daemon."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from time import time
from typing import Any, Final, TypeVar

from icalsyncd import log
from icalsyncd.admin.admin import Actions, Hosts, Refusal
from icalsyncd.admin.board import Wanted
from icalsyncd.admin.concern import Concern
from icalsyncd.admin.concerns import concerns, needs
from icalsyncd.admin.live import Live, Seen
from icalsyncd.admin.overview import Overview
from icalsyncd.admin.page import night_page, page
from icalsyncd.admin.status import Condition, report
from icalsyncd.admin.waits import waits
from icalsyncd.availability.release import released, released_nights
from icalsyncd.availability.roster import hasten
from icalsyncd.config.config_file import digest_of
from icalsyncd.config.paths import Paths
from icalsyncd.config.positions import lines_of
from icalsyncd.daemon.confirmations import confirm, dated
from icalsyncd.daemon.explained import explained
from icalsyncd.daemon.health import unready
from icalsyncd.daemon.hub import Hub
from icalsyncd.daemon.plans import notes_of
from icalsyncd.language import chosen, speaking
from icalsyncd.pace import in_steps, unsearched
from icalsyncd.pulling.report import Report
from icalsyncd.state.history import Event
from icalsyncd.state.kinship import with_kin
from icalsyncd.state.state_file import StoreFailed
from icalsyncd.state.view import SyncName

PACKING: Final = 5
"""The level of gzip for pages: two levels more make them 1 % smaller, in twice the time."""
PULLS_AT_ONCE: Final = 32
"""Pulls that are begun in one go."""

Json = dict[str, Any]
T = TypeVar("T")


class HostActions:
    """What the admin listener may ask of one daemon, and how it is answered."""

    def __init__(self, hub: Hub, paths: Paths, reload: Callable[[], Awaitable[tuple[str, ...]]]) -> None:
        """*paths* are the daemon's own, *reload* has its config read again and returns the mistakes."""
        self._hub = hub
        self._paths = paths
        self._file = paths.config.name
        self._reload = reload
        self._lines: tuple[str, dict[SyncName, int]] = ("", {})
        self.live = Live(self._seen)
        """Tells open pages what changes."""

    def actions(self) -> Actions:
        """All of them, as the admin listener takes them."""
        return Actions(
            hosts=self._hosts,
            status=self.status,
            page=self.page,
            night_page=self.night_page,
            live=self.live.answer,
            language=self.language,
            metrics=self.metrics,
            needs=self.needs,
            unhealthy=self.unhealthy,
            unready=self.unready,
            reload=self._reload,
            pull=self.pull,
            accept=self.accept,
            accept_clock=self.accept_clock,
            confirm=partial(confirm, self._hub),
            rotate=self.rotate,
            rotate_calendar=self.rotate_calendar,
            explain=partial(explained, self._hub),
            history=self.history,
            links=self.links,
            notify_test=self.notify_test,
        )

    async def status(self) -> bytes:
        return await self._aside(self._status)

    async def page(self, wanted: Wanted, accepted: str) -> bytes:
        """The status page, for whoever sends *accepted* as Accept-Language; compressed by gzip."""
        with speaking(self.language(accepted)):
            return await self._aside(lambda: _packed(page(self._overview(), wanted)))

    async def night_page(self, accommodation: str, night: int, accepted: str) -> bytes | Refusal:
        """Why a night is taken or free, as a page; likewise."""
        happened = await self._happened(accommodation, night)
        past = [event.json() for event in happened] if not isinstance(happened, Refusal) else []
        with speaking(self.language(accepted)):
            made = await self._aside(lambda: _packed(night_page(self._overview(), accommodation, night, past) or ""))
        return made if accommodation in self._hub.view.houses else Refusal(f"there is no accommodation {accommodation}")

    def language(self, accepted: str) -> str:
        """What is spoken to whoever sends *accepted* as Accept-Language."""
        return self._hub.accepted.config.server.language or chosen(accepted)

    async def needs(self) -> tuple[str, ...]:
        """What needs the host, in sentences."""
        return await self._aside(self._needs)

    def _needs(self) -> tuple[str, ...]:
        return needs(concerns(self._overview()))

    def concerns(self, language: str) -> list[Concern]:
        """All that needs the host, in *language*; on a thread."""
        with speaking(language):
            return concerns(self._overview())

    async def notify_test(self, name: str | None) -> Json | Refusal:
        """Send a trial to a receiver of messages, or to all: what each said, null where it took it."""
        answers = await self._hub.notifier.test(name)
        return Refusal(f"there is no receiver {name} in `notify`") if answers is None else dict(answers)

    async def metrics(self) -> bytes:
        return await self._aside(self._hub.metrics.text)

    async def _aside(self, make: Callable[[], T]) -> T:
        """What *make* makes of all that is known: on a thread, since thousands of syncs take their time."""
        self._hub.feeds.flush()

        def made() -> T:
            with unsearched():
                return make()

        return await asyncio.to_thread(made)

    def _names(self) -> dict[str, str]:
        return {each.id: each.name for each in self._hub.accepted.config.accommodations}

    def _status(self) -> bytes:
        hub = self._hub
        names = self._names()
        condition = Condition(
            hub.config_status,
            hub.publisher.status(),
            hub.faults(),
            hub.removal_delay,
            self._needs(),
            digest_of(hub.accepted.text),
            hub.notifier.status(),
            hub.pulse.status(),
        )
        return report(hub.view, condition, names, hub.rounds.next_pull, hub.counts.old_links)

    def _overview(self) -> Overview:
        hub = self._hub
        accepted, view = hub.accepted, hub.view
        if accepted.text != self._lines[0]:
            self._lines = (accepted.text, lines_of(accepted.text))
        names = [(house, sync) for house in view.houses for sync in view.houses[house].state.ledger.syncs]
        return Overview(
            now=hub.clock.now(),
            view=view,
            config=hub.config_status,
            file=self._file,
            removal_delay=hub.removal_delay,
            names=self._names(),
            notes={each.id: notes_of(each) for each in accepted.config.accommodations},
            intervals={(each.accommodation, each.id): float(each.interval) for each in accepted.config.syncs()},
            next_pulls={name: due for name in names if (due := hub.rounds.next_pull(name)) is not None},
            links=hub.links(),
            calendars=hub.calendar_links(),
            lines=self._lines[1],
            secret_since=hub.secret_since,
            targets=hub.publisher.status(),
            faults=hub.faults(),
            digest=digest_of(accepted.text),
            asks=bool(accepted.config.server.users),
            receivers=hub.notifier.status(),
            heartbeat=hub.pulse.status(),
        )

    def _seen(self) -> Seen:
        hub = self._hub
        targets = [(each.name, each.failing_since, each.behind, each.overwritten) for each in hub.publisher.status()]
        told = [(each.name, each.why) for each in hub.notifier.status()]
        whole = (hub.accepted.digest, hub.config_status, hub.faults(), targets, told)
        return Seen(hub.view.houses, whole)

    def unhealthy(self) -> str | None:
        """Why the daemon is not well, None if it is; a failing portal is not the daemon's fault."""
        if self._hub.journal.failing:
            return f"the state is not stored: {self._hub.journal.failing}"
        return None

    def unready(self) -> str | None:
        return unready(self._hub.view, self._hub.journal)

    async def pull(self, name: SyncName | None, dry: bool) -> list[Report] | Refusal:
        """Pull one sync, or all that receive and are not paused, and wait until what came in is stored and served."""
        hub = self._hub
        wanted = [
            (sync.accommodation, sync.id)
            for sync in hub.accepted.config.syncs()
            if sync.receives and not sync.paused and name in (None, (sync.accommodation, sync.id))
        ]
        if name is not None and not wanted:
            return Refusal(f"there is no sync {'/'.join(name)} that is pulled")
        pulls: list[asyncio.Task[Report | None]] = []
        async for step in in_steps(wanted, PULLS_AT_ONCE):
            pulls += [asyncio.create_task(hub.intake.pull(each, dry=dry)) for each in step]
        reports = await asyncio.gather(*pulls)
        if not dry:
            hub.publisher.hurry()
            await hub.journal.stored()
        return [report for report in reports if report is not None]

    async def accept(self, accommodation: str, sync: str | None, dry: bool) -> Json | Refusal:
        """End the waits of a sync, or of all of an accommodation, now."""
        hub = self._hub
        state = hub.journal.current.get(accommodation)
        if state is None or (sync is not None and sync not in state.ledger.syncs):
            return Refusal(f"there is no {accommodation}{'/' + sync if sync else ''}")
        waiting = waits(state.ledger, sync)
        if not waiting:
            return Refusal("nothing waits here")
        now = hub.clock.now()
        after = hasten(released(state.ledger, sync), sync, now=now)
        kin = with_kin(hub.journal.current, {accommodation: state.with_ledger(after, now)}, now)
        if (known := kin[accommodation]) is not None:
            after = known.ledger
        releases = [dated(stay) for stay in released_nights(state.ledger, after).stays()]
        answer: Json = {"waits": waiting, "releases": releases}
        if dry:
            return answer
        log.info(
            "the host ended a wait",
            accommodation=accommodation,
            sync=sync or "all",
            waits="; ".join(waiting),
            releases=" ".join(f"{run['from']}..{run['to']}" for run in releases) or "nothing",
        )
        holding = [each for each, known in state.ledger.syncs.items() if known.retained and sync in (None, each)]
        hub.journal.remember(f"the host ended a wait: {'; '.join(waiting)}", accommodation, sync or "")
        for each in holding:
            await hub.intake.reread((accommodation, each), released=True)
        state = hub.journal.current[accommodation]
        hub.journal.put(accommodation, state.with_ledger(hasten(state.ledger, sync, now=now), now))
        for each in state.ledger.syncs:
            # where settings have ended, its copy says something else
            await hub.intake.reread((accommodation, each))
        await hub.journal.stored()
        return answer

    async def accept_clock(self, dry: bool) -> Json | Refusal:
        """Believe the machine's clock, since the host says that it is right."""
        clock = self._hub.clock
        doubt = clock.doubted or ("today is held back until a portal's clock agrees" if clock.lags else None)
        if doubt is None:
            return Refusal("nothing waits here: the clock is believed")
        answer = {
            "waits": [f"{doubt}; it shows {_when(time())}, and {_when(clock.day_moment())} counts"],
            "releases": [],
        }
        if not dry:
            clock.accept()
            self._hub.journal.remember("the host says that the machine's clock is right")
            log.warning("the host says that the machine's clock is right", was=doubt)
        return answer

    def _hosts(self) -> Hosts:
        server = self._hub.accepted.config.server
        page = frozenset(host.lower() for host in server.admin_hosts)
        return Hosts(page, page | {host.lower() for host in server.metrics_hosts})

    async def rotate_calendar(self, id: str) -> Json | Refusal:
        """End the old links of a calendar for people at once."""
        ended = self._hub.calendars.rotate(id)
        if not ended:
            none = "it has no old link; raise link_generation first"
            return Refusal(f"there is no calendar {id}" if ended is None else none)
        self._hub.journal.remember(f"the host ended an old link of the calendar {id}")
        await self._hub.journal.stored()
        return {"ended": ended}

    async def rotate(self, name: SyncName) -> Json | Refusal:
        """End the old links of a sync at once."""
        state = self._hub.journal.current.get(name[0])
        sync = state.ledger.syncs.get(name[1]) if state else None
        if state is None or sync is None:
            return Refusal(f"there is no sync {'/'.join(name)}")
        if not sync.link.old:
            return Refusal("it has no old link; raise link_generation first")
        ended = replace(sync, link=sync.link.without_old())
        ledger = state.ledger.with_sync(name[1], ended)
        self._hub.journal.put(name[0], state.with_ledger(ledger, self._hub.clock.now()))
        self._hub.journal.remember("the host ended an old link", *name)
        await self._hub.journal.stored()
        return {"ended": len(sync.link.old)}

    async def history(self, accommodation: str, night: int | None) -> list[Json] | Refusal:
        """What happened to an accommodation, or to one night of it, oldest first."""
        if accommodation not in self._hub.view.houses:
            return Refusal(f"there is no accommodation {accommodation}")
        happened = await self._happened(accommodation, night)
        return happened if isinstance(happened, Refusal) else [dict(event.json()) for event in happened]

    async def _happened(self, accommodation: str, night: int | None) -> tuple[Event, ...] | Refusal:
        try:
            return await self._hub.journal.history(accommodation, night)
        except StoreFailed as error:
            return Refusal(str(error))

    def links(self) -> Json:
        """The links that are to be pasted, and whose they are."""
        hub, known = self._hub, self._hub.links()
        return {
            "installation": hub.installation.mark,
            "state_dir": str(self._paths.state_dir.resolve()),
            "config": str(self._paths.config.resolve()),
            "digest": digest_of(hub.accepted.text),
            "links": [
                {"accommodation": sync.accommodation, "sync": sync.id, "url": known[sync.accommodation, sync.id]}
                for sync in hub.accepted.config.syncs()
                if sync.sends and (sync.accommodation, sync.id) in known
            ],
            "calendars": [{"calendar": id, "url": url} for id, url in hub.calendar_links().items()],
        }


def _packed(text: str) -> bytes:
    return gzip.compress(text.encode(), PACKING, mtime=0)


def _when(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M UTC")
