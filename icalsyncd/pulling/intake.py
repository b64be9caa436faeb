"""Taking in a portal's calendar: pull, read, admit, attribute, put.

One pull of a sync at a time. What the portal sends is read off the event loop where it is large; what is decided is
decided by pure functions, on the state as it is when the answer is in. An answer counts for what was asked and for
nothing else: where that stands no longer, it is thrown away without a trace, and the portal is asked again at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Final, Protocol
from weakref import WeakValueDictionary

from icalsyncd import PROJECT_URL, __version__, log
from icalsyncd.availability.admission import Admitted, Outcome
from icalsyncd.availability.ledger import Ledger, SyncLedger
from icalsyncd.availability.offers import blocked
from icalsyncd.availability.receipt import Receipt, is_unchanged
from icalsyncd.calendars.calendar import Event, Failed, Good, Partial, Reason
from icalsyncd.clock import Clock
from icalsyncd.config.resolved import Config, Sync
from icalsyncd.pulling.already_read import AlreadyRead, mark_of
from icalsyncd.pulling.copies import Copies, Copy
from icalsyncd.pulling.errand import Errand
from icalsyncd.pulling.pull import Body, Failure, NotModified, Order, Puller
from icalsyncd.pulling.report import PullOutcome, Report, tell, tell_failed
from icalsyncd.state.installation import Installation
from icalsyncd.state.journal import Journal
from icalsyncd.state.schedule import Attempts, after_failure, unconditional, wait_of
from icalsyncd.state.state import Facts, State, Validators
from icalsyncd.state.store import BodyKey, Role
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
        self._config: Config | None = None
        self._syncs: dict[SyncName, Sync] = {}
        self._turns: WeakValueDictionary[SyncName, asyncio.Lock] = WeakValueDictionary()
        """A turn is there for as long as somebody has it or waits for it, whatever becomes of its sync."""
        self._copies = Copies(journal)
        self._already_read = AlreadyRead()

    def configure(self, config: Config) -> None:
        """Pull by *config* from now on."""
        self._config = config
        self._syncs = {(sync.accommodation, sync.id): sync for sync in config.syncs()}
        self._copies.max_size = config.pull.max_size
        self._already_read.forget_all_but(self._syncs)

    def close(self) -> None:
        """Read no more."""
        self._copies.close()

    async def pull(self, name: SyncName, *, dry: bool = False) -> Report | None:
        """Pull one sync's calendar and take it in, since the host wants it.

        None where the portal was not asked: the sync does not receive, no longer does, or is about to. A bug is a pull
        that failed. A *dry* pull asks without conditions, tells what would change, and changes nothing.
        """
        return await self._pull_in_turn(name, dry=dry, wanted=True)

    async def look(self, name: SyncName) -> Report | None:
        """The same on our own account: a portal that has asked us to wait is not asked either."""
        return await self._pull_in_turn(name, dry=False, wanted=False)

    async def _pull_in_turn(self, name: SyncName, *, dry: bool, wanted: bool) -> Report | None:
        async with self._turn(name):
            while (errand := self._errand(name)) is not None and errand.sync.receives:
                attempts = self._journal.current[name[0]].of(name[1]).attempts
                if not wanted and wait_of(attempts, errand.began) is not None:
                    return None
                if (report := await self._pull(replace(errand, dry=dry))) is not None:
                    return report
        return None

    async def _pull(self, errand: Errand) -> Report | None:
        """Pull once; None where the answer was thrown away, since what was asked stands no longer."""
        started = perf_counter()
        try:
            report = await self._ask(errand)
        except Exception:
            # a bug in one sync does not stop another, and is no reason to ask its portal over and over
            log.exception("a pull ended in a bug", sync=errand.sync.name)
            report = self._failed(errand, Failure(Reason.BUG, "a bug of icalsyncd; its log has the details"))
        if report is not None and not errand.dry:
            self._tally.pulled(errand.sync.name, report.reason, perf_counter() - started)
        return report

    async def _ask(self, errand: Errand) -> Report | None:
        config, url, state = self._config, errand.sync.url, self._standing(errand)
        if config is None or url is None or state is None:
            return self._failed(errand, NO_URL) if config is not None and url is None else None
        if not errand.dry:
            try:
                await self._read_stored(errand)
            except Exception:  # a new copy may well be read all the same
                log.exception("reading a stored copy ended in a bug", sync=errand.sync.name)
            if (state := self._standing(errand)) is None:
                return None
            errand = replace(errand, sent=self._validators(errand, state))
        answer = await self._puller.pull(
            Order(
                name=errand.sync.name,
                url=url.reveal(),
                user_agent=errand.sync.user_agent or AGENT,
                validators=errand.sent,
                timeout=config.pull.timeout,
                max_size=config.pull.max_size,
                allow_private=config.pull.private_addresses,
            )
        )
        if answer.date is not None:
            self._clock.hear(answer.date)
        match answer:
            case Failure():
                return self._failed(errand, answer)
            case NotModified():
                return await self._not_modified(errand)
            case Body():
                return await self._take(errand, Copy(answer.body, answer.validators))

    def _validators(self, errand: Errand, state: State) -> Validators | None:
        """What to ask with: those of the last copy, where that was read as it would be read now."""
        facts = state.of(errand.name[1])
        if (
            facts.validated != errand.calendar
            or not errand.is_read(facts)
            or state.ledger.syncs[errand.name[1]].pulled_at is None
            or unconditional(facts.last_whole, errand.began)
        ):
            return None
        return facts.validators

    async def _take(self, errand: Errand, copy: Copy) -> Report | None:
        state = self._standing(errand)
        if state is None:
            return None
        known, facts = state.ledger.syncs[errand.name[1]], state.of(errand.name[1])
        mark = mark_of(copy.body)
        if self._already_read.says_the_same(errand.name, mark, known, facts, errand.read_under, errand.today):
            return await self._admit(errand, None, copy)
        reading = await self._copies.read(copy.body, errand.sync, errand.kept, errand.today)
        if isinstance(reading, Failed):
            return self._failed(errand, Failure(reading.reason, reading.detail))
        report = await self._admit(errand, reading, copy)
        if report is not None and report.outcome == Outcome.UPDATED.value and not errand.dry:
            # nothing has waited since the put
            state = self._journal.current[errand.name[0]]
            self._already_read.note(errand.name, mark, state.ledger.syncs[errand.name[1]], state.of(errand.name[1]))
        return report

    async def _not_modified(self, errand: Errand) -> Report | None:
        state = self._standing(errand, same=True)
        if state is None:
            return None
        if not state.of(errand.name[1]).has_waiting:
            return await self._admit(errand, None, None)
        # a 304 to a held or partial copy is that copy again
        body = await self._copies.stored(state.ledger.syncs[errand.name[1]], Role.WAITING)
        if body is None:
            return self._failed(errand, Failure(Reason.STORE, "the stored copy could not be read"))
        reading = await self._copies.read(body, errand.sync, errand.kept, errand.today)
        if isinstance(reading, Failed):
            return self._failed(errand, Failure(reading.reason, reading.detail))
        return await self._admit(errand, reading, Copy(body, errand.sent))

    async def _admit(self, errand: Errand, reading: Good | Partial | None, copy: Copy | None) -> Report | None:
        """Decide about the *copy* that a pull brought, and put what follows from it.

        *reading* is None where the copy says what the last good one said; *copy*, where it is the very same.
        """
        result = await self._attribute(errand, reading)
        if result is None:
            return None
        # from here to the put nothing may wait: the state would move on meanwhile
        name, (before, ledger, admitted) = errand.name[1], result
        known, after = before.ledger.syncs[name], ledger.syncs[name]
        now = self._clock.now()
        same = is_unchanged(before.ledger, ledger, name)
        touched = known.claims is not after.claims
        outcome: PullOutcome = "not_modified" if copy is None else admitted.outcome.value
        report = Report(
            errand.sync.name,
            outcome,
            None,
            nights=len(after.claimed.since(ledger.today)),
            new=len((after.claimed - known.claimed).since(ledger.today)) if touched else 0,
            freed=0 if same else len((blocked(before.ledger) - blocked(ledger)).since(ledger.today)),
        )
        if errand.dry:
            return report
        differs = touched and _shown(known) != _shown(after)
        facts = replace(
            before.of(name),
            attempts=Attempts(now),
            last_success=before.of(name).last_success if admitted.outcome is Outcome.HELD else now,
            last_change=now if differs else before.of(name).last_change,
            outcome=outcome,
            reason=None,
            detail="",
            failing_since=None,
        )
        bodies: dict[BodyKey, bytes | None] = {}
        if copy is not None:
            facts = replace(
                facts,
                validators=copy.validators,
                validated=errand.calendar if copy.validators else "",
                last_whole=facts.last_whole if errand.sent else now,
            )
        if reading is not None and copy is not None:
            # whatever it says, it is what the validators stand for from now on, and what is read when it is read anew
            owner, good = known.link.first_name, admitted.outcome is Outcome.UPDATED
            bodies = {(owner, Role.SNAPSHOT if good else Role.WAITING): copy.body}
            if good and facts.has_waiting:
                bodies[owner, Role.WAITING] = None
            facts = replace(
                facts,
                problems=reading.problems,
                has_snapshot=good or facts.has_snapshot,
                has_waiting=not good,
                read_under=errand.read_under,
                read_on=errand.today,
            )
        self._put(errand, before, ledger, facts, bodies)
        tell(errand.sync.name, before.of(name), facts, admitted, known, after)
        return report

    async def reread(self, name: SyncName) -> None:
        """Read the stored copies anew: the day of the accommodation or a setting of the sync has changed."""
        async with self._turn(name):
            if (errand := self._errand(name)) is not None:
                await self._read_stored(errand)

    async def release(self, name: SyncName) -> None:
        """Believe the copy that waits (held, or read in part): the host says that what it lacks is free."""
        async with self._turn(name):
            errand, state = self._errand(name), self._journal.current.get(name[0])
            if errand is not None and state is not None and state.of(name[1]).has_waiting:
                body = await self._copies.stored(state.ledger.syncs[name[1]], Role.WAITING)
                if body is not None:
                    await self._read_again(replace(errand, again=True, released=True), body)

    async def _read_stored(self, errand: Errand) -> None:
        """Read the stored copy anew, where it was read under other settings or on another day."""
        state = self._standing(errand)
        if state is None:
            return
        facts, known = state.of(errand.name[1]), state.ledger.syncs[errand.name[1]]
        if errand.is_read(facts) or not (facts.has_waiting or facts.has_snapshot):
            return
        body = await self._copies.stored(known, Role.WAITING if facts.has_waiting else Role.SNAPSHOT)
        if body is not None:
            await self._read_again(replace(errand, again=True), body)

    async def _read_again(self, errand: Errand, body: bytes) -> None:
        reading = await self._copies.read(body, errand.sync, errand.kept, errand.today)
        if isinstance(reading, Failed):
            log.warning("the stored copy can no longer be read", sync=errand.sync.name, reason=reading.reason.value)
            return
        result = await self._attribute(errand, reading)
        if result is None:
            return
        before, ledger, _ = result
        facts = replace(before.of(errand.name[1]), read_under=errand.read_under, read_on=errand.today)
        bodies: dict[BodyKey, bytes | None] = {}
        if errand.released:
            owner = ledger.syncs[errand.name[1]].link.first_name
            bodies = {(owner, Role.SNAPSHOT): body, (owner, Role.WAITING): None}
            facts = replace(facts, has_snapshot=True, has_waiting=False, outcome=Outcome.UPDATED.value)
        self._put(errand, before, ledger, facts, bodies)

    async def _attribute(self, errand: Errand, reading: Good | Partial | None) -> tuple[State, Ledger, Admitted] | None:
        """The ledger under *reading*, and what it was decided from; None where the errand stands no longer.

        Large calendars are attributed on the thread; where the state has moved on meanwhile, once more.
        """
        last_read = await self._last_read(errand, reading)
        while True:
            config, state = self._config, self._standing(errand, same=reading is None)
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
                ledger, admitted = receipt.enter(state.ledger)
                return state, ledger, admitted
            ledger, admitted = await self._copies.aside(errand.sync, partial(receipt.enter, state.ledger))
            if self._journal.current.get(errand.name[0]) is state and self._standing(errand) is state:
                return state, ledger, admitted

    async def _last_read(self, errand: Errand, reading: Good | Partial | None) -> tuple[Event, ...]:
        """The events of the snapshot, where a partial copy wants them."""
        state = self._standing(errand)
        if not isinstance(reading, Partial) or state is None or not state.of(errand.name[1]).has_snapshot:
            return ()
        return await self._copies.last_read(state.ledger.syncs[errand.name[1]], errand.sync, errand.today)

    def _failed(self, errand: Errand, failure: Failure) -> Report | None:
        state = self._standing(errand, heard=failure.retry_after is not None)
        if state is None:
            return None
        name, reason = errand.name[1], failure.reason
        claimed = state.ledger.syncs[name].claimed.since(state.ledger.today)
        report = Report(errand.sync.name, "failed", reason, nights=len(claimed), new=0, freed=0)
        if errand.dry:
            return report
        facts = state.of(name)
        now = self._clock.now()
        tell_failed(errand.sync.name, facts, failure)
        changed = replace(
            facts,
            attempts=after_failure(
                facts.attempts, at=now, reason=reason, retry_after=failure.retry_after, interval=errand.sync.interval
            ),
            outcome="failed",
            reason=reason,
            detail=failure.detail,
            failing_since=facts.failing_since if facts.failing_since is not None else now,
            # validators belong to one body: those of a body that failed are dropped
            validators=None,
            validated="",
        )
        self._journal.note(errand.name[0], state.with_facts(name, changed))
        return report

    def _errand(self, name: SyncName) -> Errand | None:
        """What there is to do for a sync under the config that runs; None where it takes no part, or only soon will."""
        sync, state = self._syncs.get(name), self._journal.current.get(name[0])
        if sync is None or state is None or name[1] not in state.ledger.syncs:
            return None
        known = state.ledger.syncs[name[1]]
        calendar = self._installation.fingerprint(sync.url.reveal()) if sync.url is not None else known.calendar
        errand = Errand(name, sync, calendar, state.ledger.today, self._clock.now(), known.channel.read)
        return errand if self._standing(errand) is not None else None

    def _standing(self, errand: Errand, *, same: bool = False, heard: bool = False) -> State | None:
        """The state in which what comes of *errand* is entered; None where it stands no longer."""
        state = self._journal.current.get(errand.name[0])
        return state if errand.stands(state, self._syncs.get(errand.name), same=same, heard=heard) else None

    def _turn(self, name: SyncName) -> asyncio.Lock:
        return self._turns.setdefault(name, asyncio.Lock())

    def _put(
        self,
        errand: Errand,
        before: State,
        ledger: Ledger,
        facts: Facts,
        bodies: Mapping[BodyKey, bytes | None],
    ) -> None:
        accommodation, name = errand.name
        if is_unchanged(before.ledger, ledger, name) and not bodies:
            # nothing that a feed or a verdict rests on: only times, which may be stored later
            self._journal.note(accommodation, before.with_facts(name, facts))
            return
        after = before.with_ledger(ledger, self._clock.now()).with_facts(name, facts)
        self._journal.put(accommodation, after, bodies)


def _shown(sync: SyncLedger) -> list[object]:
    """What tells whether a calendar changed: the nights and kinds of its events."""
    return [(claim.stay, claim.kind, claim.nights) for claim in sync.claims]
