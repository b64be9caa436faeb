"""The file that the state is in, as a database: how it is made, when it is believed to be ours, and what it holds.

A link is not followed, and a file with any other schema than ours is refused before anything is asked of it.
"""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from icalsyncd.availability.ledger import SyncLedger
from icalsyncd.availability.removal import RemovalDelay
from icalsyncd.state.directory import opened
from icalsyncd.state.publication import Publication, PublicationKey
from icalsyncd.state.records import (
    VERSION,
    SyncRecord,
    load_accommodation,
    load_publication,
    load_removal_delay,
    load_sync,
)
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
_MADE_OF: Final = "SELECT type, name, tbl_name, sql FROM sqlite_schema"
PATIENCE: Final = 5.0
"""Seconds to wait for another connection, as that of a backup."""
_NONSENSE: Final = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What reading a record raises that is none."""
MAX_STATE: Final = 128 * 2**20
"""Bytes of a state file that a backup can hold; a household's is one or two million."""
_JOURNAL_AT: Final = slice(18, 20)
"""Where a database's header says how it is written: 1 with a rollback journal, 2 with a log ahead."""


class StoreRefused(Exception):
    """The state file is damaged, foreign or of a newer version; it was left as it is."""


class StoreFailed(Exception):
    """The disk did not take a commit, or did not give what was asked of it."""


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


def peek(path: Path) -> Stored:
    """What the state file at *path* holds, read beside a daemon that may be writing it; nothing where there is none.

    Raises StoreRefused and StoreFailed.
    """
    with refusing(path):
        return read(path, thoroughly=False) if is_there(path) else Stored({}, None, None)


def copy_of(path: Path) -> bytes:
    """The bytes of a whole state file that holds what the one at *path* does, which a daemon may be writing.

    Raises StoreRefused, also where it is larger than a backup holds, and StoreFailed.
    """
    with refusing(path):
        if not is_there(path):
            raise StoreRefused(f"{path} does not exist")
        with _reading(path) as db:
            _examine(db, path)
            (size,) = db.execute(
                "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
            ).fetchone()
            if size > MAX_STATE:
                raise StoreRefused(f"{path} is larger than the {MAX_STATE} bytes that a backup can hold")
            with closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
                db.execute("COMMIT")
                db.backup(copy)
                # what was deleted goes, too
                copy.execute("VACUUM")
                return _written_ahead(copy.serialize())


def examine(content: bytes, path: Path) -> Stored:
    """What a state file of which *content* are the bytes holds; *path* is what to call it. Raises StoreRefused."""
    head = bytearray(content)
    # in memory there is no log beside it
    head[_JOURNAL_AT] = b"\x01\x01"
    try:
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
            db.deserialize(bytes(head))
            return _checked(db, path, thoroughly=True)
    except (sqlite3.Error, OverflowError, MemoryError) as error:
        raise StoreRefused(f"{path} is damaged or no state file of icalsyncd: {error}") from error


def _written_ahead(content: bytes) -> bytes:
    """*content* as the daemon writes it, so that nobody who only reads it has to change it first."""
    head = bytearray(content)
    head[_JOURNAL_AT] = b"\x02\x02"
    return bytes(head)


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Errors of the database as StoreRefused where they lie in the file, as StoreFailed where they lie in the disk."""
    try:
        yield
    except (sqlite3.OperationalError, OSError) as error:
        raise StoreFailed(f"{path}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise StoreRefused(f"{path} is damaged or no state file of icalsyncd: {error}") from error


def is_there(path: Path) -> bool:
    """Whether there is a file at *path*. Raises StoreRefused where it is no file, and OSError."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(mode):
        # opening a pipe would wait for its other end; and what a link leads to is not ours
        raise StoreRefused(f"{path} is a link, a folder, a pipe or a device, and no state file of icalsyncd")
    return True


def make(path: Path) -> None:
    """An empty state file at *path*, which is there whole or not at all."""
    orphan = path.with_name(f"{path.name}-wal")
    if orphan.exists():
        # SQLite would take its pages for those of the new file
        raise StoreRefused(
            f"{path} is missing, and {orphan.name} is what is left of it: restore the one or remove the other"
        )
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.executescript(
            f"BEGIN; {_SCHEMA} PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={VERSION}; COMMIT;"
        )
        content = _written_ahead(db.serialize())
    with opened(path.parent) as folder:
        folder.replace(path.name, content)


def read(path: Path, *, thoroughly: bool) -> Stored:
    """What the file at *path* holds, all of one moment, without the right to write to it."""
    with _reading(path) as db:
        return _checked(db, path, thoroughly=thoroughly)


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to the file at *path* that cannot write, in a transaction: all that it reads is of one moment."""
    address = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, isolation_level=None, timeout=PATIENCE)) as db:
        db.execute("BEGIN")
        yield db


def _checked(db: sqlite3.Connection, path: Path, *, thoroughly: bool) -> Stored:
    _examine(db, path)
    if thoroughly:
        (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise StoreRefused(f"{path} is damaged: {verdict}")
    return load(db, path)


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
    # before anything is asked of it: a trigger would change what is written, and a view can be without end
    ours = _made_of_schema()
    if set(db.execute(_MADE_OF).fetchmany(len(ours) + 1)) != ours:
        raise StoreRefused(f"{path} is damaged: it holds other tables than those of icalsyncd, a trigger or a view")


@cache
def _made_of_schema() -> frozenset[tuple[str, ...]]:
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(_SCHEMA)
        return frozenset(db.execute(_MADE_OF))


def load(db: sqlite3.Connection, path: Path) -> Stored:
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
