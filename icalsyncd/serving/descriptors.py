"""How many files and connections the process may have open at once, and how many of them are for whoever connects."""

from __future__ import annotations

import resource
from dataclasses import dataclass
from typing import Final

_WANTED: Final = 4096
"""More than all that is done at once needs. What a process may have by default (1024) is a bound of long ago."""
_MAX_FEEDS: Final = 1024
_MAX_ADMIN: Final = 64
_OWN: Final = 256
"""For pulls (64 at once) and their look-ups, publishing, the state, the config and the service manager."""


@dataclass(frozen=True, slots=True)
class Shares:
    """The most connections of each listener; all else that the process may have open is for its own work."""

    feeds: int
    admin: int


def raised() -> int:
    """How many descriptors the process may have, once it has asked for as many as it wants."""
    soft, hard = (_finite(limit) for limit in resource.getrlimit(resource.RLIMIT_NOFILE))
    wanted = min(_WANTED, hard)
    if soft >= wanted:
        return soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    except (OSError, ValueError):
        return soft
    return wanted


def shares(descriptors: int) -> Shares:
    """How many connections each listener may have where there are so many *descriptors*."""
    admin = min(_MAX_ADMIN, max(4, descriptors // 8))
    feeds = max(descriptors // 4, descriptors - _OWN - admin)
    return Shares(feeds=max(8, min(_MAX_FEEDS, feeds)), admin=admin)


def _finite(limit: int) -> int:
    return limit if limit != resource.RLIM_INFINITY else 2**31
