"""One message given to one receiver by a process of its own, which is ended where it hangs."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from icalsyncd.config.secret import Secret
from icalsyncd.notifying import messenger
from icalsyncd.notifying.message import Message

PATIENCE: Final = 60.0
"""Seconds that a message may take; then its process is killed."""
_KEPT: Final = frozenset(
    ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "PYTHONPATH", "VIRTUAL_ENV", "SSL_CERT_FILE", "SSL_CERT_DIR")
)
"""Of the daemon's environment, which holds secrets that are nobody else's."""
_PROXIES: Final = frozenset(("http_proxy", "https_proxy", "no_proxy", "all_proxy"))


class Why(StrEnum):
    """Why a message was not taken."""

    REFUSED = "refused"
    """Or nobody could be reached: Apprise does not tell these apart."""
    TIMEOUT = "timeout"
    NO_URL = "no_url"
    NOT_UNDERSTOOD = "not_understood"
    NOT_INSTALLED = "not_installed"
    OTHER = "other"


WORDS: Final = {
    Why.REFUSED: "it does not take the message, or cannot be reached",
    Why.TIMEOUT: f"it did not answer within {PATIENCE:.0f} seconds",
    Why.NO_URL: "the file or variable that names its URL is not there",
    Why.NOT_UNDERSTOOD: "its URL is none that Apprise knows",
    Why.NOT_INSTALLED: "the extra icalsyncd[notify] is not installed",
    Why.OTHER: "the process that gives it ended in a bug",
}
_BY_CODE: Final = {
    messenger.REFUSED: Why.REFUSED,
    messenger.NOT_UNDERSTOOD: Why.NOT_UNDERSTOOD,
    messenger.NOT_INSTALLED: Why.NOT_INSTALLED,
}


@dataclass(frozen=True, slots=True)
class NotTaken:
    """A message that was not taken."""

    why: Why


async def give(url: Secret | None, message: Message, patience: float = PATIENCE) -> NotTaken | None:
    """Give *message* to the receiver at *url*; None once it is taken. Cancelled, it leaves no process behind."""
    if url is None:
        return NotTaken(Why.NO_URL)
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            # nothing is imported from where the daemon was started
            "-P",
            "-m",
            messenger.__name__,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if name in _KEPT or name.lower() in _PROXIES},
            # it is ended by us, and not by what ends the daemon
            start_new_session=True,
        )
    except OSError:
        return NotTaken(Why.OTHER)
    told = {"url": url.reveal(), "title": message.title, "body": message.body, "urgent": message.urgent}
    try:
        async with asyncio.timeout(patience):
            await process.communicate(json.dumps(told).encode())
    except TimeoutError:
        return NotTaken(Why.TIMEOUT)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return None if process.returncode == messenger.TAKEN else NotTaken(_BY_CODE.get(process.returncode or 0, Why.OTHER))
