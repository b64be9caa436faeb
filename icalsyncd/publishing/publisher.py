"""The shared cloud: one task a target, so that one that hangs holds up neither pulls nor the other targets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Set
from typing import Final

from icalsyncd import log
from icalsyncd.availability.attribution import unpublished
from icalsyncd.availability.stamps import Moment
from icalsyncd.clock import Clock
from icalsyncd.config.resolved import Config
from icalsyncd.publishing.delivery import Delivery, Means
from icalsyncd.publishing.target_status import PublishTally, TargetStatus
from icalsyncd.state.installation import Installation
from icalsyncd.state.journal import Journal
from icalsyncd.state.publication import Reach, carries
from icalsyncd.state.view import SyncName, View

_HOUSEKEEPING: Final = 30.0


class Publisher:
    """Publishes feeds at all targets of the config."""

    def __init__(
        self,
        view: Callable[[], View],
        journal: Journal,
        clock: Clock,
        installation: Installation,
        look: Callable[[SyncName], Awaitable[object]],
        tally: PublishTally,
    ) -> None:
        """*look* has a portal pulled before it is told something, and waits for that, but not for long."""
        self._view = view
        self._journal = journal
        self._clock = clock
        self._means = Means(view, journal, clock, installation, look, lambda: tuple(self._deliveries), tally)
        self._deliveries: dict[str, Delivery] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._uncarried: dict[SyncName, Moment] = {}
        self._running = False

    def configure(self, config: Config) -> None:
        """Publish by *config* from now on. A target that stays where it is goes on as it was."""
        planned = frozenset(accommodation.id for accommodation in config.accommodations)
        before, after = dict(self._deliveries), dict[str, Delivery]()
        for target in config.publish:
            reach = Reach(frozenset(target.accommodations), planned)
            known = before.get(target.name)
            if known is not None and known.target.place == target.place:
                known.target, known.reach = target, reach
                known.hurry()
                after[target.name] = before.pop(target.name)
            else:
                after[target.name] = Delivery(target, reach, self._means)
        # swapped whole: how things are is asked on other threads, too
        self._deliveries = after
        for name in before:
            if name not in after:
                log.warning("no longer a target: what lies there stays as it is", target=name)
            self._end(name)
        if self._running:
            self._start()

    def news(self, accommodations: Set[str] | None) -> None:
        """The view of *accommodations* is another one; None: links have come or gone."""
        for delivery in self._deliveries.values():
            delivery.wake(accommodations)

    def hurry(self) -> None:
        """Try each target at once, also one that fails: the host wants to see it."""
        for delivery in self._deliveries.values():
            delivery.hurry()

    def status(self) -> tuple[TargetStatus, ...]:
        """How things are at each target, in the config's order."""
        return tuple(delivery.status() for delivery in self._deliveries.values())

    async def run(self) -> None:
        """Publish, until cancelled."""
        self._running = True
        self._start()
        try:
            while True:
                await asyncio.sleep(_HOUSEKEEPING)
                try:
                    await self._let_go()
                except Exception:
                    # what is published does not hang on it
                    log.exception("what targets carry could not be looked through")
        finally:
            for name in list(self._tasks):
                self._end(name)
            await asyncio.gather(*self._ending, return_exceptions=True)

    def _start(self) -> None:
        for name, delivery in self._deliveries.items():
            if name not in self._tasks:
                self._tasks[name] = asyncio.create_task(delivery.run(), name=f"publish {name}")

    def _end(self, name: str) -> None:
        task = self._tasks.pop(name, None)
        if task is not None:
            task.cancel()
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def _let_go(self) -> None:
        """Where no target has carried a sync for the removal delay, its portal's fetches alone tell what it knows."""
        uncarried = await asyncio.to_thread(self._not_carried, tuple(self._deliveries.values()))
        now, delay = self._clock.now(), self._journal.removal_delay
        self._uncarried = {name: self._uncarried.get(name, now) for name in uncarried}
        for (accommodation, sync), since in self._uncarried.items():
            state = self._journal.current.get(accommodation)
            if delay is None or now - since < delay.at(now):
                continue
            if state is not None and sync in state.ledger.syncs:
                self._journal.put(accommodation, state.with_ledger(unpublished(state.ledger, sync), now))

    def _not_carried(self, deliveries: Iterable[Delivery]) -> list[SyncName]:
        """The syncs that were published and that no target carries."""
        view = self._view()
        carried = frozenset[SyncName]().union(*(carries(view, each.reach, each.known()) for each in deliveries))
        return [
            name
            for accommodation, house in view.houses.items()
            for sync, ledger in house.state.ledger.syncs.items()
            if ledger.published and (name := (accommodation, sync)) not in carried
        ]
