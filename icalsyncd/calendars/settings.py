"""What the host's config and the portal's profile together say of how to read one sync's calendar."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from icalsyncd.calendars.calendar import Kind
from icalsyncd.calendars.expressions import Expression


@dataclass(frozen=True, slots=True)
class Summaries:
    """Texts that match a whole summary without regard to case, and patterns that search it."""

    texts: frozenset[str] = frozenset()
    """Case-folded and stripped."""
    patterns: tuple[Expression, ...] = ()

    def match(self, summary: str) -> bool:
        """Whether *summary* is one of these texts or holds one of these patterns."""
        return summary.strip().casefold() in self.texts or any(pattern.search(summary) for pattern in self.patterns)

    def __bool__(self) -> bool:
        return bool(self.texts or self.patterns)


@dataclass(frozen=True, slots=True)
class ReadSettings:
    """How to turn one portal's calendar into stays."""

    timezone: str
    """IANA name of the accommodation's zone: floating times are in it, and days begin at its midnight."""
    ignore: Summaries = Summaries()
    reservation: Summaries = Summaries()
    block: Summaries = Summaries()
    drop_blocks: bool = False
    """`claims: not_blocks`: events known as blocks take no night."""
    dtend_inclusive: bool = False
    transparent_blocks: bool = True
    """`all_day_transparent: block`: an all-day event marked as free takes its nights all the same."""
    empty_is_valid: bool = False
    """`empty_body: empty`: an empty body is a calendar without events."""

    def kind_of(self, summary: str) -> Kind:
        """What *summary* means; a reservation wins, since it closes more surely."""
        if self.reservation.match(summary):
            return Kind.RESERVATION
        if self.block.match(summary):
            return Kind.BLOCK
        return Kind.UNKNOWN


def read_under(settings: ReadSettings, kept: ReadSettings | None) -> str:
    """The digest of both settings that a calendar is read under: those of the config, and *kept* where they count on."""
    own = digest_of(settings)
    return own if kept is None or kept == settings else f"{own}+{digest_of(kept)}"


@lru_cache(1024)
def digest_of(settings: ReadSettings) -> str:
    """Tells whether a calendar must be read again because the settings of its sync have changed."""

    def words(summaries: Summaries) -> list[str]:
        return [*sorted(summaries.texts), "/", *(pattern.pattern for pattern in summaries.patterns)]

    parts = [
        settings.timezone,
        *words(settings.ignore),
        *words(settings.reservation),
        *words(settings.block),
        str(settings.drop_blocks),
        str(settings.dtend_inclusive),
        str(settings.transparent_blocks),
        str(settings.empty_is_valid),
    ]
    return blake2b("\0".join(parts).encode(), digest_size=12).hexdigest()
