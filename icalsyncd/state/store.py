"""What is stored, and the transactions that change it: whole or not at all, durable when a commit returns.

It lies in a file of SQLite (:mod:`~icalsyncd.state.state_file`) or on a PostgreSQL server
(:mod:`~icalsyncd.state.postgresql`), which differ in nothing that is asked here. Everything blocks, and belongs on one
thread (see :mod:`~icalsyncd.state.journal`). No secret and no link is ever in it.
"""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path
from typing import Final

from icalsyncd import log
from icalsyncd.calendars.nights import Night
from icalsyncd.state import outbox
from icalsyncd.state.commit import Commit, continued, what_happened, write_commit
from icalsyncd.state.copy import BodyKey
from icalsyncd.state.database import Database, Place, Server, StoreFailed, StoreInDoubt
from icalsyncd.state.gone_back import GoneBack
from icalsyncd.state.history import Event, append, entries
from icalsyncd.state.last_database import forget_opening
from icalsyncd.state.lease import Lease
from icalsyncd.state.made_anew import begin_anew, rescued, upgrade
from icalsyncd.state.moving import is_later_file
from icalsyncd.state.reserve import Reserve
from icalsyncd.state.state_file import (
    Error,
    FileDatabase,
    examined,
    failing,
    is_there,
    make,
    refusing,
)
from icalsyncd.state.state_folder import StateFolder
from icalsyncd.state.stored import MALFORMED, Stored, load_stored

_MAX_BODY: Final = 2**30
"""Bytes of one stored copy: more than any portal's calendar that was taken in."""


class Store:
    """An open store, for one daemon."""

    def __init__(self, place: Place) -> None:
        """Open the store at *place*, or make it, for its owner alone. Raises StoreRefused, it as it was, and StoreFailed."""
        self.forgetful = False
        """What happened could not be kept with the last commit."""
        self._doubted: Commit | None = None
        """One whose answer was lost."""
        self._ahead: Commit | None = None
        """The same once it is known to be stored, while the journal does not know it."""
        folder = place.parent if isinstance(place, Path) else place.folder
        self.reserve = Reserve(folder)
        self.gone_back = GoneBack(folder)
        self._db: Database
        self._stored: Stored | None
        self._db, self._stored = _open_file(place) if isinstance(place, Path) else _open_server(place)
        if not self._db.is_sure:
            self.reserve.fall_behind()
            if isinstance(place, Path):
                with refusing(place):
                    forget_opening(place.parent)

    @property
    def is_here(self) -> bool:
        """It lies on a disk of this machine, on which there may be room to be made."""
        return self._db.is_here

    @property
    def lease(self) -> Lease | None:
        """For how long this daemon may answer for what it knows; None where no other machine can go on from here."""
        return self._db.lease

    def load(self) -> Stored:
        """All that was stored when it was opened, to be asked for once. Raises StoreRefused and StoreFailed."""
        stored, self._stored = self._stored, None
        if stored is not None:
            return stored
        with failing():
            return load_stored(self._db.execute, self._db.name)

    def commit(self, commit: Commit) -> None:
        """Write *commit* and return once it is durable. Raises StoreFailed, and then nothing of it is written.

        StoreInDoubt: perhaps it is. A history that cannot be kept keeps nothing else from being stored: without it, it is
        tried once more.
        """
        self._find_out()
        asked, commit = commit, continued(self._ahead, commit)
        happened = what_happened(commit)
        ways = [(commit, happened), *([(commit, ())] if happened else ())]
        ways += [(replace(commit, outbox={}), ())] if commit.outbox else []
        for way in ways:
            try:
                self._transact(*way)
                break
            except StoreInDoubt:
                self._doubted = asked
                raise
            except StoreFailed as error:
                if way is ways[-1] or not self._db.answers:
                    raise
                if not self.forgetful:
                    log.error("what happened could not be kept in the history; all else is stored", why=str(error))
        self.forgetful = way is not ways[0]
        self._ahead = None

    def _find_out(self) -> None:
        """Whether the commit in doubt is stored. Raises StoreFailed while nobody can tell."""
        if self._doubted is not None:
            if self._db.settled():
                self._ahead = self._doubted
            self._doubted = None

    def _transact(self, commit: Commit, happened: tuple[Event, ...]) -> None:
        with failing(), self._db.transaction():
            write_commit(self._db.execute, commit)
            outbox.write(self._db.execute, commit.outbox)
            if happened:
                append(self._db.execute, happened, at=commit.at, kept=commit.remembered)

    def history(self, accommodation: str, night: Night | None) -> tuple[Event, ...]:
        """What happened to *accommodation*, or to one *night* of it, oldest first. Raises StoreFailed."""
        try:
            return entries(self._db.execute, accommodation, night)
        except (Error, *MALFORMED) as error:
            raise StoreFailed(f"the history cannot be read: {type(error).__name__}") from error

    def outbox(self) -> outbox.Kept:
        """What receivers of messages have still to be told; nothing where that cannot be read."""
        try:
            return outbox.read(self._db.execute("SELECT receiver, number, state FROM outbox"))
        except (Error, StoreFailed) as error:
            log.error("what receivers have still to be told cannot be read", why=type(error).__name__)
            return outbox.Kept()

    def body(self, key: BodyKey) -> bytes | None:
        """The stored body of a copy; None if there is none. Raises StoreFailed."""
        with failing(zlib.error):
            found = self._db.execute("SELECT body FROM copy WHERE owner = ? AND role = ?", (key[0], key[1].value))
            return next((_inflated(body) for (body,) in found), None)

    def close(self, *, well: bool = False) -> None:
        """Let another daemon have it. *well*: all that is known is stored in it."""
        self._db.close(well=well and not self.reserve.is_behind)


def _open_file(path: Path) -> tuple[Database, Stored]:
    with refusing(path):
        if not is_there(path):
            make(path)
        else:
            upgrade(path)
        # by a connection that cannot write: a file that is not ours stays untouched by opening and closing, too
        with examined(path, thoroughly=True) as db:
            stored = load_stored(db.execute, str(path))
            whole = rescued(db, path)
        if whole is not None:
            begin_anew(path, whole)
        return FileDatabase(path), stored


def _open_server(server: Server) -> tuple[Database, Stored]:
    # what it needs is an extra
    from icalsyncd.state.postgresql import ServerDatabase

    db = ServerDatabase(server)
    try:
        stored = load_stored(db.execute, db.name)
        db.begin(outdated=is_later_file(StateFolder(server.folder).state, stored.last_commit))
    except BaseException:
        db.close(well=False)
        raise
    return db, stored


def _inflated(packed: bytes) -> bytes:
    stream = zlib.decompressobj()
    body = stream.decompress(packed, _MAX_BODY)
    if not stream.eof:
        raise StoreFailed("a stored copy is cut, or larger than any calendar")
    return body
