"""What a store holds, as it is read when it is opened, or beside the daemon whose it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from icalsyncd.availability.ledger import SyncLedger
from icalsyncd.availability.removal import RemovalDelay
from icalsyncd.state.agenda import PAPER
from icalsyncd.state.database import Place, Server, StoreRefused
from icalsyncd.state.history import Execute
from icalsyncd.state.kinship import as_kin
from icalsyncd.state.publication import Publication, PublicationKey
from icalsyncd.state.records import SyncRecord, load_accommodation, load_publication, load_removal_delay, load_sync
from icalsyncd.state.state import Facts, State
from icalsyncd.state.state_file import DatabaseError, examined, examined_content, is_there, refusing

MALFORMED: Final = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
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


def load_stored(execute: Execute, called: str) -> Stored:
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
    except MALFORMED as error:
        # what such an error says may be what a portal said
        raise StoreRefused(f"{called} is damaged: {type(error).__name__}") from error


def peek(place: Place) -> Stored:
    """What the store at *place* holds, read beside a daemon that may be writing it; nothing if there is none.

    Raises StoreRefused and StoreFailed.
    """
    if isinstance(place, Server):
        from icalsyncd.state.postgresql import NAME, reading

        with reading(place) as rows:
            return load_stored(rows, NAME) if rows is not None else Stored({}, None, None)
    with refusing(place):
        if not is_there(place):
            return Stored({}, None, None)
        with examined(place, thoroughly=False) as db:
            return load_stored(db.execute, str(place))


def examine(content: bytes, path: Path) -> Stored:
    """What a state file with the bytes *content* holds; *path* is what to call it. Raises StoreRefused."""
    with examined_content(content, path) as db:
        return load_stored(db.execute, str(path))
