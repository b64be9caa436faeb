"""A bucket or container of an object store: S3 and what speaks its protocol, Google's, Azure's.

They are reached by obstore, which is the extra `icalsyncd[cloud]`. What it says of a failure holds addresses and may
hold more, so that only its kind and the status in it are looked at.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

from icalsyncd.config.places import AzurePlace, GcsPlace, S3Place
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

_STATUS: Final = re.compile(r"status code: (\d{3})")
_FULL: Final = re.compile(r"QuotaExceeded|StorageFull|InsufficientCapacity|InsufficientStorage", re.IGNORECASE)
_TLS: Final = re.compile(r"certificate|UnknownIssuer", re.IGNORECASE)


class ObjectStorage:
    """One bucket or container, and what the names in it begin with."""

    tears = False

    def __init__(self, place: S3Place | GcsPlace | AzurePlace) -> None:
        self._place = place
        prefix = place.prefix.strip("/")
        self._prefix = f"{prefix}/" if prefix else ""
        self._store: Any = None

    async def put(self, name: str, body: bytes) -> Unsent | None:
        put = await self._try(
            lambda library, store: library.put_async(
                store,
                self._prefix + name,
                body,
                attributes={"Content-Type": CONTENT_TYPE, "Cache-Control": CACHE_CONTROL},
                use_multipart=False,
            )
        )
        return put if isinstance(put, Unsent) else None

    async def read(self, name: str) -> bytes | Unsent:
        found = await self._try(lambda library, store: _lying(library, store, self._prefix + name))
        if isinstance(found, Unsent):
            return b"" if found.why is Why.MISSING else found
        return bytes(found)

    async def delete(self, name: str) -> Unsent | None:
        done = await self._try(lambda library, store: library.delete_async(store, self._prefix + name))
        return done if isinstance(done, Unsent) and done.why is not Why.MISSING else None

    async def close(self) -> None:
        self._store = None

    async def _try(self, work: Callable[[Any, Any], Awaitable[Any]]) -> Any:
        """What *work* comes to, or why it does not: an Unsent."""
        try:
            import obstore
            from obstore.exceptions import BaseError
        except ImportError:
            return Unsent(Why.NOT_INSTALLED, "the extra is not installed: pip install 'icalsyncd[cloud]'")
        try:
            if self._store is None:
                self._store = _opened(self._place)
        except (BaseError, ValueError, OSError):
            return Unsent(Why.SETTINGS, "its settings or credentials are not in the form they must have")
        try:
            async with asyncio.timeout(MAX_PUT):
                return await work(obstore, self._store)
        except TimeoutError:
            return Unsent(Why.TIMEOUT, "it does not answer in time")
        except FileNotFoundError:
            return answered(404)
        except (BaseError, ValueError, OSError) as error:
            return _told(str(error), type(error).__name__)


async def _lying(library: Any, store: Any, path: str) -> bytes:
    found = await library.get_async(store, path)
    # what is larger is no feed, and is not fetched
    return bytes(await found.bytes_async()) if found.meta["size"] <= MAX_LOOK else b""


def _told(said: str, kind: str) -> Unsent:
    if _FULL.search(said):
        return Unsent(Why.FULL, "it is full")
    if found := _STATUS.search(said):
        return answered(int(found[1]))
    if kind in ("PermissionDeniedError", "UnauthenticatedError"):
        return Unsent(Why.REFUSED, "the credentials are not accepted, or may not write there")
    if "kind: Timeout" in said:
        return Unsent(Why.TIMEOUT, "it does not answer in time")
    if _TLS.search(said):
        return Unsent(Why.TLS, "its certificate is not one for this host, or not one that is known")
    if "kind: Connect" in said or "HTTP error" in said:
        return Unsent(Why.CONNECT, "no connection to it, or it broke off")
    if "Credential" in said:
        return Unsent(Why.REFUSED, "there are no credentials that can be used")
    return Unsent(Why.OTHER, "it does not take the file")


def _opened(place: S3Place | GcsPlace | AzurePlace) -> Any:
    from obstore.store import AzureStore, GCSStore, S3Store

    options: dict[str, Any] = {
        "client_options": {
            "timeout": timedelta(seconds=MAX_PUT),
            "connect_timeout": timedelta(seconds=MAX_CONNECT),
            # the config names the address, and whether it is encrypted
            "allow_http": True,
        },
        # one try: when the next is due is decided in one place for all targets
        "retry_config": {"max_retries": 0, "retry_timeout": timedelta(seconds=MAX_PUT)},
    }
    match place:
        case S3Place():
            given = {
                "region": place.region,
                "endpoint": place.endpoint,
                "access_key_id": _shown(place.access_key_id),
                "secret_access_key": _shown(place.secret_access_key),
            }
            return S3Store(place.bucket, config=_said(given), **options)
        case GcsPlace():
            account = place.service_account_file
            given = {"service_account": str(account) if account is not None else None}
            return GCSStore(place.bucket, config=_said(given), **options)
        case AzurePlace():
            given = {"account_name": place.account, "account_key": _shown(place.account_key)}
            return AzureStore(place.container, config=_said(given), **options)


def _shown(secret: Secret | None) -> str | None:
    return secret.reveal() if secret is not None else None


def _said(given: dict[str, str | None]) -> Any:
    return {key: value for key, value in given.items() if value is not None}
