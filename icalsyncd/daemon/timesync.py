"""Whether the machine's clock was set by somebody who knows the time, as far as systemd tells it to a sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Final

TOUCHED: Final = Path("/run/systemd/timesync/synchronized")
"""systemd-timesyncd touches it at each synchronization (systemd-timesyncd.service(8)). Asking for `NTPSynchronized` itself
needs the bus or adjtimex(2), and `ProtectClock=` forbids the latter."""


def last_set(path: Path = TOUCHED) -> int | None:
    """A number that is another one once the clock was synchronized again; None where it was not, or nobody tells."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None
