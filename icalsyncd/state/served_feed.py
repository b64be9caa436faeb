"""A feed as HTTP sends it: its bytes, plain and compressed, and the headers that say which ones they are."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from functools import cached_property
from hashlib import sha256
from typing import Final

from multidict import CIMultiDict

from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.feed import Signature, render
from icalsyncd.calendars.nights import Nights

ZIP_LEVEL: Final = 1
"""A tenth larger than by zlib's usual level, and ten times faster."""


@dataclass(frozen=True)
class Representation:
    """A feed as it is sent (RFC 9110 §3.2): its bytes, and what HTTP says of them."""

    body: bytes
    headers: CIMultiDict[str]
    """To be copied, not changed."""

    @cached_property
    def unsent_headers(self) -> CIMultiDict[str]:
        """The same where the body is not sent: nothing is said of it but which one it is (RFC 9110 §15.4.5)."""
        headers = self.headers.copy()
        headers.popall("Content-Type")
        headers.popall("Content-Encoding", None)
        return headers


@dataclass(frozen=True)
class Document:
    """A calendar that may be asked for: its bytes, in both forms in which it is sent."""

    body: bytes
    modified: Moment

    @cached_property
    def plain(self) -> Representation:
        return self._sent(self.body, self.tags[0], {})

    @cached_property
    def zipped(self) -> Representation:
        """The same as gzip."""
        return self._sent(gzip.compress(self.body, ZIP_LEVEL, mtime=0), self.tags[1], {"Content-Encoding": "gzip"})

    @cached_property
    def tags(self) -> tuple[str, str]:
        """The strong entity tags of ``plain`` and of ``zipped``, quoted."""
        digest = sha256(self.body).hexdigest()[:32]
        return f'"{digest}"', f'"{digest}-gz"'

    def _sent(self, body: bytes, tag: str, more: Mapping[str, str]) -> Representation:
        described = {
            "ETag": tag,
            # RFC 9110 §5.6.7
            "Last-Modified": formatdate(self.modified, usegmt=True),
            "Cache-Control": "no-cache",
            "Vary": "Accept-Encoding",
            "Content-Type": "text/calendar; charset=utf-8",
        }
        return Representation(body, CIMultiDict({**described, **more}))


@dataclass(frozen=True)
class Feed:
    """What one link answers: written when it is first asked for, since nights change more often than they are read."""

    nights: Nights
    signature: Signature
    modified: Moment

    @cached_property
    def document(self) -> Document:
        return Document(render(self.nights, self.signature), self.modified)

    @property
    def plain(self) -> Representation:
        return self.document.plain

    @property
    def zipped(self) -> Representation:
        """The same as gzip."""
        return self.document.zipped

    @property
    def tags(self) -> tuple[str, str]:
        """The strong entity tags of ``plain`` and of ``zipped``, quoted."""
        return self.document.tags
