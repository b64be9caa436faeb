"""Who is logged in. What a browser holds is a number that nobody can guess; here only its digest is known."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Final

LONGEST: Final = 90 * 86400.0
"""Seconds for which one stays logged in."""
MOST: Final = 32
"""Sessions of one user; a new one ends the oldest."""
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Session:
    """One browser that is logged in."""

    user: str
    under: str
    """A mark of the hash that the user's password had: under another one the session has ended."""
    since: float
    """Seconds since 1970."""


class Sessions:
    """All of them, by the digest of what the browser holds."""

    def __init__(self, now: Callable[[], float], keep: Callable[[str], None], kept: str = "") -> None:
        """*keep* is given a text whenever somebody logs in or out; *kept* is the one that it was given last."""
        self._now = now
        self._keep = keep
        self._known: dict[str, Session] = _read(kept)

    def begin(self, user: str, users: Mapping[str, str]) -> str:
        """What a browser of *user*, whose password was right, has to hold from now on."""
        token = secrets.token_urlsafe(32)
        self._known = {mark: session for mark, session in self._known.items() if self._holds(session, users)}
        own = sorted(
            (mark for mark, session in self._known.items() if session.user == user),
            key=lambda mark: self._known[mark].since,
        )
        for mark in own[: max(0, len(own) - MOST + 1)]:
            del self._known[mark]
        self._known[_digest(token)] = Session(user, mark_of(users[user]), self._now())
        self._write()
        return token

    def user_of(self, token: str, users: Mapping[str, str]) -> str | None:
        """Who is logged in by *token* under *users*; None for nobody."""
        if not _TOKEN.fullmatch(token):
            return None
        session = self._known.get(_digest(token))
        return session.user if session is not None and self._holds(session, users) else None

    def end(self, token: str) -> None:
        """Whoever holds *token* is logged out."""
        if _TOKEN.fullmatch(token) and self._known.pop(_digest(token), None) is not None:
            self._write()

    def _holds(self, session: Session, users: Mapping[str, str]) -> bool:
        known = users.get(session.user)
        return (
            known is not None and mark_of(known) == session.under and -86400.0 < self._now() - session.since < LONGEST
        )

    def _write(self) -> None:
        self._keep(json.dumps({mark: asdict(session) for mark, session in self._known.items()}))


def mark_of(known: str) -> str:
    """Tells one hash of a password from another, and says nothing of it."""
    return hashlib.sha256(known.encode("ascii")).hexdigest()[:32]


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("ascii")).hexdigest()


def _read(kept: str) -> dict[str, Session]:
    """What was kept; nothing where that cannot be read: everybody logs in again."""
    try:
        return {
            str(mark): Session(str(each["user"]), str(each["under"]), float(each["since"]))
            for mark, each in json.loads(kept).items()
        }
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}
