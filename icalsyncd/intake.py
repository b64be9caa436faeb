"""Taking in a portal's calendar: pull, read, admit, attribute, put.

One pull of a sync at a time. What the portal sends is read off the event loop where it is large; what is decided is
decided by pure functions, on the state as it is when the answer is in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Final, Protocol

from icalsyncd import PROJECT_URL, __version__, log
from icalsyncd.already_read import AlreadyRead, mark_of
from icalsyncd.availability.admission import Admitted, Outcome
from icalsyncd.availability.calendar import Event, Failed, Good, Partial, Reason
from icalsyncd.availability.ledger import Ledger, Presence, SyncLedger
from icalsyncd.availability.nights import Night
from icalsyncd.availability.offers import blocked
from icalsyncd.availability.receipt import Receipt, is_unchanged
from icalsyncd.availability.stamps import Moment
from icalsyncd.clock import Clock
from icalsyncd.config import Config, Sync
from icalsyncd.copies import Copies
from icalsyncd.installation import Installation
from icalsyncd.journal import Journal
from icalsyncd.pull import Body, Failure, NotModified, Order, Puller
from icalsyncd.report import PullOutcome, Report, tell
from icalsyncd.schedule import Attempts, after_failure, unconditional
from icalsyncd.state import Facts, State, digest_of
from icalsyncd.store import BodyKey, Role
from icalsyncd.view import SyncName

AGENT: Final = f"icalsyncd/{__version__} (+{PROJECT_URL})"
HEAVY: Final = 400
"""Events above which attribution, too, is done on a thread."""


class Tally(Protocol):
    """Where pulls are counted."""

    def pulled(self, name: str, reason: Reason | None, seconds: float) -> None:
        """One pull has ended; *reason* where it failed."""


class Intake:
    """Takes in the calendars of all syncs."""

    def __init__(
        self, journal: Journal, puller: Puller, clock: Clock, installation: Installation, tally: Tally
    ) -> None:
        self._journal = journal
        self._puller = puller
        self._clock = clock
        self._installation = installation
        self._tally = tally
        self._config: Config | None = None
        self._syncs: dict[SyncName, Sync] = {}
        self._turns: dict[SyncName, asyncio.Lock] = {}
        self._copies = Copies(journal)
        self._already_read = AlreadyRead()

    def configure(self, config: Config) -> None:
        """Pull by *config* from now on."""
        self._config = config
        self._syncs = {(sync.accommodation, sync.id): sync for sync in config.syncs()}
        self._copies.max_size = config.pull.max_size
        self._turns = {name: turn for name, turn in self._turns.items() if name in self._syncs}
        self._already_read.forget_all_but(self._syncs)

    def close(self) -> None:
        """Read no more."""
        self._copies.close()

    async def pull(self, name: SyncName, *, dry: bool = False) -> Report | None:
        """Pull one sync's calendar and take it in; None where the sync does not receive, or no longer does.

        A *dry* pull asks without conditions, tells what would change, and changes nothing.
        """
        async with self._turns.setdefault(name, asyncio.Lock()):
            sync = self._syncs.get(name)
            ledger = self._ledger(name)
            if sync is None or sync.url is None or ledger is None or ledger.presence is not Presence.ACTIVE:
                return None
            return await self._pull(name, sync, dry=dry)

    async def _pull(self, name: SyncName, sync: Sync, *, dry: bool) -> Report | None:
        config = self._config
        facts = self._facts(name)
        if config is None or facts is None or sync.url is None:
            return None
        calendar = self._installation.fingerprint(sync.url.reveal())
        ledger = self._ledger(name)
        if ledger is None or ledger.calendar != calendar:
            # its accommodation is about to come under this config
            return None
        began = self._clock.now()
        conditional = not dry and facts.validated == calendar and not unconditional(facts.last_whole, began)
        order = Order(
            name=sync.name,
            url=sync.url.reveal(),
            user_agent=sync.user_agent or AGENT,
            validators=facts.validators if conditional else None,
            timeout=config.pull.timeout,
            max_size=config.pull.max_size,
            allow_private=config.pull.private_addresses,
        )
        started = perf_counter()
        answer = await self._puller.pull(order)
        if answer.date is not None:
            self._clock.hear(answer.date)
        report = await self._take(name, sync, answer, calendar, began, whole=not order.validators, dry=dry)
        if report is not None and not dry:
            self._tally.pulled(sync.name, report.reason, perf_counter() - started)
        return report

    async def _take(
        self,
        name: SyncName,
        sync: Sync,
        answer: Body | NotModified | Failure,
        calendar: str,
        began: Moment,
        *,
        whole: bool,
        dry: bool,
    ) -> Report | None:
        match answer:
            case Failure():
                return self._failed(name, sync, answer.reason, answer.detail, answer.retry_after, dry=dry)
            case NotModified():
                return await self._not_modified(name, sync, began)
            case Body():
                fresh = {
                    "validators": answer.validators,
                    "validated": calendar if answer.validators else "",
                    "last_whole": self._clock.now() if whole else None,
                }
                mark = mark_of(answer.body)
                ledger, facts = self._ledger(name), self._facts(name)
                if ledger is None or facts is None:
                    return None
                today = self._today(name)
                if self._already_read.says_the_same(name, mark, ledger, facts, digest_of(sync.read), today):
                    return await self._admit(name, sync, None, began, body=answer.body, fresh=fresh, dry=dry)
                reading = await self._copies.read(answer.body, sync, today)
                if isinstance(reading, Failed):
                    return self._failed(name, sync, reading.reason, reading.detail, None, dry=dry)
                report = await self._admit(name, sync, reading, began, body=answer.body, fresh=fresh, dry=dry)
                ledger, facts = self._ledger(name), self._facts(name)
                if isinstance(reading, Good) and not dry and ledger is not None and facts is not None:
                    self._already_read.note(name, mark, ledger, facts)
                return report

    async def _not_modified(self, name: SyncName, sync: Sync, began: Moment) -> Report | None:
        facts = self._facts(name)
        ledger = self._ledger(name)
        if facts is None or ledger is None:
            return None
        if facts.has_waiting:
            # a 304 to a held or partial copy is that copy again
            body = await self._copies.stored(ledger, Role.WAITING)
            if body is None:
                return self._failed(name, sync, Reason.STORE, "the stored copy could not be read", None)
            reading = await self._copies.read(body, sync, self._today(name))
            if isinstance(reading, Failed):
                return self._failed(name, sync, reading.reason, reading.detail, None)
            return await self._admit(name, sync, reading, began, body=body, fresh={})
        return await self._admit(name, sync, None, began, body=None, fresh={})

    async def _admit(
        self,
        name: SyncName,
        sync: Sync,
        reading: Good | Partial | None,
        began: Moment,
        *,
        body: bytes | None,
        fresh: Mapping[str, object],
        dry: bool = False,
    ) -> Report | None:
        """Decide about a copy that a pull brought (None: the last good one again), and put what follows from it."""
        last_read = await self._last_read(name, sync, reading)
        result = await self._attribute(name, sync, reading, began, last_read=last_read, again=False)
        if result is None:
            return None
        # from here to the put nothing may wait: the state would move on meanwhile
        before, ledger, admitted = result
        known, sync_ledger = before.ledger.syncs[name[1]], ledger.syncs[name[1]]
        now = self._clock.now()
        same = is_unchanged(before.ledger, ledger, name[1])
        touched = known.claims is not sync_ledger.claims
        differs = touched and _shown(known) != _shown(sync_ledger)
        outcome: PullOutcome = "not_modified" if reading is None and body is None else admitted.outcome.value
        report = Report(
            sync.name,
            outcome,
            None,
            nights=len(sync_ledger.claimed.since(ledger.today)),
            new=len((sync_ledger.claimed - known.claimed).since(ledger.today)) if touched else 0,
            freed=0 if same else len((blocked(before.ledger) - blocked(ledger)).since(ledger.today)),
        )
        if dry:
            return report
        facts, owner = before.of(name[1]), known.link.first_name
        bodies: dict[BodyKey, bytes | None] = {}
        has_snapshot, has_waiting = facts.has_snapshot, facts.has_waiting
        if admitted.outcome is Outcome.UPDATED:
            if body is not None and (differs or not has_snapshot or has_waiting):
                bodies[owner, Role.SNAPSHOT] = body
                has_snapshot = True
            if has_waiting:
                bodies[owner, Role.WAITING] = None
                has_waiting = False
        elif body is not None:
            bodies[owner, Role.WAITING] = body
            has_waiting = True
        facts = replace(
            facts,
            attempts=Attempts(now),
            last_success=facts.last_success if admitted.outcome is Outcome.HELD else now,
            last_change=now if differs else facts.last_change,
            outcome=outcome,
            reason=None,
            detail="",
            failing_since=None,
            problems=reading.problems if reading is not None else facts.problems,
            has_snapshot=has_snapshot,
            has_waiting=has_waiting,
            read_under=digest_of(sync.read),
            read_on=ledger.today,
            **{key: value for key, value in fresh.items() if key != "last_whole" or value is not None},  # type: ignore[arg-type]
        )
        self._put(name, before, ledger, facts, bodies, now, same=same)
        tell(sync.name, before.of(name[1]), facts, admitted, known, sync_ledger)
        return report

    async def reread(self, name: SyncName) -> None:
        """Read the stored copies anew: the day of the accommodation or a setting of the sync has changed."""
        async with self._turns.setdefault(name, asyncio.Lock()):
            sync, facts, ledger = self._syncs.get(name), self._facts(name), self._ledger(name)
            if sync is None or facts is None or ledger is None or ledger.presence is not Presence.ACTIVE:
                return
            if facts.read_under == digest_of(sync.read) and facts.read_on == self._today(name):
                return
            body = None
            if facts.has_waiting:
                body = await self._copies.stored(ledger, Role.WAITING)
            elif facts.has_snapshot:
                body = await self._copies.stored(ledger, Role.SNAPSHOT)
            if body is not None:
                await self._read_again(name, sync, body)

    async def release(self, name: SyncName) -> None:
        """Believe the copy that waits (held, or read in part): the host says that what it lacks is free."""
        async with self._turns.setdefault(name, asyncio.Lock()):
            sync, facts, ledger = self._syncs.get(name), self._facts(name), self._ledger(name)
            if sync is None or facts is None or ledger is None or not facts.has_waiting:
                return
            body = await self._copies.stored(ledger, Role.WAITING)
            if body is not None:
                await self._read_again(name, sync, body, release=True)

    async def _read_again(self, name: SyncName, sync: Sync, body: bytes, *, release: bool = False) -> None:
        reading = await self._copies.read(body, sync, self._today(name))
        if isinstance(reading, Failed):
            log.warning("the stored copy can no longer be read", sync=sync.name, reason=reading.reason.value)
            return
        last_read = await self._last_read(name, sync, reading)
        result = await self._attribute(
            name, sync, reading, self._clock.now(), last_read=last_read, again=True, release=release
        )
        if result is None:
            return
        before, ledger, _ = result
        facts = replace(before.of(name[1]), read_under=digest_of(sync.read), read_on=ledger.today)
        bodies: dict[BodyKey, bytes | None] = {}
        if release:
            owner = ledger.syncs[name[1]].link.first_name
            bodies = {(owner, Role.SNAPSHOT): body, (owner, Role.WAITING): None}
            facts = replace(facts, has_snapshot=True, has_waiting=False, outcome=Outcome.UPDATED.value)
        self._put(
            name, before, ledger, facts, bodies, self._clock.now(), same=is_unchanged(before.ledger, ledger, name[1])
        )

    async def _attribute(
        self,
        name: SyncName,
        sync: Sync,
        reading: Good | Partial | None,
        began: Moment,
        *,
        last_read: tuple[Event, ...],
        again: bool,
        release: bool = False,
    ) -> tuple[State, Ledger, Admitted] | None:
        """The ledger under *reading*, and what it was decided from; None where the sync no longer takes part.

        Large calendars are attributed on the thread; where the state has moved on meanwhile, once more.
        """
        config = self._config
        while True:
            state = self._journal.current.get(name[0])
            if config is None or state is None or name[1] not in state.ledger.syncs:
                return None
            known = state.ledger.syncs[name[1]]
            if known.presence is not Presence.ACTIVE or self._syncs.get(name) != sync:
                return None
            receipt = Receipt(
                name[1],
                reading,
                began,
                self._clock.now(),
                config.pull.hold,
                self._installation.signature(name[0]).nights,
                last_read,
                again,
                release,
            )
            if len(known.claims if reading is None else reading.events) + len(known.claims) <= HEAVY:
                ledger, admitted = receipt.enter(state.ledger)
                return state, ledger, admitted
            ledger, admitted = await self._copies.aside(sync, partial(receipt.enter, state.ledger))
            if self._journal.current.get(name[0]) is state:
                return state, ledger, admitted

    async def _last_read(self, name: SyncName, sync: Sync, reading: Good | Partial | None) -> tuple[Event, ...]:
        """The events of the snapshot, where a partial copy wants them."""
        facts, ledger = self._facts(name), self._ledger(name)
        if not isinstance(reading, Partial) or facts is None or ledger is None or not facts.has_snapshot:
            return ()
        return await self._copies.last_read(ledger, sync, self._today(name))

    def _failed(
        self, name: SyncName, sync: Sync, reason: Reason, detail: str, retry_after: float | None, *, dry: bool = False
    ) -> Report | None:
        state = self._journal.current.get(name[0])
        if state is None or name[1] not in state.ledger.syncs or self._syncs.get(name) != sync:
            return None
        claimed = state.ledger.syncs[name[1]].claimed.since(state.ledger.today)
        report = Report(sync.name, "failed", reason, nights=len(claimed), new=0, freed=0)
        if dry:
            return report
        facts = state.of(name[1])
        now = self._clock.now()
        if facts.reason is not reason:
            log.warning("pull failed", sync=sync.name, reason=reason.value, detail=detail)
        else:
            log.debug("pull failed again", sync=sync.name, reason=reason.value, detail=detail)
        changed = replace(
            facts,
            attempts=after_failure(
                facts.attempts, at=now, reason=reason, retry_after=retry_after, interval=sync.interval
            ),
            outcome="failed",
            reason=reason,
            detail=detail,
            failing_since=facts.failing_since if facts.failing_since is not None else now,
            # validators belong to one body: those of a body that failed are dropped
            validators=None,
            validated="",
        )
        self._journal.note(name[0], state.with_facts(name[1], changed))
        return report

    def _put(
        self,
        name: SyncName,
        before: State,
        ledger: Ledger,
        facts: Facts,
        bodies: Mapping[BodyKey, bytes | None],
        now: Moment,
        *,
        same: bool,
    ) -> None:
        if same and not bodies:
            # nothing that a feed or a verdict rests on: only times, which may be stored later
            self._journal.note(name[0], before.with_facts(name[1], facts))
            return
        self._journal.put(name[0], before.with_ledger(ledger, now).with_facts(name[1], facts), bodies)

    def _facts(self, name: SyncName) -> Facts | None:
        state = self._journal.current.get(name[0])
        return state.of(name[1]) if state else None

    def _ledger(self, name: SyncName) -> SyncLedger | None:
        state = self._journal.current.get(name[0])
        return state.ledger.syncs.get(name[1]) if state else None

    def _today(self, name: SyncName) -> Night:
        return self._journal.current[name[0]].ledger.today


def _shown(sync: SyncLedger) -> list[object]:
    """What tells whether a calendar changed: the nights and kinds of its events."""
    return [(claim.stay, claim.kind, claim.nights) for claim in sync.claims]
