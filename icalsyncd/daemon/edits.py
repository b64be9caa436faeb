"""Changes of the config that the page asks for: written where the service may, and shown to be pasted where not.

Each is based on the file as the page showed it. Nothing else of the daemon ever writes the config.
"""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from icalsyncd import log
from icalsyncd.admin.admin import Refusal
from icalsyncd.admin.status import rfc3339, safe_to_resume
from icalsyncd.availability.offers import blocked
from icalsyncd.calendars.nights import EMPTY, Nights, date_of, night_of
from icalsyncd.config.changes import Block, Change, Unblock, changed, to_paste
from icalsyncd.config.config_file import ConfigChangedError, ConfigUnwritableError, digest_of, read_text, rewrite
from icalsyncd.config.edit import EditRefused, line_changed
from icalsyncd.config.loading import Refused
from icalsyncd.daemon.hub import Hub

MOST_UNDONE: Final = 16
"""Changes that can be taken back, the last one first."""
MOST_KEPT: Final = 8 * 2**20
"""Characters of the texts that are kept for that."""
_MAX_RANGES: Final = 100
_SHOWN: Final = 12
"""Characters of a digest that tell one file from another for people."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Done:
    """A change as it was made."""

    change: Change
    before: str = field(repr=False)
    """The whole text before it."""


@dataclass(frozen=True, slots=True)
class _Written:
    """What came of a try to write."""

    line: int
    lines: str
    digest: str
    why_not: str | None
    """None where it was written."""
    before: str = field(repr=False)


class Edits:
    """The changes of one daemon's config file, one at a time."""

    def __init__(self, hub: Hub, file: Path, reload: Callable[[], Awaitable[tuple[str, ...]]]) -> None:
        self._hub = hub
        self._file = file
        self._reload = reload
        self._one = asyncio.Lock()
        self._done: OrderedDict[str, _Done] = OrderedDict()
        """By the digest of the text that each led to."""

    async def make(self, change: Change, based_on: str) -> Json | Refusal:
        """Write *change* into the file that has the digest *based_on*, and take it over.

        Where the service may not write it, what to paste is answered instead.
        """
        async with self._one:
            written = await self._write(change, lambda text: changed(text, change), based_on)
            if isinstance(written, Refusal):
                return written
            if written.why_not is None:
                self._remember(written.digest, _Done(change, written.before))
            return await self._answer(written, undo=written.why_not is None, leaves=isinstance(change, Unblock))

    async def undo(self, based_on: str) -> Json | Refusal:
        """Have the file as it was before the change that led to the digest *based_on*, byte for byte."""
        async with self._one:
            done = self._done.get(based_on)
            if done is None:
                return Refusal("this can no longer be undone from here: look at the file")
            written = await self._write(done.change, lambda _: done.before, based_on)
            if isinstance(written, Refusal):
                return written
            if written.why_not is not None:
                return Refusal(written.why_not)
            self._done.pop(based_on, None)
            undo = written.digest in self._done
            return await self._answer(written, undo=undo, leaves=isinstance(done.change, Block))

    async def _answer(self, written: _Written, *, undo: bool, leaves: bool) -> Json:
        answer: Json = {
            "written": written.why_not is None,
            "file": self._file.name,
            "line": written.line,
            "lines": written.lines,
            "digest": written.digest,
            "undo": undo,
        }
        if written.why_not is not None:
            return {**answer, "why": written.why_not}
        log.info("the config was changed from the page", file=self._file.name, line=written.line)
        if mistakes := await self._reload():
            answer["mistakes"] = list(mistakes)
        if leaves:
            # what disappears from the file is kept as it was for so long
            answer["waits"] = self._hub.removal_delay
        return answer

    def _remember(self, digest: str, done: _Done) -> None:
        self._done[digest] = done
        self._done.move_to_end(digest)
        while len(self._done) > MOST_UNDONE or sum(len(each.before) for each in self._done.values()) > MOST_KEPT:
            self._done.popitem(last=False)

    async def _write(self, change: Change, edit: Callable[[str], str], based_on: str) -> _Written | Refusal:
        may_write = self._hub.accepted.config.server.edit
        return await asyncio.to_thread(self._written, change, edit, based_on, may_write=may_write)

    def _written(
        self, change: Change, edit: Callable[[str], str], based_on: str, *, may_write: bool
    ) -> _Written | Refusal:
        """On a thread; nothing of what others do to the file meanwhile is lost."""
        name = self._file.name
        try:
            text = read_text(self._file)
            there = digest_of(text)
            if there != based_on:
                return Refusal(
                    f"{name} is no longer what the page showed: the page was made of {based_on[:_SHOWN]}, the file is "
                    f"{there[:_SHOWN]}. Nothing was written: load the page again"
                )
            after = edit(text)
        except FileNotFoundError:
            return Refusal(f"{name} is not there any more")
        except (EditRefused, ConfigUnwritableError) as error:
            return Refusal(f"{name}: {error}")
        line, lines = line_changed(text, after), to_paste(after, change)
        if not may_write:
            return _Written(line, lines, there, "server.edit is not true in the config", text)
        try:
            made = rewrite(self._file, text, lambda _: after, os.environ)
        except ConfigChangedError as error:
            return Refusal(str(error))
        except ConfigUnwritableError as error:
            return _Written(line, lines, there, str(error), text)
        if isinstance(made, Refused):
            return Refusal("; ".join(map(str, made.mistakes)))
        return _Written(line, lines, digest_of(after), None, text)


def foreseen(hub: Hub, change: Change) -> Json:
    """What *change* would open by what is known now, and from when on a sync is safe to resume."""
    state = hub.journal.current.get(change.accommodation)
    if state is None:
        return {}
    ledger = state.ledger
    if isinstance(change, Block):
        asked = Nights.between(night_of(change.first), night_of(change.until))
        return {"taken": ranges((blocked(ledger) - ledger.local) & asked)}
    if isinstance(change, Unblock):
        asked = Nights.between(night_of(change.first), night_of(change.until))
        return {"opens": ranges((ledger.local & asked).since(ledger.today))}
    known = ledger.syncs.get(change.sync)
    if known is None or change.paused == "keep":
        return {"opens": []}
    if change.paused:
        there = known.offered.nights.since(ledger.today) if known.channel.sends else EMPTY
        elsewhere = known.genuine.since(ledger.today) if known.channel.receives else EMPTY
        return {"opens_there": ranges(there), "opens_elsewhere": ranges(elsewhere), "opens": ranges(there | elsewhere)}
    safe = safe_to_resume(known)
    return {"opens": [], "safe": safe is not None and safe <= hub.clock.now(), "safe_from": rfc3339(safe)}


def ranges(nights: Nights) -> list[Json]:
    """*nights* as half-open ranges of dates, the first of them."""
    return [
        {"from": date_of(stay.check_in).isoformat(), "to": date_of(stay.check_out).isoformat()}
        for stay in nights.stays()[:_MAX_RANGES]
    ]
