"""A database on a PostgreSQL server, for one daemon at a time.

A daemon holds the database by a lock of its session, and names its opening in the one row of `holder`. Each commit carries
that name and its own number in the WHERE: where no row fits, another daemon has opened it since, and nothing is written.
A commit whose answer was lost is read back by its number.

It needs psycopg, the extra `icalsyncd[postgresql]`. What that says of a failure may hold the connection string, so none of
it goes further than here. Everything blocks, and belongs on one thread.
"""

from __future__ import annotations

import platform
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Final

import psycopg

from icalsyncd.state.connection import Connection, NotConnected
from icalsyncd.state.database import (
    Server,
    StoreFailed,
    StoreInDoubt,
    StoreOfAnotherVersion,
    StoreRefused,
    StoreTaken,
)
from icalsyncd.state.dialect import made, said
from icalsyncd.state.history import Execute
from icalsyncd.state.last_database import last_opening, note_opening
from icalsyncd.state.records import VERSION
from icalsyncd.state.tables import TABLES

NAME: Final = "the database"
"""What it is called in messages: its address is a password."""
SCHEMA: Final = "icalsyncd"
"""The schema that its tables are in."""
MIGRATIONS: Final[Mapping[int, tuple[str, ...]]] = {}
"""What makes of the tables of each earlier version those of the next, in PostgreSQL's words."""
_LOADING: Final = 120.0
"""Seconds that a statement may take while all is read, or much of it changed."""
_HANDING_OVER: Final = 2.0
"""Seconds in which a server lets go of our own former connection."""
_LOCK: Final = (0x1CA15D, 1)
_HOLDER: Final = """
CREATE TABLE IF NOT EXISTS holder (
    version BIGINT NOT NULL, opening TEXT NOT NULL, machine TEXT NOT NULL, since DOUBLE PRECISION NOT NULL,
    commits BIGINT NOT NULL, well BOOLEAN NOT NULL
)
"""
_FENCE: Final = "UPDATE holder SET commits = commits + 1 WHERE opening = ? AND commits = ?"
_END_FORMER: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = ? AND pid <> pg_backend_pid()
"""
_OURS: Final = """
SELECT c.relname, c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ? AND c.relkind <> 'i'
"""


class ServerDatabase:
    """A database that is open for one daemon."""

    is_here: Final = False

    def __init__(self, server: Server) -> None:
        """Connect, hold the database, and see to it that our tables are there. Raises StoreRefused and StoreFailed."""
        self.name: Final = NAME
        self._server = server
        self._opening = secrets.token_hex(16)
        self._begun = False
        self._commits = 0
        self._in_doubt = False
        self.answers = True
        """The server has refused what failed last, and was not just silent."""
        self._within = False
        """A transaction is open."""
        self._connection: Connection | None = Connection(server.dsn, self._called)
        try:
            self._hold(self._connection)
            with self._connection.patient(_LOADING):
                self.is_sure = self._prepare()
        except BaseException:
            self._connection.close()
            raise

    @property
    def _called(self) -> str:
        # pg_stat_activity shows it, and no more than 63 letters of it
        return f"icalsyncd {self._opening}"

    def _prepare(self) -> bool:
        """Make what is missing; whether what is there is all that was known."""
        with self._whole():
            if not self.execute("SELECT 1 FROM pg_namespace WHERE nspname = ?", (SCHEMA,)).fetchone():
                self.execute(f"CREATE SCHEMA {SCHEMA}")
            found = dict(self.execute(_OURS, (SCHEMA,)))
            if found and "holder" not in found:
                raise StoreRefused(f"the schema {SCHEMA} of {NAME} holds tables of another program")
            if not all(found[name] for name in found.keys() & {"holder", *TABLES}):
                raise StoreRefused(f"{NAME} is damaged: one of its tables is a view, or has a trigger")
            self.execute(_HOLDER)
            version = _version(self.execute)
            if version is not None and version < VERSION:
                for step in range(version, VERSION):
                    for statement in MIGRATIONS[step]:
                        self.execute(statement)
                self.execute("UPDATE holder SET version = ?", (VERSION,))
            for table in TABLES.values():
                self._ask(made(table))
            if version is None:
                self.execute("INSERT INTO holder VALUES (?, '', '', 0, 0, TRUE)", (VERSION,))
            ((opening, well),) = self.execute("SELECT opening, well FROM holder")
        return bool(well) or opening == last_opening(self._server.folder)

    def begin(self, *, outdated: bool) -> None:
        """What it held was read: from now on it is written. *outdated*: this machine knows something later elsewhere."""
        self.is_sure = self.is_sure and not outdated
        with self._whole():
            self.execute(
                "UPDATE holder SET opening = ?, machine = ?, since = extract(epoch FROM now()), commits = 0, well = FALSE",
                (self._opening, platform.node()[:100]),
            )
        self._begun = True
        with suppress(OSError):
            # without it the next start takes what is here for less than all
            note_opening(self._server.folder, self._opening)

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> psycopg.Cursor[Any]:
        """Run one statement, written as for SQLite. Raises StoreFailed."""
        if not self._within:
            self._be_connected()
        return self._ask(said(statement), values)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What runs inside is durable when it ends; or it raises StoreFailed, and nothing of it is.

        StoreInDoubt: nobody knows, until :meth:`settled` does. StoreTaken: it is no longer ours.
        """
        self._be_connected()
        with self._whole(on_silence=self._read_back):
            if self.execute(_FENCE, (self._opening, self._commits)).rowcount != 1:
                raise _taken()
            assert self._connection is not None  # noqa: S101  # it has just answered
            with self._noticing(), self._connection.together():
                yield
        self._commits += 1

    def settled(self) -> bool | None:
        """Whether the transaction whose answer was lost is stored; None if there was none. Raises StoreFailed."""
        if not self._in_doubt:
            return None
        stored = self._has_stored()
        self._commits += stored
        return stored

    def _has_stored(self) -> bool:
        # who has the lock knows that the connection before is gone, and with it whatever it was still at
        self._be_connected()
        (commits,) = self.execute("SELECT commits FROM holder").fetchone() or (0,)
        self._in_doubt = False
        return bool(commits == self._commits + 1)

    def leave_behind(self) -> None:
        """What it holds was copied to another place, and is less than all from now on. Raises StoreFailed."""
        self.execute("UPDATE holder SET opening = '', well = FALSE")

    def replace_all(self, rows: Iterable[tuple[str, Sequence[Sequence[Any]]]]) -> None:
        """Put *rows*, tables with a part of their rows, in the place of all that is there. Raises StoreFailed."""
        if self._connection is None:
            raise StoreFailed(NotConnected.WORDS)
        with self._connection.patient(_LOADING), self.transaction():
            for name in TABLES:
                self.execute(f"DELETE FROM {name}")  # noqa: S608  # a name of ours
            for name, part in rows:
                places = ", ".join("?" for _ in TABLES[name].columns)
                self._connection.many(said(f"INSERT INTO {name} VALUES ({places})"), part)  # noqa: S608

    def close(self, *, well: bool) -> None:
        """Let another daemon have it. *well*: it holds all that is known."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if well and self._begun and not self._in_doubt:
            with suppress(StoreFailed):
                connection.ask(said("UPDATE holder SET well = TRUE WHERE opening = ?"), (self._opening,))
        connection.close()

    @contextmanager
    def _whole(self, on_silence: Callable[[], None] | None = None) -> Iterator[None]:
        """A transaction; *on_silence* is called where its end is not answered."""
        self._ask(b"BEGIN")
        self._within = True
        try:
            try:
                yield
            except BaseException:
                self._roll_back()
                raise
            try:
                self._ask(b"COMMIT")
            except StoreFailed:
                if self.answers or on_silence is None:
                    self._roll_back()
                    raise
                self._within = False
                on_silence()
        finally:
            self._within = False

    def _read_back(self) -> None:
        self._in_doubt = True
        try:
            stored = self._has_stored()
        except StoreTaken:
            raise
        except StoreFailed as error:
            raise StoreInDoubt(f"{error}; whether the last commit is stored is not known") from None
        if not stored:
            raise StoreFailed("the connection to the database was cut before the commit was stored")

    def _roll_back(self) -> None:
        with suppress(StoreFailed):
            if self._connection is not None:
                self._ask(b"ROLLBACK")

    def _ask(self, statement: bytes, values: Sequence[Any] = ()) -> psycopg.Cursor[Any]:
        if self._connection is None:
            # not connected anew in the midst of a transaction: the rest of it would be one by itself
            raise NotConnected(NotConnected.WORDS)
        with self._noticing():
            return self._connection.ask(statement, values)

    @contextmanager
    def _noticing(self) -> Iterator[None]:
        """Let go of the connection where it is lost."""
        try:
            yield
        except NotConnected:
            self.answers = False
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            raise
        except StoreFailed:
            self.answers = True
            raise

    def _be_connected(self) -> None:
        """Connect anew after the connection was lost, if the database is still ours. Raises StoreFailed and StoreTaken."""
        if self._connection is not None:
            return
        self.answers = False
        connection = Connection(self._server.dsn, self._called)
        try:
            self._hold(connection)
            if connection.ask(said("SELECT opening FROM holder")).fetchone() != (self._opening,):
                raise _taken()  # noqa: TRY301  # the connection is to be closed
        except BaseException:
            connection.close()
            raise
        self._connection = connection

    def _hold(self, connection: Connection) -> None:
        """Take the lock that one daemon has. Raises StoreFailed if another one has it."""
        end = time.monotonic() + _HANDING_OVER
        while not connection.try_lock(_LOCK):
            if time.monotonic() > end:
                raise StoreFailed(_held(connection))
            # the server may not know yet that our own former connection is dead
            connection.ask(said(_END_FORMER), (self._called,))
            time.sleep(0.05)


@contextmanager
def reading(server: Server) -> Iterator[Execute | None]:
    """What the database holds at one moment, beside a daemon that may write it; None if there is no store in it.

    Raises StoreRefused and StoreFailed.
    """
    connection = Connection(server.dsn, "icalsyncd reads")

    def execute(statement: str, values: Sequence[Any] = (), /) -> psycopg.Cursor[Any]:
        return connection.ask(said(statement), values)

    try:
        with connection.patient(_LOADING):
            connection.ask(b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            found = dict(execute(_OURS, (SCHEMA,)))
            if not found:
                yield None
                return
            if not found.keys() >= {"holder", *TABLES}:
                raise StoreRefused(f"the schema {SCHEMA} of {NAME} is damaged, or that of another program")
            _version(execute, exactly=True)
            yield execute
    finally:
        connection.close()


def _version(execute: Execute, *, exactly: bool = False) -> int | None:
    """That of the tables; None where they were made just now. Raises StoreRefused for one that cannot be used."""
    found = next(iter(execute("SELECT version FROM holder")), None)
    if found is None:
        return None
    (version,) = found
    if version > VERSION or (version < VERSION and (exactly or not range(version, VERSION) == _steps(version))):
        raise StoreOfAnotherVersion(
            f"{NAME} was written by another icalsyncd (version {version} of its tables, this one knows {VERSION})"
        )
    return int(version)


def _steps(version: int) -> range:
    """The versions from *version* on that can be brought up to the next one."""
    last = version
    while last in MIGRATIONS and last < VERSION:
        last += 1
    return range(version, last)


def _held(connection: Connection) -> str:
    words = "another icalsyncd has this database: it takes one daemon, and this one ends"
    with suppress(StoreFailed):
        found = connection.ask(said("SELECT machine, since FROM holder WHERE opening <> ''")).fetchone()
        if found is not None:
            since = datetime.fromtimestamp(found[1], UTC).isoformat(" ", "seconds")
            words = f"{words} (the other runs on {found[0]} since {since})"
    return words


def _taken() -> StoreTaken:
    return StoreTaken(
        "another icalsyncd has opened the database since, and nothing of this one is stored there any more"
    )
