"""When each sync is pulled: plain arithmetic over epoch seconds, without a clock.

Each sync has its own phase within its interval, which follows from its name: pulls spread out over the interval, and a
restart shifts none of them.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Final

from icalsyncd.calendars.calendar import Reason

_MINUTE: Final = 60.0
_DAY: Final = 86400.0
# with a nap before it, what is overdue is pulled within a minute of waking up
_SPREAD: Final = 30.0
_INTERVALS_OF_PATIENCE: Final = 4


@dataclass(frozen=True, slots=True)
class Attempts:
    """What is remembered of a sync's pulls to know when the next one is due."""

    last: float | None = None
    """When the last pull was tried; None before the first."""
    failures: int = 0
    """How many failed in a row, up to the last."""
    not_before: float | None = None
    """When the portal allows the next one, if it asked us to wait."""


def next_slot(after: float, name: str, interval: float) -> float:
    """The first moment of *name*'s phase that lies after *after*; these moments are *interval* seconds apart."""
    phase = _share(name, "phase") * interval
    slot = (math.floor((after - phase) / interval) + 1) * interval + phase
    # rounding may leave it at *after* itself
    return slot if slot > after else slot + interval


def due(attempts: Attempts, name: str, interval: float, *, since: float, now: float) -> float:
    """When *name* is to be pulled next; at or before *now* means at once.

    *since* is when the daemon began to look: its start, its waking up, or the moment at which the sync became known.
    What was due before that is pulled within half a minute after it, spread by name.
    """
    last = attempts.last
    if last is None:
        return since
    if last > now + _MINUTE:
        # written under a clock that was wrong: no reason to wait for that moment
        return since + spread(name)
    if attempts.failures:
        regular = last + min(_MINUTE * 2.0 ** min(attempts.failures - 1, 20), interval)
        regular = max(regular, wait_of(attempts, now) or regular)
    else:
        # a timer that rang a little early must not pull twice for one slot
        regular = next_slot(last + min(_MINUTE, interval / 10), name, interval)
    return regular if regular >= since else since + spread(name)


def wait_of(attempts: Attempts, now: float) -> float | None:
    """Until when the portal wants no pull; None if it may be asked *now*."""
    if attempts.not_before is None or attempts.last is None or attempts.last > now + _MINUTE:
        # a wish that was heard under a clock that was wrong names no moment
        return None
    return attempts.not_before if attempts.not_before > now else None


def spread(name: str) -> float:
    """Seconds by which *name* waits where much is overdue at once."""
    return _share(name, "spread") * _SPREAD


def after_failure(
    attempts: Attempts, *, at: float, reason: Reason, retry_after: float | None, interval: float
) -> Attempts:
    """*attempts* with one more that failed *at*; the portal asked to wait *retry_after* seconds from then, or did not.

    It is obeyed up to a day where the portal said that we ask too much, else up to four intervals. One that says
    nothing of it takes back no wish that still runs.
    """
    longest = _DAY if reason is Reason.HTTP_429 else _INTERVALS_OF_PATIENCE * interval
    earlier = wait_of(attempts, at)
    not_before = earlier if earlier is not None and earlier <= at + _DAY else None
    if retry_after is not None:
        not_before = at + min(retry_after, longest)
    return Attempts(at, attempts.failures + 1, not_before)


def unconditional(last: float | None, now: float) -> bool:
    """Whether a pull is to go without conditions, *last* being the last time that one did and brought a body.

    Once a day: a portal whose validators lie would else be believed for ever.
    """
    return last is None or not 0 <= now - last < _DAY


def _share(name: str, purpose: str) -> float:
    """A number from 0 up to, not including, 1 that follows from *name*, the same on every machine."""
    digest = hashlib.blake2b(name.encode(), digest_size=6, person=purpose.encode()).digest()
    return int.from_bytes(digest, "big") / 2**48
