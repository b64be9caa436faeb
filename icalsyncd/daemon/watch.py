"""Noticing that a file may have changed, in whatever way.

Editors replace files or write them in place, a mounted ConfigMap swaps a symlink two steps away, and a folder may come
later than the daemon. So not files are watched but every folder in which a change can alter what a path leads to. Once
a second the files are looked at as well: notifications do not come from network file systems, nor for a folder that
was made a moment ago.
"""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from watchfiles import awatch

_STEP: Final = 50
_SETTLE: Final = 200
_LOOK_AGAIN: Final = 1000
_LINKS: Final = 40

Mark: TypeAlias = tuple[int, ...]


@dataclass
class _Trace:
    """What a set of paths leads to at one moment."""

    marks: dict[Path, Mark | None] = field(default_factory=dict)
    """Of each file, what changes when it does; None if there is no file."""
    steps: set[str] = field(default_factory=set)
    """The files themselves, the symlinks on the way to them, and what is missing of the way."""
    folders: dict[Path, Mark] = field(default_factory=dict)
    """Those in which the steps are."""


class _End(asyncio.Event):
    """Tells a watch to end: with the daemon, or when this watch alone is cancelled."""

    def __init__(self, stop: asyncio.Event) -> None:
        super().__init__()
        self._stop = stop

    def is_set(self) -> bool:
        return super().is_set() or self._stop.is_set()


async def watch(files: Callable[[], frozenset[Path]], stop: asyncio.Event) -> AsyncGenerator[None, None]:
    """Yield once at the beginning, and whenever one of *files* may have changed, until *stop* is set.

    *files* is asked again after each look. What changes after the first yield is never missed; what happens shortly
    after one another is one yield.
    """
    trace = await asyncio.to_thread(_look, files())
    yield
    while not stop.is_set():
        async with aclosing(_stirrings(trace.folders, stop)) as stirrings:
            async for paths in stirrings:
                before, trace = trace, await asyncio.to_thread(_look, files())
                if trace.marks != before.marks or not paths.isdisjoint(before.steps | trace.steps):
                    yield
                if trace.folders != before.folders:
                    break


async def _stirrings(folders: dict[Path, Mark], stop: asyncio.Event) -> AsyncGenerator[set[str], None]:
    """The paths that changed in *folders*, and once a second none."""
    try:
        changes = awatch(
            *folders,
            watch_filter=None,
            debounce=_SETTLE,
            step=_STEP,
            stop_event=_End(stop),
            rust_timeout=_LOOK_AGAIN,
            yield_on_timeout=True,
            recursive=False,
            ignore_permission_denied=True,
        )
        async with aclosing(changes):
            async for change in changes:
                yield {path for _, path in change}
    except (OSError, RuntimeError):
        # a folder has just been deleted, or the system grants no more watches: the look once a second remains
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _LOOK_AGAIN / 1000)
            yield set()


def _look(files: frozenset[Path]) -> _Trace:
    trace = _Trace()
    for file in files:
        trace.marks[file] = _follow(file, trace)
    return trace


def _follow(file: Path, trace: _Trace) -> Mark | None:
    """Go to *file* step by step as the system does, and note in *trace* what the way depends on."""
    folder = Path("/")
    rest = list(reversed(Path.absolute(file).parts[1:]))
    links = 0
    while rest:
        name = rest.pop()
        if name == "..":
            folder = folder.parent
            continue
        step = folder / name
        try:
            status = step.lstat()
            target = step.readlink() if stat.S_ISLNK(status.st_mode) else None
        except OSError:
            _note(step, folder, trace)
            return None
        if target is not None:
            links += 1
            _note(step, folder, trace)
            if links > _LINKS:
                return None
            if target.is_absolute():
                folder = Path("/")
            rest.extend(part for part in reversed(target.parts) if part != "/")
        elif rest:
            folder = step
        else:
            _note(step, folder, trace)
            return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return None


def _note(step: Path, folder: Path, trace: _Trace) -> None:
    trace.steps.add(str(step))
    try:
        status = folder.stat()
    except OSError:
        return
    # a folder that was deleted and made again is another one, and has to be watched again
    trace.folders[folder] = (status.st_dev, status.st_ino)
