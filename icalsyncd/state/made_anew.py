"""A state file that is made anew: one of an earlier version, or one that is damaged where a start can do without."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from sqlite3 import Connection

from icalsyncd import log
from icalsyncd.state.database import StoreRefused
from icalsyncd.state.directory import opened
from icalsyncd.state.shape import (
    brought_up,
    earlier,
    fill,
    fill_spared,
    fresh,
    needed_tables,
    written_ahead,
)
from icalsyncd.state.state_file import PATIENCE, put_in_place
from icalsyncd.state.tables import LATER


def upgrade(path: Path) -> None:
    """Bring the file at *path* up to this version where it is of an earlier one that is known, a version at a time.

    What it was is kept beside it, so that the version before can be installed again. A file that is none of ours is left
    to the examination. Raises errors of the database and OSError.
    """
    address = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
        with closing(sqlite3.connect(address, uri=True, isolation_level=None, timeout=PATIENCE)) as db:
            version = earlier(db)
            if version is None:
                return
            db.backup(copy)
        before = written_ahead(copy.serialize())
        after = brought_up(copy, version)
    with opened(path.parent) as folder:
        folder.replace(f"{path.name}.version-{version}", before)
    put_in_place(path, after)


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
    with closing(fresh()) as copy:
        copy.executescript(LATER)
        fill(copy, db, needed_tables())
        fill_spared(copy, db)
        return written_ahead(copy.serialize())


def begin_anew(path: Path, whole: bytes) -> None:
    """Put *whole* in the place of the damaged file at *path*, which nobody has open: that keeps no daemon from starting."""
    try:
        put_in_place(path, whole)
    except (sqlite3.Error, OSError) as problem:
        log.error("the history is damaged, and could not be begun anew", why=type(problem).__name__)
    else:
        log.error("the history was damaged and is begun anew; all else is as it was")
