"""How one target of the shared cloud is, and where its failures are counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from icalsyncd.availability.stamps import Moment
from icalsyncd.publishing.targets.storage import Unsent, Why


class PublishTally(Protocol):
    """Where failures are counted."""

    def unsent(self, target: str, why: Why) -> None:
        """A file could not be put at *target*, or not be deleted there."""


@dataclass(frozen=True, slots=True)
class TargetStatus:
    """How things are at one target."""

    name: str
    kind: str
    """The `type` of the config."""
    feeds: int
    """Links under which a feed lies there."""
    behind: int
    """Links under which the newest feed does not lie there yet."""
    last_success: Moment | None
    """When a round of sending last ended with everything sent; None: not since the start."""
    failing_since: Moment | None
    unsent: Unsent | None
    """Why the last try failed; None where it did not."""
    unsure: int = 0
    """Links under which an older copy may still land over the newest, since a try to put it was given up."""
    overwritten: int = 0
    """Links under which lay, lately, what was not sent from here: somebody else writes them."""
    tears: bool = False
    """It does not replace files whole: a reader may see a part of one, for a moment."""
