"""A stored copy of a portal's calendar: one value, replaced as a whole or not at all.

Its body lies in the state file under the name that its sync's link was first made under (see :data:`BodyKey`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from icalsyncd.calendars.nights import Night


class Role(StrEnum):
    """Which copy of a portal's calendar a body is."""

    SNAPSHOT = "snapshot"
    """The last good one."""
    WAITING = "waiting"
    """A later one, held or partial."""


BodyKey = tuple[str, Role]
"""The name under which the sync's link was first made, which outlives a rename, and which copy."""


@dataclass(frozen=True, slots=True)
class Validators:
    """What a portal gave beside one body, to be asked with the next time (RFC 9110 section 8.8), as it was sent."""

    etag: str | None
    last_modified: str | None


@dataclass(frozen=True, slots=True)
class ReadAs:
    """How a copy was read. Under other settings or on another day it may say something else."""

    settings: str
    """The digest of the settings, see :func:`read_under`."""
    day: Night
    """The accommodation's day."""


UNREAD: Final = ReadAs("", 0)


@dataclass(frozen=True, slots=True)
class Copy:
    """All that is known of one stored copy beside its body. Whether it waits is told by its place in :class:`Copies`."""

    read_as: ReadAs = UNREAD
    """How it was last read."""
    calendar: str = ""
    """The fingerprint of the calendar URL that it came from; empty where that was not stored."""
    validators: Validators | None = None
    """Those of a body that says what this one says; None where there are none, or a pull has failed since."""
    mark: bytes | None = field(default=None, compare=False)
    """Tells what it says, whenever it was pulled. It is not stored: None where nobody has looked since the start."""


@dataclass(frozen=True, slots=True)
class Copies:
    """The stored copies of one sync."""

    snapshot: Copy | None = None
    """The last good one. Beneath a later one its body alone counts, and nothing else is remembered of it."""
    waiting: Copy | None = None
    """A later one, held or partial."""

    @property
    def last(self) -> Copy | None:
        """What the portal said last: its validators stand for this one, and this one is read when it is read anew."""
        return self.waiting if self.waiting is not None else self.snapshot

    @property
    def last_role(self) -> Role:
        """Where the body of :attr:`last` lies."""
        return Role.WAITING if self.waiting is not None else Role.SNAPSHOT

    def with_last(self, copy: Copy) -> Copies:
        """The same where more is known of the last copy, or something else; its body stays."""
        return Copies(self.snapshot, copy) if self.waiting is not None else Copies(copy)

    def with_waiting(self, copy: Copy) -> Copies:
        """The same with *copy* as the last one, which is not believed, or not in all."""
        return Copies(Copy() if self.snapshot is not None else None, copy)

    def keys(self, owner: str) -> set[BodyKey]:
        """Where their bodies lie; *owner* is the name under which their sync's link was first made."""
        kept = ((Role.SNAPSHOT, self.snapshot), (Role.WAITING, self.waiting))
        return {(owner, role) for role, copy in kept if copy is not None}

    def bodies(self, owner: str, before: Copies, body: bytes) -> dict[BodyKey, bytes | None]:
        """What is to be written where these take the place of *before*, and *body* is that of the last of them."""
        gone: dict[BodyKey, bytes | None] = dict.fromkeys(before.keys(owner) - self.keys(owner))
        return {**gone, (owner, self.last_role): body}
