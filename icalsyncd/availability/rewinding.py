"""What is known after a time that was not as it seemed: the clock was set back, or nothing ran.

After the clock was set back nothing has happened in the future, and nobody waits for a moment there. After a stop or a
sleep no wait is over at once: half a file may lie there still, and the clock may be ahead.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from icalsyncd.availability.habits import habits_rewound
from icalsyncd.availability.ledger import Ledger, Presence, SyncLedger
from icalsyncd.availability.link import Link
from icalsyncd.availability.removal import RemovalDelay
from icalsyncd.availability.roster import GONE_KEPT, OLD_LINK_KEPT
from icalsyncd.availability.rules import rules_rewound
from icalsyncd.availability.stamps import Moment, Stamps

AWAKE: Final = 1800.0
"""Seconds for which the daemon has to run before a wait ends that passed while nothing ran."""


def postponed(ledger: Ledger, delay: float, now: Moment) -> Ledger:
    """*ledger* where no wait of *delay* seconds for what is leaving ends in the first half hour from *now* on."""
    begun = now + min(delay, AWAKE) - delay
    shrinking = ledger.shrinking
    moved = replace(
        ledger,
        shrinking=shrinking and replace(shrinking, since=max(shrinking.since, begun)),
        blocks=tuple(
            block if block.leaving_since is None else replace(block, leaving_since=max(block.leaving_since, begun))
            for block in ledger.blocks
        ),
        syncs={name: _postponed(sync, begun) for name, sync in ledger.syncs.items()},
    )
    return ledger if moved == ledger else moved


def _postponed(sync: SyncLedger, begun: Moment) -> SyncLedger:
    if sync.presence is Presence.LEAVING:
        return replace(sync, since=max(sync.since, begun))
    if sync.narrowing:
        return replace(sync, narrowing=replace(sync.narrowing, since=max(sync.narrowing.since, begun)))
    return sync


def delay_postponed(delay: RemovalDelay, now: Moment) -> RemovalDelay:
    """The same of the wait by which the removal delay itself becomes shorter."""
    if delay.shorter is None:
        return delay
    return replace(delay, since=max(delay.since, now + min(delay.seconds, AWAKE) - delay.seconds))


def rewound(ledger: Ledger, now: Moment) -> Ledger:
    """*ledger* where all that is noted for a moment after *now* is noted for *now*, and waits begin then at the latest.

    The day of the accommodation alone stays: it never goes back.
    """
    shrinking = ledger.shrinking
    moved = replace(
        ledger,
        shrinking=shrinking and replace(shrinking, since=min(shrinking.since, now)),
        parting=ledger.parting and replace(ledger.parting, since=min(ledger.parting.since, now)),
        blocks=tuple(
            block if block.leaving_since is None else replace(block, leaving_since=min(block.leaving_since, now))
            for block in ledger.blocks
        ),
        syncs={name: _rewound(sync, now) for name, sync in ledger.syncs.items()},
        awake_since=min(ledger.awake_since, now),
        words=tuple(replace(word, at=min(word.at, now)) for word in ledger.words),
    )
    return ledger if moved == ledger else moved


def _rewound(sync: SyncLedger, now: Moment) -> SyncLedger:
    moved = replace(
        sync,
        link=_link(sync.link, now),
        since=min(sync.since, now),
        former=sync.former and replace(sync.former, since=min(sync.former.since, now)),
        narrowing=sync.narrowing and replace(sync.narrowing, since=min(sync.narrowing.since, now)),
        muted_until=None if sync.muted_until is None else min(sync.muted_until, now + GONE_KEPT),
        pulled_at=None if sync.pulled_at is None else min(sync.pulled_at, now),
        held=tuple(replace(lack, since=min(lack.since, now)) for lack in sync.held),
        broken=sync.broken and replace(sync.broken, since=min(sync.broken.since, now)),
        told=sync.told and _stamps(sync.told, now),
        fetches=tuple(min(fetch, now) for fetch in sync.fetches),
        readers=tuple(
            replace(reader, at=min(reader.at, now), told=_stamps(reader.told, now)) for reader in sync.readers
        ),
        unsure_since=None if sync.unsure_since is None else min(sync.unsure_since, now),
        withdrawn=_stamps(sync.withdrawn, now),
        offered=_stamps(sync.offered, now),
        published=tuple((min(since, now), nights) for since, nights in sync.published),
        given_up=_stamps(sync.given_up, now),
        rules=rules_rewound(sync.rules, now),
        habits=habits_rewound(sync.habits, now),
    )
    if any(claim.began > now for claim in sync.claims):
        moved = replace(moved, claims=tuple(replace(claim, began=min(claim.began, now)) for claim in sync.claims))
    return sync if moved == sync else moved


def _link(link: Link, now: Moment) -> Link:
    return replace(link, old=tuple((number, min(until, now + OLD_LINK_KEPT)) for number, until in link.old))


def _stamps(stamps: Stamps, now: Moment) -> Stamps:
    if all(moment <= now for moment, _ in stamps):
        return stamps
    return Stamps(tuple((min(moment, now), nights) for moment, nights in stamps))
