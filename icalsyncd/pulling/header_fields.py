"""What single fields of a portal's answer say, and what its refusals mean, in words of ours."""

from __future__ import annotations

import errno
import re
from email.utils import parsedate_to_datetime
from typing import Final

_SECONDS: Final = re.compile(r"[0-9]{1,9}")
_SENDABLE: Final = re.compile(r"[\x20-\x7e]{1,1024}")

# X509_V_ERR_* of OpenSSL's x509_vfy.h
_CERTIFICATES: Final = {
    9: "the portal's certificate is not valid yet",
    10: "the portal's certificate has expired",
    18: "the portal's certificate is signed by itself alone",
    19: "the portal's certificate is signed by an authority that is not known",
    20: "the portal's certificate is signed by an authority that is not known",
    62: "the portal's certificate is for another name",
    64: "the portal's certificate is for another address",
}
_CONNECTIONS: Final = {
    errno.ECONNREFUSED: "the portal refused the connection",
    errno.ECONNRESET: "the portal broke the connection",
    errno.ENETUNREACH: "there is no way to the portal's network",
    errno.EHOSTUNREACH: "there is no way to the portal",
}


def epoch(date: str | None) -> float | None:
    """An HTTP date (RFC 9110 section 5.6.7) in epoch seconds; None where there is none that can be read."""
    if date is None:
        return None
    try:
        moment = parsedate_to_datetime(date)
        # an HTTP date is in GMT; without a zone it would be read in this machine's
        return moment.timestamp() if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds to wait by a Retry-After (RFC 9110 section 10.2.3): a number of them, or a date, counted from *now*.

    *now* is in epoch seconds by the clock of whoever wrote the date.
    """
    if value is None:
        return None
    if _SECONDS.fullmatch(value.strip()):
        return float(value)
    until = epoch(value)
    return max(0.0, until - now) if until is not None else None


def validator(value: str | None) -> str | None:
    """An ETag or Last-Modified that can be sent back as it came; None for what no header can hold."""
    return value if value is not None and _SENDABLE.fullmatch(value) else None


def certificate_problem(code: int) -> str:
    """What OpenSSL's verification result *code* means."""
    return _CERTIFICATES.get(code, "the portal's certificate is not trusted")


def connect_problem(number: int | None) -> str:
    """What the system's error *number* means for a connection."""
    return _CONNECTIONS.get(number or 0, "the portal could not be reached")
