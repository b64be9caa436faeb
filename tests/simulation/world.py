"""The world in which everything happens: one time, one order, one die.

Nothing runs but what is taken from here: what portals and hosts do, what is on its way, and the turns of the daemon's
loop. No thread runs, and no clock of the real machine is asked.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, Protocol

MINUTE: Final = 60.0
HOUR: Final = 3600.0
DAY: Final = 86400.0
EPOCH: Final = datetime(2027, 3, 1, 9, tzinfo=UTC).timestamp()
"""When every history begins: later than any release, so that no day is floored."""
_TURN: Final = 2e-5
"""Seconds that one turn of a loop takes, so that time goes on whatever the loop does."""
_TURNS_MOST: Final = 200_000
"""Turns without an event between them: a loop that is busier than that stands still."""


class Runs(Protocol):
    """A machine's loop, as the world sees it."""

    def is_ready(self) -> bool:
        """Something is to run now."""

    def next_timer(self) -> float | None:
        """The world's time at which its next timer rings; None for none."""

    def turn(self) -> None:
        """Run once what is ready."""


class Stuck(Exception):
    """A loop never came to rest."""


class World:
    """Time, order and chance."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.now = EPOCH
        self.dice = random.Random(seed)
        self.lines: list[str] = []
        """What has happened, a line an event."""
        self.turns = 0
        self._loops: list[Runs] = []
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = 0
        self._digest = sha256()

    def run(self, loop: Runs) -> None:
        """Have *loop* run from now on."""
        self._loops.append(loop)

    def halt(self, loop: Runs) -> None:
        """Never let *loop* run again."""
        self._loops = [each for each in self._loops if each is not loop]

    def at(self, when: float, what: Callable[[], None]) -> None:
        """Have *what* happen at *when*, after what was said before for the same moment."""
        self._order += 1
        heapq.heappush(self._events, (max(when, self.now), self._order, what))

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        """Have *what* happen in *seconds*."""
        self.at(self.now + seconds, what)

    def chance(self, share: float) -> bool:
        """True in this *share* of cases."""
        return self.dice.random() < share

    def note(self, line: str) -> None:
        """Write *line* down, with its time."""
        text = f"{self.now - EPOCH:14.3f} {line}"
        self.lines.append(text)
        self._digest.update(text.encode())

    @property
    def digest(self) -> str:
        """Tells one course of events from another."""
        return self._digest.hexdigest()[:16]

    def until(self, moment: float, unless: Callable[[], bool] | None = None) -> bool:
        """Let everything happen up to *moment*, or until *unless*; whether *unless* came first."""
        events = self._events
        idle = 0
        while unless is None or not unless():
            busy = False
            for loop in self._loops:
                # an event of the world comes between two turns of a loop, as its time has come
                while loop.is_ready() and not (events and events[0][0] <= self.now):
                    busy = True
                    idle += 1
                    self.turns += 1
                    self.now += _TURN
                    loop.turn()
                    if unless is not None and unless():
                        return True
            if busy and any(loop.is_ready() for loop in self._loops) and not (events and events[0][0] <= self.now):
                continue
            if idle > _TURNS_MOST:
                raise Stuck("the loop never comes to rest")
            following = events[0][0] if events else moment + 1.0
            ringing = None
            for loop in self._loops:
                timer = loop.next_timer()
                if timer is not None and timer < following:
                    following, ringing = timer, loop
            if following > moment:
                self.now = max(self.now, moment)
                return False
            self.now = max(self.now, following)
            if ringing is not None:
                ringing.turn()
            else:
                idle = 0
                heapq.heappop(events)[2]()
        return True

    def rest(self, seconds: float) -> None:
        """Let *seconds* pass."""
        self.until(self.now + seconds)
