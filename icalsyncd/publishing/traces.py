"""What a target was sent since the start, and what was found to lie there since.

A file that timed out may land late, over a newer one, and another icalsyncd with the same secret writes under the same
links. Neither is told to the one who wrote last. So what lies there is looked at: after any doubt soon and once more, and
from time to time.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto
from hashlib import sha256
from typing import Final

from icalsyncd.availability.stamps import DAY, Moment
from icalsyncd.state.publication import REFRESH, LinkKey

AFTER_DOUBT: Final = (60.0, 240.0)
"""Seconds from a file's success to a look, and from that to the next, where a try before it may still land."""
AFTER_START: Final = (60.0,)
"""The same for the first file under a link: what was under way at the last stop may still land."""
FOREIGN_KEPT: Final = DAY
"""Seconds for which the host is told of another writer after its last trace."""
_MARKS_KEPT: Final = 16


class Lying(Enum):
    """What a look found."""

    NEWEST = auto()
    OLDER = auto()
    """What was sent before: it came late, or nothing came since."""
    NOTHING = auto()
    FOREIGN = auto()
    """Bytes that were never sent from here since the start."""


@dataclass(slots=True)
class _Trace:
    marks: deque[bytes] = field(default_factory=lambda: deque(maxlen=_MARKS_KEPT))
    waits: tuple[float, ...] = AFTER_START
    unsure: bool = False
    foreign: Moment | None = None


class Traces:
    """What is known of each link at one target."""

    def __init__(self) -> None:
        self._of: dict[LinkKey, _Trace] = {}
        self.sent: dict[LinkKey, Moment] = {}
        """When each link was last known to be well; earlier than that where it is to be looked at sooner."""

    def begin(self, link: LinkKey, body: bytes) -> None:
        """*body* is about to be sent."""
        self._of.setdefault(link, _Trace()).marks.append(_mark(body))

    def doubt(self, link: LinkKey) -> None:
        """It failed, and may land all the same."""
        trace = self._of[link]
        trace.unsure, trace.waits = True, AFTER_DOUBT

    def settle(self, link: LinkKey, now: Moment) -> None:
        """The newest lies there: it was taken, or seen."""
        trace = self._of[link]
        wait, trace.waits = (trace.waits[0], trace.waits[1:]) if trace.waits else (REFRESH, ())
        self.sent[link] = now - REFRESH + wait
        if wait == REFRESH:
            trace.unsure = False

    def judge(self, link: LinkKey, found: bytes, body: bytes, now: Moment) -> Lying:
        """What it is that was *found* where *body* was put last."""
        trace = self._of[link]
        if found == body:
            return Lying.NEWEST
        if not found:
            return Lying.NOTHING
        if _mark(found) in trace.marks:
            # there may be more of it to come
            self.doubt(link)
            return Lying.OLDER
        trace.foreign = now
        return Lying.FOREIGN

    def forget(self, link: LinkKey) -> None:
        """Nothing lies there any more."""
        self._of.pop(link, None)
        self.sent.pop(link, None)

    def unsure(self) -> int:
        """Links under which an older copy may still come to lie. It may be asked on any thread."""
        return sum(trace.unsure for trace in self._of.copy().values())

    def foreign(self, now: Moment) -> int:
        """Links under which another writer was seen lately. It may be asked on any thread."""
        return sum(
            trace.foreign is not None and now - trace.foreign < FOREIGN_KEPT for trace in self._of.copy().values()
        )


def _mark(body: bytes) -> bytes:
    return sha256(body).digest()[:16]
