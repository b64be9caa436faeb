"""A whole state, taken out of the place where it lies and put in another: for a backup, and for a move.

In between it has one form, the bytes of a file of SQLite, wherever it comes from. All rows are the same after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from icalsyncd.state.database import Place, Server, StoreFailed, StoreRefused
from icalsyncd.state.directory import PRIVATE, Access, Directory, opened
from icalsyncd.state.history import Execute
from icalsyncd.state.last_database import forget_opening, used_elsewhere
from icalsyncd.state.reserve import Reserve
from icalsyncd.state.state_file import MAX_STATE, Error, copy_of, examined, examined_content, file_of
from icalsyncd.state.tables import TABLES

_AT_ONCE: Final = 1_000
_BESIDE: Final = ("-wal", "-shm", "-journal")
"""Files that SQLite may keep beside its own, and that belong to it."""
REPLACED: Final = ".replaced"
"""What is added to the name of a file that was put aside."""
_HELD: Final = 600.0
"""Seconds for which a database is taken while a state is moved."""
LARGEST: Final = 2**30
"""Bytes of a state that can be moved."""


def content_of(place: Place, most: int = MAX_STATE) -> bytes | None:
    """A state file with all that the store at *place* holds, which a daemon may be writing; None if there is none.

    Raises StoreRefused, also if it is larger than *most* bytes, and StoreFailed.
    """
    if isinstance(place, Path):
        return copy_of(place, most) if place.exists() else None
    from icalsyncd.state.postgresql import NAME, reading

    with reading(place) as execute:
        content = file_of(_rows(execute)) if execute is not None else None
    if content is not None and len(content) > most:
        raise StoreRefused(f"{NAME} is larger than the {most} bytes that a backup can hold")
    return content


def put_into(server: Server, content: bytes, *, replace: bool) -> None:
    """Have the database hold what the state file with the bytes *content* does. No daemon may use it.

    What it held goes; without *replace* it must hold nothing. Raises FileExistsError, StoreRefused and StoreFailed.
    """
    from icalsyncd.state.postgresql import ServerDatabase

    with examined_content(content, Path("state")) as file:
        db = ServerDatabase(server, _HELD)
        stored = False
        try:
            if not replace and any(True for _ in db.execute("SELECT 1 FROM meta LIMIT 1")):
                raise FileExistsError
            db.begin(outdated=False)
            db.replace_all(_rows(file.execute))
            if _digest(db.execute) != _digest(file.execute):
                raise StoreFailed("the database holds something else than was put there")
            stored = True
        finally:
            db.close(well=stored and not Reserve(server.folder).is_behind)


@contextmanager
def unused(place: Place) -> Iterator[None]:
    """No daemon uses the database at *place* meanwhile; where nothing is raised, what it held counts elsewhere after it.

    A file's folder is held by the caller. Raises StoreRefused and StoreFailed.
    """
    if isinstance(place, Path):
        is_less = used_elsewhere(place.parent)
        yield
        if is_less:
            Reserve(place.parent).fall_behind()
        return
    from icalsyncd.state.postgresql import ServerDatabase

    db = ServerDatabase(place, _HELD)
    try:
        yield
        if not db.is_sure:
            Reserve(place.folder).fall_behind()
        db.leave_behind()
    finally:
        db.close(well=False)


def put_into_file(path: Path, content: bytes, access: Access = PRIVATE) -> None:
    """Have the file at *path* be the one with the bytes *content*; what is there is put aside. Raises OSError."""
    with opened(path.parent) as folder:
        put_aside(folder, path.name)
        folder.replace(path.name, content, access)
    forget_opening(path.parent)


def put_aside(folder: Directory, name: str) -> None:
    """Give the file *name* another one, with all that belongs to it; nothing where there is none. Raises OSError."""
    for suffix in ("", *_BESIDE):
        if folder.has(name + suffix):
            folder.rename(name + suffix, name + REPLACED + suffix)


def is_later_file(path: Path, moment: float | None) -> bool:
    """Whether there is a state file at *path* that was written later than at *moment*; None: than never."""
    with suppress(StoreRefused, Error, OSError), examined(path, thoroughly=False) as db:
        found = db.execute("SELECT value FROM meta WHERE key = 'last_commit'").fetchone()
        return found is not None and float(found[0]) > (moment or 0.0)
    return False


def _rows(execute: Execute) -> Iterator[tuple[str, Sequence[Sequence[Any]]]]:
    for name in TABLES:
        found: Any = execute(f"SELECT * FROM {name}")  # noqa: S608  # a name of ours
        while part := found.fetchmany(_AT_ONCE):
            yield name, part


def _digest(execute: Execute) -> bytes:
    """The same for two places that hold the same."""
    digest = sha256()
    for name, table in TABLES.items():
        for row in execute(f"SELECT * FROM {name} ORDER BY {', '.join(table.key)}"):  # noqa: S608  # names of ours
            digest.update(repr((name, *row)).encode("utf-8", "surrogatepass"))
    return digest.digest()
