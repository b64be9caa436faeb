"""What is to be taken in for one sync, and whether what comes of it still counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeGuard

from icalsyncd.availability.ledger import Presence
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.nights import Night
from icalsyncd.calendars.settings import ReadSettings
from icalsyncd.config.resolved import Sync
from icalsyncd.state.state import Facts, State, Validators, read_under
from icalsyncd.state.view import SyncName


@dataclass(frozen=True, slots=True)
class Errand:
    """A pull, or a stored copy to be read anew. What comes of it counts only while what it was begun under stands."""

    name: SyncName
    sync: Sync
    calendar: str
    """The fingerprint of the calendar URL."""
    today: Night
    """The accommodation's day, on which what comes is read."""
    began: Moment
    kept: ReadSettings | None = None
    """Settings that the config no longer says, under which it is read as well."""
    dry: bool = False
    """It tells what would change, and changes nothing."""
    sent: Validators | None = None
    """Those that the portal was asked with; None: it was asked without conditions, or not at all."""
    again: bool = False
    """It is about a stored copy, not about a pull."""
    released: bool = False
    """The host believes that copy, whatever it lacks."""

    @property
    def read_under(self) -> str:
        """The digest of the settings under which what comes is read."""
        return read_under(self.sync.read, self.kept)

    def is_read(self, facts: Facts) -> bool:
        """Whether the copies were last read as they would be read now."""
        return (facts.read_under, facts.read_on) == (self.read_under, self.today)

    def stands(self, state: State | None, sync: Sync | None, *, same: bool, heard: bool) -> TypeGuard[State]:
        """Whether what comes may be entered in *state*, the config saying *sync*.

        *same*: what came is "the copy that you have", so the very copy that was spoken of must be there. *heard*: it is
        a wish of the portal, which counts for its calendar under whatever settings.
        """
        known = state.ledger.syncs.get(self.name[1]) if state is not None else None
        if state is None or known is None or known.presence is not Presence.ACTIVE or known.calendar != self.calendar:
            return False
        if sync != self.sync and not heard:
            return False
        asked_with = state.of(self.name[1]).validators if self.sent is not None else None
        return not same or (known.pulled_at is not None and asked_with == self.sent)
