"""The gate of the admin listener: who is let in, and what those who are not are told.

With users, everybody shows a session, a name with its password, or the token that the daemon lays into its state folder
for the commands. Without users, who sits at the machine itself may do all, and others may look.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from binascii import Error as NotBase64
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from math import ceil
from typing import Final
from urllib.parse import quote

from aiohttp import hdrs, web

from icalsyncd.admin.caller import By, Caller, is_at_the_machine, is_encrypted, peer_of
from icalsyncd.admin.guesses import Guesses
from icalsyncd.admin.passwords import Lane
from icalsyncd.admin.sessions import LONGEST, Sessions
from icalsyncd.pulling.address import Network

MOST_VERIFIED: Final = 64
"""Names with their passwords that were right, and need not be compared again: a monitor asks every few seconds."""
_LONGEST_GIVEN: Final = 1024
"""Characters of a name with its password; of more, nothing is compared."""
_LATER: Final = re.compile(r"(?:explain)?(?:\?[A-Za-z0-9_=&%.+-]{1,300})?", re.ASCII)
"""Where a login may lead to: pages of ours, relative, so that a proxy may serve them under any path."""

_DEEPEST: Final = 3
"""Slashes in the paths that we have."""

Users = Mapping[str, str]


class Wrong(Enum):
    """Why a name with a password does not let in."""

    WRONG = auto()
    BUSY = auto()


@dataclass(frozen=True, slots=True)
class Wait:
    """It is not even looked at before so many seconds have passed."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """Who asks is not let in; for the listener to say."""

    status: int
    why: str
    headers: Mapping[str, str]


class Gate:
    """Knows who is who."""

    def __init__(
        self,
        users: Callable[[], Users],
        proxies: Callable[[], tuple[Network, ...]],
        token: str,
        sessions: Sessions,
        now: Callable[[], float],
    ) -> None:
        """*users* are those that count at the moment, *now* is in seconds that only go forward."""
        self._users = users
        self._proxies = proxies
        self._token = token.encode("ascii")
        self.sessions = sessions
        self._guesses = Guesses(now)
        self._lanes = {True: Lane(), False: Lane()}
        """One for the machine itself: strangers are never before its host."""
        self._verified: OrderedDict[bytes, None] = OrderedDict()
        self._key = secrets.token_bytes(32)

    @property
    def has_users(self) -> bool:
        """Whether anybody has to say who it is."""
        return bool(self._users())

    def close(self) -> None:
        """Let its threads end."""
        for lane in self._lanes.values():
            lane.close()

    async def caller(self, request: web.BaseRequest) -> Caller | Stopped:
        """Who asks, or what to answer to somebody who is not let in."""
        kind, _, given = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode("utf-8", "replace"), self._token):
            return Caller(By.TOKEN)
        users = self._users()
        if not users:
            return Caller(By.PLACE if is_at_the_machine(request) else By.NOTHING)
        if kind.lower() == "basic" and (pair := _pair(given)) is not None:
            return await self._by_password(request, *pair)
        user = self.sessions.user_of(session_in(request), users)
        if user is not None:
            return Caller(By.SESSION, user)
        return _unknown(request)

    async def verify(self, request: web.BaseRequest, name: str, password: str) -> str | Wrong | Wait:
        """The name of the user whose password this is."""
        users = self._users()
        local = is_at_the_machine(request)
        peer = None if local else peer_of(request, self._proxies())
        if not users or len(name) + len(password) > _LONGEST_GIVEN:
            return Wrong.WRONG
        if wait := self._guesses.wait(name, peer):
            return Wait(ceil(wait))
        # an unknown name costs what one that is known does, always the same one
        known = users.get(name) or users[sorted(users)[self._mark(name)[0] % len(users)]]
        mark = self._mark(name, password, known)
        if mark in self._verified:
            self._verified.move_to_end(mark)
            return name
        lane = self._lanes[local]
        if lane.is_full:
            return Wrong.BUSY
        async with lane:
            # others of this peer may have been wrong meanwhile
            if wait := self._guesses.wait(name, peer):
                return Wait(ceil(wait))
            right = await lane.matches(password, known)
            if not right or name not in users:
                self._guesses.wrong(name, peer)
                return Wrong.WRONG
        self._guesses.right(name, peer)
        self._verified[mark] = None
        while len(self._verified) > MOST_VERIFIED:
            self._verified.popitem(last=False)
        return name

    def begin(self, user: str) -> str:
        """What the browser of *user* has to hold from now on."""
        return self.sessions.begin(user, self._users())

    async def _by_password(self, request: web.BaseRequest, name: str, password: str) -> Caller | Stopped:
        match await self.verify(request, name, password):
            case str() as user:
                return Caller(By.PASSWORD, user)
            case Wait(seconds):
                return Stopped(429, f"too many wrong passwords: wait {seconds} s", {hdrs.RETRY_AFTER: str(seconds)})
            case Wrong.BUSY:
                return Stopped(503, "too many passwords are being looked at: come again", {hdrs.RETRY_AFTER: "2"})
            case Wrong.WRONG:
                return _unknown(request)

    def _mark(self, *texts: str) -> bytes:
        """The same for the same texts, in this process alone; no text can be told from it."""
        made = hmac.new(self._key, digestmod=hashlib.sha256)
        for text in texts:
            written = text.encode("utf-8", "surrogatepass")
            made.update(len(written).to_bytes(4, "big") + written)
        return made.digest()


def session_in(request: web.BaseRequest) -> str:
    """What a browser holds; `""` for nothing."""
    return request.cookies.get(_cookie_name(request), "")


def holding(request: web.BaseRequest, token: str) -> str:
    """The Set-Cookie header by which a browser holds *token*, or gives up what it holds where that is empty."""
    lasting = f"Max-Age={LONGEST:.0f}" if token else "Max-Age=0"
    secure = "; Secure" if is_encrypted(request) else ""
    return f"{_cookie_name(request)}={token}; Path=/; HttpOnly; SameSite=Strict; {lasting}{secure}"


def later(wanted: str) -> str:
    """*wanted*, if a login may lead there, else the first page."""
    return wanted if _LATER.fullmatch(wanted) else ""


def _cookie_name(request: web.BaseRequest) -> str:
    # with the prefix, no other site under the same name can lay a cookie of its own in the place of this one
    return "__Host-icalsyncd" if is_encrypted(request) else "icalsyncd"


def _unknown(request: web.BaseRequest) -> Stopped:
    """To a browser that shows a page, the way to log in; to a program, that it has to."""
    depth = request.path.count("/") - 1
    looks = request.method in ("GET", "HEAD") and "text/html" in request.headers.get(hdrs.ACCEPT, "")
    if looks and 0 <= depth <= _DEEPEST:
        wanted = request.path_qs.removeprefix("/")
        after = f"?next={quote(wanted, safe='')}" if wanted and later(wanted) else ""
        return Stopped(303, "log in", {hdrs.LOCATION: f"{'../' * depth}login{after}"})
    if any(name.lower().startswith("sec-fetch-") for name in request.headers):
        # a browser would ask for a password in a window of its own
        return Stopped(401, "log in", {})
    return Stopped(401, "a name and its password are needed", {hdrs.WWW_AUTHENTICATE: 'Basic realm="icalsyncd"'})


def _pair(given: str) -> tuple[str, str] | None:
    """The name and the password of basic auth."""
    try:
        name, colon, password = base64.b64decode(given.strip(), validate=True).decode("utf-8").partition(":")
    except (NotBase64, ValueError):
        return None
    return (name, password) if colon else None
