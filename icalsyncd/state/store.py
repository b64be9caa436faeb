"""What is stored, and the transactions that change it: whole or not at all, durable when a commit returns.

It lies in a file of SQLite (:mod:`~icalsyncd.state.state_file`) or on a PostgreSQL server
(:mod:`~icalsyncd.state.postgresql`), which differ in nothing that is asked here. Everything blocks, and belongs on one
thread (see :mod:`~icalsyncd.state.journal`). No secret and no link is ever in it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from icalsyncd import log
from icalsyncd.availability.ledger import SyncLedger
from icalsyncd.availability.removal import RemovalDelay
from icalsyncd.calendars.nights import Night
from icalsyncd.state import outbox
from icalsyncd.state.agenda import PAPER
from icalsyncd.state.copy import BodyKey
from icalsyncd.state.database import Database, Place, Server, StoreFailed, StoreInDoubt, StoreRefused
from icalsyncd.state.gone_back import GoneBack
from icalsyncd.state.history import Event, Execute, append, entries, events
from icalsyncd.state.kinship import as_kin
from icalsyncd.state.last_database import forget_opening
from icalsyncd.state.lease import Lease
from icalsyncd.state.moving import is_later_file
from icalsyncd.state.publication import Publication, PublicationKey
from icalsyncd.state.records import (
    SyncRecord,
    dump_accommodation,
    dump_claims,
    dump_facts,
    dump_publication,
    dump_removal_delay,
    dump_sync,
    dump_sync_ledger,
    load_accommodation,
    load_publication,
    load_removal_delay,
    load_sync,
)
from icalsyncd.state.reserve import Reserve
from icalsyncd.state.state import Facts, State
from icalsyncd.state.state_file import (
    DatabaseError,
    Error,
    FileDatabase,
    begin_anew,
    examined,
    examined_content,
    failing,
    is_there,
    make,
    refusing,
    rescued,
    upgrade,
)
from icalsyncd.state.state_folder import StateFolder

_MAX_BODY: Final = 2**30
"""Bytes of one stored copy: more than any portal's calendar that was taken in."""
_UPDATE: Final = """
UPDATE sync SET ledger = coalesce(?, ledger), claims = coalesce(?, claims), facts = coalesce(?, facts)
WHERE accommodation = ? AND name = ?
"""
_MALFORMED: Final = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""Exceptions that are raised when a stored record is malformed."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a state file held when it was opened."""

    states: Mapping[str, State]
    last_commit: float | None
    installation: str | None
    """The mark of the installation's secret under which it was written."""
    secret_since: float | None = None
    """Since when the installation has this secret, if it had another before, or none."""
    publications: Mapping[PublicationKey, Publication] = field(default_factory=dict)
    """What was written in the shared cloud, and not deleted there since."""
    removal_delay: RemovalDelay | None = None
    """The removal delay that was in force; None if none was stored yet."""
    agreed: float | None = None
    """The last moment that a clock outside agreed to, see :attr:`icalsyncd.clock.Clock.agreed`."""
    papers: Mapping[str, str] = field(default_factory=dict)
    """What calendars for people were shown as, and their links, see :mod:`icalsyncd.state.agenda`."""


