"""Taking in a portal's calendar, step by step, one pull of a sync at a time:

    pull ─▶ Answer ─▶ read ─▶ Arrival ─▶ admit and attribute ─▶ Decision ─▶ put ─▶ Report

What the portal sends is read off the event loop where it is large; what is decided is decided by pure functions, on the
state as it is when the answer is in. An answer counts for what was asked and for nothing else: where that stands no
longer, each step gives None, the answer is thrown away without a trace, and the portal is asked again at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Final, Protocol
from weakref import WeakValueDictionary

from icalsyncd import PROJECT_URL, __version__, log
from icalsyncd.availability.admission import Outcome
from icalsyncd.availability.ledger import Presence
from icalsyncd.availability.receipt import Receipt
from icalsyncd.calendars.calendar import Event, Failed, Partial, Reason
from icalsyncd.clock import Clock
from icalsyncd.config.resolved import Config, Sync
from icalsyncd.pulling.already_read import AlreadyRead, mark_of
from icalsyncd.pulling.bodies import Bodies
from icalsyncd.pulling.entry import (
    Arrival,
    Decision,
    Entry,
    entry_of_pull,
    entry_of_rereading,
    facts_after_failure,
    report_of,
    report_of_failure,
)
from icalsyncd.pulling.errand import Errand
from icalsyncd.pulling.order import Body, Failure, NotModified, Order
from icalsyncd.pulling.pull import Puller
from icalsyncd.pulling.report import Report, tell, tell_failed
from icalsyncd.state.copy import Copy, Role
from icalsyncd.state.installation import Installation
from icalsyncd.state.journal import Journal
from icalsyncd.state.schedule import unconditional, wait_of
from icalsyncd.state.state import State
from icalsyncd.state.state_file import StoreFailed
from icalsyncd.state.view import SyncName

AGENT: Final = f"icalsyncd/{__version__} (+{PROJECT_URL})"
HEAVY: Final = 400
"""Events above which attribution, too, is done on a thread."""
NO_URL: Final = Failure(Reason.NO_URL, "its URL is not known, see the config")


class PullTally(Protocol):
    """Where pulls are counted."""

    def pulled(self, name: str, reason: Reason | None, seconds: float) -> None:
        """One pull has ended; *reason* where it failed."""


class Intake:
    """Takes in the calendars of all syncs."""

    def __init__(
        self, journal: Journal, puller: Puller, clock: Clock, installation: Installation, tally: PullTally
    ) -> None:
        self._journal = journal
        self._puller = puller
        self._clock = clock
        self._installation = installation
        self._tally = tally
        self.on_pull: Callable[[SyncName], None] = lambda _: None
        """Called with the name of a sync that was pulled, for whatever reason, and not for a dry pull."""
        self._config: Config | None = None
        self._syncs: dict[SyncName, Sync] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """By the names under which links were first made, which outlive a rename. A turn is there for as long as somebody
        has it or waits for it, whatever becomes of its sync."""
        self._bodies = Bodies()
        self._already_read = AlreadyRead()

    def configure(self, config: Config) -> None:
        """Pull by *config* from now on."""
        self._config = config
        self._syncs = {(sync.accommodation, sync.id): sync for sync in config.syncs()}
        self._bodies.max_size = config.pull.max_size
        self._already_read.forget_all_but(self._syncs)

    def close(self) -> None:
        """Read no more."""
        self._bodies.close()

    async def pull(self, name: SyncName, *, dry: bool = False) -> Report | None:
        """Pull one sync's calendar and take it in, since the host wants it.

        None where the portal was not asked: the sync does not receive, no longer does, or is about to. A bug is a pull
        that failed. A *dry* pull asks without conditions, tells what would change, and changes nothing.
        """
        return await self._pull_in_turn(name, dry=dry, wanted=True)

    async def look(self, name: SyncName) -> Report | None:
        """The same on our own account: a portal that has asked us to wait is not asked either."""
        return await self._pull_in_turn(name, dry=False, wanted=False)

    async def reread(self, name: SyncName, *, released: bool = False) -> None:
        """Read the last stored copy anew, where it was read on another day or under other settings.

        *released*: the one that waits (held, or read in part) is read in any case, and believed: the host says that
        what it lacks is free.
        """
        async with self._turn(name):
            if (errand := self._errand(name)) is not None:
                await self._reread(replace(errand, released=released))

    async def _pull_in_turn(self, name: SyncName, *, dry: bool, wanted: bool) -> Report | None:
        async with self._turn(name):
            while (errand := self._errand(name)) is not None and errand.sync.receives:
                attempts = self._journal.current[name[0]].of(name[1]).attempts
                if not wanted and wait_of(attempts, errand.began) is not None:
                    return None
                if (report := await self._pull_once(replace(errand, dry=dry))) is not None:
                    return report
                name = self._now_called(errand).name
        return None

    async def _pull_once(self, errand: Errand) -> Report | None:
        """Pull; None where the answer was thrown away, since what was asked stands no longer."""
        started = perf_counter()
        try:
            report = await self._take_in(errand)
        except Exception:
            # a bug in one sync does not stop another, and is no reason to ask its portal over and over
            log.exception("a pull ended in a bug", sync=errand.sync.name)
            report = self._fail(errand, Failure(Reason.BUG, "a bug of icalsyncd; its log has the details"))
        if report is not None and not errand.dry:
            self._tally.pulled(errand.sync.name, report.reason, perf_counter() - started)
            self.on_pull(errand.name)
        return report

    async def _take_in(self, errand: Errand) -> Report | None:
        """All the steps of one pull."""
        if errand.sync.url is None:
            return self._fail(errand, NO_URL)
        if not errand.dry:
            try:
                await self._reread(errand)
            except Exception:
                # a new copy may well be read where the stored one is not
                log.exception("reading a stored copy ended in a bug", sync=errand.sync.name)
            errand = self._with_conditions(errand)
        order = self._order(errand)
        if order is None:
            return None
        answer = await self._puller.pull(order)
        if answer.date is not None:
            self._clock.hear(answer.date)
        arrival: Arrival | Failure | None
        match answer:
            case Failure():
                return self._fail(errand, answer)
            case NotModified():
                arrival = await self._read_not_modified(errand)
            case Body():
                arrival = await self._read(errand, answer)
        if isinstance(arrival, Failure):
            return self._fail(errand, arrival)
        decision = await self._decide(errand, arrival) if arrival is not None else None
        return None if arrival is None or decision is None else self._enter(errand, arrival, decision)

    def _with_conditions(self, errand: Errand) -> Errand:
        """The same with what to ask with: the validators of the last copy, where that was read as it would be read now."""
        state = self._standing(errand)
        if state is None:
            return errand
        facts = state.of(errand.name[1])
        last = facts.copies.last
        if (
            last is None
            or last.validators is None
            or (last.calendar, last.read_as) != (errand.calendar, errand.read_as)
            or state.ledger.syncs[errand.name[1]].pulled_at is None
            or unconditional(facts.last_whole, errand.began)
        ):
            return errand
        return replace(errand, asked=last)

    def _order(self, errand: Errand) -> Order | None:
        config, url = self._config, errand.sync.url
        if config is None or url is None or self._standing(errand) is None:
            return None
        return Order(
            name=errand.sync.name,
            url=url.reveal(),
            user_agent=errand.sync.user_agent or AGENT,
            validators=errand.sent,
            timeout=config.pull.timeout,
            max_size=config.pull.max_size,
            allow_private=config.pull.private_addresses,
        )

    async def _read(self, errand: Errand, answer: Body) -> Arrival | Failure | None:
        state = self._standing(errand)
        if state is None:
            return None
        known, copies = state.ledger.syncs[errand.name[1]], state.of(errand.name[1]).copies
        copy = Copy(errand.read_as, errand.calendar, answer.validators, mark_of(answer.body))
        if self._already_read.need_not_be_read(errand.name, copy, known, copies):
            return Arrival(None, copy, over=copies.snapshot)
        return await self._read_body(errand, copy, answer.body)

    async def _read_not_modified(self, errand: Errand) -> Arrival | Failure | None:
        """A "not modified" to the last good copy says nothing new; to a held or partial one, it is that copy again."""
        state, asked = self._standing(errand, over=errand.asked), errand.asked
        if state is None or asked is None:
            return None
        if state.of(errand.name[1]).copies.waiting is None:
            return Arrival(None, None, over=asked)
        body = await self._stored(state, errand, Role.WAITING)
        if body is None:
            return Failure(Reason.STORE, "the stored copy could not be read")
        return await self._read_body(errand, replace(asked, mark=mark_of(body)), body, over=asked)

    async def _read_body(
        self, errand: Errand, copy: Copy, body: bytes, *, over: Copy | None = None
    ) -> Arrival | Failure:
        reading = await self._bodies.read(body, errand.sync, errand.kept, errand.today)
        if isinstance(reading, Failed):
            return Failure(reading.reason, reading.detail)
        return Arrival(reading, copy, body, over)

    async def _decide(self, errand: Errand, arrival: Arrival) -> Decision | None:
        """Admit and attribute what came.

        Large calendars are attributed on the thread; where the state has moved on meanwhile, once more.
        """
        reading, last_read = arrival.reading, await self._last_read(errand, arrival)
        while True:
            config, state = self._config, self._standing(errand, over=arrival.over)
            if config is None or state is None:
                return None
            known = state.ledger.syncs[errand.name[1]]
            receipt = Receipt(
                errand.name[1],
                reading,
                errand.began,
                self._clock.now(),
                max(float(config.pull.hold), known.channel.hold),
                self._installation.signature(errand.name[0]).nights,
                last_read,
                errand.again,
                errand.released,
            )
            if len(known.claims if reading is None else reading.events) + len(known.claims) <= HEAVY:
                return Decision(state, *receipt.enter(state.ledger))
            ledger, admitted = await self._bodies.aside(errand.sync, partial(receipt.enter, state.ledger))
            if self._journal.current.get(errand.name[0]) is state and self._standing(errand) is state:
                return Decision(state, ledger, admitted)

    async def _last_read(self, errand: Errand, arrival: Arrival) -> tuple[Event, ...]:
        """The events of the snapshot, where a partial copy wants them."""
        state = self._standing(errand)
        if (
            not isinstance(arrival.reading, Partial)
            or state is None
            or state.of(errand.name[1]).copies.snapshot is None
        ):
            return ()
        body = await self._stored(state, errand, Role.SNAPSHOT)
        reading = await self._bodies.read(body, errand.sync, errand.kept, errand.today) if body is not None else None
        return () if reading is None or isinstance(reading, Failed) else reading.events

    def _enter(self, errand: Errand, arrival: Arrival, decision: Decision) -> Report:
        """Put what was decided. From the decision to here nothing may wait: the state would move on meanwhile."""
        report = report_of(errand, arrival, decision)
        if errand.dry:
            return report
        entry = entry_of_pull(errand, arrival, decision, self._clock.now())
        self._put(errand, entry)
        name, before = errand.name[1], decision.before
        known, after = before.ledger.syncs[name], decision.ledger.syncs[name]
        tell(errand.sync.name, before.of(name), entry.facts, decision.admitted, known, after)
        if arrival.reading is not None and decision.admitted.outcome is Outcome.UPDATED:
            self._already_read.note(errand.name, self._journal.current[errand.name[0]].ledger.syncs[name])
        return report

    def _fail(self, errand: Errand, failure: Failure) -> Report | None:
        """Put that a pull failed."""
        heard = failure.retry_after is not None
        called = self._now_called(errand) if heard else errand
        state = self._standing(called, heard=heard)
        if state is None:
            return None
        if not errand.dry:
            accommodation, name = called.name
            facts = state.of(name)
            tell_failed("/".join(called.name), facts, failure)
            facts = facts_after_failure(errand, facts, failure, self._clock.now())
            self._journal.note(accommodation, state.with_facts(name, facts))
        return report_of_failure(errand, state, failure) if called is errand else None

    async def _reread(self, errand: Errand) -> None:
        """The steps for a stored copy."""
        state = self._standing(errand)
        if state is None:
            return
        copies = state.of(errand.name[1]).copies
        copy = copies.waiting if errand.released else copies.last
        if copy is None or (copy.read_as == errand.read_as and not errand.released):
            return
        errand = replace(errand, again=True)
        body = await self._stored(state, errand, copies.last_role)
        if body is None:
            return
        arrival = await self._read_body(errand, replace(copy, read_as=errand.read_as), body, over=copy)
        if isinstance(arrival, Failure):
            why = arrival.reason.value
            log.warning("the stored copy can no longer be read", sync=errand.sync.name, reason=why)
            return
        decision = await self._decide(errand, arrival)
        if decision is not None:
            self._put(errand, entry_of_rereading(errand, arrival, decision))

    async def _stored(self, state: State, errand: Errand, role: Role) -> bytes | None:
        """The body of a stored copy; None where there is none, or the disk does not give it."""
        try:
            return await self._journal.body((state.ledger.syncs[errand.name[1]].link.first_name, role))
        except StoreFailed as error:
            log.error("a stored copy could not be read", why=str(error))
            return None

    def _put(self, errand: Errand, entry: Entry) -> None:
        accommodation, name = errand.name
        if entry.is_only_times(name):
            self._journal.note(accommodation, entry.before.with_facts(name, entry.facts))
            return
        after = entry.before.with_ledger(entry.ledger, self._clock.now()).with_facts(name, entry.facts)
        self._journal.put(accommodation, after, entry.bodies)

    def _errand(self, name: SyncName) -> Errand | None:
        """What there is to do for a sync under the config that runs; None where it takes no part, or only soon will."""
        sync, state = self._syncs.get(name), self._journal.current.get(name[0])
        if sync is None or state is None or name[1] not in state.ledger.syncs:
            return None
        known = state.ledger.syncs[name[1]]
        calendar = self._installation.fingerprint(sync.url.reveal()) if sync.url is not None else known.calendar
        errand = Errand(
            name, sync, calendar, state.ledger.today, self._clock.now(), known.channel.read, since=known.since
        )
        return errand if self._standing(errand) is not None else None

    def _now_called(self, errand: Errand) -> Errand:
        """*errand* under the name that its sync has now: it may have been renamed meanwhile."""
        state = self._journal.current.get(errand.name[0])
        if state is None or errand.name[1] in state.ledger.syncs:
            return errand
        names = (
            name
            for name, known in state.ledger.syncs.items()
            if known.presence is Presence.ACTIVE and known.calendar == errand.calendar
        )
        name = next(names, None)
        return errand if name is None else replace(errand, name=(errand.name[0], name))

    def _standing(self, errand: Errand, *, over: Copy | None = None, heard: bool = False) -> State | None:
        """The state in which what comes of *errand* is entered; None where it stands no longer, see :class:`Errand`."""
        state = self._journal.current.get(errand.name[0])
        return state if errand.stands(state, self._syncs.get(errand.name), over=over, heard=heard) else None

    def _turn(self, name: SyncName) -> asyncio.Lock:
        state = self._journal.current.get(name[0])
        known = state.ledger.syncs.get(name[1]) if state is not None else None
        return self._turns.setdefault(known.link.first_name if known is not None else "/".join(name), asyncio.Lock())
