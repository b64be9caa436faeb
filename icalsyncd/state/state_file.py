"""The state file as a file: opening it, making a new one, and refusing one that is damaged, foreign or too new.

It is one SQLite database. What its tables hold is the affair of :mod:`~icalsyncd.state.store`. A link is not followed, and
a file with any other schema than ours is refused before anything is asked of it. Everything here blocks.
"""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from sqlite3 import Connection, DatabaseError, Error
from typing import Any, Final

from icalsyncd.state.agenda import PAPER, SHOWN
from icalsyncd.state.database import StoreFailed, StoreOfAnotherVersion, StoreRefused
from icalsyncd.state.directory import keep_private, opened
from icalsyncd.state.last_database import used_elsewhere
from icalsyncd.state.records import VERSION
from icalsyncd.state.shape import (
    APPLICATION_ID,
    JOURNAL_AT,
    MADE_OF,
    brought_up,
    earlier,
    fresh,
    is_spared,
    made_of_schema,
    needed_tables,
    written_ahead,
)
from icalsyncd.state.tables import LATER, SCHEMA, SPARED, TABLES

__all__ = [
    "Connection",
    "DatabaseError",
    "Error",
    "FileDatabase",
    "StoreFailed",
    "StoreRefused",
    "copy_of",
    "examined",
    "examined_content",
    "failing",
    "file_of",
    "is_there",
    "make",
    "refusing",
    "writable",
]

_UNSAVED: Final = f"{PAPER}{SHOWN}"
MAX_STATE: Final = 128 * 2**20
"""Bytes of a state file that a backup can hold; a household's is one or two million."""
PATIENCE: Final = 5.0
"""Seconds to wait for another connection, as that of a backup."""


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


