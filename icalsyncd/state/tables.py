"""The tables of a store, written once; a file of SQLite is made of these very words, and PostgreSQL's follow from them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

SCHEMA: Final = """
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
"""Those that every store has. A file with other words is refused, so a change of them is a new version."""
LATER: Final = """
CREATE TABLE IF NOT EXISTS history (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, what TEXT NOT NULL, accommodation TEXT NOT NULL, sync TEXT NOT NULL,
    first INTEGER, last INTEGER, reader TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS outbox (
    receiver TEXT, number INTEGER, state TEXT NOT NULL, PRIMARY KEY (receiver, number)
);
"""
"""Those that an earlier store may lack; they are made where they are missing. A start can do without any of them."""
MIGRATIONS: Final[Mapping[int, tuple[str, ...]]] = {}
"""What makes of the tables of a file of each earlier version those of the next, in SQLite's words; no other is known yet."""
_TABLE: Final = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+) \((.*?)\)(?: WITHOUT ROWID)?;", re.DOTALL)
_PART: Final = re.compile(r"PRIMARY KEY \(([^)]*)\)|(\w+) (TEXT|INTEGER|REAL|BLOB)([^,]*)")


@dataclass(frozen=True, slots=True)
class Table:
    """One table."""

    name: str
    columns: Mapping[str, str]
    """In order; what each is to hold, in SQLite's words, as `TEXT NOT NULL`."""
    key: tuple[str, ...]
    """The columns that tell a row from any other."""


def _read(written: str) -> Mapping[str, Table]:
    tables = {}
    for name, inside in _TABLE.findall(written):
        columns: dict[str, str] = {}
        key: tuple[str, ...] = ()
        for together, column, kind, more in _PART.findall(inside):
            if together:
                key = tuple(together.split(", "))
                continue
            columns[column] = (kind + more).strip()
            if "PRIMARY KEY" in more:
                key = (column,)
                columns[column] = kind
        tables[name] = Table(name, columns, key)
    return tables


SPARED: Final = frozenset(_read(LATER))
"""Their names."""
TABLES: Final = _read(SCHEMA + LATER)
"""All of them by name."""
