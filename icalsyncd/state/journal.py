"""What is known now, and what of it is on the disk.

Every change is put here at once and written by one task, many changes in one commit if they come together. The
view is made from both sides (see :mod:`~icalsyncd.state.view`): what closes a night shows from the moment it is put, what
frees one only when it is durable. If the disk fails nothing is lost but durability: what is known stays in
memory, and is written when the disk takes it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final, TypeVar

from icalsyncd import log
from icalsyncd.availability.offers import blocked
from icalsyncd.availability.removal import RemovalDelay
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.nights import EMPTY, Night
from icalsyncd.pace import in_steps
from icalsyncd.state import outbox
from icalsyncd.state.agenda import believed_papers
from icalsyncd.state.commit import Commit, copies_of
from icalsyncd.state.copy import BodyKey
from icalsyncd.state.database import StoreFailed, StoreInDoubt, StoreTaken
from icalsyncd.state.history import Event
from icalsyncd.state.kinship import with_kin
from icalsyncd.state.lease import RENEWED_AFTER
from icalsyncd.state.publication import Publication, PublicationKey
from icalsyncd.state.state import State
from icalsyncd.state.store import Store
from icalsyncd.state.stored import Stored

NOTE_KEPT: Final = 30.0
"""Longest time, in seconds, until values that need not be durable at once (times, validators) are written."""
TIME_KEPT: Final = 3600.0
"""Seconds after which the time is written at the latest, even if nothing else is: the next start begins from it."""
MAX_RETRY: Final = 15.0
MAX_UNWRITTEN: Final = 1_000
"""Acts of the host that wait to be written at most."""
STATES_AT_ONCE: Final = 32
"""Accommodations whose feeds are looked at in one go once they are stored."""

T = TypeVar("T")


class Journal:
    """The states of all accommodations, now and as stored."""

    def __init__(self, store: Store, stored: Stored, now: Callable[[], Moment]) -> None:
        self._store = store
        self._now = now
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self.current: dict[str, State] = dict(stored.states)
        self.durable: dict[str, State] = dict(stored.states)
        self._writing: dict[str, State] = {}
        """What may be on the disk already: the commit that is under way."""
        self._in_doubt: dict[str, State] = {}
        """The same of one whose answer was lost."""
        self.failing: str | None = None
        """Why the disk did not take the last commit; None while it does."""
        self.lease = store.lease
        """For how long this daemon may answer for what it knows; None where no other machine can go on from there."""
        self.unsure = store.reserve.is_behind
        """The daemon before could not store all that it knew, and not every portal was asked since. See :meth:`be_sure`."""
        self.on_change: Callable[[frozenset[str]], None] = lambda _: None
        """Called with the ids of accommodations whose current or durable state has changed."""
        self.on_note: Callable[[Mapping[str, State]], None] = lambda _: None
        """Called with the states, by accommodation, that :meth:`note_all` has taken."""
        self.mark: tuple[str, Moment] | None = None
        """The installation's mark and since when it is this one, to be written with the next commit."""
        self.removal_delay = stored.removal_delay
        """How long what disappears from the config is kept; None before the first config. See :meth:`keep_for`."""
        self._delay_stored = stored.removal_delay
        self.publications: dict[PublicationKey, Publication] = dict(stored.publications)
        """What was written in the shared cloud; its own task alone changes it, by :meth:`enter`."""
        self._entered: dict[PublicationKey, Publication | None] = {}
        self.papers: dict[str, str] = believed_papers(stored.papers, stored.last_commit, now())
        """What was written down under a name; see :meth:`write_down`."""
        self._papers: dict[str, str] = {}
        self._posted: dict[outbox.Key, str | None] = {}
        self.remembered = 0.0
        """Seconds for which what happened is kept; 0 for not at all."""
        self._happened: list[Event] = []
        self._bodies: dict[BodyKey, bytes | None] = {}
        self._version = 0
        """How many changes have been put so far."""
        self._dirty: dict[str, int] = {}
        """Which of them was the last of each accommodation that is not written."""
        self._written = 0
        self._taken = False
        """Another daemon has opened the database since."""
        self._committed = now()
        self.agreed: Callable[[], Moment | None] = lambda: None
        """The last moment that a clock outside agreed to, to be written with each commit."""
        self._commit: asyncio.Future[bool] | None = None
        self._wake = asyncio.Event()
        self._waiting: list[tuple[int, asyncio.Future[bool]]] = []

    @property
    def is_shared(self) -> bool:
        """Another machine may go on from what is stored: what opens a night there must be stored before it is told."""
        return self.lease is not None

    @property
    def opens_nothing(self) -> bool:
        """What opens cannot be stored at present, and another machine may go on from what is."""
        return self.lease is not None and (self.failing is not None or not self.lease.holds)

    @property
    def is_taken(self) -> bool:
        """Another daemon has opened the database since, and nothing of this one is stored any more."""
        return self._taken

    @property
    def may_answer(self) -> bool:
        """Nobody else answers for what is known here. It may be asked on any thread."""
        return self.lease is None or self.lease.holds

    @property
    def kept(self) -> tuple[Mapping[str, State], ...]:
        """What a start would find, by accommodation: the durable states, or already those that are being written."""
        return (self.durable, *(each for each in (self._in_doubt, self._writing) if each))

    def put(
        self, accommodation: str, state: State | None, bodies: Mapping[BodyKey, bytes | None] | None = None
    ) -> None:
        """Take over *state* (None: the accommodation has left) and *bodies*, and write them at once."""
        self.put_all({accommodation: state}, bodies)

    def put_all(self, states: Mapping[str, State | None], bodies: Mapping[BodyKey, bytes | None] | None = None) -> None:
        """The same for many at once: they become visible together, and so does what their kin make of it."""
        states = with_kin(self.current, states, self._now())
        if self._bodies:
            # a waiting body whose copy no sync has any longer is not written
            parted = copies_of(map(self.current.get, states)) - copies_of(states.values())
            self._bodies.update(dict.fromkeys(parted & self._bodies.keys()))
        for accommodation, state in states.items():
            self._take(accommodation, state)
        self._bodies.update(bodies or {})
        self._wake.set()
        self.on_change(frozenset(states))

    def note(self, accommodation: str, state: State) -> None:
        """Take over *state*, which differs in nothing that a feed or a verdict rests on; it is written later."""
        self.note_all({accommodation: state})

    def note_all(self, states: Mapping[str, State]) -> None:
        """The same for many at once."""
        for accommodation, state in states.items():
            self._take(accommodation, state)
        self.on_note(states)

    def _take(self, accommodation: str, state: State | None) -> None:
        if state is None:
            self.current.pop(accommodation, None)
        else:
            self.current[accommodation] = state
        self._version += 1
        self._dirty[accommodation] = self._version

    def enter(self, key: PublicationKey, publication: Publication | None) -> None:
        """Take over what was, or is about to be, written in the shared cloud; None: it was deleted there."""
        if publication is None:
            self.publications.pop(key, None)
        else:
            self.publications[key] = publication
        self._entered[key] = publication
        self._version += 1

    def write_down(self, name: str, paper: str) -> None:
        """Take over *paper* under *name*, to be written with the next commit."""
        self.papers[name] = self._papers[name] = paper
        self._version += 1

    def post(self, rows: Mapping[outbox.Key, str | None]) -> None:
        """Take over *rows* of the outbox (None: the row goes), to be written at once."""
        self._posted.update(rows)
        self._version += 1
        self._wake.set()

    @property
    def history_kept(self) -> bool:
        """What happened was kept with the last commit; it may be asked on any thread."""
        return not self._store.forgetful

    def keep_for(self, delay: RemovalDelay) -> None:
        """Take over *delay*, to be written with the next commit."""
        self.removal_delay = delay
        self._version += 1

    def remember(self, what: str, accommodation: str = "", sync: str = "") -> None:
        """Enter in the history what the host did, with the next commit."""
        if len(self._happened) < MAX_UNWRITTEN:
            self._happened.append(Event(self._now(), what, accommodation, sync))
        self._version += 1

    async def history(self, accommodation: str, night: Night | None) -> tuple[Event, ...]:
        """What happened to *accommodation*, or to one *night* of it, oldest first. Raises StoreFailed."""
        return await self.ask(lambda: self._store.history(accommodation, night))

    async def stored(self, patience: float = 10.0) -> bool:
        """Wait until all that has been put is durable; False if the disk did not take it, or not in time."""
        if self._written >= self._version:
            return True
        self._wake.set()
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((self._version, future))
        try:
            async with asyncio.timeout(patience):
                return await future
        except TimeoutError:
            return False

    async def confirmed(self, patience: float) -> bool:
        """The same, and where another machine may go on, by a commit that began after this was asked: it is still ours."""
        if self.lease is not None:
            self._version += 1
        return await self.stored(patience)

    async def may_open(self, patience: float) -> bool:
        """Wait for that, where anything is taken; False if no night may open without it."""
        return (self.failing is None and await self.confirmed(patience)) or not self.is_shared

    async def body(self, key: BodyKey) -> bytes | None:
        """The body of a copy, stored or about to be. Raises StoreFailed."""
        if key in self._bodies:
            return self._bodies[key]
        return await self.ask(lambda: self._store.body(key))

    async def ask(self, question: Callable[[], T]) -> T:
        """Run *question* on the store's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, question)

    async def run(self) -> None:
        """Write what is put, until cancelled."""
        pause = 0.0
        # a lease is renewed by the commits, be there something to write or not
        most = NOTE_KEPT if self.lease is None else RENEWED_AFTER
        await self.ask(self._store.reserve.prepare)
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause or most):
                    await self._wake.wait()
            self._wake.clear()
            is_due = self.lease is not None or self._is_behind or self._now() - self._committed >= TIME_KEPT
            if not is_due:
                continue
            # the caller of `close` waits for the commit that is under way
            self._commit = asyncio.ensure_future(self._write())
            longest = MAX_RETRY if self.lease is None else RENEWED_AFTER
            pause = 0.0 if await asyncio.shield(self._commit) else min(longest, 2 * pause or 1.0)
            if self._taken:
                # the daemon ends with this task: the other one knows what is so, and this one no longer
                return

    async def be_sure(self) -> None:
        """Every portal was asked since the start, or for long enough: what is known holds, whatever was lost."""
        self.unsure = False
        if self.failing is None:
            await self.ask(self._store.reserve.catch_up)

    async def close(self) -> bool:
        """Write what is left, and close the file; False if the disk does not take it, and it is lost."""
        if self._commit is not None:
            await asyncio.wait((self._commit,))
        if self._is_behind and not self._taken and not await self._write():
            if self._store.is_here:
                await self.ask(self._store.reserve.give_up)
            # a lost connection shows by the commit that fails: the next one goes over a new one
            await self._write()
        all_stored = not self._is_behind
        if not all_stored:
            self._say_what_is_lost()
        await self.ask(lambda: self._store.close(well=all_stored))
        self._thread.shutdown()
        return all_stored

    def _say_what_is_lost(self) -> None:
        for accommodation in sorted(self._dirty):
            known, stored = self.current.get(accommodation), self.durable.get(accommodation)
            taken = blocked(known.ledger) if known is not None else EMPTY
            lost = taken - (blocked(stored.ledger) if stored is not None else EMPTY)
            nights = ", ".join(map(str, lost.stays())) if lost else "none"
            log.error(
                "what is known could not be stored and is lost; these nights are taken, and the next start does not know it",
                accommodation=accommodation,
                nights=nights,
            )
        log.error("this stop has lost what could not be stored", why=self.failing)

    @property
    def _is_behind(self) -> bool:
        unwritten = self._dirty or self._bodies or self._entered or self._happened or self._papers or self._posted
        return bool(unwritten or self.removal_delay != self._delay_stored)

    async def _write(self) -> bool:
        version = self._version
        delay = self.removal_delay
        changes = {each: (self.durable.get(each), self.current.get(each)) for each in self._dirty}
        bodies = dict(self._bodies)
        entered = dict(self._entered)
        papers, posted = dict(self._papers), dict(self._posted)
        happened = tuple(self._happened)
        self._writing = {each: state for each, (_, state) in changes.items() if state is not None}
        self._committed = self._now()
        commit = Commit(
            self._now(),
            changes,
            bodies,
            self.mark,
            entered,
            delay,
            self.agreed(),
            papers,
            posted,
            happened,
            self.remembered,
        )
        try:
            await self.ask(lambda: self._store.commit(commit))
        except StoreFailed as error:
            if self.failing is None or isinstance(error, StoreTaken):
                log.error("the state is not stored; no night is freed until it can be", why=str(error))
            self._taken = self._taken or isinstance(error, StoreTaken)
            self.failing = str(error)
            if isinstance(error, StoreInDoubt):
                self._in_doubt = self._writing
            self._writing = {}
            await self.ask(self._store.reserve.fall_behind)
            self._answer(version, stored=False)
            return False
        if self.failing is not None:
            log.info("the state can be stored again")
            if not self.unsure:
                await self.ask(self._store.reserve.catch_up)
        self.failing = None
        self.mark = None
        self._delay_stored = delay
        del self._happened[: len(happened)]
        self._posted = {key: row for key, row in self._posted.items() if key not in posted or row is not posted[key]}
        self._papers = {name: paper for name, paper in self._papers.items() if paper is not papers.get(name)}
        self._dirty = {each: put for each, put in self._dirty.items() if put > version}
        self._entered = {
            key: put for key, put in self._entered.items() if key not in entered or put is not entered[key]
        }
        for key, body in bodies.items():
            if self._bodies.get(key) is body:
                self._bodies.pop(key, None)
        for accommodation, (_, state) in changes.items():
            if state is None:
                self.durable.pop(accommodation, None)
            else:
                self.durable[accommodation] = state
        self._writing, self._in_doubt = {}, {}
        async for step in in_steps(changes, STATES_AT_ONCE):
            self.on_change(frozenset(step))
        self._written = version
        self._answer(version, stored=True)
        return True

    def _answer(self, version: int, *, stored: bool) -> None:
        left: list[tuple[int, asyncio.Future[bool]]] = []
        for wanted, future in self._waiting:
            if wanted > version:
                left.append((wanted, future))
            elif not future.done():
                future.set_result(stored)
        self._waiting = left
