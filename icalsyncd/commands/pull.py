"""`icalsyncd pull`: have the daemon pull now, and see what came."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any, Final

from icalsyncd.commands.asking import json_of, require_sync, status_of
from icalsyncd.commands.client import Answer, ask
from icalsyncd.commands.outcome import DONE, FAILED, CommandError
from icalsyncd.commands.terminal import Colour, counted, painted
from icalsyncd.config.paths import Paths

PATIENCE: Final = 600.0
"""Seconds to wait for one sync's pull: its own timeout, and a place in the queue of its portal."""
_MAX_LISTED: Final = 6
_AT_ONCE: Final = 8
_COLOURS: Final = {"failed": Colour.BAD, "held": Colour.WARNING, "partial": Colour.WARNING}

Json = dict[str, Any]


def pull(paths: Paths, syncs: Sequence[str], *, dry_run: bool, as_json: bool) -> int:
    """Pull *syncs*, or all that receive and are not paused; 1 if one failed. With *dry_run* nothing is changed."""
    wanted = list(dict.fromkeys(require_sync(name) for name in syncs)) or _pullable(status_of(paths))
    if not wanted:
        print("[]" if as_json else "there is nothing to pull: no sync receives")
        return DONE
    reports: list[Json] = []
    width = max(map(len, wanted))
    # as they come, so that one slow portal does not delay the others' reports
    for report in _reports(paths, wanted, dry_run=dry_run):
        reports.append(report)
        if not as_json:
            _clear_progress()
            print(_line(report, width, dry_run=dry_run), flush=True)
            _show_progress(len(reports), len(wanted))
    if as_json:
        order = {name: place for place, name in enumerate(wanted)}
        print(json.dumps(sorted(reports, key=lambda report: order.get(report["sync"], 0)), indent=2))
    return FAILED if any(report["outcome"] == "failed" for report in reports) else DONE


def _pullable(found: Json) -> list[str]:
    return [
        sync["id"]
        for house in found["accommodations"]
        for sync in house["syncs"]
        if sync["direction"] != "export" and sync["state"] not in ("paused", "leaving")
    ]


def _reports(paths: Paths, wanted: Sequence[str], *, dry_run: bool) -> Iterator[Json]:
    query = {"dry_run": "1"} if dry_run else {}
    if len(wanted) == 1:
        yield from json_of(paths, "POST", "/-/pull", {"sync": wanted[0], **query}, PATIENCE)
        return
    threads = ThreadPoolExecutor(_AT_ONCE)
    try:
        asked = [threads.submit(ask, paths, "POST", "/-/pull", {"sync": name, **query}, PATIENCE) for name in wanted]
        for future in as_completed(asked):
            answer = future.result()
            if not isinstance(answer, Answer):
                raise CommandError(answer.why)
            content = answer.json()
            if not answer.ok:
                raise CommandError(str(content.get("error", answer.status)))
            yield from content
    finally:
        # after Ctrl-C, do not wait for syncs that have not been asked yet
        threads.shutdown(wait=False, cancel_futures=True)


def _line(report: Json, width: int, *, dry_run: bool) -> str:
    outcome = report["outcome"].replace("_", " ")
    would = "would " if dry_run else ""
    told = [f"{counted(report['nights'], 'night')} claimed"]
    if report["new"]:
        told.append(f"{report['new']} {would}{'be ' if dry_run else ''}new")
    if report["freed"]:
        told.append(f"{report['freed']} {would}{'be ' if dry_run else ''}freed")
    if kept := report["kept"]:
        shown = " ".join(f"{run['from']}..{run['to']}" for run in kept[:_MAX_LISTED])
        more = f" and {len(kept) - _MAX_LISTED} more" if len(kept) > _MAX_LISTED else ""
        told.append(
            f"its calendar lacks {shown}{more}: {'would stay' if dry_run else 'kept'} closed until that is sure"
        )
    if report["reason"]:
        told = [report["reason"], *told]
    line = f"{report['sync'].ljust(width)}  {outcome:<12}  {', '.join(told)}"
    colour = _COLOURS.get(report["outcome"])
    return painted(line, colour) if colour else line


def _show_progress(done: int, total: int) -> None:
    if done < total and sys.stderr.isatty():
        print(f"{done} of {total} pulled …", end="", file=sys.stderr, flush=True)


def _clear_progress() -> None:
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
