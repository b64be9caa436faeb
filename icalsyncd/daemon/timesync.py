"""Whether the machine's clock was synchronized, as far as systemd shows it to a sandboxed process."""

from __future__ import annotations

from pathlib import Path
from typing import Final

TOUCHED: Final = Path("/run/systemd/timesync/synchronized")
"""systemd-timesyncd touches it at each synchronization (systemd-timesyncd.service(8)). Asking for `NTPSynchronized` itself
needs the bus or adjtimex(2), and `ProtectClock=` forbids the latter."""


def last_set(path: Path = TOUCHED) -> int | None:
    """A number that changes whenever the clock is synchronized; None if it was not, or if systemd-timesyncd does not run."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None
