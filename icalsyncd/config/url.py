"""A calendar's URL, taken apart without changing a letter of what is sent.

The key in a portal's URL may hold percent-encoded letters that a library would gladly write differently, and a portal
that then finds another key. Only what no request line can hold (spaces, control characters, letters beyond ASCII) is
percent-encoded.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final, TypeAlias
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from yarl import URL

_UNSENDABLE: Final = re.compile(rb"[^\x21-\x7e]")
_AUTHORITY: Final = re.compile(
    rb"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?P<userinfo>(?:[^/?#]*@)?)(?P<host>[^/?#]*)(?P<rest>.*)", re.DOTALL
)
_SCHEMES: Final = {"https": "https", "http": "http", "webcal": "https", "webcals": "https"}


@dataclass(frozen=True, slots=True)
class Hop:
    """What is asked by HTTP: one hop of a pull."""

    url: URL = field(repr=False)
    """Without userinfo and fragment; http or https."""
    authorization: str | None = field(default=None, repr=False)
    """The header's value, from the URL's userinfo."""

    @property
    def host(self) -> str:
        """As it is looked up and connected to; ASCII, without the brackets of an IPv6 address."""
        return self.url.raw_host or ""

    @property
    def port(self) -> int:
        return self.url.port or 0

    @property
    def encrypted(self) -> bool:
        return self.url.scheme == "https"


@dataclass(frozen=True, slots=True)
class Misfit:
    """A URL that no pull can ask; ``detail`` says why without quoting it."""

    detail: str


Destination: TypeAlias = Hop | PurePosixPath | Misfit


def destination_of(written: str) -> Destination:
    """Where the URL that the host wrote leads: to a portal, or to a file of this machine."""
    try:
        parts = urlsplit(_sendable(written.strip()))
        if parts.scheme == "file":
            return _file(parts)
        return _target(parts)
    except ValueError:  # raised by the parsers with the URL in its text
        return Misfit("the URL cannot be understood")


def redirected(target: Hop, location: str) -> Hop | Misfit:
    """Where *target*'s answer sends us by its Location header, which may be relative (RFC 9110 section 10.2.2).

    The userinfo stays with the host and port that it was written for; none is taken from a redirect.
    """
    try:
        parts = urlsplit(urljoin(str(target.url), _sendable(location.strip())))
        if parts.scheme not in ("http", "https"):
            return Misfit("it redirects to something that is neither http nor https")
        followed = _target(parts)
    except ValueError:
        return Misfit("it redirects to a URL that cannot be understood")
    if isinstance(followed, Misfit):
        return Misfit("it redirects to a URL that cannot be understood")
    if target.encrypted and not followed.encrypted:
        return Misfit("it redirects from https to http")
    return Hop(followed.url, target.authorization if _same_portal(target, followed) else None)


def _same_portal(here: Hop, there: Hop) -> bool:
    upgraded = not here.encrypted and there.encrypted and (here.port, there.port) == (80, 443)
    return here.host.lower() == there.host.lower() and (here.port == there.port or upgraded)


def _sendable(written: str) -> str:
    # headers hold bytes that are no UTF-8 as surrogates
    raw = written.encode("utf-8", "surrogateescape")
    split = _AUTHORITY.match(raw)
    if split is not None and _UNSENDABLE.search(split["host"]):
        host = split["host"].decode("utf-8").encode("idna")
        raw = b"".join((split["scheme"], split["userinfo"], host, split["rest"]))
    return _UNSENDABLE.sub(lambda octet: b"%%%02X" % octet[0][0], raw).decode("ascii")


def _target(parts: SplitResult) -> Hop | Misfit:
    scheme = _SCHEMES.get(parts.scheme)
    if scheme is None:
        return Misfit("the URL is neither https, http, webcal nor file")
    userinfo, _, authority = parts.netloc.rpartition("@")
    if not parts.hostname:
        return Misfit("the URL names no host")
    query = f"?{parts.query}" if parts.query else ""
    url = URL(f"{scheme}://{authority}{parts.path or '/'}{query}", encoded=True)
    if not url.raw_host or url.port is None:
        return Misfit("the URL names no host")
    return Hop(url, _basic(userinfo) if userinfo else None)


def _basic(userinfo: str) -> str:
    """RFC 7617; what is percent-encoded in a URL is not in the header."""
    user, _, password = userinfo.partition(":")
    credentials = f"{unquote(user)}:{unquote(password)}".encode()
    return "Basic " + base64.b64encode(credentials).decode("ascii")


def _file(parts: SplitResult) -> PurePosixPath | Misfit:
    if parts.netloc not in ("", "localhost"):
        return Misfit("a file URL names a file of this machine: file:///path")
    path = unquote(parts.path)
    if not path.startswith("/") or "\0" in path:
        return Misfit("a file URL needs an absolute path: file:///path")
    return PurePosixPath(path)
