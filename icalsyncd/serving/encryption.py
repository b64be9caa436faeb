"""What a listener encrypts with: a certificate and its key, read again whenever the config is, and never missed."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final

from icalsyncd.availability.stamps import Moment
from icalsyncd.config.resolved import TlsFiles
from icalsyncd.state.files import content

_LARGEST: Final = 2**20
"""Bytes: more than any chain of certificates has."""
HANDSHAKE: Final = 10.0
"""Seconds that a newcomer has to agree on a key."""
MAX_HANDSHAKES: Final = 64
"""Newcomers that may be about to; the oldest gives way to another one."""


class Unusable(Exception):
    """The certificate or its key cannot be used; the message says why."""


class Encryption:
    """The admin listener's, from config to config.

    Where it disappears from the file it stays for the removal delay, like all that disappears: half a file must not have
    passwords go over the network as they are.
    """

    def __init__(self, now: Callable[[], Moment], removal_delay: Callable[[], float]) -> None:
        self._now = now
        self._removal_delay = removal_delay
        self._files: TlsFiles | None = None
        self._lost_at: Moment | None = None

    @property
    def moving(self) -> bool:
        """It has disappeared from the config, and is kept."""
        return self._lost_at is not None

    async def prepared(self, wanted: TlsFiles | None, removal_delay: float) -> ssl.SSLContext | None:
        """What to encrypt with under a config that has *wanted*; None for not at all. Raises Unusable."""
        if wanted is None and self._files is not None:
            now = self._now()
            if self._lost_at is None or self._lost_at > now:
                self._lost_at = now
            if now - self._lost_at < max(self._removal_delay(), removal_delay):
                wanted = self._files
        elif wanted is not None:
            self._lost_at = None
        if wanted is None:
            self._files = self._lost_at = None
            return None
        context = await asyncio.to_thread(_context, wanted)
        self._files = wanted
        return context


def nothing() -> ssl.SSLContext:
    """What agrees with nobody: for a start without a certificate that can be used, which must not do without."""
    return ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)


def _context(files: TlsFiles) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        for each in (files.cert, files.key):
            # where that is a pipe, OpenSSL would wait for its other end, and all later reloads with it; it would also read
            # to the end of whatever this is
            if len(content(Path(each), _LARGEST).data) > _LARGEST:
                raise Unusable(f"{each} is larger than any certificate")
        # a key with a passphrase would have it asked for at the terminal
        context.load_cert_chain(files.cert, files.key, password=lambda: "")
    except ssl.SSLError as error:
        why = (error.reason or "they are not PEM").lower().replace("_", " ")
        raise Unusable(f"{files.cert} and {files.key} cannot be used together: {why}") from None
    except ValueError:
        raise Unusable(f"{files.key} cannot be used: it needs a passphrase") from None
    except OSError as error:
        raise Unusable(f"{files.cert} or {files.key} cannot be read: {error.strerror}") from None
    return context
