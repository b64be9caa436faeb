"""The state file as a file: opening it, making a new one, and refusing one that is damaged, foreign or too new.

It is one SQLite database. What its tables hold is the affair of :mod:`~icalsyncd.state.store`. Everything here blocks.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from sqlite3 import Connection, DatabaseError
from typing import Final

from icalsyncd.state.records import VERSION

__all__ = [
    "Connection",
    "DatabaseError",
    "StoreFailed",
    "StoreRefused",
    "examined",
    "failing",
    "make",
    "refusing",
    "writable",
]

APPLICATION_ID: Final = 0x1CA15D
"""In the file's header: tells our file from any other."""
_PATIENCE: Final = 5.0
"""Seconds to wait for another connection, as that of a backup."""


class StoreRefused(Exception):
    """The state file is damaged, foreign or of a newer version; it was left as it is."""


class StoreFailed(Exception):
    """The disk did not take a commit, or did not give what was asked of it."""


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Raise errors of the database as StoreRefused if the file is at fault, and as StoreFailed if the disk is."""
    try:
        yield
    except (sqlite3.OperationalError, OSError) as error:
        raise StoreFailed(f"{path}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise StoreRefused(f"{path} is damaged or no state file of icalsyncd: {error}") from error


@contextmanager
def failing(*more: type[Exception]) -> Iterator[None]:
    """Raise errors of the database, and of the kinds *more*, as StoreFailed."""
    kinds: tuple[type[Exception], ...] = (sqlite3.Error, *more)
    try:
        yield
    except kinds as error:
        raise StoreFailed(str(error)) from error


def make(path: Path, schema: str) -> None:
    """Make an empty state file at *path*, with the tables of *schema*; it is there whole or not at all."""
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
        # now, and not once the file is in its place: a kill in between would leave what only a writer can repair
        db.execute("PRAGMA journal_mode=WAL")
        db.executescript(
            f"BEGIN; {schema} PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={VERSION}; COMMIT;"
        )
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def examined(path: Path, *, thoroughly: bool) -> Iterator[Connection]:
    """The file at *path* at one moment, without the right to write to it, once it is known to be ours.

    *thoroughly*: after SQLite's own check, too. Raises StoreRefused, and errors of the database.
    """
    if not path.is_file():
        # opening a pipe would wait for its other end
        raise StoreRefused(f"{path} is a folder, a pipe or a device, and no state file of icalsyncd")
    address = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, isolation_level=None, timeout=_PATIENCE)) as db:
        db.execute("BEGIN")
        _examine(db, path)
        if thoroughly:
            (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise StoreRefused(f"{path} is damaged: {verdict}")
        yield db


def writable(path: Path) -> Connection:
    """A connection that may write to the file at *path*, which was examined. Raises errors of the database and OSError."""
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=_PATIENCE)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
    except BaseException:
        db.close()
        raise
    return db


def _examine(db: Connection, path: Path) -> None:
    """Refuse a file that is not ours, or not one that we understand."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise StoreRefused(f"{path} is not a state file of icalsyncd")
    if version != VERSION:
        raise StoreRefused(
            f"{path} was written by another icalsyncd (version {version} of the file, this one knows {VERSION})"
        )
