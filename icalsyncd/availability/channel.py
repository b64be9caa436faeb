"""What the config and the profile say of how one portal takes part."""

from __future__ import annotations

from dataclasses import dataclass

from icalsyncd.availability.stamps import DAY, Moment
from icalsyncd.calendars.settings import ReadSettings


@dataclass(frozen=True, slots=True)
class Channel:
    """What the config and the profile say of how one portal takes part."""

    portal: str
    receives: bool
    """Its calendar is pulled: `bidirectional` or `import`."""
    sends: bool
    """It reads a feed of ours: `bidirectional` or `export`."""
    lag: float = 6 * 3600.0
    """Seconds that the portal takes to act on what it read (`echo_lag`)."""
    padding: int = 0
    """Nights that the portal adds on each side of what it imports (`echo_padding`)."""
    reads_every: float = DAY
    """Seconds between two readings of our feed, as far as the profile knows; of use where readings are not seen."""
    hold: float = 0.0
    """Seconds over which a suspicious copy must repeat itself (`pull.hold`)."""
    read: ReadSettings | None = None
    """How its calendar is read; None where nothing was noted of that yet."""
    buffer: tuple[int, int] | None = None
    """Nights closed ahead of and behind every stay in its feed; None: those of the accommodation."""
    offer_notice: int = 0
    """Nights from today on that its feed closes in any case."""
    offer_window: int | None = None
    """Nights from today on behind which its feed closes all; None: none for that."""
    linked: bool = False
    """Its portal closes this accommodation by itself when it sells one of the family (`linked`)."""
    rules: str = ""
    """What the portal's own rules mean at the others (`rules`): `free`, `close`, or `""`: as learned."""
    notice: int | None = None
    """Nights from today on that the portal closes by itself, as the host knows (`portal_notice`)."""
    window: int | None = None
    """Nights ahead from which on it closes all by itself, as the host knows (`portal_window`)."""
    horizon: int | None = None
    """Nights ahead beyond which its calendar shows no closure, as the profile knows."""
    lag_is_given: bool = False
    """The host wrote `echo_lag`: what is learned of it does not count."""


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What the config has taken back, of a direction or of settings: it counts on until the removal delay has passed."""

    channel: Channel
    since: Moment
