"""What is asked of a portal, and what may come of it: values, whoever asks and by whatever way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeAlias

from icalsyncd.calendars.calendar import Reason
from icalsyncd.pulling.address import EVERYWHERE, Network
from icalsyncd.state.copy import Validators

_DEFAULT_MAX_SIZE: Final = 5 * 2**20
_DEFAULT_TIMEOUT: Final = 30.0


@dataclass(frozen=True, slots=True)
class Order:
    """What to pull, and how far to go for it."""

    name: str
    """`accommodation/sync`."""
    url: str = field(repr=False)
    """As the host wrote it; a password."""
    user_agent: str
    validators: Validators | None = None
    """Those of the body that a "not modified" would stand for; None to get the body in any case."""
    timeout: float = _DEFAULT_TIMEOUT
    """Seconds for all of it, redirects included; waiting for a free slot does not count."""
    max_size: int = _DEFAULT_MAX_SIZE
    """Bytes, before and after decompression."""
    allow_private: bool | tuple[Network, ...] = False
    """Where the pull may go on the local network: everywhere, nowhere, or these networks."""

    @property
    def allowed(self) -> tuple[Network, ...]:
        if isinstance(self.allow_private, tuple):
            return self.allow_private
        return EVERYWHERE if self.allow_private else ()


@dataclass(frozen=True, slots=True)
class Body:
    """The portal's answer, unpacked; what it says is for the reader to find out, and it may be empty."""

    body: bytes = field(repr=False)
    validators: Validators | None
    date: float | None
    """The portal's clock, by its Date header, in epoch seconds."""
    warnings: tuple[str, ...] = ()
    """What is worth telling the host, in words of ours."""


@dataclass(frozen=True, slots=True)
class NotModified:
    """The body that the order's validators belong to is what the portal would send."""

    date: float | None


@dataclass(frozen=True, slots=True)
class Failure:
    """No calendar came, and this is why."""

    reason: Reason
    detail: str
    """For people, in words of ours: never a URL, never what the portal wrote."""
    retry_after: float | None = None
    """Seconds that the portal asks us to wait, counted from now."""
    status: int | None = None
    """The HTTP status, where one came."""
    date: float | None = None


Answer: TypeAlias = Body | NotModified | Failure
