"""The metrics of a daemon whose state lies on a server: whether it may answer, and how often the database was taken."""

from __future__ import annotations

from icalsyncd.admin.exposition import Exposition
from icalsyncd.state.lease import Lease


def of_lease(out: Exposition, lease: Lease) -> None:
    """Those of *lease*."""
    left = lease.left
    held = out.gauge("icalsyncd_lease_held", "1 while this daemon may answer; at 0 another one may have taken over")
    held.alone(int(left > 0.0))
    remaining = out.gauge("icalsyncd_lease_remaining_seconds", "Seconds for which it may answer without the database")
    remaining.alone(left)
    if not lease.epoch:
        return
    epoch = out.gauge("icalsyncd_lease_epoch", "How many times the database was taken by a daemon, this one included")
    epoch.alone(lease.epoch)
    takeovers = out.counter(
        "icalsyncd_lease_takeovers_total", "Those of them that took it from a daemon which had not given it back"
    )
    takeovers.alone(lease.takeovers)