def is_there(path: Path) -> bool:
    """Whether there is a file at *path*. Raises StoreRefused if something else is there, and OSError."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(mode):
        # opening a pipe would wait for its other end; and what a link leads to is not ours
        raise StoreRefused(f"{path} is a link, a folder, a pipe or a device, and no state file of icalsyncd")
    return True


def make(path: Path) -> None:
    """Make an empty state file at *path*, with our tables; it is there whole or not at all."""
    orphan = path.with_name(f"{path.name}-wal")
    if orphan.exists():
        # SQLite would take its pages for those of the new file
        raise StoreRefused(
            f"{path} is missing, and {orphan.name} is what is left of it: restore the one or remove the other"
        )
    with closing(fresh()) as db:
        # now, and not once the file is in its place: a kill in between would leave what only a writer can repair
        content = written_ahead(db.serialize())
    with opened(path.parent) as folder:
        folder.replace(path.name, content)


@contextmanager
def examined(path: Path, *, thoroughly: bool) -> Iterator[Connection]:
    """The file at *path* at one moment, without the right to write to it, once it is known to be ours.

    *thoroughly*: after SQLite's own check, too. Raises StoreRefused, and errors of the database.
    """
    if not is_there(path):
        raise StoreRefused(f"{path} does not exist")
    address = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, isolation_level=None, timeout=PATIENCE)) as db:
        db.execute("BEGIN")
        _examine(db, path, thoroughly=thoroughly)
        yield db


@contextmanager
def examined_content(content: bytes, path: Path) -> Iterator[Connection]:
    """A state file with the bytes *content*, once it is known to be ours; *path* is what to call it. Raises StoreRefused."""
    head = bytearray(content)
    # in memory there is no log beside it
    head[JOURNAL_AT] = b"\x01\x01"
    try:
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
            db.deserialize(bytes(head))
            if (version := earlier(db)) is not None:
                made = bytearray(brought_up(db, version))
                made[JOURNAL_AT] = b"\x01\x01"
                db.deserialize(bytes(made))
            _examine(db, path, thoroughly=True)
            yield db
    except (sqlite3.Error, OverflowError, MemoryError) as error:
        raise StoreRefused(f"{path} is damaged or no state file of icalsyncd: {error}") from error


def copy_of(path: Path, most: int = MAX_STATE) -> bytes:
    """The bytes of a whole state file that holds what the one at *path* does, which a daemon may be writing.

    Raises StoreRefused, also if it is larger than *most* bytes, and StoreFailed.
    """
    with refusing(path), examined(path, thoroughly=False) as db:
        (size,) = db.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()").fetchone()
        if size > most:
            raise StoreRefused(f"{path} is larger than the {most} bytes that a backup can hold")
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
            db.execute("COMMIT")
            db.backup(copy)
            _leave_out_unsaved(copy)
            # what was deleted goes, too
            copy.execute("VACUUM")
            return written_ahead(copy.serialize())


def file_of(rows: Iterable[tuple[str, Sequence[Sequence[Any]]]]) -> bytes:
    """The bytes of a state file that holds *rows*: tables, each with a part of its rows. Raises StoreFailed."""
    with failing(OverflowError, MemoryError), closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.executescript(f"{SCHEMA} {LATER} PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={VERSION};")
        db.execute("BEGIN")
        for name, part in rows:
            places = ", ".join("?" for _ in TABLES[name].columns)
            db.executemany(f"INSERT INTO {name} VALUES ({places})", part)  # noqa: S608  # a name of ours
        _leave_out_unsaved(db)
        db.execute("COMMIT")
        return written_ahead(db.serialize())


def _leave_out_unsaved(db: Connection) -> None:
    # what was shown to people, put back later, would be older than what they have seen since
    db.execute("DELETE FROM meta WHERE substr(key, 1, ?) = ?", (len(_UNSAVED), _UNSAVED))


def writable(path: Path) -> Connection:
    """A connection that may write to the file at *path*, which was examined. Raises errors of the database and OSError.

    The history is made in an earlier file that lacks it; a start can do without.
    """
    keep_private(path)
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=PATIENCE)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        with suppress(sqlite3.Error):
            # a disk that is full keeps nobody from starting
            db.executescript(LATER)
    except BaseException:
        db.close()
        raise
    return db


class FileDatabase:
    """A file of SQLite that is open for one daemon."""

    is_here: Final = True
    lease: Final = None
    answers: Final = True

    def __init__(self, path: Path) -> None:
        """The file at *path*, which was examined. Raises errors of the database and OSError."""
        self.name: Final = str(path)
        self._db = writable(path)
        self.execute: Final = self._db.execute
        # where a database elsewhere was used since, this file lacks what that one knows
        self.is_sure: Final = not used_elsewhere(path.parent)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What runs inside is written whole, and on the disk when it ends; or not at all. Raises StoreFailed."""
        with failing():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def settled(self) -> None:
        """A file answers, or the daemon is gone with it."""

    def close(self, *, well: bool) -> None:  # noqa: ARG002  # a mark beside the file tells that
        """Close the file; it can be opened again."""
        self._db.close()


def _examine(db: Connection, path: Path, *, thoroughly: bool) -> None:
    """Refuse a file that is not ours, or not one that we understand."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise StoreRefused(f"{path} is not a state file of icalsyncd")
    if version != VERSION:
        raise StoreOfAnotherVersion(
            f"{path} was written by another icalsyncd (version {version} of the file, this one knows {VERSION}) and is left "
            "as it is: install that one again, or put a backup of this version back (icalsyncd restore FILE --replace)"
        )
    # before anything is asked of it: a trigger would change what is written, and a view can be without end
    ours = made_of_schema()
    found = set(db.execute(MADE_OF).fetchmany(len(ours) + 2 * len(SPARED) + 1))
    if not ours <= found or not all(map(is_spared, found - ours)):
        raise StoreRefused(f"{path} is damaged: it holds other tables than those of icalsyncd, a trigger or a view")
    if thoroughly:
        # what lies beside these, as the history does, may be damaged: see `rescued`
        for table in needed_tables():
            (found,) = db.execute(f"PRAGMA quick_check({table})").fetchone()
            if found != "ok":
                raise StoreRefused(f"{path} is damaged: {found}")


def put_in_place(path: Path, content: bytes) -> None:
    """Put *content* in the place of the file at *path*, which nobody has open. Raises errors of the database and OSError."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=PATIENCE)) as db:
        # what waits in the log belongs to the pages that go
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.execute("PRAGMA journal_mode=DELETE")
    with opened(path.parent) as folder:
        folder.replace(path.name, content)
