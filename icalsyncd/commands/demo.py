"""`icalsyncd demo`: the daemon between two made-up portals on loopback; what happens is told when it is seen."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import stat
import sys
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any, Final

from icalsyncd.calendars.nights import Nights, Stay, date_of, night_of
from icalsyncd.commands.client import Answer, ask
from icalsyncd.commands.demo_portal import DemoPortal
from icalsyncd.commands.links import links_of
from icalsyncd.commands.offline import read_offline
from icalsyncd.commands.outcome import DONE, FAILED, USAGE, CommandError
from icalsyncd.commands.terminal import Colour, painted
from icalsyncd.config.forms import Address, address
from icalsyncd.config.paths import Paths
from icalsyncd.state.directory import clear, make, make_temporary, opened
from icalsyncd.state.files import LARGEST, content

PATIENCE: Final = 60.0
"""Seconds to wait for something that should take a few."""
BREATH: Final = 2.5
"""Seconds between two chapters, for people to read."""
_LOOK: Final = 0.2
_ENDING: Final = 10.0
_HOUSE: Final = "casa-demo"
_ANYWHERE: Final = ("0.0.0.0", "::")  # noqa: S104  # compared with, not bound to
_CONFIG: Final = """\
# The config of icalsyncd's demo. Edit it while the demo runs: what you save is taken over at once.
terms: accepted
server:
  listen: 127.0.0.1:{feeds}
  admin: {admin}
  admin_hosts: {hosts}
  removal_delay: 10s
pull:
  interval: 2s                        # 30m in real life
  allow_private_addresses: [127.0.0.0/8]  # the made-up portals are on this machine
accommodations:
"""
_HOUSE_CONFIG: Final = """\
  {house}:
    name: Casa Demo
    timezone: Europe/Madrid
    blocks: []                        # try: [{{from: 2030-01-01, to: 2030-01-08, note: family}}]
    syncs:
      alma:
        portal: alma
        direction: bidirectional
        url: {alma}
        echo_lag: 0s
      brisa:
        portal: brisa
        direction: bidirectional
        url: {brisa}
        echo_lag: 0s
"""
_MARK: Final = _CONFIG.partition(".")[0]
"""How the config of a demo begins, an older one's too."""

Json = dict[str, Any]


def demo(folder: Path | None, listen: str | None = None, *, family: bool = False) -> int:
    """Run until Ctrl-C; then 0, or 1 if the daemon or the story broke off before.

    Config and state lie in *folder*, or in a temporary one that goes with the demo. *listen* is where its page is to be seen
    from other machines, as `192.168.1.5:15545`. *family*: of a house and its rooms.
    """
    page = _page_of(listen)
    made = make_temporary("icalsyncd-demo-") if folder is None else folder
    try:
        make(made)
        _refuse_foreign(made)
        # the state of an earlier demo would know nights of portals that start afresh
        clear(made / "state")
        make(made / "state", 0o700)
        return asyncio.run(_play(Paths(made / "config.yaml", made / "state"), page, family=family))
    except OSError as error:
        raise CommandError(f"the demo cannot use {made}: {error.strerror}") from None
    finally:
        if folder is None:
            clear(made)


def _refuse_foreign(folder: Path) -> None:
    """Raise CommandError if something lies in *folder* that no demo put there and this one would write over."""
    status = folder.stat()
    if status.st_uid != os.geteuid() or status.st_mode & stat.S_IWOTH:
        raise CommandError(f"{folder} is somebody else's, or others can write into it: name another folder")
    config = folder / "config.yaml"
    if config.exists() and not _of_demo(config):
        raise CommandError(f"{config} is no demo's: name another folder")
    if not config.exists() and (folder / "state").exists():
        raise CommandError(f"{folder / 'state'} is no demo's: name another folder")


def _of_demo(config: Path) -> bool:
    return content(config, LARGEST, following=False).data.startswith(_MARK.encode())


def _page_of(listen: str | None) -> Address | None:
    if listen is None:
        return None
    try:
        return address(listen if ":" in listen else f"{listen}:15545")
    except ValueError as error:
        raise CommandError(f"--listen: {error}", USAGE) from None


def _hosts(page: Address) -> list[str]:
    """The names under which the page may be asked for, beside loopback."""
    if page.host not in _ANYWHERE:
        return [page.host]
    own = socket.gethostname()
    with suppress(OSError):
        return list(dict.fromkeys((own, *(str(found[4][0]) for found in socket.getaddrinfo(own, None)))))
    return [own]


