"""A folder on a mount that hangs: what was given up never lands over what is newer, and threads stay few."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from icalsyncd.publishing.targets import folder as module
from icalsyncd.publishing.targets.folder import MAX_THREADS, FolderStorage
from icalsyncd.publishing.targets.storage import Unsent, Why


class Mount:
    """Has each opening of a draft wait, as a network file system does whose server is away."""

    def __init__(self) -> None:
        self.answers = threading.Event()
        self.answers.set()
        self.waiting = 0

    def open(self, path: os.PathLike[str] | str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if os.fspath(path).endswith(".part"):
            self.waiting += 1
            self.answers.wait()
            self.waiting -= 1
        return _open(path, flags, mode, dir_fd=dir_fd)


_open = os.open


@pytest.fixture
def mount(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mount]:
    made = Mount()
    monkeypatch.setattr(os, "open", made.open)
    monkeypatch.setattr(module, "MAX_PUT", 0.2)
    yield made
    made.answers.set()


async def put(folder: FolderStorage, name: str, body: bytes) -> Why | None:
    unsent = await folder.put(name, body)
    return unsent.why if unsent is not None else None


async def settled() -> None:
    """All threads in folders are through."""
    while any(thread.name == "folder" for thread in threading.enumerate()):  # noqa: ASYNC110 (threads tell no loop)
        await asyncio.sleep(0.005)


async def test_a_write_that_was_given_up_never_lands_after_a_newer_one(tmp_path: Path, mount: Mount) -> None:
    mount.answers.clear()
    assert await put(FolderStorage(tmp_path), "x.ics", b"old") is Why.TIMEOUT
    # the newer is sent by another object, as where the target was configured anew
    newer = asyncio.create_task(put(FolderStorage(tmp_path), "x.ics", b"new"))
    await asyncio.sleep(0.05)
    assert mount.waiting == 1
    mount.answers.set()
    assert await newer is None
    await settled()
    assert (tmp_path / "x.ics").read_bytes() == b"new"


@pytest.mark.slow
async def test_tries_at_a_folder_that_hangs_do_not_pile_up(tmp_path: Path, mount: Mount) -> None:
    mount.answers.clear()
    folder = FolderStorage(tmp_path)
    tries = await asyncio.gather(*(put(folder, f"{n % 40}.ics", b"one") for n in range(80)))
    assert set(tries) == {Why.TIMEOUT}
    assert mount.waiting == MAX_THREADS
    # neither a deletion nor a look passes a write that is under way
    assert isinstance(await folder.delete("0.ics"), Unsent)
    assert isinstance(await folder.read("0.ics"), Unsent)
    (tmp_path / "other").mkdir()
    mount.answers.set()
    await settled()
    assert await put(folder, "0.ics", b"two") is None
    assert await folder.read("0.ics") == b"two"


async def test_a_folder_that_hangs_keeps_no_other_waiting(
    tmp_path: Path, mount: Mount, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "well").mkdir()
    mount.answers.clear()
    stuck = asyncio.gather(*(put(FolderStorage(tmp_path), f"{n}.ics", b"one") for n in range(40)))
    async with asyncio.timeout(10):
        while mount.waiting < MAX_THREADS:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    monkeypatch.setattr(os, "open", _open)
    assert await put(FolderStorage(tmp_path / "well"), "0.ics", b"one") is None
    assert set(await stuck) == {Why.TIMEOUT}
