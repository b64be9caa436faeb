"""All receivers of messages: one task each, so that one that hangs holds up nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from icalsyncd.availability.stamps import Moment
from icalsyncd.config.telling import Receiver
from icalsyncd.notifying.courier import Courier, Give, NotifyTally, ReceiverStatus
from icalsyncd.notifying.message import trial
from icalsyncd.notifying.outbox import Outbox
from icalsyncd.notifying.post import WORDS, give

TRIAL_PATIENCE: Final = 20.0
"""Seconds that a trial may take: somebody waits for it."""


class Notifier:
    """Gives all receivers of the config what waits for them."""

    def __init__(
        self,
        outbox: Outbox,
        stored: Callable[[float], Awaitable[bool]],
        now: Callable[[], Moment],
        tally: NotifyTally,
        give: Give = give,
    ) -> None:
        """*stored* waits until what was posted is durable, and not for longer than it is told."""
        self.outbox = outbox
        self._stored = stored
        self._now = now
        self._tally = tally
        self._give = give
        self._couriers: dict[str, Courier] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        outbox.on_news = self._wake

    def configure(self, receivers: Sequence[Receiver]) -> None:
        """Tell *receivers* from now on. One that is the same as before goes on as it was."""
        self.outbox.configure(receivers)
        before, after = self._couriers, dict[str, Courier]()
        for receiver in receivers:
            known = before.get(receiver.name)
            if known is not None and known.receiver == receiver:
                after[receiver.name] = known
            else:
                after[receiver.name] = Courier(receiver, self.outbox, self._give, self._stored, self._now, self._tally)
        # swapped whole: how things are is asked on other threads, too
        self._couriers = after
        for name, task in list(self._tasks.items()):
            if after.get(name) is not before.get(name):
                task.cancel()
                del self._tasks[name]
        for name, courier in after.items():
            if name not in self._tasks:
                self._tasks[name] = asyncio.create_task(courier.run(), name=f"notify {name}")

    def status(self) -> tuple[ReceiverStatus, ...]:
        """How things are with each receiver, in the config's order; it may be asked on any thread."""
        return tuple(courier.status() for courier in self._couriers.values())

    async def test(self, name: str | None) -> dict[str, str | None] | None:
        """Send a trial to *name*, or to all; what each said, None: it took it. None if there is no such receiver."""
        wanted = [each for each in self._couriers.values() if name in (None, each.receiver.name)]
        if not wanted:
            return None if name is not None else {}
        answers = await asyncio.gather(
            *(give(each.receiver.url, trial(each.receiver.language), TRIAL_PATIENCE) for each in wanted)
        )
        return {
            each.receiver.name: WORDS[answer.why] if answer is not None else None
            for each, answer in zip(wanted, answers, strict=True)
        }

    async def close(self) -> None:
        """End what runs."""
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _wake(self, name: str) -> None:
        courier = self._couriers.get(name)
        if courier is not None:
            courier.wake()
