"""The state file as a file: opening it, making a new one, and refusing one that is damaged, foreign or too new.

It is one SQLite database. What its tables hold is the affair of :mod:`~icalsyncd.state.store`. A link is not followed, and
a file with any other schema than ours is refused before anything is asked of it. Everything here blocks.
"""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from sqlite3 import Connection, DatabaseError, Error
from typing import Any, Final

from icalsyncd import log
from icalsyncd.state.agenda import PAPER, SHOWN
from icalsyncd.state.database import StoreFailed, StoreOfAnotherVersion, StoreRefused
from icalsyncd.state.directory import keep_private, opened
from icalsyncd.state.last_database import used_elsewhere
from icalsyncd.state.records import VERSION
from icalsyncd.state.tables import LATER, MIGRATIONS, SCHEMA, SPARED, TABLES

__all__ = [
    "Connection",
    "DatabaseError",
    "Error",
    "FileDatabase",
    "StoreFailed",
    "StoreRefused",
    "begin_anew",
    "copy_of",
    "examined",
    "examined_content",
    "failing",
    "file_of",
    "is_there",
    "make",
    "refusing",
    "rescued",
    "upgrade",
    "writable",
]

APPLICATION_ID: Final = 0x1CA15D
"""In the file's header: tells our file from any other."""
_UNSAVED: Final = f"{PAPER}{SHOWN}"
MAX_STATE: Final = 128 * 2**20
"""Bytes of a state file that a backup can hold; a household's is one or two million."""
_MADE_OF: Final = "SELECT type, name, tbl_name, sql FROM sqlite_schema"
_PATIENCE: Final = 5.0
"""Seconds to wait for another connection, as that of a backup."""
_JOURNAL_AT: Final = slice(18, 20)
"""Where a database's header says how it is written: 1 with a rollback journal, 2 with a log ahead."""


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
    with closing(_fresh()) as db:
        # now, and not once the file is in its place: a kill in between would leave what only a writer can repair
        content = _written_ahead(db.serialize())
    with opened(path.parent) as folder:
        folder.replace(path.name, content)


def _fresh() -> Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.executescript(f"BEGIN; {SCHEMA} PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={VERSION}; COMMIT;")
    return db


@contextmanager
def examined(path: Path, *, thoroughly: bool) -> Iterator[Connection]:
    """The file at *path* at one moment, without the right to write to it, once it is known to be ours.

    *thoroughly*: after SQLite's own check, too. Raises StoreRefused, and errors of the database.
    """
    if not is_there(path):
        raise StoreRefused(f"{path} does not exist")
    address = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, isolation_level=None, timeout=_PATIENCE)) as db:
        db.execute("BEGIN")
        _examine(db, path, thoroughly=thoroughly)
        yield db


@contextmanager
def examined_content(content: bytes, path: Path) -> Iterator[Connection]:
    """A state file with the bytes *content*, once it is known to be ours; *path* is what to call it. Raises StoreRefused."""
    head = bytearray(content)
    # in memory there is no log beside it
    head[_JOURNAL_AT] = b"\x01\x01"
    try:
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
            db.deserialize(bytes(head))
            if (version := _earlier(db)) is not None:
                made = bytearray(_brought_up(db, version))
                made[_JOURNAL_AT] = b"\x01\x01"
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
            return _written_ahead(copy.serialize())


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
        return _written_ahead(db.serialize())


def _leave_out_unsaved(db: Connection) -> None:
    # what was shown to people, put back later, would be older than what they have seen since
    db.execute("DELETE FROM meta WHERE substr(key, 1, ?) = ?", (len(_UNSAVED), _UNSAVED))


def writable(path: Path) -> Connection:
    """A connection that may write to the file at *path*, which was examined. Raises errors of the database and OSError.

    The history is made in an earlier file that lacks it; a start can do without.
    """
    keep_private(path)
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=_PATIENCE)
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


def _written_ahead(content: bytes) -> bytes:
    """*content* as the daemon writes it, so that nobody who only reads it has to change it first."""
    head = bytearray(content)
    head[_JOURNAL_AT] = b"\x02\x02"
    return bytes(head)


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
    ours = _made_of_schema()
    found = set(db.execute(_MADE_OF).fetchmany(len(ours) + 2 * len(SPARED) + 1))
    if not ours <= found or not all(map(_is_spared, found - ours)):
        raise StoreRefused(f"{path} is damaged: it holds other tables than those of icalsyncd, a trigger or a view")
    if thoroughly:
        # what lies beside these, as the history does, may be damaged: see `rescued`
        for table in _tables():
            (found,) = db.execute(f"PRAGMA quick_check({table})").fetchone()
            if found != "ok":
                raise StoreRefused(f"{path} is damaged: {found}")


