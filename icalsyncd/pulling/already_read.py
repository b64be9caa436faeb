"""Which copies say what the last good one said, so that reading them would bring nothing new.

Most portals write the time at which they were asked into every event: their calendars never come twice with the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Container
from hashlib import sha256
from typing import Final

from icalsyncd.availability.claims import Claim
from icalsyncd.availability.ledger import SyncLedger
from icalsyncd.state.copy import Copies, Copy
from icalsyncd.state.view import SyncName

_FETCHED_AT: Final = re.compile(rb"(?<=\n)DTSTAMP:[0-9]{8}T[0-9]{6}Z?(?=\r?\n)")


def mark_of(body: bytes) -> bytes:
    """Tells what a body says, but for when it was asked for."""
    return sha256(_FETCHED_AT.sub(b"DTSTAMP", body)).digest()


class AlreadyRead:
    """What the last good copy of each sync left, since the start."""

    def __init__(self) -> None:
        self._left: dict[SyncName, tuple[Claim, ...]] = {}
        """Its claims; others since then are a reason to read it again."""

    def note(self, name: SyncName, ledger: SyncLedger) -> None:
        """A good copy was read and taken over, and left *ledger*."""
        self._left[name] = ledger.claims

    def need_not_be_read(self, name: SyncName, copy: Copy, ledger: SyncLedger, copies: Copies) -> bool:
        """Whether *copy* says what the last good one says, and that was read as this one would be, and stands as it was."""
        last = copies.snapshot
        if last is None or copies.waiting is not None or ledger.pulled_at is None or last.mark is None:
            return False
        same = (copy.mark, copy.read_as) == (last.mark, last.read_as)
        return same and self._left.get(name) is ledger.claims

    def forget_all_but(self, names: Container[SyncName]) -> None:
        """The other syncs are no more."""
        self._left = {name: left for name, left in self._left.items() if name in names}
