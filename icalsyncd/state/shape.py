"""What a state file is made of: the tables of this version, and how one of an earlier version becomes one of this."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from functools import cache
from sqlite3 import Connection
from typing import Final

from icalsyncd.state.records import VERSION
from icalsyncd.state.tables import LATER, MIGRATIONS, SCHEMA, SPARED

APPLICATION_ID: Final = 0x1CA15D
"""In the file's header: tells our file from any other."""
MADE_OF: Final = "SELECT type, name, tbl_name, sql FROM sqlite_schema"
"""Asks a database for its parts: kind, name, table, and words."""
JOURNAL_AT: Final = slice(18, 20)
"""Where a database's header says how it is written: 1 with a rollback journal, 2 with a log ahead."""


def fresh() -> Connection:
    """An empty one of this version, in memory."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.executescript(f"BEGIN; {SCHEMA} PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={VERSION}; COMMIT;")
    return db


def written_ahead(content: bytes) -> bytes:
    """*content* as the daemon writes it, so that nobody who only reads it has to change it first."""
    head = bytearray(content)
    head[JOURNAL_AT] = b"\x02\x02"
    return bytes(head)


@cache
def needed_tables() -> tuple[str, ...]:
    """The names of the tables that a state file cannot do without."""
    return tuple(sorted(name for kind, name, *_ in made_of_schema() if kind == "table"))


def is_spared(part: tuple[str, ...]) -> bool:
    """Whether it is a table that a start can do without, in any shape: a damaged one costs what is in it alone."""
    kind, name, table, sql = part
    if kind == "index":
        # of a primary key; it has no words
        return table in SPARED and sql is None
    return kind == "table" and name in SPARED and str(sql).startswith("CREATE TABLE ")


@cache
def made_of_schema() -> frozenset[tuple[str, ...]]:
    """All parts of a state file of this version, as :data:`MADE_OF` asks for them."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(SCHEMA)
        return frozenset(db.execute(MADE_OF))


def earlier(db: Connection) -> int | None:
    """The version of *db* where it is an earlier one that can be brought up; None where it is not."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (others,) = db.execute("SELECT count(*) FROM sqlite_schema WHERE type NOT IN ('table', 'index')").fetchone()
    known = application == APPLICATION_ID and not others and 0 < version < VERSION
    return int(version) if known and all(step in MIGRATIONS for step in range(version, VERSION)) else None


def brought_up(db: Connection, version: int) -> bytes:
    """The bytes of a file of this version that holds what *db*, a copy of one of an earlier *version*, does."""
    for step in range(version, VERSION):
        for statement in MIGRATIONS[step]:
            db.execute(statement)
    with closing(fresh()) as made:
        made.executescript(LATER)
        fill(made, db, needed_tables())
        fill_spared(made, db)
        return written_ahead(made.serialize())


def fill(made: Connection, db: Connection, tables: Iterable[str]) -> None:
    """Copy the rows of *tables* from *db*, all or none."""
    made.execute("BEGIN")
    try:
        for table in tables:
            for row in db.execute(f"SELECT * FROM {table}"):  # noqa: S608  # the names are those of our schema
                made.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608
    except BaseException:
        made.execute("ROLLBACK")
        raise
    made.execute("COMMIT")


def fill_spared(made: Connection, db: Connection) -> None:
    """The tables that a start can do without, as far as they are whole."""
    for table in sorted(SPARED):
        with suppress(sqlite3.Error):
            if db.execute(f"PRAGMA quick_check({table})").fetchone() == ("ok",):
                fill(made, db, (table,))
