"""The one place at which the simulation touches the daemon: its clocks, look-ups, watches, threads and disk are replaced
here, once for the whole process, and belong to the machine that is played at the moment.

All else runs as it is: aiohttp, SQLite, and every module of the daemon.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sqlite3
import zlib
from collections.abc import AsyncGenerator, Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Protocol

from aiohttp import web_response

import icalsyncd.clock
import icalsyncd.daemon.actions
import icalsyncd.daemon.app
import icalsyncd.daemon.deadlines
import icalsyncd.daemon.housekeeping
import icalsyncd.daemon.hub
import icalsyncd.publishing.delivery
import icalsyncd.publishing.publisher
import icalsyncd.publishing.targets.folder
import icalsyncd.pulling.bodies
import icalsyncd.pulling.intake
import icalsyncd.pulling.pull
import icalsyncd.pulling.rounds
import icalsyncd.serving.fetches
import icalsyncd.serving.listeners
import icalsyncd.state.journal
import icalsyncd.state.reserve
import icalsyncd.state.state_file
from icalsyncd.availability.ledger import Presence
from icalsyncd.availability.link import Link
from icalsyncd.daemon.app import CannotStart, Daemon, Options
from icalsyncd.state.installation import Installation
from icalsyncd.state.stored import peek

__all__ = [
    "CannotStart",
    "Daemon",
    "Link",
    "Options",
    "copies_on_disk",
    "held_by",
    "installed",
    "link_of",
    "offered_on_disk",
    "opened",
    "play_on",
]


class Machine(Protocol):
    """What a machine gives to the daemon that runs on it."""

    def wall(self) -> float: ...
    def boot(self) -> float: ...
    def awake(self) -> float: ...
    def look_up(self, host: str, port: int) -> list[str]: ...
    def watch(self, files: Callable[[], frozenset[Path]], stop: Any) -> AsyncGenerator[None, None]: ...
    def heard(self, message: str, fields: dict[str, Any], level: int, problem: BaseException | None) -> None: ...
    def folder_work(self, work: Callable[[], None]) -> None: ...
    def disk_fails(self) -> bool: ...
    def disk_has_room(self) -> bool: ...
    def clock_was_set(self) -> int | None: ...


_played: list[Machine] = []


def play_on(machine: Machine, *, lazy: bool) -> None:
    """From now on *machine*'s clocks and disk are the daemon's. A *lazy* daemon looks less often at what may have changed.

    Most of the time nothing happens, and what the daemon does then is most of what a history costs.
    """
    _played[:] = [machine]
    if lazy:
        _set(icalsyncd.daemon.housekeeping, HOUSEKEEPING=60.0)
        _set(icalsyncd.daemon.deadlines, _LOOK=60.0)
        _set(icalsyncd.clock, MAX_LOOK=70.0)
        _set(icalsyncd.pulling.rounds, MAX_LOOK=70.0)
        _set(icalsyncd.state.journal, NOTE_KEPT=60.0)
        _set(icalsyncd.publishing.publisher, _HOUSEKEEPING=120.0)
        _set(icalsyncd.publishing.delivery, LOOKED_OVER_EVERY=120.0)


def opened(options: Options) -> Daemon:
    """A daemon in a process of its own: what the threads of the one before were at is gone with them. Raises CannotStart."""
    icalsyncd.publishing.targets.folder._busy.clear()
    return Daemon.open(options)


def _machine() -> Machine:
    return _played[0]


class _Thread:
    """Stands for a thread of a folder target."""

    def __init__(self, target: Callable[[], None], **_: object) -> None:
        self._target = target

    def start(self) -> None:
        _machine().folder_work(self._target)


class _Connection(sqlite3.Connection):
    """A connection whose disk may be full."""

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:  # type: ignore[override]
        if sql.startswith("BEGIN IMMEDIATE") and _machine().disk_fails():
            raise sqlite3.OperationalError("database or disk is full")
        return super().execute(sql, *parameters)


class _Heard(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        problem = record.exc_info[1] if record.exc_info else None
        _machine().heard(record.getMessage(), getattr(record, "fields", {}), record.levelno, problem)


class Bug(Exception):
    """A mistake in the daemon's own code, made by the test."""


def _buggy(read: Callable[..., Any]) -> Callable[..., Any]:
    def reading(body: bytes, *rest: Any, **more: Any) -> Any:
        if b" BUG\r\n" in body:
            raise Bug("a calendar that meets a bug")
        return read(body, *rest, **more)

    return reading


class _Readers:
    """Stands for the threads that read calendars: one turn of a portal at a time."""

    def __init__(self) -> None:
        self._turns: dict[str, asyncio.Lock] = {}
        self._free = asyncio.Semaphore(3)

    async def do(self, whose: str, work: Callable[[], Any]) -> Any:
        async with self._turns.setdefault(whose, asyncio.Lock()), self._free:
            return await asyncio.get_running_loop().run_in_executor(_READING, work)

    def close(self) -> None:
        """What runs is left to itself."""


