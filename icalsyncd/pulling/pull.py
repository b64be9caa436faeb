"""Getting a portal's calendar over the network: one question, and an answer that is always a value.

Whatever a portal does, a pull ends within its time as a body, as "not modified", or as a failure with a reason. No URL
and nothing of an answer is ever in a failure's words.

An address is checked, and then connected to without another look-up in between, so that a name cannot show one address
to the check and another to the connection. Connections are not kept: pulls of one portal are minutes apart, and a
connection that was opened under one list of allowed networks must not serve another.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePosixPath
from types import TracebackType
from typing import Final, assert_never

import aiohttp
from aiohttp.http import HttpProcessingError

from icalsyncd.calendars.calendar import Reason
from icalsyncd.config import url
from icalsyncd.pulling import bounded_sockets, file_urls, header_fields
from icalsyncd.pulling.compression import Damage, may_be_packed, unpacked
from icalsyncd.pulling.lookup import Found, Lookup, Pinned, find, look_up
from icalsyncd.pulling.order import Answer, Body, Failure, NotModified, Order
from icalsyncd.pulling.slots import Slots
from icalsyncd.state.copy import Validators

_REDIRECTS: Final = 5
_PER_HOST: Final = 2
_OVERALL: Final = 64
_THREADS: Final = 8


@dataclass(frozen=True, slots=True)
class _Redirect:
    location: str | None = field(repr=False)
    status: int
    date: float | None


class Puller:
    """Pulls calendars: at most two at once from one host, and a limited number in all.

    To be made inside the event loop that it is used in. Certificates are trusted as OpenSSL's defaults say, so
    ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` count; proxies of the environment do not, since an address could not be
    checked behind one.
    """

    def __init__(self, *, now: Callable[[], float] = time.time, lookup: Lookup = look_up) -> None:
        self._now = now
        self._lookup = lookup
        self._slots = Slots(_PER_HOST, _OVERALL)
        self._pinned = Pinned()
        # threads of its own: a name server or a disk that hangs must not take those that the rest of the daemon uses
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="pull")
        # and neither must hold up what has come already
        self._unpacking = ThreadPoolExecutor(2, thread_name_prefix="unpack")

    async def __aenter__(self) -> Puller:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @cached_property
    def _session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=self._pinned,
                use_dns_cache=False,
                limit=0,
                force_close=True,
                socket_factory=bounded_sockets.socket_for,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            auto_decompress=False,
            trust_env=False,
        )

    @property
    def busy_hosts(self) -> frozenset[str]:
        """The portal hosts of pulls that are under way or wait for a slot."""
        return self._slots.hosts

    async def close(self) -> None:
        """Free threads and sockets; pulls under way are to be cancelled before."""
        await self._session.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._unpacking.shutdown(wait=False, cancel_futures=True)

    async def pull(self, order: Order) -> Answer:
        """Ask for *order*'s calendar. Never raises for what a portal or the network does; may be cancelled."""
        place = url.destination_of(order.url)
        if isinstance(place, url.Misfit):
            return Failure(Reason.CONNECT, place.detail)
        if isinstance(place, PurePosixPath):
            return await self._read_file(place, order)
        pulled = await self._follow(place, order)
        if isinstance(pulled, Body) and not place.encrypted:
            return replace(
                pulled,
                warnings=(
                    *pulled.warnings,
                    "the URL is http: anyone on the way can read and change"
                    " the calendar; most portals answer the same URL by https",
                ),
            )
        return pulled

    async def _follow(self, target: url.Hop, order: Order) -> Answer:
        left = order.timeout
        for _ in range(_REDIRECTS + 1):
            # hop by hop, so that two hosts that redirect to each other cannot wait for each other's slots
            async with self._slots.slot(target.host.lower()):
                began = time.monotonic()
                try:
                    async with asyncio.timeout(left):
                        came = await self._ask(target, order)
                except TimeoutError:
                    return Failure(Reason.TIMEOUT, f"no whole answer within {order.timeout:g} s")
                left -= time.monotonic() - began
            if not isinstance(came, _Redirect):
                return came
            if came.location is None:
                return Failure(
                    Reason.REDIRECT,
                    f"portal answered {came.status} without a place to go",
                    None,
                    came.status,
                    came.date,
                )
            followed = url.redirected(target, came.location)
            if isinstance(followed, url.Misfit):
                return Failure(Reason.REDIRECT, followed.detail, None, came.status, came.date)
            target = followed
        return Failure(Reason.REDIRECT, f"more than {_REDIRECTS} redirects")

    async def _ask(self, target: url.Hop, order: Order) -> Answer | _Redirect:
        found = await find(target.host, target.port, order.allowed, self._lookup, self._threads)
        if not isinstance(found, Found):
            return Failure(found.reason, found.detail)
        self._pinned.pin(found)
        try:
            async with self._session.get(
                target.url,
                headers=_question(target, order),
                allow_redirects=False,
                # certificates are checked by aiohttp's own context, made when it was imported: another one would take
                # two megabytes more, and the loop would wait while the authorities are read
                ssl=True,
            ) as response:
                try:
                    return await self._hear(response, order)
                finally:
                    # at once, and not when the rest of an endless body was read
                    response.close()
        except (aiohttp.ClientError, HttpProcessingError, OSError) as error:
            return _no_answer(error)

    async def _hear(self, response: aiohttp.ClientResponse, order: Order) -> Answer | _Redirect:
        status, headers = response.status, response.headers
        date = header_fields.epoch(headers.get("Date"))
        if status in (301, 302, 303, 307, 308):
            return _Redirect(headers.get("Location"), status, date)
        if status == 304 and order.validators is not None:
            return NotModified(date)
        if status not in (200, 203, 204):
            wait = header_fields.retry_after(headers.get("Retry-After"), date if date is not None else self._now())
            return Failure(_reason_of(status), f"portal answered {status}", wait, status, date)
        packed = await _whole(response, order.max_size)
        if isinstance(packed, Failure):
            return replace(packed, status=status, date=date)
        body = await self._unpack(packed, headers.get("Content-Encoding", ""), order.max_size)
        if isinstance(body, Failure):
            return replace(body, status=status, date=date)
        return Body(body, _validators(headers), date)

    async def _unpack(self, packed: bytes, encoding: str, max_size: int) -> bytes | Failure:
        if not may_be_packed(packed, encoding):
            return packed
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._unpacking, _unpacked, packed, encoding, max_size)

    async def _read_file(self, path: PurePosixPath, order: Order) -> Answer:
        known = order.validators.etag if order.validators is not None else None
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(order.timeout):
                read = await loop.run_in_executor(
                    self._threads, file_urls.read, path, known, order.max_size, self._now()
                )
        except TimeoutError:
            return Failure(Reason.TIMEOUT, f"the file could not be read within {order.timeout:g} s")
        match read:
            case file_urls.Unchanged():
                return NotModified(None)
            case file_urls.Unreadable(detail):
                return Failure(Reason.CONNECT, detail)
            case file_urls.TooLarge():
                return Failure(Reason.TOO_LARGE, _larger(order.max_size))
            case file_urls.Read(content, mark):
                body = await self._unpack(content, "", order.max_size)
                if isinstance(body, Failure):
                    return body
                return Body(body, Validators(mark, None) if mark is not None else None, None)
            case _:
                assert_never(read)


def _question(target: url.Hop, order: Order) -> dict[str, str]:
    headers = {
        "User-Agent": order.user_agent,
        "Accept": "text/calendar, */*;q=0.1",
        "Accept-Encoding": "gzip, deflate",
    }
    if target.authorization is not None:
        headers["Authorization"] = target.authorization
    if order.validators is not None:
        if order.validators.etag is not None:
            headers["If-None-Match"] = order.validators.etag
        if order.validators.last_modified is not None:
            headers["If-Modified-Since"] = order.validators.last_modified
    return headers


def _validators(headers: Mapping[str, str]) -> Validators | None:
    etag, last_modified = (
        header_fields.validator(headers.get("ETag")),
        header_fields.validator(headers.get("Last-Modified")),
    )
    return Validators(etag, last_modified) if etag is not None or last_modified is not None else None


async def _whole(response: aiohttp.ClientResponse, max_size: int) -> bytes | Failure:
    """The body as it was sent, at most *max_size* bytes of it."""
    if response.content_length is not None and response.content_length > max_size:
        return Failure(Reason.TOO_LARGE, _larger(max_size))
    whole = bytearray()
    try:
        async for piece in response.content.iter_any():
            whole += piece
            if len(whole) > max_size:
                return Failure(Reason.TOO_LARGE, _larger(max_size))
    except (aiohttp.ClientError, HttpProcessingError, ConnectionError, ssl.SSLError):
        return Failure(Reason.TRUNCATED, "the connection ended before the answer did")
    return bytes(whole)


def _unpacked(packed: bytes, encoding: str, max_size: int) -> bytes | Failure:
    body = unpacked(packed, encoding, max_size)
    match body:
        case bytes():
            return body
        case Damage.CUT:
            return Failure(Reason.TRUNCATED, "the compressed calendar is cut off or damaged")
        case Damage.TOO_LARGE:
            return Failure(Reason.TOO_LARGE, _larger(max_size) + " once unpacked")
        case Damage.PIECES:
            return Failure(Reason.TOO_LARGE, "the compressed calendar is of more pieces than any calendar")
        case _:
            assert_never(body)


def _larger(max_size: int) -> str:
    return f"the calendar is larger than {max_size} bytes"


def _reason_of(status: int) -> Reason:
    if status == 429:
        return Reason.HTTP_429
    if 300 <= status < 400 and status != 304:
        return Reason.REDIRECT
    if 400 <= status < 500:
        return Reason.HTTP_4XX
    if status >= 500:
        return Reason.HTTP_5XX
    # a part of a calendar (206), a promise of one (202: bot walls answer so, with an empty body), a 304 that nobody
    # asked for
    return Reason.NOT_CALENDAR


def _no_answer(error: Exception) -> Failure:
    """Why there was no answer; the error's own text, which may hold the URL, is left behind."""
    cause = _cause(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Failure(Reason.TLS, header_fields.certificate_problem(cause.verify_code))
    if isinstance(cause, ssl.SSLError):
        return Failure(Reason.TLS, "no encrypted connection could be agreed upon")
    if isinstance(cause, TimeoutError):
        return Failure(Reason.TIMEOUT, "the portal did not take the connection")
    if isinstance(error, aiohttp.ClientConnectorError):
        return Failure(Reason.CONNECT, header_fields.connect_problem(error.errno))
    if isinstance(error, aiohttp.ClientResponseError | HttpProcessingError):
        return Failure(Reason.CONNECT, "the answer was no HTTP")
    if isinstance(error, aiohttp.InvalidURL):
        return Failure(Reason.CONNECT, "the URL cannot be asked")
    return Failure(Reason.CONNECT, "the connection ended before an answer")


def _cause(error: BaseException) -> BaseException:
    """The TLS or time-out error deepest inside *error* where there is one, else *error*."""
    deepest = error
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, ssl.SSLError | TimeoutError):
            deepest = inner
        inner = inner.__cause__
    return deepest
