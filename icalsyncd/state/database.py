"""What a store asks of the database that it lies in, be it a file of SQLite or a PostgreSQL server, and how either fails.

Statements are written once, in SQLite's words (see :mod:`~icalsyncd.state.dialect`). Everything here blocks, and belongs
on one thread.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias
from urllib.parse import unquote

from icalsyncd.state.lease import Lease

_PASSWORD: Final = re.compile(r"password\s*=\s*(?:'((?:[^'\\]|\\.)*)'|([^\s&']+))|://[^:@/]*:([^@]*)@")


class StoreRefused(Exception):
    """What is stored is damaged, foreign or of a newer version; it was left as it is."""


class StoreOfAnotherVersion(StoreRefused):
    """What is stored is whole, and written by a version that this one does not know: trying again does not help."""


class StoreFailed(Exception):
    """The store did not take a commit, or did not give what was asked of it."""


class StoreInDoubt(StoreFailed):
    """The answer to a commit was lost: it is stored, or it is not. The store finds out before it takes the next one."""


class StoreTaken(StoreFailed):
    """Another daemon has opened the database since: nothing of this one is stored there any more."""


class StoreHeld(StoreFailed):
    """Another daemon has the database, and its lease is not out yet."""


@dataclass(frozen=True, slots=True)
class Server:
    """A database on a PostgreSQL server, as a place where a store lies."""

    dsn: str = field(repr=False)
    """libpq's connection string. It is a password."""
    folder: Path
    """The state folder of this machine: marks of what the database lacks lie there."""


def dsn_parts(dsn: str) -> tuple[str, ...]:
    """What of *dsn* is to be shown to nobody: all of it, and the password by itself."""
    found = _PASSWORD.findall(dsn)
    # the path of a URL by itself is no secret, and may be part of many words
    return (dsn.partition("://")[2] or dsn, *(quoted or bare or unquote(of_url) for quoted, bare, of_url in found))


Place: TypeAlias = Path | Server
"""Where a store lies: a file of SQLite, or a database on a server."""


class Database(Protocol):
    """An open database, for one daemon."""

    @property
    def name(self) -> str:
        """What it is called in messages."""

    @property
    def is_sure(self) -> bool:
        """What it held when it was opened is all that was known, as far as this machine can tell."""

    @property
    def is_here(self) -> bool:
        """It lies on a disk of this machine."""

    @property
    def lease(self) -> Lease | None:
        """For how long this daemon may answer for what it knows; None where no other machine can go on from here."""

    @property
    def answers(self) -> bool:
        """What failed last was refused; False if nobody answered."""

    @property
    def execute(self) -> Callable[..., Iterable[Any]]:
        """Runs one statement with its values. Raises StoreFailed, or SQLite's own errors."""

    def transaction(self) -> AbstractContextManager[None]:
        """What runs inside is durable when it ends, whole; if it raises, nothing of it is.

        Raises StoreFailed, StoreInDoubt and StoreTaken.
        """

    def settled(self) -> bool | None:
        """Whether the transaction whose answer was lost is stored; None if there was none. Raises StoreFailed."""

    def close(self, *, well: bool) -> None:
        """Let another daemon have it. *well*: it holds all that is known."""
