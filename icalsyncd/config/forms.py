"""The forms that single values of ``config.yaml`` are written in, and what each is read as.

A value of the wrong form is a ValueError whose text tells the right one. It never quotes the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from socket import inet_aton
from typing import Annotated, Final, Literal, TypeAlias
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import PlainValidator, ValidationInfo, WithJsonSchema

from icalsyncd.config import summaries
from icalsyncd.config.mistakes import meant
from icalsyncd.config.portals import names
from icalsyncd.config.units import DURATION, DURATION_NOT_ZERO, SIZE, parse_duration, parse_size

Network: TypeAlias = IPv4Network | IPv6Network

_ID: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ADDRESS: Final = re.compile(r"(?:\[(?P<v6>[0-9a-fA-F:.]+)\]|(?P<name>[A-Za-z0-9._-]+)):(?P<port>\d{1,5})", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# half of a surrogate pair is no letter: no path, no URL and no log can hold it
_LINE: Final = re.compile("[^\x00-\x1f\x7f\ud800-\udfff]*")
_LONGEST_NAME: Final = 253
_BCRYPT: Final = re.compile(r"\$2[aby]\$(?P<cost>\d\d)\$[./A-Za-z0-9]{53}", re.ASCII)
LEAST_COST: Final = 8
"""Of a password's hash: below, whoever has the file finds the password soon."""
MOST_COST: Final = 15
"""Above, each look at the page takes seconds of a core."""


@dataclass(frozen=True, slots=True)
class Address:
    """A TCP address to listen on."""

    host: str
    """A name or an address, without the brackets of IPv6."""
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text: a number, or a word such as true, needs quotes")  # noqa: TRY004
    if not _LINE.fullmatch(value):
        raise ValueError("must be one line of text")
    return value


def _duration(value: object) -> int:
    return parse_duration(value if isinstance(value, str) else "")


def _days(value: object) -> int:
    seconds = _duration(value)
    if seconds % 86_400:
        raise ValueError("must be whole days, such as 2d")
    return seconds // 86_400


def _interval(value: object) -> int:
    seconds = _duration(value)
    if not seconds:
        raise ValueError("a portal cannot be asked all the time: write how long between two pulls, like 30m")
    return seconds


def _size(value: object) -> int:
    return parse_size(value if isinstance(value, str) else "")


def _day(value: object) -> date:
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError("there is no such day in the calendar") from None
    raise ValueError("not a date: write it like 2026-12-24")


def address(value: object) -> Address:
    """The address that *value* says. Raises ValueError."""
    match = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match["port"]) > 65_535:
        raise ValueError("not an address to listen on: write host:port, such as 127.0.0.1:15545 or [::1]:15545")
    host = match["v6"] or match["name"]
    if not _is_host(host):
        raise ValueError("not a host to listen on: a name or an address of this machine, such as 127.0.0.1 or [::1]")
    return Address(host, int(match["port"]))


def _is_host(host: str) -> bool:
    """Whether the system can look *host* up: it is asked nothing."""
    try:
        if ":" in host:
            IPv6Address(host)
        elif not host.strip("0123456789."):
            inet_aton(host)
        else:
            host.encode("idna")
    except (ValueError, OSError):
        return False
    return len(host) <= _LONGEST_NAME


def _paused(value: object) -> bool | Literal["keep"]:
    if isinstance(value, bool):
        return value
    if value == "keep":
        return "keep"
    raise ValueError("must be `true` or `false`, or `keep`: then no night opens")


def _listen(value: object) -> Address | None:
    return None if value == "off" else address(value)


def _origin(value: object) -> str:
    wanted = "must be an http or https URL without query, such as https://cal.example.org"
    if not isinstance(value, str) or re.search(r"[\s\x00-\x1f]", value):
        raise ValueError(wanted)
    try:
        parts = urlsplit(value)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(wanted)
    return value.rstrip("/")


def _networks(value: object) -> bool | tuple[Network, ...]:
    return value if isinstance(value, bool) else _listed(value, "must be true, false, or a list of networks such as")


def _proxies(value: object) -> tuple[Network, ...]:
    return _listed(value, "must be a list of networks such as")


def _listed(value: object, wanted: str) -> tuple[Network, ...]:
    try:
        if isinstance(value, list) and all(isinstance(network, str) for network in value):
            return tuple(ip_network(network) for network in value)
    except ValueError:
        pass
    raise ValueError(f"{wanted} 192.168.1.0/24")


def _named(pattern: str, wanted: str) -> Callable[[object], str]:
    expression = re.compile(pattern)

    def check(value: object) -> str:
        if not isinstance(value, str) or not expression.fullmatch(value):
            raise ValueError(wanted)
        return value

    return check


