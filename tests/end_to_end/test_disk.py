"""A full disk and a read-only state folder: nothing is freed, what closes still shows, and it heals without a restart."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.program import icalsyncd
from tests.end_to_end.conftest import two_houses
from tests.end_to_end.daemon import Daemon, daemon, nights_of
from tests.end_to_end.portal import Portal, calendar, day

pytestmark = [pytest.mark.slow, pytest.mark.needs("mount", "umount")]


def lacking(why: str) -> None:
    """Skip by name, or fail where everything is required."""
    if os.environ.get("ICALSYNCD_REQUIRE_ALL"):
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True)
    if made.returncode:
        lacking("needs the right to mount a tmpfs")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def fill(disk: Path) -> None:
    ballast = os.open(disk / "ballast", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with contextlib.suppress(OSError):
        while True:
            os.write(ballast, b"x" * 1024)
    os.close(ballast)


def nights(*offsets: int) -> set[str]:
    return {day(offset).isoformat() for offset in offsets}


async def seen(running: Daemon) -> set[str]:
    return nights_of((await running.peek("casa-azul/vrbo"))[1])


async def begin(running: Daemon, disk: Path, three: list[Portal]) -> None:
    running.state = disk / "state"
    running.write(two_houses(running, *three))
    await running.up()
    three[0].body = calendar((10, 12), (20, 22))
    await running.pull()
    assert await seen(running) == nights(10, 11, 20, 21)
    # a command that reads the state beside the daemon, as hosts run them
    looked = await icalsyncd("check", "--plan", "--config", running.config, "--state-dir", running.state)
    assert looked.code == 0, looked.err


async def middle(running: Daemon, three: list[Portal]) -> None:
    """One stay is cancelled and another booked while nothing can be stored."""
    three[0].body = calendar((20, 22), (30, 32))
    await running.post("/-/pull?sync=casa-azul/holidu")
    assert await seen(running) == nights(10, 11, 20, 21, 30, 31), "nothing is freed, and what closes shows"
    told = await icalsyncd("status", "--config", running.config, "--state-dir", running.state)
    assert (told.code, "The state is not stored" in told.out) == (1, True)
    assert await running.metric("icalsyncd_state_stored") == 0
    assert "the state is not stored" in running.words()
    assert (await running.get("/-/healthy"))[0] == 503


async def end(running: Daemon, three: list[Portal]) -> None:
    await running.until(lambda: running.get("/-/healthy"), lambda answer: answer[0] == 200, 30)
    assert await seen(running) == nights(20, 21, 30, 31)
    assert "the state can be stored again" in running.words()
    for portal in three:
        await portal.close()
    running.kill()
    await running.up()
    assert await seen(running) == nights(20, 21, 30, 31)


async def test_a_full_disk(tmp_path: Path, disk: Path, three: list[Portal]) -> None:
    async with daemon(tmp_path) as running:
        await begin(running, disk, three)
        fill(disk)
        await middle(running, three)
        (disk / "ballast").unlink()
        await end(running, three)


async def test_a_stop_on_a_full_disk_has_room_for_the_last_commit(
    tmp_path: Path, disk: Path, three: list[Portal]
) -> None:
    async with daemon(tmp_path) as running:
        await begin(running, disk, three)
        fill(disk)
        await middle(running, three)
        for portal in three:
            await portal.close()
        assert running.stop() == 0
        (disk / "ballast").unlink()
        await running.up()
        assert await seen(running) == nights(20, 21, 30, 31)


async def test_a_stop_that_loses_nights_says_so_and_the_next_start_tells_none_free(
    tmp_path: Path, disk: Path, three: list[Portal]
) -> None:
    async with daemon(tmp_path) as running:
        await begin(running, disk, three)
        fill(disk)
        await middle(running, three)
        # the room that was kept is taken, too
        os.truncate(running.state / "behind", 0)
        fill(disk)
        assert running.stop() == 1
        lost = next(line for line in running.words().splitlines() if "could not be stored and is lost" in line)
        assert " error " in lost
        assert "accommodation=casa-azul" in lost
        assert day(30).isoformat() in lost

        # the disk is as full as before: nothing that is stored has these nights
        await running.up()
        link = running.links()["casa-azul/vrbo"]
        told: list[tuple[int, set[str]]] = []

        async def answer() -> int:
            status, body, _ = await running.ask("GET", link, {"Accept": "text/html"})
            told.append((status, nights_of(body) if status == 200 else set()))
            return status

        await running.until(answer, lambda status: status == 200, 45)
        assert all(status == 503 or closed >= nights(30, 31) for status, closed in told)
        assert "feeds are withheld until each portal was asked" in running.words()


@pytest.mark.slow
async def test_after_a_start_every_portal_is_asked_soon(tmp_path: Path, three: list[Portal]) -> None:
    async with daemon(tmp_path) as running:
        running.write(two_houses(running, *three))
        await running.up()
        await running.pull()
        assert running.stop() == 0
        three[0].body = calendar((30, 32))
        await running.up()
        # the interval is half an hour
        await running.until(lambda: seen(running), lambda closed: closed >= nights(30, 31), 45)


@pytest.mark.needs("chattr")
async def test_a_read_only_state_folder(tmp_path: Path, three: list[Portal]) -> None:
    """Made immutable, as files on a disk that the kernel has made read-only are: open ones take no more writes either."""
    (tmp_path / "state").mkdir()
    async with daemon(tmp_path) as running:
        await begin(running, tmp_path, three)
        frozen = [running.state, *running.state.iterdir()]
        made = subprocess.run(["chattr", "+i", *frozen], capture_output=True)
        try:
            if made.returncode:
                lacking("needs a file system and the right to make files immutable")
            await middle(running, three)
        finally:
            subprocess.run(["chattr", "-i", *frozen], capture_output=True)
        await end(running, three)
