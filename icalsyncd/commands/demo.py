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
from contextlib import suppress
from pathlib import Path
from typing import Final

from icalsyncd.commands.demo_family import FAMILY_CONFIG, FamilyStory
from icalsyncd.commands.demo_portal import DemoPortal
from icalsyncd.commands.demo_story import HOUSE, Story
from icalsyncd.commands.outcome import DONE, FAILED, USAGE, CommandError
from icalsyncd.commands.terminal import Colour, painted
from icalsyncd.config.forms import Address, address
from icalsyncd.config.paths import Paths
from icalsyncd.state.directory import clear, make, make_temporary, opened
from icalsyncd.state.files import LARGEST, content

_ENDING: Final = 10.0
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
    names = ("Alma", "Brisa", "Cala") if family else ("Alma", "Brisa")
    feeds, admin, *ports = _free_ports(2 + len(names))
    portals = [DemoPortal(name, port) for name, port in zip(names, ports, strict=True)]
    urls = {portal.name.lower(): portal.url for portal in portals}
    page = page or Address("127.0.0.1", admin)
    hosts = json.dumps(_hosts(page))
    written = _CONFIG + FAMILY_CONFIG if family else _CONFIG + _HOUSE_CONFIG
    config = written.format(feeds=feeds, admin=page, hosts=hosts, house=HOUSE, **urls)
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