_READING: Any = SimpleNamespace(_thread_name_prefix="reader", _max_workers=3)


def _set(module: ModuleType, **names: Any) -> None:
    """Replace what *module* calls so; what it no longer has would be asked of the real machine, and is an error."""
    for name, value in names.items():
        if not hasattr(module, name):
            raise AttributeError(f"{module.__name__} has no {name} any more: the simulation does not hold it")
        setattr(module, name, value)


def _like(module: ModuleType, **others: Any) -> SimpleNamespace:
    """A module that is *module* but for *others*."""
    same = {name: getattr(module, name) for name in dir(module) if not name.startswith("__")}
    return SimpleNamespace(**{**same, **others})


def _room(_: int) -> SimpleNamespace:
    return SimpleNamespace(f_bavail=2**20 if _machine().disk_has_room() else 0, f_frsize=4096)


def installed() -> None:
    """Put the seam in; to be done once, in a process of its own."""
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID"):
        os.environ.pop(name, None)
    gc.disable()
    awake = lambda: _machine().awake()  # noqa: E731
    clock = icalsyncd.clock.Clock
    _set(
        icalsyncd.daemon.hub,
        Clock=partial(clock, wall=lambda: _machine().wall(), boottime=lambda: _machine().boot()),
        Puller=partial(icalsyncd.pulling.pull.Puller, lookup=lambda host, port: _machine().look_up(host, port)),
    )
    _set(icalsyncd.daemon.actions, time=lambda: _machine().wall())
    _set(
        icalsyncd.daemon.housekeeping,
        monotonic=awake,
        last_set=lambda: _machine().clock_was_set(),
    )
    _set(icalsyncd.daemon.app, watch=lambda files, stop: _machine().watch(files, stop))
    # what is let in stands for a socket already
    _set(icalsyncd.serving.listeners, BoundedSocket=lambda fileno: fileno)
    _set(icalsyncd.serving.fetches, boottime=lambda: _machine().boot())
    _set(icalsyncd.pulling.rounds, monotonic=awake)
    _set(icalsyncd.pulling.intake, perf_counter=awake)
    _set(icalsyncd.pulling.pull, time=SimpleNamespace(monotonic=awake, time=lambda: _machine().wall()))
    _set(icalsyncd.pulling.bodies, read_twofold=_buggy(icalsyncd.pulling.bodies.read_twofold), Readers=_Readers)
    _set(icalsyncd.publishing.targets.folder, Thread=_Thread)
    _set(icalsyncd.state.state_file, sqlite3=_like(sqlite3, connect=partial(sqlite3.connect, factory=_Connection)))
    _set(icalsyncd.state.reserve, os=_like(os, fstatvfs=_room))
    _set(web_response, rfc822_formatted_time=lambda: "Mon, 01 Mar 2027 09:00:00 GMT")
    log = logging.getLogger("icalsyncd")
    log.handlers, log.propagate = [_Heard()], False
    log.setLevel(logging.INFO)
    other = logging.getLogger()
    other.handlers = [_Heard()]


def link_of(secret: str, first_name: str, generation: int) -> str:
    """The path of a sync's feed."""
    token = Installation(bytes.fromhex(secret)).token(Link(first_name, generation))
    return f"/{token}.ics"


def offered_on_disk(state: Path) -> dict[str, frozenset[int]]:
    """The nights of each feed, as a start from the folder *state* would find them.

    By the names under which links were first made, as those of :func:`copies_on_disk`.
    """
    return {
        sync.link.first_name: frozenset(night for stay in sync.offered.nights.stays() for night in range(*stay))
        for found in peek(state / "state.sqlite3").states.values()
        for sync in found.ledger.syncs.values()
        if sync.channel.sends and sync.presence is Presence.ACTIVE
    }


def copies_on_disk(state: Path) -> dict[str, bytes]:
    """The last copy of each portal's calendar that the folder *state* holds."""
    with closing(sqlite3.connect(state / "state.sqlite3")) as file:
        rows = file.execute("SELECT owner, body FROM copy ORDER BY owner, role = 'waiting'").fetchall()
    return {owner: zlib.decompress(body) for owner, body in rows}


def held_by(daemon: Daemon, loop: asyncio.AbstractEventLoop) -> dict[str, int]:
    """How much of each kind a daemon holds on to, all of which must end by itself."""
    hub = daemon.hub
    return {
        "tasks": len(asyncio.all_tasks(loop)),
        "turns": len(hub.intake._turns),
        "pieces of work": len(hub._background),
        "waits for the disk": len(hub.journal._waiting),
        "looks": len(hub.looks._under_way),
    }
