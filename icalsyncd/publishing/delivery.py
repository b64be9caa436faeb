"""One target of the shared cloud, kept up to date.

Where a feed's nights are others than those last published, its portal is pulled first, and that it may come to know
them is known before they are sent, and stored where the disk takes it within two seconds: what it claims from then on is
in doubt. What is sent is what the view holds at that moment, so that after an outage only the newest is.

While the clock is doubted, an accommodation's feeds are withheld, or a database takes nothing, what closes nights goes out
all the same: with it what lies there already.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from icalsyncd import log
from icalsyncd.availability.attribution import opened_by, published, telling
from icalsyncd.availability.link import Link
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.nights import Nights
from icalsyncd.clock import Clock
from icalsyncd.config.places import Target
from icalsyncd.publishing.target_status import PublishTally, TargetStatus
from icalsyncd.publishing.targets.opening import describe, kind_of, open_storage
from icalsyncd.publishing.targets.storage import MAX_PUT, Unsent, Why
from icalsyncd.publishing.traces import Lying, Traces
from icalsyncd.state.installation import Installation, path_of
from icalsyncd.state.journal import Journal
from icalsyncd.state.publication import Due, LinkKey, Publication, Reach, Sending, due, links_of, part_of, parted
from icalsyncd.state.view import SyncName, View

AT_ONCE: Final = 8
"""Files that are on their way to one target at the same time."""
RETRY_FIRST: Final = 2.0
MAX_RETRY: Final = 60.0
MAX_RETRY_LONG: Final = 300.0
LONG_OUTAGE: Final = 3600.0
"""Seconds between two tries at a target that fails: they double, up to more where it has failed for long."""
MAX_STORE: Final = 2.0
"""Seconds for which a feed waits for a slow disk: a night that must close is worth more than a record."""
LOOK_KEPT: Final = 600.0
"""Seconds for which a look serves further tries to send the same nights: tries are more frequent than pulls."""
LOOKED_OVER_EVERY: Final = 15.0
"""Seconds after which all feeds are looked at again, whether or not anything is known to be new of them."""
_NOT_OURS: Final = Unsent(Why.OTHER, "another machine may have taken over")
_FEW: Final = 32
"""Accommodations up to which it takes no thread to see what is due."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a delivery works with."""

    view: Callable[[], View]
    journal: Journal
    clock: Clock
    installation: Installation
    look: Callable[[SyncName], Awaitable[object]]
    """Has a sync's portal pulled, and waits for that, but not for long."""
    targets: Callable[[], tuple[str, ...]]
    """The names of all targets there are."""
    tally: PublishTally


