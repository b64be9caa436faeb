"""The store's statements in PostgreSQL's words.

They are written once, as SQLite reads them: `?` for a value, `REPLACE INTO` for a row that may be there already. What is
the same in both is not touched, so a statement keeps to that.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from icalsyncd.state.tables import TABLES, Table

_KINDS: Final = {"TEXT": 'TEXT COLLATE "C"', "INTEGER": "BIGINT", "REAL": "DOUBLE PRECISION", "BLOB": "BYTEA"}
"""Texts are compared byte by byte, as SQLite does, whatever the server's language is."""
_REPLACE: Final = re.compile(r"\s*REPLACE INTO (\w+) (VALUES .*)", re.DOTALL)


@lru_cache(256)
def said(statement: str) -> bytes:
    """*statement* for PostgreSQL, as psycopg takes it."""
    replacing = _REPLACE.fullmatch(statement)
    if replacing:
        table = TABLES[replacing[1]]
        others = ", ".join(f"{column} = EXCLUDED.{column}" for column in table.columns if column not in table.key)
        statement = f"INSERT INTO {table.name} {replacing[2]} ON CONFLICT ({', '.join(table.key)}) DO "
        statement += f"UPDATE SET {others}" if others else "NOTHING"
    return statement.replace("%", "%%").replace("?", "%s").encode()


def made(table: Table) -> bytes:
    """The statement that makes *table* where it is missing."""
    columns = []
    for name, kind in table.columns.items():
        type_, _, more = kind.partition(" ")
        columns.append(f"{name} {_KINDS[type_]} {more}".rstrip())
    key = ", ".join(table.key)
    return f"CREATE TABLE IF NOT EXISTS {table.name} ({', '.join(columns)}, PRIMARY KEY ({key}))".encode()
