"""How many wrong passwords may come: from one peer, and for one name from peers that never had the right one.

Each wrong one fills a bucket, which empties with time; where it is full, nobody's password is looked at. Whoever sits at
the machine itself has a bucket that no stranger fills.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

MOST_PEERS: Final = 4096
"""Peers that are remembered; the one whose last guess is the oldest is forgotten for a new one."""
MOST_KNOWN: Final = 256
"""Pairs of a name and a peer that had its password."""
SLOTS: Final = 256
"""Buckets for names: many names share one, and nobody outside can tell which."""


@dataclass(frozen=True, slots=True)
class Measure:
    """How much a bucket holds, and how fast it empties."""

    most: float
    """Wrong passwords in a row."""
    every: float
    """Seconds in which one is forgotten."""


OF_PEER: Final = Measure(8, 60.0)
OF_HOST: Final = Measure(20, 3.0)
"""For whoever sits at the machine itself."""
OF_NAME: Final = Measure(60, 120.0)


@dataclass(slots=True)
class _Bucket:
    level: float = 0.0
    at: float = 0.0

    def fill(self, measure: Measure, now: float) -> None:
        self.level = self._left(measure, now) + 1
        self.at = now

    def wait(self, measure: Measure, now: float) -> float:
        """Seconds until one more may be tried; 0 for at once."""
        over = self._left(measure, now) - (measure.most - 1)
        return over * measure.every if over > 0 else 0.0

    def _left(self, measure: Measure, now: float) -> float:
        return max(0.0, self.level - max(0.0, now - self.at) / measure.every)


class Guesses:
    """All wrong passwords of late."""

    def __init__(self, now: Callable[[], float]) -> None:
        """*now* in seconds that only go forward."""
        self._now = now
        self._host = _Bucket()
        self._peers: OrderedDict[str, _Bucket] = OrderedDict()
        self._names = [_Bucket() for _ in range(SLOTS)]
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._key = secrets.token_bytes(16)

    def wait(self, name: str, peer: str | None) -> float:
        """Seconds for which *peer*, None for the machine itself, has to wait before a password for *name* is looked at."""
        now = self._now()
        if peer is None:
            return self._host.wait(OF_HOST, now)
        bucket = self._peers.get(peer)
        wait = bucket.wait(OF_PEER, now) if bucket is not None else 0.0
        if (name, peer) not in self._known:
            wait = max(wait, self._of(name).wait(OF_NAME, now))
        return wait

    def wrong(self, name: str, peer: str | None) -> None:
        """A password was wrong, or there is no such name."""
        now = self._now()
        if peer is None:
            self._host.fill(OF_HOST, now)
            return
        bucket = self._peers.setdefault(peer, _Bucket())
        self._peers.move_to_end(peer)
        bucket.fill(OF_PEER, now)
        if len(self._peers) > MOST_PEERS:
            self._peers.popitem(last=False)
        if (name, peer) not in self._known:
            self._of(name).fill(OF_NAME, now)

    def right(self, name: str, peer: str | None) -> None:
        """The password of *name* was right: strangers' guesses no longer keep *name* out at this *peer*."""
        if peer is None:
            return
        self._known[name, peer] = None
        self._known.move_to_end((name, peer))
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)

    def _of(self, name: str) -> _Bucket:
        mark = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), key=self._key, digest_size=4).digest()
        return self._names[int.from_bytes(mark, "big") % SLOTS]
