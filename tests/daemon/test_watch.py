"""A file is changed in every way that editors and machines know, and the watch notices."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from icalsyncd.daemon.watch import watch

SOON = 0.6


class Watching:
    """A watch that runs beside the test and counts."""

    def __init__(self, *files) -> None:
        self.files = frozenset(files)
        self.stop = asyncio.Event()
        self.seen: asyncio.Queue[float] = asyncio.Queue()

    async def run(self) -> None:
        async for _ in watch(lambda: self.files, self.stop):
            self.seen.put_nowait(time.monotonic())

    async def notices(self, within: float = SOON) -> float:
        """Seconds until a change was noticed."""
        began = time.monotonic()
        return await asyncio.wait_for(self.seen.get(), within) - began

    async def is_quiet(self, seconds: float = 0.3) -> bool:
        await asyncio.sleep(seconds)
        return self.seen.empty()


@asynccontextmanager
async def watching(*files) -> AsyncIterator[Watching]:
    here = Watching(*files)
    task = asyncio.create_task(here.run())
    await here.notices()
    # until the system's watches stand
    await asyncio.sleep(0.05)
    yield here
    here.stop.set()
    await asyncio.wait_for(task, 1)


@pytest.fixture
def config(tmp_path):
    folder = tmp_path / "etc"
    folder.mkdir()
    file = folder / "config.yaml"
    file.write_text("terms: accepted\n")
    return file


def replace(file):
    new = file.with_name(".config.yaml.tmp")
    new.write_text("a: 1\n")
    new.replace(file)


def write_in_place(file):
    with file.open("r+") as opened:
        opened.truncate()
        opened.write("a: 22\n")


def same_size_in_place(file):
    with file.open("r+") as opened:
        opened.write("TERMS")


def backup_and_write(file):
    # vim with `backupcopy=no`
    file.rename(file.with_name("config.yaml~"))
    file.write_text("a: 1\n")


def delete_and_make(file):
    file.unlink()
    file.write_text("a: 1\n")


@pytest.mark.slow
async def test_each_way_of_changing_a_file_is_noticed_soon_and_once(tmp_path):
    async def change_twice(change):
        file = tmp_path / change.__name__ / "config.yaml"
        file.parent.mkdir()
        file.write_text("terms: accepted\n")
        async with watching(file) as here:
            for _ in range(2):
                change(file)
                assert await here.notices() < 0.5
                assert await here.is_quiet()

    ways = (replace, write_in_place, same_size_in_place, backup_and_write, delete_and_make)
    await asyncio.gather(*map(change_twice, ways))


@pytest.mark.slow
async def test_a_file_that_goes_and_comes_back_is_noticed_both_times(config):
    async with watching(config) as here:
        config.unlink()
        await here.notices()
        assert await here.is_quiet(0.3)
        config.write_text("a: 1\n")
        await here.notices()


@pytest.mark.slow
async def test_other_files_of_the_folder_are_not_noticed(config):
    async with watching(config) as here:
        for n in range(5):
            (config.parent / f"state.sqlite-{n}").write_bytes(bytes(n))
            config.read_text()
        assert await here.is_quiet()


@pytest.mark.slow
async def test_a_configmap_that_is_swapped_is_noticed(tmp_path):
    mount = tmp_path / "mount"
    for generation in ("..1", "..2"):
        (mount / generation).mkdir(parents=True)
        (mount / generation / "config.yaml").write_text(f"a: {generation}\n")
    (mount / "..data").symlink_to("..1")
    (mount / "config.yaml").symlink_to("..data/config.yaml")
    async with watching(mount / "config.yaml") as here:
        for generation in ("..2", "..1"):
            (mount / "..data_tmp").symlink_to(generation)
            (mount / "..data_tmp").replace(mount / "..data")
            assert await here.notices() < 0.5
            assert await here.is_quiet(0.2)


async def test_the_file_that_a_symlink_leads_to_is_watched_where_it_lies(tmp_path):
    target = tmp_path / "dotfiles" / "config.yaml"
    target.parent.mkdir()
    target.write_text("a: 1\n")
    link = tmp_path / "etc" / "config.yaml"
    link.parent.mkdir()
    link.symlink_to("../dotfiles/config.yaml")
    async with watching(link) as here:
        write_in_place(target)
        assert await here.notices() < 0.5
        replace(target)
        assert await here.notices() < 0.5


async def test_a_symlink_to_itself_is_no_harm(tmp_path):
    link = tmp_path / "config.yaml"
    link.symlink_to("config.yaml")
    async with watching(link) as here:
        link.unlink()
        link.write_text("a: 1\n")
        await here.notices()


@pytest.mark.slow
async def test_folders_that_come_later_are_noticed(tmp_path):
    file = tmp_path / "not" / "there" / "yet" / "config.yaml"
    async with watching(file) as here:
        file.parent.mkdir(parents=True)
        file.write_text("a: 1\n")
        await here.notices(2)
        await here.is_quiet(1.2)
        while not here.seen.empty():
            here.seen.get_nowait()
        write_in_place(file)
        assert await here.notices() < 0.5


@pytest.mark.slow
async def test_a_folder_that_is_deleted_and_made_again_is_watched_again(config):
    async with watching(config) as here:
        shutil.rmtree(config.parent)
        await here.notices(2)
        config.parent.mkdir()
        config.write_text("a: 1\n")
        await here.notices(2)
        await here.is_quiet(1.2)
        while not here.seen.empty():
            here.seen.get_nowait()
        write_in_place(config)
        assert await here.notices() < 0.5


@pytest.mark.slow
async def test_a_file_that_becomes_of_interest_later_is_watched(config, tmp_path):
    secret = tmp_path / "run" / "url"
    secret.parent.mkdir()
    secret.write_text("https://portal.example/1.ics")
    async with watching(config) as here:
        here.files = frozenset({config, secret})
        write_in_place(config)
        await here.notices()
        await here.is_quiet(1.2)
        while not here.seen.empty():
            here.seen.get_nowait()
        write_in_place(secret)
        assert await here.notices() < 0.5


async def test_a_watch_that_is_cancelled_ends_and_leaves_the_daemon_running(config):
    here = Watching(config)
    task = asyncio.create_task(here.run())
    await here.notices()
    await asyncio.sleep(0.1)
    task.cancel()
    began = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - began < 5
    assert not here.stop.is_set()


@pytest.mark.slow
async def test_without_notifications_looking_is_enough(config, monkeypatch):
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", "1")
    async with watching(config) as here:
        replace(config)
        await here.notices(2)


@pytest.mark.slow
async def test_where_the_system_grants_no_watch_looking_goes_on(config, monkeypatch):
    def denied(*_, **__):
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr("watchfiles.main.RustNotify", denied)
    async with watching(config) as here:
        replace(config)
        await here.notices(2)