def _portal(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(_ID, value):
        near = meant(value, names())
        raise ValueError(f"not a portal's name: lower-case letters, digits and `-`{near}")
    return value


_LONGEST_ZONE: Final = 100
_LIKE_A_CITY: Final = 0.85
"""Of a misspelt name: another city of the same continent is no help."""


def _zone(value: object) -> str:
    # only a text can be looked up in a cache
    return _zone_named(value if isinstance(value, str) else "")


@cache
def _zone_named(value: str) -> str:
    wanted = "not a time zone: write an IANA name such as Europe/Madrid"
    if len(value) > _LONGEST_ZONE:
        # each `/` of it would be looked into, one within the other
        raise ValueError(wanted)
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        cities = (zone for zone in available_timezones() if "/" in zone)
        raise ValueError(wanted + meant(value, cities, _LIKE_A_CITY)) from None
    return value


def _pattern(value: object, info: ValidationInfo) -> str:
    text = _text(value)
    summaries.check(text, ran_before=bool(info.context))
    return text


def _password_hash(value: object) -> str:
    match = _BCRYPT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError('not a hash of a password: `icalsyncd password` makes one, which begins with "$2b$"')
    if not LEAST_COST <= int(match["cost"]) <= MOST_COST:
        raise ValueError(f"its cost, the number behind `$2b$`, must be {LEAST_COST} to {MOST_COST}")
    return match.string


def _form(pattern: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": list(examples)})


_ID_WANTED: Final = "not an id: write it in lower-case letters, digits and `-`, such as casa-azul"

Text = Annotated[str, PlainValidator(_text), WithJsonSchema({"type": "string"})]
Id = Annotated[str, PlainValidator(_named(_ID, _ID_WANTED)), _form(f"^{_ID}$", "casa-azul")]
SyncName = Annotated[
    str,
    PlainValidator(
        _named(f"{_ID}/{_ID}", "not the name of a sync: write accommodation/sync, such as casa-azul/holidu")
    ),
    _form(f"^{_ID}/{_ID}$", "casa-azul/holidu"),
]
UserName = Annotated[
    str,
    PlainValidator(
        _named(
            r"[a-z0-9](?:[a-z0-9._-]{0,30}[a-z0-9])?",
            "not the name of a user: write it in lower-case letters, digits, `.`, `_` and `-`, such as anna",
        )
    ),
    _form("^[a-z0-9](?:[a-z0-9._-]{0,30}[a-z0-9])?$", "anna"),
]
PasswordHash = Annotated[
    str, PlainValidator(_password_hash), _form(r"^\$2[aby]\$(0[89]|1[0-5])\$[./A-Za-z0-9]{53}$", "$2b$12$…")
]
PortalName = Annotated[
    str,
    PlainValidator(_portal),
    # the names are listed for editors to offer
    WithJsonSchema({"type": "string", "anyOf": [{"enum": list(names())}, {"pattern": f"^{_ID}$"}]}),
]
Zone = Annotated[str, PlainValidator(_zone), WithJsonSchema({"type": "string", "examples": ["Europe/Madrid"]})]
Duration = Annotated[int, PlainValidator(_duration), _form(DURATION, "90s", "30m", "1h30m", "7d")]
Days = Annotated[int, PlainValidator(_days), _form(r"^\d+d$", "2d", "365d")]
Interval = Annotated[int, PlainValidator(_interval), _form(DURATION_NOT_ZERO, "30m", "1h", "1d")]
Size = Annotated[int, PlainValidator(_size), _form(SIZE, "512KiB", "5MiB")]
Day = Annotated[date, PlainValidator(_day), _form(r"^\d{4}-\d{2}-\d{2}$", "2026-12-24")]
SocketAddress = Annotated[Address, PlainValidator(address), _form(r"^.+:\d{1,5}$", "127.0.0.1:15545")]
Paused = Annotated[
    bool | Literal["keep"],
    PlainValidator(_paused),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"const": "keep"}]}),
]
Listen = Annotated[Address | None, PlainValidator(_listen), _form(r"^(off|.+:\d{1,5})$", "0.0.0.0:5545", "off")]
Origin = Annotated[str, PlainValidator(_origin), _form("^https?://[^?#]+$", "https://cal.example.org")]
Networks = Annotated[
    bool | tuple[Network, ...],
    PlainValidator(_networks),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "array", "items": {"type": "string"}}]}),
]
Proxies = Annotated[
    tuple[Network, ...], PlainValidator(_proxies), WithJsonSchema({"type": "array", "items": {"type": "string"}})
]
Pattern = Annotated[str, PlainValidator(_pattern), _form("^.+$", "Reserved", "/^Reserved - /")]
