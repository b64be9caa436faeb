"""The states that need the host, each with its one word, its weight, and how long it may last before anybody is woken.

Page, commands, JSON, log, metrics, alerts and messages call a state by the same word. docs/alerts.md has a row for each.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import NamedTuple

from icalsyncd.state.outbox import About


class Weight(IntEnum):
    """How much a concern matters."""

    ALARM = 0
    """A night may be sold twice, or the daemon does not do what its config says."""
    WARNING = 1
    """A portal does not play its part, or the host has begun something and not finished it."""
    NOTE = 2
    """Worth knowing; it needs nobody."""


class Terms(NamedTuple):
    """What is fixed for each state."""

    word: str
    """What everybody calls it."""
    weight: Weight
    alert: str = ""
    """The Prometheus alert, without its prefix; empty where there is none."""
    waits: float = 0.0
    """Seconds for which the page shows it before a message is sent: as long as its alert waits."""
    intervals: float = 0.0
    """Intervals of its sync that the alert waits beside that."""
    about: About | None = About.PROBLEMS
    """None: the page alone tells it."""


_ALARM, _WARNING = Weight.ALARM, Weight.WARNING
_MINUTE, _HOUR, _DAY = 60.0, 3_600.0, 86_400.0


class Fault(NamedTuple):
    """One thing that is wrong with the daemon itself, in sentences for its host."""

    matter: Matter
    what: str
    more: str
    """What that does, and what the host can do."""

    @property
    def words(self) -> str:
        """Both."""
        return f"{self.what} {self.more}"


class Matter(Enum):
    """One state that needs the host."""

    OVERBOOKED = Terms("overbooked", _ALARM, "Overbooked", about=About.URGENT)
    UNSAFE = Terms("unsafe", _ALARM, "Unsafe", about=About.URGENT)
    REFUSED = Terms("refused", _ALARM, "ConfigRefused", 10 * _MINUTE)
    NOT_STORED = Terms("not stored", _ALARM, "NotStored", 5 * _MINUTE)
    CLOCK_DOUBTED = Terms("doubted", _ALARM, "ClockDoubted", 10 * _MINUTE)
    WITHHELD = Terms("withheld", _ALARM, waits=10 * _MINUTE)
    NOT_PUBLISHED = Terms("not published", _ALARM, "NotPublished", _HOUR + 5 * _MINUTE)
    OVERWRITTEN = Terms("overwritten", _ALARM, "Overwritten", 5 * _MINUTE)
    STOPPED = Terms("heartbeat has stopped", _ALARM, "HeartbeatStopped", 5 * _MINUTE)
    TORN = Terms("torn", Weight.NOTE, about=None)
    PERHAPS_TWICE = Terms("perhaps booked twice", _WARNING, waits=_HOUR, about=About.URGENT)
    POSSIBLE_GHOST = Terms("possible ghost", _WARNING, "PossibleGhost", _HOUR)
    CROSSED = Terms("several calendars", _WARNING, "PossibleGhost", _HOUR)
    NOT_COMPLETE = Terms("not complete", _WARNING, "NotComplete", 10 * _MINUTE, 2)
    PAUSED = Terms("paused", _WARNING, "PausedOpen", _DAY)
    KEPT = Terms("kept as it was", _WARNING, waits=_DAY)
    FAILING = Terms("failing", _WARNING, "Failing", 5 * _MINUTE)
    HELD = Terms("held", _WARNING, "Held", 5 * _MINUTE, 2)
    PARTIAL = Terms("partial", _WARNING, "Partial", _HOUR)
    LEAVING = Terms("leaving", _WARNING, waits=_MINUTE)
    NOT_READ = Terms("not read", _WARNING, "FeedNotRead", 2 * _HOUR)
    NEVER_READ = Terms("never read", _WARNING, "FeedNeverRead", _DAY)
    NOT_TOLD = Terms("not told", _WARNING, "NotTold", 10 * _MINUTE)
    NOT_FETCHED = Terms("not fetched", _WARNING, "HeartbeatNotFetched", 15 * _MINUTE)
    SECOND_READER = Terms("read by", _WARNING, waits=_HOUR)
    LINK_ENDED = Terms("ended", _WARNING, waits=_HOUR)
    EMPTY = Terms("nothing is kept in step", _WARNING, about=None)

    @property
    def word(self) -> str:
        """What everybody calls it."""
        return self.value.word

    @property
    def weight(self) -> Weight:
        """How much it matters."""
        return self.value.weight

    @property
    def needs_host(self) -> bool:
        """Whether it needs the host: all is not well in spite of it."""
        return self.weight is not Weight.NOTE