async def _play(paths: Paths, page: Address | None, *, family: bool) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    from icalsyncd.commands.demo_family import FAMILY_CONFIG, FamilyStory

    names = ("Alma", "Brisa", "Cala") if family else ("Alma", "Brisa")
    feeds, admin, *ports = _free_ports(2 + len(names))
    portals = [DemoPortal(name, port) for name, port in zip(names, ports, strict=True)]
    urls = {portal.name.lower(): portal.url for portal in portals}
    page = page or Address("127.0.0.1", admin)
    hosts = json.dumps(_hosts(page))
    written = _CONFIG + FAMILY_CONFIG if family else _CONFIG + _HOUSE_CONFIG
    config = written.format(feeds=feeds, admin=page, hosts=hosts, house=_HOUSE, **urls)
    with opened(paths.config.parent) as folder:
        folder.replace(paths.config.name, config.encode())
    for portal in portals:
        await portal.open()
    log = paths.config.with_name("daemon.log")
    daemon = await _start(paths, log)
    reading = [asyncio.create_task(portal.read_on()) for portal in portals]
    tells = FamilyStory if family else Story
    story = asyncio.create_task(tells(paths, portals, f"http://{page}/", log).tell())
    stopping, ended = asyncio.create_task(stop.wait()), asyncio.create_task(daemon.wait())
    try:
        await asyncio.wait((story, stopping, ended, *reading), return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            print("\nThe demo ends.")
            return DONE
        if story.done():
            story.result()
        print(painted(f"The daemon has ended; its log is {log}:", Colour.BAD))
        print(log.read_text(encoding="utf-8")[-2000:])
        return FAILED
    finally:
        for task in (story, stopping, *reading):
            task.cancel()
        await asyncio.gather(story, stopping, *reading, return_exceptions=True)
        await _end(daemon, ended)
        for portal in portals:
            await portal.close()


async def _start(paths: Paths, log: Path) -> Process:
    """The daemon, a process of its own, as it would run without the demo."""
    # what a service manager handed down is not for this one
    environ = {key: value for key, value in os.environ.items() if key not in ("NOTIFY_SOCKET", "LISTEN_FDS")}
    with opened(log.parent) as folder:
        folder.remove(log.name)
        output = folder.create(log.name)
    try:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "icalsyncd", "run"),
            *("--config", str(paths.config), "--state-dir", str(paths.state_dir)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environ,
        )
    finally:
        os.close(output)


async def _end(daemon: Process, ended: asyncio.Task[int]) -> None:
    if daemon.returncode is None:
        daemon.terminate()
    try:
        await asyncio.wait_for(ended, _ENDING)
    except TimeoutError:
        daemon.kill()
        await daemon.wait()


def _free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on; a daemon that runs already has the usual ones."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