@dataclass(frozen=True, slots=True)
class Commit:
    """What one transaction writes: for each accommodation the state before and now (None: there is none)."""

    at: float
    changes: Mapping[str, tuple[State | None, State | None]] = field(default_factory=dict)
    bodies: Mapping[BodyKey, bytes | None] = field(default_factory=dict)
    installation: tuple[str, float] | None = None
    """The mark of the secret, and since when it is the one."""
    publications: Mapping[PublicationKey, Publication | None] = field(default_factory=dict)
    removal_delay: RemovalDelay | None = None
    agreed: float | None = None
    papers: Mapping[str, str] = field(default_factory=dict)
    outbox: Mapping[outbox.Key, str | None] = field(default_factory=dict)
    happened: tuple[Event, ...] = ()
    """What is to be remembered beside what the changes themselves tell."""
    remembered: float = 0.0
    """Seconds for which what happened is kept."""


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
            return _load(self._db.execute, self._db.name)

    def commit(self, commit: Commit) -> None:
        """Write *commit* and return once it is durable. Raises StoreFailed, and then nothing of it is written.

        StoreInDoubt: perhaps it is. A history that cannot be kept keeps nothing else from being stored: without it, it is
        tried once more.
        """
        self._find_out()
        asked, commit = commit, _since(self._ahead, commit)
        happened = _happened(commit)
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
            self._write(commit)
            outbox.write(self._db.execute, commit.outbox)
            if happened:
                append(self._db.execute, happened, at=commit.at, kept=commit.remembered)

    def history(self, accommodation: str, night: Night | None) -> tuple[Event, ...]:
        """What happened to *accommodation*, or to one *night* of it, oldest first. Raises StoreFailed."""
        try:
            return entries(self._db.execute, accommodation, night)
        except (Error, *_MALFORMED) as error:
            raise StoreFailed(f"the history cannot be read: {type(error).__name__}") from error

    def outbox(self) -> outbox.Kept:
        """What receivers of messages have still to be told; nothing where that cannot be read."""
        try:
            return outbox.read(self._db.execute("SELECT receiver, number, state FROM outbox"))
        except (Error, StoreFailed) as error:
            log.error("what receivers have still to be told cannot be read", why=type(error).__name__)
            return outbox.Kept()

    def _write(self, commit: Commit) -> None:
        execute = self._db.execute
        for accommodation, (before, after) in commit.changes.items():
            was = before.ledger.syncs if before else {}
            now = after.ledger.syncs if after else {}
            for name in was.keys() - now.keys():
                execute("DELETE FROM sync WHERE accommodation = ? AND name = ?", (accommodation, name))
            if after is None:
                execute("DELETE FROM accommodation WHERE id = ?", (accommodation,))
                continue
            record = dump_accommodation(after.ledger)
            if before is None or record != dump_accommodation(before.ledger):
                execute("REPLACE INTO accommodation VALUES (?, ?)", (accommodation, record))
            for name, sync in now.items():
                known = was.get(name)
                if before is None or known is None:
                    execute(
                        "REPLACE INTO sync VALUES (?, ?, ?, ?, ?)",
                        (accommodation, name, *dump_sync(sync, after.of(name))),
                    )
                    continue
                # only the parts that changed: claims are most of what is stored, and seldom change
                ledger = dump_sync_ledger(sync) if known is not sync else None
                claims = dump_claims(sync.claims) if known.claims is not sync.claims else None
                facts = dump_facts(after.of(name)) if before.of(name) is not after.of(name) else None
                if ledger or claims or facts:
                    execute(_UPDATE, (ledger, claims, facts, accommodation, name))
        # a copy belongs to its sync, also through a rename: what no sync has any more goes
        changes = commit.changes.values()
        for owner, role in copies_of(before for before, _ in changes) - copies_of(after for _, after in changes):
            execute("DELETE FROM copy WHERE owner = ? AND role = ?", (owner, role.value))
        for (owner, role), body in commit.bodies.items():
            if body is None:
                execute("DELETE FROM copy WHERE owner = ? AND role = ?", (owner, role.value))
            else:
                execute("REPLACE INTO copy VALUES (?, ?, ?)", (owner, role.value, zlib.compress(body, 1)))
        for key, publication in commit.publications.items():
            if publication is None:
                execute("DELETE FROM publication WHERE target = ? AND owner = ? AND generation = ?", key)
            else:
                execute("REPLACE INTO publication VALUES (?, ?, ?, ?)", (*key, dump_publication(publication)))
        execute("REPLACE INTO meta VALUES ('last_commit', ?)", (repr(commit.at),))
        if commit.agreed is not None:
            execute("REPLACE INTO meta VALUES ('agreed', ?)", (repr(commit.agreed),))
        for name, paper in commit.papers.items():
            execute("REPLACE INTO meta VALUES (?, ?)", (PAPER + name, paper))
        if commit.removal_delay:
            execute("REPLACE INTO meta VALUES ('removal_delay', ?)", (dump_removal_delay(commit.removal_delay),))
        if commit.installation:
            mark, since = commit.installation
            execute("REPLACE INTO meta VALUES ('installation', ?), ('secret_since', ?)", (mark, repr(since)))

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
            stored = _load(db.execute, str(path))
            whole = rescued(db, path)
        if whole is not None:
            begin_anew(path, whole)
        return FileDatabase(path), stored


