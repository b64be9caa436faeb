"""Which copies say what the last good one said, so that reading them would bring nothing new.

Most portals write the time of the fetch into every event: their calendars never come twice with the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from icalsyncd.availability.claims import Claim
from icalsyncd.availability.ledger import SyncLedger
from icalsyncd.calendars.nights import Night
from icalsyncd.state.state import Facts
from icalsyncd.state.view import SyncName

_FETCHED_AT: Final = re.compile(rb"(?<=\n)DTSTAMP:[0-9]{8}T[0-9]{6}Z?(?=\r?\n)")


def mark_of(body: bytes) -> bytes:
    """Tells what a body says, but for when it was fetched."""
    return sha256(_FETCHED_AT.sub(b"DTSTAMP", body)).digest()


@dataclass(frozen=True, slots=True)
class _LastGood:
    mark: bytes
    claims: tuple[Claim, ...]
    """Those that it left; others since then are a reason to read it again."""
    read_under: str
    read_on: Night


class AlreadyRead:
    """The last good copy of each sync since the start."""

    def __init__(self) -> None:
        self._last: dict[SyncName, _LastGood] = {}

    def note(self, name: SyncName, mark: bytes, ledger: SyncLedger, facts: Facts) -> None:
        """A good copy with this *mark* was taken over, and left *ledger* and *facts*."""
        self._last[name] = _LastGood(mark, ledger.claims, facts.read_under, facts.read_on)

    def says_the_same(
        self, name: SyncName, mark: bytes, ledger: SyncLedger, facts: Facts, read_under: str, today: Night
    ) -> bool:
        """Whether a copy with this *mark* is the last good one, read under the same settings on the same day."""
        last = self._last.get(name)
        if last is None or ledger.pulled_at is None or facts.has_waiting or not facts.has_snapshot:
            return False
        same_reading = (last.read_under, last.read_on) == (read_under, today)
        return mark == last.mark and last.claims is ledger.claims and same_reading

    def forget_all_but(self, names: Container[SyncName]) -> None:
        """The other syncs are no more."""
        self._last = {name: last for name, last in self._last.items() if name in names}
