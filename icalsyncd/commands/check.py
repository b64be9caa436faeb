"""`icalsyncd check`: whether the config can be run, and what running it would change."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from icalsyncd.calendars.nights import Nights, date_of
from icalsyncd.commands.offline import last_config, read_offline_under
from icalsyncd.commands.outcome import DONE, FAILED
from icalsyncd.commands.preview import Change, Preview, Step, Turn, preview_of
from icalsyncd.commands.terminal import Colour, counted, listed, painted, told
from icalsyncd.config.differences import differences
from icalsyncd.config.excerpt import excerpt
from icalsyncd.config.loading import Accepted, Refused, load
from icalsyncd.config.mistakes import Mistake
from icalsyncd.config.paths import Paths
from icalsyncd.config.resolved import Config
from icalsyncd.config.units import format_duration
from icalsyncd.state.files import LARGEST, content

Json = dict[str, Any]


def check(paths: Paths, *, plan: bool, probing: bool, as_json: bool) -> int:
    """Print every mistake of the config, one a line; 1 if there is one. With *plan*, what a reload would change.

    *probing* tries each target of the shared cloud, and is 1 if one does not take a file.
    """
    loaded = load(paths.config, os.environ)
    if isinstance(loaded, Refused):
        if as_json:
            print(json.dumps(_verdict(loaded, paths), indent=2))
        else:
            for mistake in loaded.mistakes:
                print(mistake)
                _show(paths.config, mistake)
            _warn((*loaded.warnings, *paths.folder.exposures()))
        return FAILED
    preview, read_at, delay = (None, 0.0, 0.0)
    if plan:
        offline = read_offline_under(paths, loaded)
        ledgers = {each: state.ledger for each, state in offline.stored.states.items()}
        delay = offline.removal_delay
        preview = preview_of(ledgers, offline.plans, today=offline.today, now=offline.now, delay=delay)
        preview = replace(preview, changes=(*preview.changes, *_settings(last_config(paths), loaded.config)))
        read_at = offline.now
    targets = _targets(loaded.config, probing=probing)
    code = FAILED if any(target["unsent"] for target in targets) else DONE
    if as_json:
        print(
            json.dumps(_verdict(loaded, paths) | {"targets": targets} | (_plan(preview) if preview else {}), indent=2)
        )
        return code
    _warn((*loaded.warnings, *paths.folder.exposures()))
    for target in targets:
        if target["lacks"]:
            words = f"warning: nothing can be published at {target['name']}: {target['lacks']}"
            print(painted(words, Colour.WARNING, sys.stderr), file=sys.stderr)
        if probing:
            print(f"{target['name']}: {target['unsent'] or 'a file was put there and deleted again'}")
    if preview is None:
        config = loaded.config
        print(
            f"{paths.config} can be run: {counted(len(config.accommodations), 'accommodation')}, "
            f"{counted(len(config.syncs()), 'sync')}"
        )
    else:
        for line in _lines(preview, read_at, round(delay)):
            print(line)
    return code


def _targets(config: Config, *, probing: bool) -> list[Json]:
    """Each target of the shared cloud: what it lacks, and why it did not take a file, if that was tried."""
    if not config.publish:
        return []
    from icalsyncd.commands.probe import lacks, probe

    lacking = dict(lacks(config))
    tried = probe(config) if probing else {}
    return [
        {
            "name": target.name,
            "lacks": lacking.get(target.name),
            "unsent": f"{unsent.why.value}: {unsent.detail}" if (unsent := tried.get(target.name)) else None,
        }
        for target in config.publish
    ]


def _settings(before: Config | None, after: Config) -> Iterator[Change]:
    if before is not None:
        for subject, key in differences(before, after):
            yield Change(subject, Step.CHANGES, key)


def _show(config: Path, mistake: Mistake) -> None:
    """The line that a mistake is on: for people alone, since a program reads one mistake a line."""
    if not sys.stdout.isatty():
        return
    try:
        text = content(config, LARGEST).data.decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return
    for line in excerpt(text, mistake) or ():
        print(f"    {line}")


def _warn(warnings: Iterable[Mistake | str]) -> None:
    # the mistakes alone are the answer, for programs that read it
    for warning in warnings:
        print(painted(f"warning: {warning}", Colour.WARNING, sys.stderr), file=sys.stderr)


def _lines(preview: Preview, now: float, delay: int) -> Iterator[str]:
    if not preview.changes and not preview.turns:
        yield "a reload would change nothing"
        return
    leaves = f"kept as it was for {format_duration(delay)}"
    for change in preview.changes:
        detail = leaves if change.step is Step.LEAVES else change.detail
        yield f"{change.subject} {change.step.value}{': ' + detail if detail else ''}"
    for turn in preview.turns:
        when = "at once" if turn.at <= now else told(_moment(turn.at), _moment(now))
        if turn.closed:
            yield f"{when}: {turn.accommodation} closes {listed(turn.closed)}"
        if turn.freed:
            yield painted(f"{when}: {turn.accommodation} releases {listed(turn.freed)}", Colour.WARNING)
        for name, nights in turn.opened.items():
            yield painted(
                f"{when}: {turn.accommodation}/{name} is told as free, though taken elsewhere: {listed(nights)}",
                Colour.WARNING,
            )


def _verdict(loaded: Accepted | Refused, paths: Paths) -> Json:
    mistakes = loaded.mistakes if isinstance(loaded, Refused) else ()
    return {
        "ok": isinstance(loaded, Accepted),
        "mistakes": [str(mistake) for mistake in mistakes],
        "warnings": [*map(str, loaded.warnings), *paths.folder.exposures()],
    }


def _plan(preview: Preview) -> Json:
    return {
        "changes": [
            {"subject": change.subject, "change": change.step.value, "detail": change.detail}
            for change in preview.changes
        ],
        "nights": [_turn(turn) for turn in preview.turns],
    }


def _turn(turn: Turn) -> Json:
    return {
        "accommodation": turn.accommodation,
        "at": f"{_moment(turn.at):%Y-%m-%dT%H:%M:%SZ}",
        "closes": _stays(turn.closed),
        "releases": _stays(turn.freed),
        "opens": {name: _stays(nights) for name, nights in turn.opened.items()},
    }


def _stays(nights: Nights) -> list[Json]:
    return [{"from": date_of(start).isoformat(), "to": date_of(end).isoformat()} for start, end in nights.stays()]


def _moment(moment: float) -> datetime:
    return datetime.fromtimestamp(moment, UTC)