class Delivery:
    """Sends to one target what is due there."""

    def __init__(self, target: Target, reach: Reach, means: Means) -> None:
        self.target = target
        self.reach = reach
        self._means = means
        self._storage = open_storage(target.place)
        self._place = means.installation.fingerprint(describe(target.place))
        self._wake = asyncio.Event()
        self._news: set[str] = set()
        """Accommodations whose feeds may be others than at the last round."""
        self._looked_over: float | None = None
        """When all feeds were last looked at, on the loop's clock; None: they are to be, at the next round."""
        self._traces = Traces()
        self._looked: dict[SyncName, tuple[Nights, Moment]] = {}
        self._hurried = asyncio.Event()
        self._progress = False
        """Something was taken in this round."""
        self._tears = False
        self._overwritten = 0
        self._failures = 0
        self._failing_since: Moment | None = None
        self._unsent: Unsent | None = None
        self._last_success: Moment | None = None

    def wake(self, accommodations: Iterable[str] | None = None) -> None:
        """Something of *accommodations*, or of all, may be due. A target that fails is tried at its own time all the same."""
        if accommodations is None:
            self._looked_over = None
        else:
            self._news.update(accommodations)
        self._wake.set()

    def hurry(self) -> None:
        """Look at all that may be due at once, also where the target fails: the host may have mended it."""
        self.wake()
        self._hurried.set()

    async def run(self) -> None:
        """Send what is due, until cancelled."""
        try:
            while True:
                self._wake.clear()
                self._hurried.clear()
                try:
                    await self._round()
                except Exception:
                    # a bug at one target does not stop another
                    self._looked_over = None
                    log.exception("a publication ended in a bug", target=self.target.name)
                    self._failed(Unsent(Why.OTHER, "a bug, see the log"))
                awaited, patience = (self._hurried, self._pause()) if self._failures else (self._wake, self._nap())
                with suppress(TimeoutError):
                    # not `wait_for`, which loses a cancellation that comes in the same breath (before Python 3.12)
                    async with asyncio.timeout(patience):
                        await awaited.wait()
        finally:
            await self._storage.close()

    def status(self) -> TargetStatus:
        known = self.known()
        found = self._due_of_all()
        return TargetStatus(
            name=self.target.name,
            kind=kind_of(self.target.place),
            feeds=len(known),
            behind=sum(sending.changed for sending in found.sendings) + len(found.deletions),
            last_success=self._last_success,
            failing_since=self._failing_since,
            unsent=self._unsent,
            unsure=self._traces.unsure(),
            overwritten=self._traces.foreign(self._means.clock.now()),
            tears=self._storage.tears,
        )

    def known(self) -> dict[LinkKey, Publication]:
        """What lies there, or may lie there."""
        return {
            (owner, generation): publication
            # a copy, since this may be asked on any thread
            for (target, owner, generation), publication in self._means.journal.publications.copy().items()
            if target == self.target.name and publication.place == self._place
        }

    def _due_of_all(self) -> Due:
        return self._due(self._means.view(), self.known())

    def _due_of(self, accommodations: Iterable[str]) -> Due:
        """What is due of *accommodations*, but for what no link leads to any more."""
        part = part_of(self._means.view(), accommodations)
        lying = {link: self._means.journal.publications.get((self.target.name, *link)) for link in links_of(part)}
        known = {link: each for link, each in lying.items() if each is not None and each.place == self._place}
        return self._due(part, known)

    def _due(self, view: View, known: Mapping[LinkKey, Publication]) -> Due:
        doubted = self._means.clock.doubted is not None or self._means.journal.opens_nothing
        return due(view, self.reach, known, self._traces.sent, self._means.clock.now(), doubted=doubted)

    async def _find(self) -> Due:
        """What is due: of all now and then, which takes its time and is done on a thread, else of what is new."""
        news, self._news = self._news, set()
        now = asyncio.get_running_loop().time()
        if self._looked_over is None or now - self._looked_over >= LOOKED_OVER_EVERY:
            self._looked_over = now
            return await asyncio.to_thread(self._due_of_all)
        return self._due_of(news) if len(news) <= _FEW else await asyncio.to_thread(self._due_of, news)

    def _nap(self) -> float:
        now = asyncio.get_running_loop().time()
        since = now - self._looked_over if self._looked_over is not None else 0.0
        return max(1.0, LOOKED_OVER_EVERY - since)

    @property
    def _may_write(self) -> bool:
        """No other machine writes there, and no file that one was sending before may still land over ours."""
        lease = self._means.journal.lease
        return lease is None or lease.may_write_elsewhere(MAX_PUT)

    def _pause(self) -> float:
        since = self._failing_since
        long = since is not None and self._means.clock.now() - since > LONG_OUTAGE
        return min(MAX_RETRY_LONG if long else MAX_RETRY, RETRY_FIRST * 2.0 ** min(self._failures - 1, 16))

    async def _round(self) -> None:
        self._progress = False
        if not self._may_write:
            return
        found = await self._find()
        self._note(found)
        if not found:
            return
        every: tuple[Sending | LinkKey, ...] = (*found.sendings, *found.deletions)
        # each try begins with another: one file that is refused holds up the others for a while only
        first = self._failures % len(every)
        steps: Iterator[Sending | LinkKey] = iter((*every[first:], *every[:first]))
        # at a target that fails one step is tried alone: the others would only wait as well
        unsent = await self._do(next(steps)) if self._failures else None
        if unsent is None:
            async with asyncio.TaskGroup() as group:
                hands = [group.create_task(self._go_on(steps)) for _ in range(AT_ONCE)]
            unsent = next((hand.result() for hand in hands if hand.result() is not None), None)
        self._tell_what_was_seen()
        if unsent is not None:
            self._failed(unsent)
            return
        if self._unsent is not None:
            log.info("published again", target=self.target.name)
        self._failures, self._failing_since, self._unsent = 0, None, None
        self._last_success = self._means.clock.now()

    async def _go_on(self, steps: Iterator[Sending | LinkKey]) -> Unsent | None:
        """Do one step after the other, as others do beside it, until there are none or one fails."""
        for step in steps:
            unsent = await self._do(step)
            if unsent is not None:
                # nobody takes up another
                for _ in steps:
                    pass
                return unsent
        return None

    async def _do(self, step: Sending | LinkKey) -> Unsent | None:
        return await (self._send(step) if isinstance(step, Sending) else self._delete(step))

    async def _send(self, sending: Sending) -> Unsent | None:
        means, name = self._means, sending.sync
        if sending.changed and not self._is_published(name, sending.nights):
            await self._look(sending)
        view = means.view()
        state = means.journal.current.get(name[0])
        if view.feed(name) is None or state is None or name[1] not in state.ledger.syncs:
            return None
        found = self._due_of((name[0],))
        # what was due is reckoned anew, since others may have moved on meanwhile
        newest = next((each for each in found.sendings if each.link == sending.link), None)
        if newest is None:
            return None
        nights, body = newest.nights, newest.body()
        if not self._is_published(name, nights):
            ledger = telling(state.ledger, name[1], nights, now=means.clock.now())
            if ledger is not state.ledger:
                means.journal.put(name[0], replace(state, ledger=ledger))
        key = (self.target.name, *sending.link)
        before = means.journal.publications.get(key)
        if before is None or before.place != self._place:
            # what may lie there is known before it does: nothing is left behind by a kill
            before = Publication(self._place)
            means.journal.enter(key, before)
        # a disk that does not take it is not waited for: a night that must close is worth more than a record
        if opened_by(state.ledger, name[1], nights):
            if not await means.journal.may_open(MAX_STORE):
                return Unsent(Why.OTHER, "nights would open, and the database does not take that")
        elif means.journal.failing is None:
            await means.journal.stored(MAX_STORE)
        if not newest.changed and await self._lies(sending.link, body):
            return None
        if not self._may_write:
            return _NOT_OURS
        self._traces.begin(sending.link, body)
        unsent = await self._storage.put(self._file(sending.link), body)
        if unsent is not None:
            if unsent.in_doubt:
                self._traces.doubt(sending.link)
            return unsent
        self._progress = True
        until = means.journal.publications.get(key, before).until
        means.journal.enter(key, Publication(self._place, nights, until))
        self._traces.settle(sending.link, means.clock.now())
        self._looked.pop(name, None)
        self._enter(name, sending.link[0], before.nights, nights)
        if before.nights != nights:
            log.info("published", target=self.target.name, sync="/".join(name), nights=len(nights))
        return None

    async def _lies(self, link: LinkKey, body: bytes) -> bool:
        """Whether *body*, put there last, is seen to lie there still; where nothing can be seen, it is not."""
        found = await self._storage.read(self._file(link))
        if isinstance(found, Unsent) or (link not in self._traces.sent and found != body):
            return False  # at a start, the process before may have sent something else last
        if link not in self._traces.sent:
            self._traces.begin(link, body)
        match self._traces.judge(link, found, body, self._means.clock.now()):
            case Lying.NEWEST:
                self._progress = True
                self._traces.settle(link, self._means.clock.now())
                return True
            case Lying.OLDER:
                log.warning("an older copy lay over the newest, and is replaced", target=self.target.name)
            case Lying.FOREIGN | Lying.NOTHING:
                pass  # said once for all links
        return False

    async def _delete(self, link: LinkKey) -> Unsent | None:
        target = self._means.view().links.get(f"/{self._file(link)}")
        if target is not None and link not in self._due_of((target.name[0],)).deletions:
            # it has come back since
            return None
        if not self._may_write:
            return _NOT_OURS
        unsent = await self._storage.delete(self._file(link))
        if unsent is None:
            self._means.journal.enter((self.target.name, *link), None)
            self._progress = True
            self._traces.forget(link)
            log.info("no longer published", target=self.target.name)
        return unsent

    async def _look(self, sending: Sending) -> None:
        now = self._means.clock.now()
        nights, at = self._looked.get(sending.sync, (None, 0.0))
        if nights == sending.nights and now - at < LOOK_KEPT:
            return
        self._looked[sending.sync] = (sending.nights, now)
        await self._means.look(sending.sync)

    def _is_published(self, name: SyncName, nights: Nights) -> bool:
        state = self._means.journal.current.get(name[0])
        sync = state.ledger.syncs.get(name[1]) if state else None
        return sync is not None and bool(sync.published) and sync.published[-1][1] == nights

    def _enter(self, name: SyncName, owner: str, before: Nights | None, nights: Nights) -> None:
        """Enter in the ledger that *nights* lie where *before* lay. What lies elsewhere still goes on being read there."""
        journal = self._means.journal
        state = journal.current.get(name[0])
        if state is None or name[1] not in state.ledger.syncs:
            return
        now = self._means.clock.now()
        link = state.ledger.syncs[name[1]].link
        keys = [
            (target, owner, generation)
            for target in self._means.targets()
            for generation in (link.generation, *(old for old, _ in link.old))
        ]
        lying = [journal.publications[key].nights for key in keys if key in journal.publications]
        ledger = state.ledger
        for earlier in dict.fromkeys((before, *lying)):
            if earlier is not None and earlier != nights:
                ledger = published(ledger, name[1], earlier, now=now)
        ledger = published(ledger, name[1], nights, now=now)
        if ledger is not state.ledger:
            journal.put(name[0], state.with_ledger(ledger, now))

    def _note(self, found: Due) -> None:
        """Remember until when what is no longer carried is kept up to date."""
        journal, now = self._means.journal, self._means.clock.now()
        for link in found.parting:
            key = (self.target.name, *link)
            journal.enter(key, parted(journal.publications[key], now))
        for link in found.returning:
            key = (self.target.name, *link)
            journal.enter(key, replace(journal.publications[key], until=None))

    def _file(self, link: LinkKey) -> str:
        return path_of(self._means.installation.token(Link(*link)))[1:]

    def _tell_what_was_seen(self) -> None:
        overwritten, before = self._traces.foreign(self._means.clock.now()), self._overwritten
        self._overwritten = overwritten
        if overwritten and not before:
            log.warning(
                "overwritten: feeds at the target, written by somebody else; stop the other icalsyncd with this secret",
                target=self.target.name,
                links=overwritten,
            )
        torn, self._tears = self._tears, self._storage.tears
        if self._tears and not torn:
            log.warning("the target does not move files: a reader may see a part of one", target=self.target.name)

    def _failed(self, unsent: Unsent) -> None:
        # who takes one file is there: it is tried again soon
        self._failures = 1 if self._progress else self._failures + 1
        self._looked_over = None
        self._means.tally.unsent(self.target.name, unsent.why)
        if self._failing_since is None:
            self._failing_since = self._means.clock.now()
        if self._unsent != unsent:
            log.warning("not published", target=self.target.name, reason=unsent.why.value, detail=unsent.detail)
        self._unsent = unsent