@dataclass
class Story:
    """What happens in the demo, each line said once it has been seen."""

    paths: Paths
    portals: list[DemoPortal]
    page: str
    log: Path
    began: float = 0.0
    status: Json = field(default_factory=dict)
    """The daemon's, as last asked for; empty before it answers."""

    @property
    def alma(self) -> DemoPortal:
        return self.portals[0]

    @property
    def brisa(self) -> DemoPortal:
        return self.portals[1]

    async def tell(self) -> None:
        """The whole of it; then the config is watched, until cancelled. Raises CommandError if something fails."""
        await self._begin({(_HOUSE, "alma"): self.alma, (_HOUSE, "brisa"): self.brisa})
        self._say("Two made-up portals, Alma and Brisa, list the same house. icalsyncd stands between them.")
        await self._until(lambda: all(sync["last_fetch"] for sync in self._syncs()), "both portals read our feeds")
        await self._bookings()
        await self._outage()
        await self._cancellation()
        self._say("That was all of it. The daemon and both portals go on; Ctrl-C ends them.")
        await self._watch_config()

    async def _begin(self, reading: Mapping[tuple[str, str], DemoPortal]) -> None:
        """Wait for the daemon, have each portal of *reading* read the link of its sync, and say where all lies."""
        self.began = monotonic()
        await self._until(lambda: len(self._syncs()) == len(reading), "the daemon started")
        links = links_of(await asyncio.to_thread(read_offline, self.paths))
        for sync, portal in reading.items():
            portal.link = links[sync]
        print(f"Status page  {painted(self.page, Colour.STRONG)}")
        print(f"Config       {painted(str(self.paths.config), Colour.STRONG)}   edit it while I run")
        print(f"Log          {self.log}")

    async def _bookings(self) -> None:
        today = night_of(datetime.now(UTC).date())
        await self._book(self.alma, self.brisa, "Ana", Stay(today + 10, today + 13))
        await self._until(lambda: self._sync("brisa")["echo_nights"] == 3, "Brisa's repetition was pulled")
        self._say("Brisa's calendar now repeats them as its own. icalsyncd knows the echo: nobody is told of it.")
        await self._book(self.brisa, self.alma, "Bruno", Stay(today + 20, today + 22))

    async def _outage(self) -> None:
        today = night_of(datetime.now(UTC).date())
        await asyncio.sleep(BREATH)
        await self.brisa.go_down()
        self._say("Brisa goes down: it neither answers nor reads.")
        await self._until(lambda: self._sync("brisa")["state"] == "failing", "the pull of Brisa failed")
        kept = Nights.of_stays(self.brisa.sold.values())
        await self._until(lambda: kept <= self.alma.closed, "Alma kept Brisa's nights closed")
        self._say("icalsyncd cannot pull Brisa. No night opens for that: what Brisa had sold stays closed at Alma.")
        await asyncio.sleep(BREATH)
        stay = Stay(today + 30, today + 32)
        self.alma.sold["Carla"] = stay
        self._say(f"Meanwhile Alma sells {shown(stay)}.")
        await asyncio.sleep(BREATH)
        await self.brisa.open()
        await self._until(lambda: Nights.of_stays([stay]) <= self.brisa.closed, "Brisa closed what Alma sold")
        self._say("Brisa is back, has read its feed, and has closed what Alma sold meanwhile.")
        await self._until(lambda: self._sync("brisa")["state"] == "ok", "Brisa was pulled again")

    async def _cancellation(self) -> None:
        await asyncio.sleep(BREATH)
        stay = self.alma.sold.pop("Ana")
        nights = Nights.of_stays([stay])
        self._say(f"Alma's guest cancels {shown(stay)}.")
        await self._until(
            lambda: nights.isdisjoint(self.alma.closed | self.brisa.closed), "the nights opened at both portals"
        )
        self._say("Open again at both portals. A plain merge would have kept them closed for ever: a ghost.")

    async def _book(self, at: DemoPortal, other: DemoPortal, guest: str, stay: Stay) -> None:
        await asyncio.sleep(BREATH)
        at.sold[guest] = stay
        self._say(f"{at.name} takes a booking: {shown(stay)}.")
        sold = monotonic()
        await self._until(lambda: Nights.of_stays([stay]) <= other.closed, f"{other.name} closed those nights")
        self._say(f"{other.name} has read its feed and closed the same nights, {monotonic() - sold:.0f} s later.")

    async def _watch_config(self) -> None:
        known: Json = self.status["config"]
        while True:
            await asyncio.sleep(_LOOK)
            await self._ask()
            config: Json = self.status["config"]
            if config["problems"] and config["problems"] != known["problems"]:
                self._say("config.yaml cannot be run, the one before goes on:", *config["problems"])
            elif config["ok"] and config["loaded_at"] != known["loaded_at"]:
                self._say("config.yaml was taken over.")
            known = config

    async def _until(self, seen: Callable[[], bool], what: str) -> None:
        """Wait until *seen* holds. Raises CommandError if it does not in time."""
        patient_until = monotonic() + PATIENCE
        while monotonic() < patient_until:
            await self._ask()
            if seen():
                return
            await asyncio.sleep(_LOOK)
        raise CommandError(f"this should have been seen within {PATIENCE:.0f} seconds: {what}; see {self.log}")

    async def _ask(self) -> None:
        answer = await asyncio.to_thread(ask, self.paths, "GET", "/api/v1/status")
        if isinstance(answer, Answer) and answer.ok:
            self.status = answer.json()

    def _syncs(self) -> list[Json]:
        return [sync for house in self.status.get("accommodations", ()) for sync in house["syncs"]]

    def _sync(self, name: str) -> Json:
        return next(sync for sync in self._syncs() if sync["id"] == f"{_HOUSE}/{name}")

    def _say(self, *lines: str) -> None:
        stamp = painted(f"{monotonic() - self.began:4.0f} s", Colour.FAINT)
        print(f"{stamp}  " + "\n        ".join(lines), flush=True)


def shown(stay: Stay) -> str:
    """A stay for people."""
    return f"{date_of(stay.check_in):%-d %B} to {date_of(stay.check_out):%-d %B}"
