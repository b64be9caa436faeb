"""A WebDAV server, such as a Nextcloud (RFC 4918)."""

from __future__ import annotations

import ssl
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
    MAX_PUT,
    Unsent,
    Why,
    answered,
)

_WITHOUT_MOVE: Final = frozenset({400, 403, 404, 405, 409, 412, 501, 502})
"""Answers of servers, or of the proxies before them, that take files and do not move them."""


class WebDavStorage:
    """A folder on a WebDAV server."""

    def __init__(self, url: str, username: Secret | None, password: Secret | None) -> None:
        self._url = URL(url.rstrip("/") + "/", encoded=True)
        self._auth = (
            aiohttp.BasicAuth(username.reveal(), password.reveal() if password else "", "utf-8") if username else None
        )
        self._session: aiohttp.ClientSession | None = None
        self._moves = True

    async def put(self, name: str, body: bytes) -> Unsent | None:
        if self._moves:
            draft = _draft_of(name)
            unsent = await self._ask("PUT", draft, body)
            if unsent is not None:
                return unsent
            status = await self._status("MOVE", draft, {"Destination": str(self._at(name)), "Overwrite": "T"})
            if isinstance(status, int) and status < 300:
                return None
            if not isinstance(status, int):
                return status
            if status not in _WITHOUT_MOVE:
                return answered(status)
            # RFC 4918 §9.7: a plain PUT replaces as well, and whether readers may see a part is up to the server
            self._moves = False
            await self._status("DELETE", draft, {})
        return await self._ask("PUT", name, body)

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
        if self._session is None:
            self._session = aiohttp.ClientSession(
                auth=self._auth,
                headers={"User-Agent": f"icalsyncd/{__version__}"},
                timeout=aiohttp.ClientTimeout(MAX_PUT, sock_connect=MAX_CONNECT),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        try:
            # a redirect would take the password to another place
            async with self._session.request(
                method, self._at(name), data=body, headers=headers, allow_redirects=False
            ) as answer:
                return answer.status
        except TimeoutError:
            return Unsent(Why.TIMEOUT, "it does not answer in time")
        except (aiohttp.ClientSSLError, ssl.SSLError):
            return Unsent(Why.TLS, "its certificate is not one for this host, or not one that is known")
        except (aiohttp.ClientError, OSError):
            return Unsent(Why.CONNECT, "no connection to it, or it broke off")


def _draft_of(name: str) -> str:
    # Nextcloud takes no file whose name ends in .part, nor do some servers one that begins with a dot
    return f"{name}.draft"