def rescued(db: Connection, path: Path) -> bytes | None:
    """The bytes of a file with all that can be read of *db*, an examined one; None if *db* is whole, and needs no rescue.

    What is damaged then is a table that a start can do without, as the history, or what no table holds. Raises
    StoreRefused, and errors of the database.
    """
    found = list(_check(db))
    if found == ["ok"]:
        return None
    if any("reference to page" in each for each in found):
        # two tables hold one page: which of them may is not known
        raise StoreRefused(f"{path} is damaged: {found[0]}")
    with closing(_fresh()) as copy:
        copy.executescript(LATER)
        _fill(copy, db, _tables())
        _fill_spared(copy, db)
        return _written_ahead(copy.serialize())


def upgrade(path: Path) -> None:
    """Bring the file at *path* up to this version where it is of an earlier one that is known, a version at a time.

    What it was is kept beside it, so that the version before can be installed again. A file that is none of ours is left
    to the examination. Raises errors of the database and OSError.
    """
    address = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
        with closing(sqlite3.connect(address, uri=True, isolation_level=None, timeout=_PATIENCE)) as db:
            version = _earlier(db)
            if version is None:
                return
            db.backup(copy)
        before = _written_ahead(copy.serialize())
        after = _brought_up(copy, version)
    with opened(path.parent) as folder:
        folder.replace(f"{path.name}.version-{version}", before)
    put_in_place(path, after)


def _earlier(db: Connection) -> int | None:
    """The version of *db* where it is an earlier one that can be brought up; None where it is not."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (others,) = db.execute("SELECT count(*) FROM sqlite_schema WHERE type NOT IN ('table', 'index')").fetchone()
    known = application == APPLICATION_ID and not others and 0 < version < VERSION
    return int(version) if known and all(step in MIGRATIONS for step in range(version, VERSION)) else None


def _brought_up(db: Connection, version: int) -> bytes:
    """The bytes of a file of this version that holds what *db*, a copy of one of an earlier *version*, does."""
    for step in range(version, VERSION):
        for statement in MIGRATIONS[step]:
            db.execute(statement)
    with closing(_fresh()) as made:
        made.executescript(LATER)
        _fill(made, db, _tables())
        _fill_spared(made, db)
        return _written_ahead(made.serialize())


def _fill(made: Connection, db: Connection, tables: Iterable[str]) -> None:
    made.execute("BEGIN")
    try:
        for table in tables:
            for row in db.execute(f"SELECT * FROM {table}"):  # noqa: S608  # the names are those of our schema
                made.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608
    except BaseException:
        made.execute("ROLLBACK")
        raise
    made.execute("COMMIT")


def _fill_spared(made: Connection, db: Connection) -> None:
    """The tables that a start can do without, as far as they are whole."""
    for table in sorted(SPARED):
        with suppress(sqlite3.Error):
            if db.execute(f"PRAGMA quick_check({table})").fetchone() == ("ok",):
                _fill(made, db, (table,))


def _check(db: Connection) -> Iterator[str]:
    """What SQLite's own check of a whole file says."""
    try:
        for (found,) in db.execute("PRAGMA quick_check"):
            yield str(found)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        # it looks at rows, too, and gives up where there is no page to have any
        yield str(error)


def put_in_place(path: Path, content: bytes) -> None:
    """Put *content* in the place of the file at *path*, which nobody has open. Raises errors of the database and OSError."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=_PATIENCE)) as db:
        # what waits in the log belongs to the pages that go
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.execute("PRAGMA journal_mode=DELETE")
    with opened(path.parent) as folder:
        folder.replace(path.name, content)


def begin_anew(path: Path, whole: bytes) -> None:
    """Put *whole* in the place of the damaged file at *path*, which nobody has open: that keeps no daemon from starting."""
    try:
        put_in_place(path, whole)
    except (sqlite3.Error, OSError) as problem:
        log.error("the history is damaged, and could not be begun anew", why=type(problem).__name__)
    else:
        log.error("the history was damaged and is begun anew; all else is as it was")


@cache
def _tables() -> tuple[str, ...]:
    """The names of the tables that a state file cannot do without."""
    return tuple(sorted(name for kind, name, *_ in _made_of_schema() if kind == "table"))


def _is_spared(part: tuple[str, ...]) -> bool:
    """Whether it is a table that a start can do without, in any shape: a damaged one costs what is in it alone."""
    kind, name, table, sql = part
    if kind == "index":
        # of a primary key; it has no words
        return table in SPARED and sql is None
    return kind == "table" and name in SPARED and str(sql).startswith("CREATE TABLE ")


@cache
def _made_of_schema() -> frozenset[tuple[str, ...]]:
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(SCHEMA)
        return frozenset(db.execute(_MADE_OF))
