"""A WebDAV server, such as a Nextcloud (RFC 4918)."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections.abc import Mapping
from typing import Final

import aiohttp
from yarl import URL

from icalsyncd import __version__
from icalsyncd.config.secret import Secret
from icalsyncd.publishing.targets.storage import (
    CACHE_CONTROL,
    CONTENT_TYPE,
    MAX_CONNECT,
    MAX_LOOK,
    MAX_PUT,
    Unsent,
    Why,
    answered,
)

_WITHOUT_MOVE: Final = frozenset({405, 501})
"""Answers of servers that take files and do not move them."""
_MAY_NOT_MOVE: Final = frozenset({400, 403, 404, 409, 412, 502})
"""Answers to a MOVE that are a passing trouble, or come from a proxy that never lets one through."""
MOVES_TRIED: Final = 3
"""Moves that fail so in a row before a file is put plainly: a torn feed for a moment is better than an old one for good."""
MOVE_AGAIN: Final = 1800.0
"""Seconds after which a server that does not move files is asked for it again."""


class WebDavStorage:
    """A folder on a WebDAV server."""

    def __init__(self, url: str, username: Secret | None, password: Secret | None) -> None:
        self._url = URL(url.rstrip("/") + "/", encoded=True)
        self._headers = {"User-Agent": f"icalsyncd/{__version__}"}
        if username:
            # whatever their file holds: a name with a colon, which this cannot say, is for the server to refuse
            both = f"{username.reveal()}:{password.reveal() if password else ''}".encode(errors="surrogateescape")
            self._headers["Authorization"] = f"Basic {b64encode(both).decode('ascii')}"
        self._session: aiohttp.ClientSession | None = None
        self._plain_until: float | None = None
        """Until when files are put plainly, on the loop's clock, since the server does not move them."""
        self._unmoved = 0
        """Moves in a row that failed, though the server may be able to."""

    @property
    def tears(self) -> bool:
        return self._plain_until is not None or self._unmoved >= MOVES_TRIED

    async def put(self, name: str, body: bytes) -> Unsent | None:
        now = asyncio.get_running_loop().time()
        if self._plain_until is None or self._plain_until <= now:
            draft = _draft_of(name)
            unsent = await self._ask("PUT", draft, body)
            if unsent is not None:
                return unsent
            status = await self._status("MOVE", draft, {"Destination": str(self._at(name)), "Overwrite": "T"})
            if not isinstance(status, int):
                return status
            if status < 300:
                self._plain_until, self._unmoved = None, 0
                return None
            if status in _WITHOUT_MOVE:
                self._plain_until = now + MOVE_AGAIN
            else:
                self._unmoved += status in _MAY_NOT_MOVE
                if status not in _MAY_NOT_MOVE or self._unmoved < MOVES_TRIED:
                    return answered(status)
            await self._status("DELETE", draft, {})
        # RFC 4918 §9.7: a plain PUT replaces as well, and whether readers may see a part is up to the server
        return await self._ask("PUT", name, body)

    async def read(self, name: str) -> bytes | Unsent:
        found = await self._answer("GET", name, {"Cache-Control": "no-cache"})
        if isinstance(found, Unsent):
            return found
        status, body = found
        if status in (404, 410):
            return b""
        return body if status == 200 else answered(status)

    async def delete(self, name: str) -> Unsent | None:
        for each in (name, _draft_of(name)):
            status = await self._status("DELETE", each, {})
            if not isinstance(status, int):
                return status
            if status >= 300 and status not in (404, 410):
                return answered(status)
        return None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _at(self, name: str) -> URL:
        return self._url / name

    async def _ask(self, method: str, name: str, body: bytes) -> Unsent | None:
        status = await self._status(method, name, {"Content-Type": CONTENT_TYPE, "Cache-Control": CACHE_CONTROL}, body)
        if not isinstance(status, int):
            return status
        return answered(status) if status >= 300 else None

    async def _status(
        self, method: str, name: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> int | Unsent:
        found = await self._answer(method, name, headers, body)
        return found if isinstance(found, Unsent) else found[0]

    async def _answer(
        self, method: str, name: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> tuple[int, bytes] | Unsent:
        """The status, and where it was a GET, the body as far as it is looked at."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers=self._headers,
                timeout=aiohttp.ClientTimeout(MAX_PUT, sock_connect=MAX_CONNECT),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        try:
            # a redirect would take the password to another place
            async with self._session.request(
                method, self._at(name), data=body, headers=headers, allow_redirects=False
            ) as answer:
                read = await _read(answer) if method == "GET" and answer.status == 200 else b""
                return answer.status, read
        except TimeoutError:
            return Unsent(Why.TIMEOUT, "it does not answer in time")
        except (aiohttp.ClientSSLError, ssl.SSLError):
            return Unsent(Why.TLS, "its certificate is not one for this host, or not one that is known")
        except (aiohttp.ClientError, OSError):
            return Unsent(Why.CONNECT, "no connection to it, or it broke off")


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in answer.content.iter_chunked(65536):
        body += chunk
        if len(body) > MAX_LOOK:
            # this is no feed of ours
            break
    return bytes(body[:MAX_LOOK])


def _draft_of(name: str) -> str:
    # Nextcloud takes no file whose name ends in .part, nor do some servers one that begins with a dot
    return f"{name}.draft"
