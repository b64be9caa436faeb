"""A database on a PostgreSQL server, for one daemon at a time.

The one row of `holder` says which daemon has the database, in which epoch, and until when by the database's own clock. Each
commit carries owner, epoch and its own number in the WHERE, and renews that lease: where no row fits, another daemon has
taken it since, and nothing is written. A commit whose answer was lost is read back by its number.

It needs psycopg, the extra `icalsyncd[postgresql]`. What that says of a failure may hold the connection string, so none of
it goes further than here. Everything blocks, and belongs on one thread.
"""

from __future__ import annotations

import platform
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import psycopg

from icalsyncd.state.connection import Connection, NotConnected
from icalsyncd.state.database import (
    Server,
    StoreFailed,
    StoreHeld,
    StoreInDoubt,
    StoreOfAnotherVersion,
    StoreRefused,
    StoreTaken,
)
from icalsyncd.state.dialect import made, said
from icalsyncd.state.history import Execute
from icalsyncd.state.holder import BEGIN, FENCE, FIRST, GIVE_BACK, HOLDER, MADE, RENEW, TAKE, found
from icalsyncd.state.last_database import last_opening, note_opening
from icalsyncd.state.lease import LEASE, OPENING, Lease
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
_LOCKS: Final = 0x1CA15D
"""The first half of the keys of our locks. The second is 0 for whoever takes the database, and else an opening's."""
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

    def __init__(self, server: Server, lasting: float = OPENING) -> None:
        """Connect, take the database for so many seconds at first, and see to it that our tables are there.

        Raises StoreHeld where another daemon has it, StoreRefused and StoreFailed.
        """
        self.name: Final = NAME
        self.lease: Final = Lease()
        self._server = server
        self._opening = secrets.token_hex(16)
        self._begun = False
        self._commits = 0
        self._in_doubt = False
        self.answers = True
        """The server has refused what failed last, and was not just silent."""
        self._within = self._is_closed = False
        self._connection: Connection | None = Connection(server.dsn, self._called)
        try:
            self._hold(self._connection)
            self._let_go_of_former()
            with self._connection.patient(_LOADING):
                self.is_sure = self._prepare(lasting)
        except BaseException:
            self._connection.close()
            raise

    @property
    def _called(self) -> str:
        return _called(self._opening)

    def _let_go_of_former(self) -> None:
        """Have nobody wait for a daemon that stands still in the midst of a commit. Raises StoreHeld."""
        if self.execute(MADE).fetchone() == (None,):
            return
        holder = found(self.execute)
        if holder is not None and holder.keeps_out(last_opening(self._server.folder)):
            raise StoreHeld(holder.words)
        if holder is not None and holder.owner:
            with suppress(StoreFailed):
                self.execute(_END_FORMER, (_called(holder.owner),))

    def _prepare(self, lasting: float) -> bool:
        """Make what is missing, and take the database; whether what is there is all that was known."""
        with self._whole():
            # one at a time makes tables and brings them up to date
            self._ask(b"SELECT pg_advisory_xact_lock(%s, 0)", (_LOCKS,))
            if not self.execute("SELECT 1 FROM pg_namespace WHERE nspname = ?", (SCHEMA,)).fetchone():
                self.execute(f"CREATE SCHEMA {SCHEMA}")
            ours = dict(self.execute(_OURS, (SCHEMA,)))
            if ours and "holder" not in ours:
                raise StoreRefused(f"the schema {SCHEMA} of {NAME} holds tables of another program")
            if not all(ours[name] for name in ours.keys() & {"holder", *TABLES}):
                raise StoreRefused(f"{NAME} is damaged: one of its tables is a view, or has a trigger")
            self.execute(HOLDER)
            version = _version(self.execute)
            if version is None:
                self.execute(FIRST, (VERSION,))
            self._take(lasting)
            if version is not None and version < VERSION:
                for step in range(version, VERSION):
                    for statement in MIGRATIONS[step]:
                        self.execute(statement)
                self.execute("UPDATE holder SET version = ?", (VERSION,))
            for table in TABLES.values():
                self._ask(made(table))
            ((opening, well),) = self.execute("SELECT opening, well FROM holder")
        return bool(well) or opening == last_opening(self._server.folder)

    def _take(self, lasting: float) -> None:
        holder = found(self.execute)
        if holder is None:
            raise StoreRefused(f"{NAME} is damaged: nothing says who has it")
        mine = last_opening(self._server.folder) or ""
        if holder.keeps_out(mine):
            raise StoreHeld(holder.words)
        is_takeover = bool(holder.owner) and holder.owner != mine
        sent = self.lease.renewing(lasting)
        values = (self._opening, lasting, int(is_takeover), platform.node()[:100], holder.owner, holder.epoch, mine)
        taken = self.execute(TAKE, values).fetchone()
        if taken is None:
            raise StoreHeld(holder.words)
        self.lease.epoch, self.lease.takeovers = taken
        self.lease.renewed(sent, lasting)
        if is_takeover:
            self.lease.taken_at = sent

    def begin(self, *, outdated: bool) -> None:
        """What it held was read: from now on it is written. *outdated*: this machine knows something later elsewhere."""
        self.is_sure = self.is_sure and not outdated
        self._renew(BEGIN, OPENING)
        self._begun = True
        with suppress(OSError):
            # without it the next start takes what is here for less than all
            note_opening(self._server.folder, self._opening)

    def _renew(self, statement: str, lasting: float) -> None:
        """Renew the lease by *statement*. Raises StoreFailed, and StoreTaken where it is another's."""
        sent = self.lease.renewing(lasting)
        if self.execute(statement, (lasting, *self._mine)).rowcount != 1:
            raise self._taken()
        self.lease.renewed(sent, lasting)

    @property
    def _mine(self) -> tuple[str, int]:
        return self._opening, self.lease.epoch

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
        sent = self.lease.renewing(LEASE)
        try:
            with self._whole(on_silence=self._read_back):
                if self.execute(FENCE, (LEASE, *self._mine, self._commits)).rowcount != 1:
                    raise self._taken()
                assert self._connection is not None  # noqa: S101  # it has just answered
                with self._noticing(), self._connection.together():
                    yield
        except StoreFailed as error:
            if self.answers and not isinstance(error, StoreTaken):
                # it refuses what was to be stored, and not that this daemon goes on
                with suppress(StoreFailed):
                    self._renew(RENEW, LEASE)
            raise
        self._commits += 1
        self.lease.renewed(sent, LEASE)

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
        row = self.execute("SELECT commits FROM holder WHERE owner = ? AND epoch = ?", self._mine).fetchone()
        if row is None:
            raise self._taken()
        self._in_doubt = False
        return bool(row[0] == self._commits + 1)

    def leave_behind(self) -> None:
        """What it holds was copied to another place, and is less than all from now on. Raises StoreFailed."""
        if (
            self.execute(
                "UPDATE holder SET opening = '', well = FALSE WHERE owner = ? AND epoch = ?", self._mine
            ).rowcount
            != 1
        ):
            raise self._taken()

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
        """Give it back, so that another daemon can have it at once. *well*: it holds all that is known."""
        if self._is_closed:
            return
        self._is_closed = True
        holds, is_all = self.lease.holds, well and self._begun and not self._in_doubt
        self.lease.end()
        with suppress(StoreFailed):
            if holds:
                self._be_connected()
            if self._connection is not None:
                self.execute(GIVE_BACK, (is_all, *self._mine))
        if self._connection is not None:
            self._connection.close()
            self._connection = None

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
            if connection.ask(said("SELECT owner, epoch FROM holder")).fetchone() != self._mine:
                raise self._taken()  # noqa: TRY301  # the connection is to be closed
        except BaseException:
            connection.close()
            raise
        self._connection = connection

    def _hold(self, connection: Connection) -> None:
        """Take the lock that one connection of this opening has. Raises StoreFailed where another has it still."""
        end = time.monotonic() + _HANDING_OVER
        while not connection.try_lock((_LOCKS, 1 + int(self._opening[:7], 16))):
            if time.monotonic() > end:
                raise StoreFailed("the database has not let go of the connection before")
            # the server may not know yet that our own former connection is dead
            connection.ask(said(_END_FORMER), (self._called,))
            time.sleep(0.05)

    def _taken(self) -> StoreTaken:
        self.lease.end()
        return StoreTaken(
            "another icalsyncd has taken the database since, and nothing of this one is stored there any more"
        )


def _called(opening: str) -> str:
    # pg_stat_activity shows it, and no more than 63 letters of it
    return f"icalsyncd {opening}"


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
            ours = dict(execute(_OURS, (SCHEMA,)))
            if not ours:
                yield None
                return
            if not ours.keys() >= {"holder", *TABLES}:
                raise StoreRefused(f"the schema {SCHEMA} of {NAME} is damaged, or that of another program")
            _version(execute, exactly=True)
            yield execute
    finally:
        connection.close()


def _version(execute: Execute, *, exactly: bool = False) -> int | None:
    """That of the tables; None where they were made just now. Raises StoreRefused for one that cannot be used."""
    row = next(iter(execute("SELECT version FROM holder")), None)
    if row is None:
        return None
    (version,) = row
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
