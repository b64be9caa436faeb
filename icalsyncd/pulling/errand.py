"""What is to be taken in for one sync, and whether what comes of it still counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeGuard

from icalsyncd.availability.ledger import Presence
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.nights import Night
from icalsyncd.calendars.settings import ReadSettings, read_under
from icalsyncd.config.resolved import Sync
from icalsyncd.state.copy import Copy, ReadAs, Validators
from icalsyncd.state.state import State
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
    asked: Copy | None = None
    """The stored copy that the portal was asked about, by its validators; None: without conditions, or not at all."""
    again: bool = False
    """It is about a stored copy, not about a pull."""
    released: bool = False
    """The host believes that copy, whatever it lacks."""
    since: Moment = 0.0
    """Since when its sync takes part: one that was paused and resumed meanwhile is asked anew."""

    @property
    def read_as(self) -> ReadAs:
        """How what comes is read."""
        return ReadAs(read_under(self.sync.read, self.kept), self.today)

    @property
    def sent(self) -> Validators | None:
        """What the portal was asked with."""
        return self.asked.validators if self.asked is not None else None

    def stands(self, state: State | None, sync: Sync | None, *, over: Copy | None, heard: bool) -> TypeGuard[State]:
        """Whether what comes may be entered in *state*, the config saying *sync*.

        *over*: the stored copy that it rests on, as "not modified" does, and which so must be there still.
        *heard*: it is a wish of the portal, which counts for its calendar under whatever settings.
        """
        known = state.ledger.syncs.get(self.name[1]) if state is not None else None
        if state is None or known is None or known.presence is not Presence.ACTIVE or known.calendar != self.calendar:
            return False
        # the same object, until a config is taken over
        if ((sync is not self.sync and sync != self.sync) or known.since != self.since) and not heard:
            return False
        return over is None or (known.pulled_at is not None and state.of(self.name[1]).copies.last == over)
