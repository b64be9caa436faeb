"""The state file: one SQLite database, written whole or not at all, durable when a commit returns.

Everything here blocks, and belongs on one thread (see :mod:`~icalsyncd.state.journal`). No secret and no link is ever in it.
"""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from icalsyncd.availability.removal import RemovalDelay
from icalsyncd.state.database import PATIENCE, Stored, StoreFailed, is_there, load, make, read, refusing
from icalsyncd.state.directory import PRIVATE, opened
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
from icalsyncd.state.reserve import Reserve
from icalsyncd.state.state import State

_MAX_BODY: Final = 2**30
"""Bytes of one stored copy: more than any portal's calendar that was taken in."""
_UPDATE: Final = """
UPDATE sync SET ledger = coalesce(?, ledger), claims = coalesce(?, claims), facts = coalesce(?, facts)
WHERE accommodation = ? AND name = ?
"""


class Role(StrEnum):
    """Which copy of a portal's calendar a body is."""

    SNAPSHOT = "snapshot"
    """The last good one."""
    WAITING = "waiting"
    """A later one, held or partial."""


BodyKey = tuple[str, Role]
"""The name under which the sync's link was first made, which outlives a rename, and which copy."""


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


class Store:
    """An open state file."""

    def __init__(self, path: Path) -> None:
        """Open the file at *path*, or make it, 0600. Raises StoreRefused, the file as it was, and StoreFailed."""
        self._path = path
        self.reserve = Reserve(path.parent)
        with refusing(path):
            if not is_there(path):
                make(path)
            # by a connection that cannot write: a file that is not ours is left alone by opening and closing, too
            self._stored: Stored | None = read(path, thoroughly=True)
            _keep_private(path)
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=PATIENCE)
            try:
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute("PRAGMA synchronous=FULL")
            except BaseException:
                self._db.close()
                raise

    def load(self) -> Stored:
        """All that was stored when the file was opened, to be asked for once. Raises StoreRefused and StoreFailed."""
        stored, self._stored = self._stored, None
        if stored is not None:
            return stored
        with refusing(self._path):
            return load(self._db, self._path)

    def commit(self, commit: Commit) -> None:
        """Write *commit* and return once it is on the disk. Raises StoreFailed, and then nothing of it is written."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._write(commit)
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise StoreFailed(str(error)) from error

    def _write(self, commit: Commit) -> None:
        execute = self._db.execute
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
                # only what is another one: claims are most of what is stored, and seldom change
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
        if commit.removal_delay:
            execute("REPLACE INTO meta VALUES ('removal_delay', ?)", (dump_removal_delay(commit.removal_delay),))
        if commit.installation:
            mark, since = commit.installation
            execute("REPLACE INTO meta VALUES ('installation', ?), ('secret_since', ?)", (mark, repr(since)))

    def body(self, key: BodyKey) -> bytes | None:
        """The stored body of a copy; None where there is none. Raises StoreFailed."""
        try:
            row = self._db.execute(
                "SELECT body FROM copy WHERE owner = ? AND role = ?", (key[0], key[1].value)
            ).fetchone()
            return _inflated(row[0]) if row else None
        except (sqlite3.Error, zlib.error) as error:
            raise StoreFailed(str(error)) from error

    def close(self) -> None:
        """Close the file; it can be opened again."""
        self._db.close()


def copies_of(states: Iterable[State | None]) -> set[BodyKey]:
    """The copies that belong to the syncs of *states*."""
    return {
        (sync.link.first_name, role)
        for state in states
        if state is not None
        for name, sync in state.ledger.syncs.items()
        for role, kept in ((Role.SNAPSHOT, state.of(name).has_snapshot), (Role.WAITING, state.of(name).has_waiting))
        if kept
    }


def _keep_private(path: Path) -> None:
    with opened(path.parent) as folder:
        if folder.status(path.name).st_mode & 0o077:
            descriptor = folder.existing(path.name)
            try:
                PRIVATE.give(descriptor)
            finally:
                os.close(descriptor)


def _inflated(packed: bytes) -> bytes:
    stream = zlib.decompressobj()
    body = stream.decompress(packed, _MAX_BODY)
    if not stream.eof:
        raise StoreFailed("a stored copy is cut, or larger than any calendar")
    return body
