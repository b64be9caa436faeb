"""All that is remembered of one accommodation: its ledger, and what the pulls and the feed of each sync need.

Frozen values: what happens makes a new state, and the journal keeps the last one and the last stored one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from icalsyncd.availability.ledger import Ledger, Presence, SyncLedger
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.calendar import Reason
from icalsyncd.state.copy import Copies
from icalsyncd.state.schedule import Attempts

NO_COPIES: Final = Copies()


@dataclass(frozen=True, slots=True)
class Facts:
    """What the daemon remembers of one sync beside its ledger."""

    attempts: Attempts = field(default_factory=Attempts)
    last_success: Moment | None = None
    """The last pull that ended updated, not modified or partial."""
    last_change: Moment | None = None
    """The last copy with other nights or kinds than the one before."""
    last_whole: Moment | None = None
    """When a pull last went without conditions."""
    outcome: str = "never"
    """How the last pull ended: `updated`, `not_modified`, `partial`, `held`, `failed`; `never` before the first."""
    reason: Reason | None = None
    """Why the last pull failed."""
    detail: str = ""
    """The same for people, in words of ours."""
    failing_since: Moment | None = None
    copies: Copies = NO_COPIES
    """Those of the portal's calendar that are stored."""
    problems: tuple[str, ...] = ()
    """What the last reading repaired or could not read."""
    feed_changed: Moment | None = None
    """When the nights of this sync's feed last changed."""
    reader: str = ""
    """The User-Agent of the last reader of the feed."""
    manner: str = ""
    """How it asked: HTTP version, whether under a condition, and Accept."""

    def not_after(self, now: Moment) -> Facts:
        """The same, with no moment that lies after *now*."""
        tried = self.attempts
        if tried.last is not None and tried.last > now:
            asked_to_wait = None if tried.not_before is None else now + max(0.0, tried.not_before - tried.last)
            tried = Attempts(now, tried.failures, asked_to_wait)
        return replace(
            self,
            attempts=tried,
            last_success=_at_most(self.last_success, now),
            last_change=_at_most(self.last_change, now),
            # a pull without conditions is due at once, since when the last one was is unknown
            last_whole=None if self.last_whole is not None and self.last_whole > now else self.last_whole,
            failing_since=_at_most(self.failing_since, now),
            feed_changed=_at_most(self.feed_changed, now),
        )

    def without_copies(self) -> Facts:
        """The same for a sync that begins without a snapshot; what happened, and when, stays known."""
        return replace(
            self,
            last_whole=None,
            outcome="never",
            reason=None,
            detail="",
            failing_since=None,
            copies=NO_COPIES,
            problems=(),
        )


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered of one accommodation."""

    ledger: Ledger
    facts: Mapping[str, Facts] = field(default_factory=dict)

    def of(self, sync: str) -> Facts:
        """The facts of *sync*; fresh ones if none are known yet."""
        return self.facts.get(sync, _FRESH)

    def with_facts(self, sync: str, facts: Facts) -> State:
        """The same with *facts* for *sync*."""
        return State(self.ledger, {**self.facts, sync: facts})

    def not_after(self, now: Moment) -> State:
        """The same after the clock was set back to *now*: no fact lies in the future, and no pull waits for it."""
        facts = {name: known.not_after(now) for name, known in self.facts.items()}
        return self if facts == self.facts else State(self.ledger, facts)

    def with_ledger(self, ledger: Ledger, now: Moment) -> State:
        """The same under *ledger*, with the facts that follow from it.

        Feeds whose nights differ are stamped with *now*. A sync without a snapshot has no copies and no validators: a
        "not modified" would stand for what no longer counts. One that takes part again is to be pulled at once, and so is
        one at another address: what its former portal asked for does not bind this one.
        """
        facts: dict[str, Facts] = {}
        for name, sync in ledger.syncs.items():
            known = self.facts.get(name, _FRESH)
            before = self.ledger.syncs.get(name)
            if before is None or (before is not sync and before.offered.nights != sync.offered.nights):
                known = replace(known, feed_changed=now)
            if sync.pulled_at is None and known.copies != NO_COPIES:
                known = known.without_copies()
            if before is not None and before is not sync and _begins_anew(before, sync):
                known = replace(known, attempts=Attempts())
            if known is not _FRESH:
                facts[name] = known
        return State(ledger, facts)


def _begins_anew(before: SyncLedger, now: SyncLedger) -> bool:
    resumed = before.presence in _OUT and now.presence is Presence.ACTIVE
    return resumed or before.calendar != now.calendar


_OUT = (Presence.PAUSED, Presence.GONE)
_FRESH = Facts()


def _at_most(moment: Moment | None, now: Moment) -> Moment | None:
    return None if moment is None else min(moment, now)
