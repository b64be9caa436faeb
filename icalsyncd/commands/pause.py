"""`icalsyncd pause` and `resume`: flip a sync's `paused:` in the config, and say what that means."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import NamedTuple

from icalsyncd.admin.status import RESUME_AFTER, safe_to_resume
from icalsyncd.calendars.nights import EMPTY
from icalsyncd.commands.asking import require_sync
from icalsyncd.commands.config_change import change, require_running, take_over, written_config
from icalsyncd.commands.offline import stored_in
from icalsyncd.commands.outcome import DONE, FAILED, UNRUNNABLE, USAGE, CommandError
from icalsyncd.commands.terminal import Colour, confirmed, listed, painted, told
from icalsyncd.config.edit import set_value
from icalsyncd.config.paths import Paths
from icalsyncd.config.resolved import Config, Sync


def pause(paths: Paths, name: str, *, keeping: bool, yes: bool) -> int:
    """Take the sync *name* out of play, once the host has seen which nights that opens; unless *yes*, ask first.

    *keeping* opens none: what is known of it goes on counting, and its feed only closes.
    """
    text, sync = _found(paths, name)
    if sync.paused and sync.keeps is keeping:
        print(f"{name} is paused already")
        return DONE
    if keeping:
        _flip(paths, text, sync, paused="keep")
        print(
            f"{name} is paused, and kept as it was: nothing is pulled, its nights stay closed elsewhere, and its feed"
        )
        print("goes on closing what others sell and opens nothing. What its portal sells from now on is not known")
        if sync.paused:
            print("What its pause released before stays open elsewhere until it is resumed")
        return take_over(paths)
    opened = _opened(paths, sync)
    for line in opened.said:
        print(painted(line, Colour.WARNING))
    if opened.any and not yes and not _agreed("Open them?"):
        return FAILED
    _flip(paths, text, sync, paused=True)
    read = "once its portal has read the feed without taken nights, and " if sync.sends else ""
    print(f"{name} is paused. It is safe to resume {read}after {RESUME_AFTER / 60:.0f} minutes at least:")
    print("`icalsyncd status` says when")
    return take_over(paths)


def resume(paths: Paths, name: str, *, yes: bool) -> int:
    """Have the sync *name* take part again; if it is too soon, ask first, unless *yes*."""
    text, sync = _found(paths, name)
    if not sync.paused:
        print(f"{name} is not paused")
        return DONE
    if warning := _too_soon(paths, sync):
        print(painted(warning, Colour.WARNING))
        if not yes and not _agreed("Resume it all the same?"):
            return FAILED
    _flip(paths, text, sync, paused=False)
    print(
        f"{name} is resumed{'' if sync.keeps else '; it begins without a copy'}, and is pulled at once"
        if sync.receives
        else f"{name} is resumed"
    )
    return take_over(paths)


def _found(paths: Paths, name: str) -> tuple[str, Sync]:
    require_sync(name)
    written = written_config(paths)
    if written is None:
        raise CommandError(f"there is no config at {paths.config}", UNRUNNABLE)
    config, text = written
    sync = config.sync(name)
    if sync is None:
        raise CommandError(f"there is no sync {name} in {paths.config}{_near(name, config)}")
    require_running(paths, text)
    return text, sync


def _near(name: str, config: Config) -> str:
    near = get_close_matches(name, [sync.name for sync in config.syncs()], n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _agreed(question: str) -> bool:
    """Whether the host says yes. Raises CommandError if there is no terminal to ask at."""
    if not sys.stdin.isatty():
        raise CommandError("nobody can be asked here: look at what it does, then add --yes", USAGE)
    if confirmed(question):
        return True
    print("nothing was changed")
    return False


class _Opened(NamedTuple):
    """What a pause opens."""

    said: tuple[str, ...]
    any: bool
    """Some night opens somewhere."""


def _opened(paths: Paths, sync: Sync) -> _Opened:
    """Which nights a pause opens, by what is stored."""
    state = stored_in(paths).states.get(sync.accommodation)
    known = state.ledger.syncs.get(sync.id) if state else None
    if state is None or known is None:
        return _Opened(("nothing is known of this sync yet: no night opens",), any=False)
    today = state.ledger.today
    said = []
    there = known.offered.nights.since(today) if sync.sends else EMPTY
    elsewhere = known.genuine.since(today) if sync.receives else EMPTY
    if sync.sends:
        said.append(f"at {sync.portal} open, though taken elsewhere: {listed(there)}")
    if sync.receives:
        said.append(f"what {sync.portal} itself has taken opens everywhere else: {listed(elsewhere)}")
    return _Opened(tuple(said), bool(there or elsewhere))


def _too_soon(paths: Paths, sync: Sync) -> str | None:
    """Why it is not safe to resume yet, by what is stored; None if it is."""
    state = stored_in(paths).states.get(sync.accommodation)
    known = state.ledger.syncs.get(sync.id) if state else None
    if known is None:
        return None
    now = datetime.now(UTC)
    safe = safe_to_resume(known)
    if safe is None:
        return "it is too soon: its portal has not read the empty feed yet, and may go on repeating old nights"
    moment = datetime.fromtimestamp(safe, UTC)
    return f"it is too soon: safe {told(moment, now)}" if moment > now else None


def _flip(paths: Paths, text: str, sync: Sync, *, paused: bool | str) -> None:
    place = ("accommodations", sync.accommodation, "syncs", sync.id, "paused")
    change(paths, text, lambda text: set_value(text, place, paused))
