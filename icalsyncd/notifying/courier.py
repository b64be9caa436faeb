"""What waits for one receiver, given to it in order: at least once, until it is taken, and one message at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from icalsyncd import log
from icalsyncd.availability.stamps import Moment
from icalsyncd.config.secret import Secret
from icalsyncd.config.telling import Receiver
from icalsyncd.notifying.message import Message, gathered
from icalsyncd.notifying.outbox import Outbox
from icalsyncd.notifying.post import WORDS, NotTaken, Why
from icalsyncd.state.outbox import About, Notice

GATHERED: Final = {About.URGENT: 0.5, About.PROBLEMS: 20.0, About.BOOKINGS: 10.0}
"""Seconds for which what comes after a first notice is gathered into one message with it."""
RETRY_FIRST: Final = 5.0
MAX_RETRY: Final = 300.0
"""Seconds between two tries at a receiver that takes nothing: they double."""
MAX_STORE: Final = 2.0
"""Seconds for which a message waits for a slow disk: then it may come twice, which is better than late."""

Give = Callable[[Secret | None, Message], Awaitable[NotTaken | None]]


class NotifyTally(Protocol):
    """Where messages are counted."""

    def messaged(self, receiver: str, why: Why | None) -> None:
        """One message was taken by *receiver*, or was not, for a reason."""


@dataclass(frozen=True, slots=True)
class ReceiverStatus:
    """How things are with one receiver."""

    name: str
    waiting: int
    """What it is still to be told."""
    last_success: Moment | None
    """When it last took a message; None: not since the start."""
    failing_since: Moment | None
    why: Why | None
    """Why it did not take the last message; None where it did."""


class Courier:
    """Gives one receiver what waits for it."""

    def __init__(
        self,
        receiver: Receiver,
        outbox: Outbox,
        give: Give,
        stored: Callable[[float], Awaitable[bool]],
        now: Callable[[], Moment],
        tally: NotifyTally,
    ) -> None:
        """*stored* waits until what was posted is durable, and not for longer than it is told."""
        self.receiver = receiver
        self._outbox = outbox
        self._give = give
        self._stored = stored
        self._now = now
        self._tally = tally
        self._news = asyncio.Event()
        self._first: float | None = None
        """When, on the loop's clock, the first of what waits was noticed."""
        self._failures = 0
        self._failing_since: Moment | None = None
        self._why: Why | None = None
        self._last_success: Moment | None = None

    def wake(self) -> None:
        """Something new waits."""
        self._news.set()

    def status(self) -> ReceiverStatus:
        """How things are; it may be asked on any thread."""
        waiting = len(self._outbox.waiting(self.receiver.name))
        return ReceiverStatus(self.receiver.name, waiting, self._last_success, self._failing_since, self._why)

    async def run(self) -> None:
        """Give what waits, until cancelled."""
        while True:
            self._news.clear()
            waiting = list(self._outbox.waiting(self.receiver.name))
            if not waiting:
                self._first = None
                await self._news.wait()
                continue
            if (patience := self._patience(waiting)) > 0.0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(patience):
                        await self._news.wait()
                continue
            if not await self._round(waiting):
                await asyncio.sleep(min(MAX_RETRY, RETRY_FIRST * 2 ** (self._failures - 1)))

    def _patience(self, waiting: Sequence[Notice]) -> float:
        """Seconds until what waits is given: others may come that belong to it."""
        now = asyncio.get_running_loop().time()
        if self._first is None:
            self._first = now
        if self._failures:
            return 0.0
        return self._first + min(GATHERED[notice.about] for notice in waiting) - now

    async def _round(self, waiting: Sequence[Notice]) -> bool:
        """Give the first of what waits; whether it was taken."""
        name = self.receiver.name
        message, count = gathered(waiting, self.receiver.language)
        told = waiting[:count]
        self._outbox.trying(name, told)
        # what may have been told is known before it is: its end is told, too, through a kill
        await self._stored(MAX_STORE)
        try:
            refusal = await self._give(self.receiver.url, message)
        except Exception:
            log.exception("giving a message ended in a bug", receiver=name)
            refusal = NotTaken(Why.OTHER)
        why = refusal.why if refusal is not None else None
        self._tally.messaged(name, why)
        if why is not None:
            self._failed(why)
            return False
        self._outbox.told(name, told)
        if self._failing_since is not None:
            log.info("messages are taken again", receiver=name)
        log.info("a message was taken", receiver=name, matters=count)
        self._failures, self._failing_since, self._why = 0, None, None
        self._last_success = self._now()
        return True

    def _failed(self, why: Why) -> None:
        self._failures = min(self._failures + 1, 16)
        if self._failing_since is None:
            self._failing_since = self._now()
        if self._why is not why:
            log.warning("a message is not told", receiver=self.receiver.name, reason=why.value, detail=WORDS[why])
        self._why = why
