"""`icalsyncd run`, and the short questions to a daemon that runs: `reload`, `healthcheck`, `rotate`."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import Any

from icalsyncd.commands.asking import answer_of, json_of, require_sync
from icalsyncd.commands.outcome import DONE, FAILED, USAGE, CommandError
from icalsyncd.commands.terminal import counted
from icalsyncd.config.paths import Paths

HEALTH_PATIENCE = 5.0
"""Seconds; a monitor that asks often must not pile up."""


def run(paths: Paths, style: str | None, level: str) -> int:
    """The daemon, until SIGTERM or SIGINT; SIGHUP has it read its config anew."""
    import logging

    from icalsyncd import log
    from icalsyncd.daemon import app

    options = app.Options(
        config=paths.config,
        state_dir=paths.state_dir,
        log_style=log.Style(style) if style else None,
        log_level=logging.getLevelNamesMapping()[level.upper()],
    )

    async def until_stopped() -> int:
        stop, reload = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        loop.add_signal_handler(signal.SIGINT, stop.set)
        loop.add_signal_handler(signal.SIGHUP, reload.set)
        return await app.run(options, stop, reload)

    return asyncio.run(until_stopped())


def reload(paths: Paths) -> int:
    """Have the daemon read its config anew; if it refuses, every mistake is printed."""
    answer = answer_of(paths, "POST", "/-/reload", patience=60.0)
    if answer.ok:
        print("the daemon runs the config as it is in the file")
        return DONE
    print(answer.text.strip())
    print("icalsyncd: nothing was changed, the config before goes on", file=sys.stderr)
    return FAILED


def healthcheck(paths: Paths) -> int:
    """0 if the daemon is well, 1 with the reason if it is not, or does not run."""
    answer = answer_of(paths, "GET", "/-/healthy", patience=HEALTH_PATIENCE)
    if answer.ok:
        print("healthy")
        return DONE
    print(answer.text.strip())
    return FAILED


def rotate(paths: Paths, name: str, *, now: bool) -> int:
    """End the old links of the sync *name* at once instead of after their 7 days."""
    if "/" in name:
        require_sync(name)
    if not now:
        raise CommandError(
            f"for a new link raise `link_generation` of {name} in the config; the old one then works 7 days more. "
            "`rotate SYNC --now` ends it at once",
            USAGE,
        )
    done: dict[str, Any] = json_of(paths, "POST", "/-/rotate", {"sync" if "/" in name else "calendar": name})
    ended = int(done["ended"])
    print(f"{name}: {counted(ended, 'old link')} ended" if ended else f"{name} has no old link")
    return DONE
