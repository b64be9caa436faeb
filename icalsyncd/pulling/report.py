"""How a pull ended: for whoever asked for it, and for the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from icalsyncd import log
from icalsyncd.availability.admission import Admitted, Outcome
from icalsyncd.availability.ledger import SyncLedger
from icalsyncd.calendars.calendar import Reason
from icalsyncd.calendars.nights import EMPTY, Nights
from icalsyncd.pulling.order import Failure
from icalsyncd.state.state import Facts

PullOutcome = Literal["updated", "not_modified", "partial", "held", "failed"]


@dataclass(frozen=True, slots=True)
class Report:
    """How one pull ended."""

    sync: str
    outcome: PullOutcome
    reason: Reason | None
    nights: int
    """Nights that the portal claims now, by our reading of its calendar."""
    new: int
    freed: int
    kept: Nights = EMPTY
    """Nights ahead that the calendar lacks and that stay closed all the same, until they are sure to be free."""

    @property
    def is_good(self) -> bool:
        """The copy was whole and believed."""
        return self.outcome in ("updated", "not_modified")


def tell(sync: str, before: Facts, facts: Facts, admitted: Admitted, known: SyncLedger, now: SyncLedger) -> None:
    """One line where something happened; a pull that changed nothing is no event."""
    if before.reason is not None:
        log.info("the portal answers again", sync=sync)
    if admitted.outcome is Outcome.HELD and before.outcome != Outcome.HELD.value:
        log.warning("held: a suspicious copy would free nights", sync=sync, nights=len(admitted.retained))
    if admitted.outcome is Outcome.PARTIAL and before.outcome != Outcome.PARTIAL.value:
        log.warning("the calendar is partial: some of it cannot be read", sync=sync, problems=len(facts.problems))
    touched = now.claims is not known.claims
    new, gone = (now.claimed - known.claimed, known.claimed - now.claimed) if touched else (EMPTY, EMPTY)
    if new or gone:
        log.info("pulled", sync=sync, nights=len(now.claimed), new=len(new), gone=len(gone))
    else:
        log.debug("pulled", sync=sync, nights=len(now.claimed))


def tell_failed(sync: str, before: Facts, failure: Failure) -> None:
    """One line where it begins to fail, or fails for another reason."""
    say = log.debug if before.reason is failure.reason else log.warning
    again = " again" if before.reason is failure.reason else ""
    say(f"failing: the pull failed{again}", sync=sync, reason=failure.reason.value, detail=failure.detail)
