"""The state file: one SQLite database, written whole or not at all, durable when a commit returns.

Everything here blocks, and belongs on one thread (see :mod:`~icalsyncd.state.journal`). No secret and no link is ever in it.
"""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from icalsyncd import log
from icalsyncd.availability.ledger import SyncLedger
from icalsyncd.availability.removal import RemovalDelay
from icalsyncd.calendars.nights import Night
from icalsyncd.state.history import SCHEMA as HISTORY
from icalsyncd.state.history import Event, append, entries, events
from icalsyncd.state.publication import Publication, PublicationKey
from icalsyncd.state.records import (
    VERSION,
    SyncRecord,
    dump_accommodation,
    dump_claims,
    dump_facts,
    dump_publication,
    dump_removal_delay,
    dump_sync,
    dump_sync_ledger,
    load_accommodation,
    load_publication,
    load_removal_delay,
    load_sync,
)
from icalsyncd.state.reserve import Reserve
from icalsyncd.state.state import Facts, State

APPLICATION_ID: Final = 0x1CA15D
"""In the file's header: tells our file from any other."""
_SCHEMA: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE accommodation (id TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sync (
    accommodation TEXT, name TEXT, ledger TEXT NOT NULL, claims TEXT NOT NULL, facts TEXT NOT NULL,
    PRIMARY KEY (accommodation, name)
);
CREATE TABLE copy (owner TEXT, role TEXT, body BLOB NOT NULL, PRIMARY KEY (owner, role));
CREATE TABLE publication (
    target TEXT, owner TEXT, generation INTEGER, state TEXT NOT NULL, PRIMARY KEY (target, owner, generation)
);
"""


_UPDATE: Final = """
UPDATE sync SET ledger = coalesce(?, ledger), claims = coalesce(?, claims), facts = coalesce(?, facts)
WHERE accommodation = ? AND name = ?
"""
_PATIENCE: Final = 5.0
"""Seconds to wait for another connection, as that of a backup."""
_NONSENSE: Final = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError)
"""What reading a record raises that is none."""


class StoreRefused(Exception):
    """The state file is damaged, foreign or of a newer version; it was left as it is."""


class StoreFailed(Exception):
    """The disk did not take a commit, or did not give what was asked of it."""


class Role(StrEnum):
    """Which copy of a portal's calendar a body is."""

    SNAPSHOT = "snapshot"
    """The last good one."""
    WAITING = "waiting"
    """A later one, held or partial."""


BodyKey = tuple[str, Role]
"""The name under which the sync's link was first made, which outlives a rename, and which copy."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a state file held when it was opened."""

    states: Mapping[str, State]
    last_commit: float | None
    installation: str | None
    """The mark of the installation's secret under which it was written."""
    secret_since: float | None = None
    """Since when the installation has this secret, where it had another before or none."""
    publications: Mapping[PublicationKey, Publication] = field(default_factory=dict)
    """What was written in the shared cloud, and not deleted there since."""
    removal_delay: RemovalDelay | None = None
    """The removal delay that was in force; None where none was stored yet."""
    agreed: float | None = None
    """The last moment that somebody outside agreed to, see :attr:`icalsyncd.clock.Clock.agreed`."""


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
    happened: tuple[Event, ...] = ()
    """What is to be remembered beside what the changes themselves tell."""
    remembered: float = 0.0
    """Seconds for which what happened is kept."""


class Store:
    """An open state file."""

    def __init__(self, path: Path) -> None:
        """Open the file at *path*, or make it, 0600. Raises StoreRefused, the file as it was, and StoreFailed."""
        self._path = path
        self._forgetful = False
        """What happened could not be kept with the last commit."""
        self.reserve = Reserve(path.parent)
        with _refusing(path):
            if not path.exists():
                _make(path)
            elif not path.is_file():
                # opening a pipe would wait for its other end
                raise StoreRefused(f"{path} is a folder, a pipe or a device, and no state file of icalsyncd")
            # by a connection that cannot write: a file that is not ours is left alone by opening and closing, too
            self._stored: Stored | None = _read(path, thoroughly=True)
            if path.stat().st_mode & 0o077:
                path.chmod(0o600)
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=_PATIENCE)
            try:
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute("PRAGMA synchronous=FULL")
                with suppress(sqlite3.Error):
                    # a file of before has none, and a disk that is full keeps nobody from starting
                    self._db.execute(HISTORY)
            except BaseException:
                self._db.close()
                raise

    def load(self) -> Stored:
        """All that was stored when the file was opened, to be asked for once. Raises StoreRefused and StoreFailed."""
        stored, self._stored = self._stored, None
        if stored is not None:
            return stored
        with _refusing(self._path):
            return _load(self._db, self._path)

    def commit(self, commit: Commit) -> None:
        """Write *commit* and return once it is on the disk. Raises StoreFailed, and then nothing of it is written.

        A history that cannot be kept keeps nothing else from being stored: without it, it is tried once more.
        """
        happened = _happened(commit)
        try:
            self._transact(commit, happened)
            self._forgetful = False
        except sqlite3.Error as error:
            if not happened:
                raise StoreFailed(str(error)) from error
            try:
                self._transact(commit, ())
            except sqlite3.Error as again:
                raise StoreFailed(str(again)) from again
            if not self._forgetful:
                log.error("what happened could not be kept in the history; all else is stored", why=str(error))
            self._forgetful = True

    def _transact(self, commit: Commit, happened: tuple[Event, ...]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._write(commit)
            if happened:
                append(self._db.execute, happened, at=commit.at, kept=commit.remembered)
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def history(self, accommodation: str, night: Night | None) -> tuple[Event, ...]:
        """What happened to *accommodation*, or to one *night* of it, oldest first. Raises StoreFailed."""
        try:
            return entries(self._db.execute, accommodation, night)
        except (sqlite3.Error, *_NONSENSE) as error:
            raise StoreFailed(f"the history cannot be read: {type(error).__name__}") from error

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
            return zlib.decompress(row[0]) if row else None
        except (sqlite3.Error, zlib.error) as error:
            raise StoreFailed(str(error)) from error

    def back_up(self, path: Path) -> None:
        """A whole copy of the file as it stands, at *path*, 0600, which must not exist. Raises StoreFailed."""
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                self._db.execute("VACUUM INTO ?", (str(path),))
                os.fsync(descriptor)
            except BaseException:
                path.unlink()
                raise
            finally:
                os.close(descriptor)
        except (sqlite3.Error, OSError) as error:
            raise StoreFailed(str(error)) from error

    def close(self) -> None:
        """Close the file; it can be opened again."""
        self._db.close()


def _happened(commit: Commit) -> tuple[Event, ...]:
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


def peek(path: Path) -> Stored:
    """What the state file at *path* holds, read beside a daemon that may be writing it; nothing where there is none.

    Raises StoreRefused and StoreFailed.
    """
    if not path.exists():
        return Stored({}, None, None)
    if not path.is_file():
        raise StoreRefused(f"{path} is a folder, a pipe or a device, and no state file of icalsyncd")
    with _refusing(path):
        return _read(path, thoroughly=False)


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """Errors of the database as StoreRefused where they lie in the file, as StoreFailed where they lie in the disk."""
    try:
        yield
    except (sqlite3.OperationalError, OSError) as error:
        raise StoreFailed(f"{path}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise StoreRefused(f"{path} is damaged or no state file of icalsyncd: {error}") from error


def _make(path: Path) -> None:
    """An empty state file at *path*, which is there whole or not at all."""
    orphan = path.with_name(f"{path.name}-wal")
    if orphan.exists():
        # SQLite would take its pages for those of the new file
        raise StoreRefused(
            f"{path} is missing, and {orphan.name} is what is left of it: restore the one or remove the other"
        )
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    for rest in ("-journal", "-wal", "-shm"):
        draft.with_name(draft.name + rest).unlink(missing_ok=True)
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(draft, isolation_level=None)) as db:
        # now, and not once the file is in its place: who is killed over it leaves what only a writer can repair
        db.execute("PRAGMA journal_mode=WAL")
        db.executescript(
            f"BEGIN; {_SCHEMA} PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={VERSION}; COMMIT;"
        )
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(path: Path, *, thoroughly: bool) -> Stored:
    """What the file at *path* holds, all of one moment, without the right to write to it."""
    address = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, isolation_level=None, timeout=_PATIENCE)) as db:
        db.execute("BEGIN")
        _examine(db, path)
        if thoroughly:
            (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise StoreRefused(f"{path} is damaged: {verdict}")
        return _load(db, path)


def _examine(db: sqlite3.Connection, path: Path) -> None:
    """Refuse a file that is not ours, or not one that we understand."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise StoreRefused(f"{path} is not a state file of icalsyncd")
    if version != VERSION:
        raise StoreRefused(
            f"{path} was written by another icalsyncd (version {version} of the file, this one knows {VERSION})"
        )


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


def _load(db: sqlite3.Connection, path: Path) -> Stored:
    try:
        meta = dict(db.execute("SELECT key, value FROM meta"))
        syncs: dict[str, dict[str, tuple[SyncLedger, Facts]]] = {}
        for accommodation, name, *parts in db.execute("SELECT accommodation, name, ledger, claims, facts FROM sync"):
            syncs.setdefault(accommodation, {})[name] = load_sync(SyncRecord(*parts))
        states: dict[str, State] = {}
        for accommodation, text in db.execute("SELECT id, state FROM accommodation"):
            own = syncs.get(accommodation, {})
            ledger = load_accommodation(text, {name: sync for name, (sync, _) in own.items()})
            states[accommodation] = State(ledger, {name: facts for name, (_, facts) in own.items()})
        publications = {
            (target, owner, generation): load_publication(text)
            for target, owner, generation, text in db.execute(
                "SELECT target, owner, generation, state FROM publication"
            )
        }
        last, since = meta.get("last_commit"), meta.get("secret_since")
        delay, agreed = meta.get("removal_delay"), meta.get("agreed")
        return Stored(
            states,
            float(last) if last else None,
            meta.get("installation"),
            float(since) if since else None,
            publications,
            load_removal_delay(delay) if delay else None,
            float(agreed) if agreed else None,
        )
    except sqlite3.DatabaseError as error:
        raise StoreRefused(f"{path} is damaged: {error}") from error
    except _NONSENSE as error:
        # what such an error says may be what a portal said
        raise StoreRefused(f"{path} is damaged: {type(error).__name__}") from error