def _open_server(server: Server) -> tuple[Database, Stored]:
    # what it needs is an extra
    from icalsyncd.state.postgresql import ServerDatabase

    db = ServerDatabase(server)
    try:
        stored = _load(db.execute, db.name)
        db.begin(outdated=is_later_file(StateFolder(server.folder).state, stored.last_commit))
    except BaseException:
        db.close(well=False)
        raise
    return db, stored


def _since(ahead: Commit | None, commit: Commit) -> Commit:
    """*commit* after *ahead*, which is stored though the journal does not know it: what it had written is there."""
    if ahead is None:
        return commit
    changes = {
        each: (ahead.changes[each][1] if each in ahead.changes else before, after)
        for each, (before, after) in commit.changes.items()
    }
    return replace(commit, changes=changes, happened=commit.happened[len(ahead.happened) :])


def _happened(commit: Commit) -> tuple[Event, ...]:
    """All that is to be remembered of *commit*; a bug in telling it costs the history and nothing else."""
    if not commit.remembered:
        return ()
    try:
        told = [
            event
            for accommodation, (before, after) in commit.changes.items()
            for event in events(accommodation, before, after, commit.at)
        ]
    except Exception as problem:
        log.bug("telling what happened ended in a bug", problem)
        return commit.happened
    return (*commit.happened, *told)


def peek(place: Place) -> Stored:
    """What the store at *place* holds, read beside a daemon that may be writing it; nothing if there is none.

    Raises StoreRefused and StoreFailed.
    """
    if isinstance(place, Server):
        from icalsyncd.state.postgresql import NAME, reading

        with reading(place) as rows:
            return _load(rows, NAME) if rows is not None else Stored({}, None, None)
    with refusing(place):
        if not is_there(place):
            return Stored({}, None, None)
        with examined(place, thoroughly=False) as db:
            return _load(db.execute, str(place))


def examine(content: bytes, path: Path) -> Stored:
    """What a state file with the bytes *content* holds; *path* is what to call it. Raises StoreRefused."""
    with examined_content(content, path) as db:
        return _load(db.execute, str(path))


def copies_of(states: Iterable[State | None]) -> set[BodyKey]:
    """The copies that belong to the syncs of *states*."""
    return {
        key
        for state in states
        if state is not None
        for name, sync in state.ledger.syncs.items()
        for key in state.of(name).copies.keys(sync.link.first_name)
    }


def _inflated(packed: bytes) -> bytes:
    stream = zlib.decompressobj()
    body = stream.decompress(packed, _MAX_BODY)
    if not stream.eof:
        raise StoreFailed("a stored copy is cut, or larger than any calendar")
    return body


def _load(execute: Execute, called: str) -> Stored:
    try:
        meta = dict(execute("SELECT key, value FROM meta"))
        syncs: dict[str, dict[str, tuple[SyncLedger, Facts]]] = {}
        for accommodation, name, *parts in execute("SELECT accommodation, name, ledger, claims, facts FROM sync"):
            syncs.setdefault(accommodation, {})[name] = load_sync(SyncRecord(*parts))
        states: dict[str, State] = {}
        for accommodation, text in execute("SELECT id, state FROM accommodation ORDER BY id"):
            own = syncs.get(accommodation, {})
            ledger = load_accommodation(text, {name: sync for name, (sync, _) in own.items()})
            states[accommodation] = State(ledger, {name: facts for name, (_, facts) in own.items()})
        publications = {
            (target, owner, generation): load_publication(text)
            for target, owner, generation, text in execute("SELECT target, owner, generation, state FROM publication")
        }
        last, since = meta.get("last_commit"), meta.get("secret_since")
        delay, agreed = meta.get("removal_delay"), meta.get("agreed")
        return Stored(
            as_kin(states),
            float(last) if last else None,
            meta.get("installation"),
            float(since) if since else None,
            publications,
            load_removal_delay(delay) if delay else None,
            float(agreed) if agreed else None,
            {key.removeprefix(PAPER): value for key, value in meta.items() if key.startswith(PAPER)},
        )
    except DatabaseError as error:
        raise StoreRefused(f"{called} is damaged: {error}") from error
    except _MALFORMED as error:
        # what such an error says may be what a portal said
        raise StoreRefused(f"{called} is damaged: {type(error).__name__}") from error
