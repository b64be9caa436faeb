"""A process that gives one message to one receiver, and ends: `python -m icalsyncd.notifying.messenger`.

Apprise blocks, and a thread that hangs cannot be ended; a process can. It takes some seventy megabytes and a second of the
processor for as long as it runs, of which the daemon keeps nothing. The URL comes by the standard input, so that nobody sees
it in the list of processes, and what Apprise says goes nowhere, since it may hold the URL.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import Any, Final

from icalsyncd.state.directory import nowhere

TAKEN: Final = 0
REFUSED: Final = 10
"""The receiver did not take the message, or could not be reached."""
NOT_UNDERSTOOD: Final = 11
"""The URL is none that Apprise knows."""
NOT_INSTALLED: Final = 12


def main() -> int:
    """Give the message of the standard input; the exit code says what became of it."""
    message: dict[str, Any] = json.load(sys.stdin)
    # what libraries print has no place to go to
    silence = nowhere()
    for stream in (1, 2):
        os.dup2(silence, stream)
    logging.disable(logging.CRITICAL)
    try:
        import apprise
    except ImportError:
        return NOT_INSTALLED
    asset = apprise.AppriseAsset(
        app_id="icalsyncd", app_desc="icalsyncd", app_url="", async_mode=False, secure_logging=True
    )
    receiver = apprise.Apprise(asset=asset)
    if not receiver.add(message["url"]):
        return NOT_UNDERSTOOD
    kind = apprise.NotifyType.WARNING if message["urgent"] else apprise.NotifyType.INFO
    taken = receiver.notify(
        title=message["title"], body=message["body"], notify_type=kind, body_format=apprise.NotifyFormat.TEXT
    )
    return TAKEN if taken else REFUSED


if __name__ == "__main__":
    # a library's threads may still wait for a receiver that is silent
    os._exit(main())
