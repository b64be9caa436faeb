"""What one transaction writes."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from icalsyncd import log
from icalsyncd.availability.removal import RemovalDelay
from icalsyncd.state import outbox
from icalsyncd.state.agenda import PAPER
from icalsyncd.state.copy import BodyKey
from icalsyncd.state.history import Event, Execute, events
from icalsyncd.state.publication import Publication, PublicationKey
from icalsyncd.state.records import (
    dump_accommodation,
    dump_claims,
    dump_facts,
    dump_publication,
    dump_removal_delay,
    dump_sync,
    dump_sync_ledger,
)
from icalsyncd.state.state import State

_UPDATE: Final = """
UPDATE sync SET ledger = coalesce(?, ledger), claims = coalesce(?, claims), facts = coalesce(?, facts)
WHERE accommodation = ? AND name = ?
"""


@dataclass(frozen=True, slots=True)
class Commit:
    """What one transaction writes: for each accommodation the state before and now (None: there is none)."""

    at: float
    changes: Mapping[str, tuple[State | None, State | None]] = field(default_factory=dict)
    bodies: Mapping[BodyKey, bytes | None] = field(default_factory=dict)
    installation: tuple[str, float] | None = None
    """The mark of the secret, and since when it is the one."""
    publications: Mapping[PublicationKey, Publication | None] = field(default_factory=dict)
    removal_delay: RemovalDelay | None = None
    agreed: float | None = None
    papers: Mapping[str, str] = field(default_factory=dict)
    outbox: Mapping[outbox.Key, str | None] = field(default_factory=dict)
    happened: tuple[Event, ...] = ()
    """What is to be remembered beside what the changes themselves tell."""
    remembered: float = 0.0
    """Seconds for which what happened is kept."""


def write_commit(execute: Execute, commit: Commit) -> None:
    """Write all of *commit* but what happened and what is to be told, in a transaction that has begun."""
    for accommodation, (before, after) in commit.changes.items():
        was = before.ledger.syncs if before else {}
        now = after.ledger.syncs if after else {}
        for name in was.keys() - now.keys():
            execute("DELETE FROM sync WHERE accommodation = ? AND name = ?", (accommodation, name))
        if after is None:
            execute("DELETE FROM accommodation WHERE id = ?", (accommodation,))
            continue
        record = dump_accommodation(after.ledger)
        if before is None or record != dump_accommodation(before.ledger):
            execute("REPLACE INTO accommodation VALUES (?, ?)", (accommodation, record))
        for name, sync in now.items():
            known = was.get(name)
            if before is None or known is None:
                execute(
                    "REPLACE INTO sync VALUES (?, ?, ?, ?, ?)",
                    (accommodation, name, *dump_sync(sync, after.of(name))),
                )
                continue
            # only the parts that changed: claims are most of what is stored, and seldom change
            ledger = dump_sync_ledger(sync) if known is not sync else None
            claims = dump_claims(sync.claims) if known.claims is not sync.claims else None
            facts = dump_facts(after.of(name)) if before.of(name) is not after.of(name) else None
            if ledger or claims or facts:
                execute(_UPDATE, (ledger, claims, facts, accommodation, name))
    # a copy belongs to its sync, also through a rename: what no sync has any more goes
    changes = commit.changes.values()
    for owner, role in copies_of(before for before, _ in changes) - copies_of(after for _, after in changes):
        execute("DELETE FROM copy WHERE owner = ? AND role = ?", (owner, role.value))
    for (owner, role), body in commit.bodies.items():
        if body is None:
            execute("DELETE FROM copy WHERE owner = ? AND role = ?", (owner, role.value))
        else:
            execute("REPLACE INTO copy VALUES (?, ?, ?)", (owner, role.value, zlib.compress(body, 1)))
    for key, publication in commit.publications.items():
        if publication is None:
            execute("DELETE FROM publication WHERE target = ? AND owner = ? AND generation = ?", key)
        else:
            execute("REPLACE INTO publication VALUES (?, ?, ?, ?)", (*key, dump_publication(publication)))
    execute("REPLACE INTO meta VALUES ('last_commit', ?)", (repr(commit.at),))
    if commit.agreed is not None:
        execute("REPLACE INTO meta VALUES ('agreed', ?)", (repr(commit.agreed),))
    for name, paper in commit.papers.items():
        execute("REPLACE INTO meta VALUES (?, ?)", (PAPER + name, paper))
    if commit.removal_delay:
        execute("REPLACE INTO meta VALUES ('removal_delay', ?)", (dump_removal_delay(commit.removal_delay),))
    if commit.installation:
        mark, since = commit.installation
        execute("REPLACE INTO meta VALUES ('installation', ?), ('secret_since', ?)", (mark, repr(since)))


def continued(ahead: Commit | None, commit: Commit) -> Commit:
    """*commit* after *ahead*, which is stored though the journal does not know it: what it had written is there."""
    if ahead is None:
        return commit
    changes = {
        each: (ahead.changes[each][1] if each in ahead.changes else before, after)
        for each, (before, after) in commit.changes.items()
    }
    return replace(commit, changes=changes, happened=commit.happened[len(ahead.happened) :])


def what_happened(commit: Commit) -> tuple[Event, ...]:
    """All that is to be remembered of *commit*; a bug in telling it costs the history and nothing else."""
    if not commit.remembered:
        return ()
    try:
        told = [
            event
            for accommodation, (before, after) in commit.changes.items()
            for event in events(accommodation, before, after, commit.at)
        ]
    except Exception as problem:
        log.bug("telling what happened ended in a bug", problem)
        return commit.happened
    return (*commit.happened, *told)


def copies_of(states: Iterable[State | None]) -> set[BodyKey]:
    """The copies that belong to the syncs of *states*."""
    return {
        key
        for state in states
        if state is not None
        for name, sync in state.ledger.syncs.items()
        for key in state.of(name).copies.keys(sync.link.first_name)
    }
