"""The installation's secret, and all that is derived from it: links, event signatures, fingerprints.

The secret lives in a file of its own, never in the store: config and secret together restore every link.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from icalsyncd.availability.link import Link
from icalsyncd.calendars.feed import Signature
from icalsyncd.state.directory import make, opened
from icalsyncd.state.files import NotRegularError, content

MAX_SECRET: Final = 4096
"""Bytes; a secret is 65."""
_DERIVED_KEPT: Final = 32768


class SecretUnusable(Exception):
    """The secret file is there and holds no secret; a new one would silently change every link."""


@dataclass(frozen=True, slots=True)
class Installation:
    """One installation of the daemon, known by its secret."""

    secret: bytes = field(repr=False)
    is_new: bool = False
    """The secret was made just now."""

    def token(self, link: Link, generation: int | None = None) -> str:
        """The secret part of a link's path, of *link*'s own or an earlier *generation*."""
        number = link.generation if generation is None else generation
        return base64.b32encode(self._derive(f"link\0{link.first_name}\0{number}")[:20]).decode().lower()

    def signature(self, accommodation: str) -> Signature:
        """What marks the events in the feeds of *accommodation*."""
        return Signature(self._derive("uid"), accommodation)

    @property
    def people_key(self) -> bytes:
        """What the UIDs of events for people are made of."""
        return self._derive("people")

    def fingerprint(self, url: str) -> str:
        """Tells whether two calendar URLs are the same without keeping either."""
        return self._derive(f"calendar\0{url}").hex()[:32] if url else ""

    @property
    def mark(self) -> str:
        """Tells whether a store was written under this secret."""
        return self._derive("installation").hex()[:32]

    @lru_cache(_DERIVED_KEPT)  # noqa: B019 (there is one installation, and it stays)
    def _derive(self, purpose: str) -> bytes:
        return hmac.digest(self.secret, purpose.encode(), sha256)


def path_of(token: str) -> str:
    """The path of the link with *token*, on whatever host serves it."""
    return f"/{token}.ics"


def installation_of(written: bytes) -> Installation:
    """The one of which *written* is the secret's file. Raises SecretUnusable where it holds something else."""
    try:
        secret = bytes.fromhex(written.decode("ascii").strip())
    except ValueError:
        secret = b""
    if len(secret) < 16:
        raise SecretUnusable("this is no secret of icalsyncd")
    return Installation(secret)


def read_installation(path: Path) -> Installation:
    """Read the secret at *path*.

    Raises FileNotFoundError if there is none, OSError, and SecretUnusable if the file holds something else.
    """
    try:
        return installation_of(content(path, MAX_SECRET).data)
    except (SecretUnusable, NotRegularError):
        raise SecretUnusable(f"{path} does not hold a secret of icalsyncd") from None


def unmade_installation() -> Installation:
    """One with a secret that is stored nowhere, to work out what a first start will do: none of its links may be shown."""
    return Installation(secrets.token_bytes(32), is_new=True)


def open_installation(path: Path) -> Installation:
    """Read the secret at *path*, or make one there, 0600.

    Raises OSError, and SecretUnusable if the file holds something else.
    """
    try:
        return read_installation(path)
    except FileNotFoundError:
        pass
    made = secrets.token_hex(32)
    make(path.parent)
    # on the disk before it is used: links are pasted into portals from now on
    with opened(path.parent) as folder:
        folder.replace(path.name, f"{made}\n".encode())
    return Installation(bytes.fromhex(made), is_new=True)
