"""The metrics of messages and of the heartbeat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from icalsyncd.admin.exposition import Exposition, labels
from icalsyncd.notifying.courier import ReceiverStatus
from icalsyncd.notifying.heartbeat import Beat, HeartbeatStatus
from icalsyncd.notifying.post import Why


class Tally(Protocol):
    """What was counted since the start."""

    @property
    def messages(self) -> Mapping[str, int]:
        """Messages that each receiver has taken."""

    @property
    def untold(self) -> Mapping[tuple[str, Why], int]:
        """Those that it has not, by reason."""

    @property
    def beats(self) -> Mapping[Beat, int]:
        """Fetches of the heartbeat."""


def of_telling(
    out: Exposition, receivers: tuple[ReceiverStatus, ...], heartbeat: HeartbeatStatus | None, tally: Tally
) -> None:
    """Those of all *receivers*, and of the *heartbeat* where there is one."""
    messages = out.counter("icalsyncd_notify_messages_total", "Messages that the receiver has taken")
    failures = out.counter("icalsyncd_notify_failures_total", "Messages that the receiver has not taken")
    waiting = out.gauge("icalsyncd_notify_waiting_matters", "What the receiver is still to be told")
    success = out.gauge("icalsyncd_notify_last_success_timestamp_seconds", "When the receiver last took a message")
    failing = out.gauge(
        "icalsyncd_notify_failing_since_timestamp_seconds", "When the first of the last failed messages in a row was"
    )
    for receiver in receivers:
        pair = labels(("receiver", receiver.name))
        messages.add(pair, tally.messages.get(receiver.name, 0))
        for why in Why:
            failures.add(f"{pair},{labels(('reason', why.value))}", tally.untold.get((receiver.name, why), 0))
        waiting.add(pair, receiver.waiting)
        if receiver.last_success is not None:
            success.add(pair, receiver.last_success)
        if receiver.failing_since is not None:
            failing.add(pair, receiver.failing_since)
    stopped = out.gauge(
        "icalsyncd_heartbeat_stopped", "1 while the heartbeat is not fetched, since something does not live"
    )
    beaten = out.gauge("icalsyncd_heartbeat_last_success_timestamp_seconds", "When the heartbeat was last fetched")
    unheard = out.gauge(
        "icalsyncd_heartbeat_failing_since_timestamp_seconds", "Since when the heartbeat's monitor cannot be reached"
    )
    lost = out.counter("icalsyncd_heartbeat_failures_total", "Fetches of the heartbeat that failed")
    if heartbeat is not None:
        stopped.alone(int(heartbeat.stopped is not None))
        lost.alone(tally.beats.get(Beat.FAILED, 0))
        if heartbeat.last_success is not None:
            beaten.alone(heartbeat.last_success)
        if heartbeat.failing_since is not None:
            unheard.alone(heartbeat.failing_since)
