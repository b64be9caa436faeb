"""The config is edited in every way that people and machines edit files; it is taken over once, and nothing opens."""

from __future__ import annotations

import asyncio
import os
import pty
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.end_to_end.daemon import LOOK, Daemon, daemon, nights_of
from tests.end_to_end.portal import calendar, day, portals

pytestmark = pytest.mark.slow

WEBSITE = "casa-azul/website"
SOON = 5.0


def typed(command: list[str], *keys: bytes) -> None:
    """Run an editor on a terminal of its own, and type *keys*, each once the screen has come to rest."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm", LANG="C.UTF-8", HOME="/nonexistent")
        os.execvp(command[0], command)
    os.set_blocking(terminal, False)
    try:
        for key in keys:
            _rest(terminal)
            os.write(terminal, key)
        end = time.monotonic() + 10
        while os.waitpid(pid, os.WNOHANG) == (0, 0):
            assert time.monotonic() < end, f"{command[0]} did not end"
            _rest(terminal)
    finally:
        os.close(terminal)


def _rest(terminal: int) -> None:
    quiet = time.monotonic()
    while time.monotonic() - quiet < 0.15:
        try:
            if os.read(terminal, 65536):
                quiet = time.monotonic()
        except BlockingIOError:
            time.sleep(0.01)
        except OSError:
            return


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def with_vim(path: Path, added: str, *options: str) -> None:
    line = line_of(path.read_text(encoding="utf-8"), "# here")
    typed(["vim.tiny", *options, f"+{line}", str(path)], f"o{added}\x1b".encode(), b":wq\r")


def with_vim_in_place(path: Path, added: str) -> None:
    with_vim(path, added, "--cmd", "set backupcopy=yes")


def with_vim_replacing(path: Path, added: str) -> None:
    with_vim(path, added, "--cmd", "set backupcopy=no")


def with_nano(path: Path, added: str) -> None:
    line = line_of(path.read_text(encoding="utf-8"), "# here")
    typed(["nano", f"+{line}", str(path)], b"\x05\r", added.encode(), b"\x0f", b"\r", b"\x18")


def with_sed(path: Path, added: str) -> None:
    subprocess.run(["sed", "-i", f"/# here/a\\{added}", path], check=True)


def changed(path: Path, added: str) -> bytes:
    return path.read_text(encoding="utf-8").replace("# here\n", f"# here\n{added}\n").encode()


def with_vs_code(path: Path, added: str) -> None:
    """It opens the file for writing, which empties it, writes, syncs and closes; on a busy machine with a pause."""
    content = changed(path, added)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    time.sleep(0.5)
    os.write(descriptor, content[:100])
    time.sleep(0.5)
    os.write(descriptor, content[100:])
    os.fdatasync(descriptor)
    os.close(descriptor)


def with_emacs(path: Path, added: str) -> None:
    """It makes the old file the backup, so that for a moment there is none."""
    content = changed(path, added)
    path.rename(f"{path}~")
    time.sleep(0.5)
    path.write_bytes(content)
    path.chmod(0o600)


def with_ansible(path: Path, added: str) -> None:
    """Its `atomic_move`: a temporary file beside it, the mode copied, then the rename."""
    draft = path.with_name(f".ansible_tmpx1y2z3{path.name}")
    draft.write_bytes(changed(path, added))
    shutil.copymode(path, draft)
    draft.rename(path)
    path.chmod(0o600)


def with_cp(path: Path, added: str) -> None:
    source = path.with_name("elsewhere")
    source.write_bytes(changed(path, added))
    subprocess.run(["cp", source, path], check=True)


def with_a_config_map(path: Path, added: str) -> None:
    """The kubelet: a new folder, a symlink to it, which takes the place of `..data`, and the old folder goes."""
    content, folder = changed(path, added), path.parent
    old = folder / (folder / "..data").readlink()
    fresh = folder / "..2026_11_22_12_00_01.2"
    fresh.mkdir()
    (fresh / path.name).write_bytes(content)
    (folder / "..data_tmp").symlink_to(fresh.name)
    (folder / "..data_tmp").rename(folder / "..data")
    shutil.rmtree(old)


def mounted(path: Path) -> None:
    """Lay the config out as a mounted ConfigMap does."""
    first = path.parent / "..2026_11_22_12_00_00.1"
    first.mkdir()
    path.rename(first / path.name)
    (path.parent / "..data").symlink_to(first.name)
    path.symlink_to(f"..data/{path.name}")


def config(running: Daemon, calendar_url: str) -> str:
    return running.head() + (
        "accommodations:\n"
        "  casa-azul:\n"
        "    timezone: UTC\n"
        "    blocks:\n"
        "      # here\n"
        f"      - from: {day(40)}\n"
        f"        to: {day(42)}\n"
        f"      - {{from: {day(50)}, to: {day(52)}, note: family}}\n"
        "    syncs:\n"
        "      website:\n"
        "        portal: generic\n"
        "        direction: export\n"
        "      holidu:\n"
        "        portal: holidu\n"
        "        direction: import\n"
        f"        url: {calendar_url}/1\n"
    )


CLOSED = {day(offset).isoformat() for offset in (20, 21, 40, 41, 50, 51)}
ADDED = f"      - {{from: {day(60)}, to: {day(61)}}}"


@pytest.fixture
async def edited(tmp_path: Path) -> AsyncIterator[Daemon]:
    """A daemon whose config is a file of its own folder; a portal's stay and two blocks close six nights."""
    folder = tmp_path / "etc"
    folder.mkdir()
    async with portals(1) as (portal,), daemon(tmp_path) as made:
        portal.body = calendar((20, 22))
        made.config = folder / "config.yaml"
        made.write(config(made, portal.url))
        yield made


async def feed(running: Daemon, link: str) -> set[str]:
    status, body, _ = await running.ask("GET", link, LOOK)
    assert status == 200
    return nights_of(body)


EDITORS: list[tuple[Callable[[Path, str], None], list[str]]] = [
    (with_vim, ["vim.tiny"]),
    (with_vim_in_place, ["vim.tiny"]),
    (with_vim_replacing, ["vim.tiny"]),
    (with_nano, ["nano"]),
    (with_sed, ["sed"]),
    (with_vs_code, []),
    (with_emacs, []),
    (with_ansible, []),
    (with_cp, ["cp"]),
    (with_a_config_map, []),
]


@pytest.mark.parametrize(
    "edit",
    [pytest.param(edit, id=edit.__name__, marks=pytest.mark.needs(*programs)) for edit, programs in EDITORS],
)
async def test_a_save_is_taken_over_once_and_nothing_opens(edited: Daemon, edit: Callable[[Path, str], None]) -> None:
    if edit is with_a_config_map:
        mounted(edited.config)
    await edited.up()
    await edited.until(lambda: edited.get("/-/ready"), lambda answer: answer[0] == 200)
    link = edited.links()[WEBSITE]
    assert await feed(edited, link) == CLOSED
    editing = asyncio.create_task(asyncio.to_thread(edit, edited.config, ADDED))
    while not editing.done():
        assert await feed(edited, link) >= CLOSED
        await asyncio.sleep(0.02)
    await editing
    await edited.until(lambda: feed(edited, link), lambda nights: nights == {*CLOSED, day(60).isoformat()}, SOON)
    # it is said a moment after the nights are served
    await edited.until(edited.status, lambda answer: answer["config"]["ok"], SOON)
    # what an editor does after the save (backups, modes) is no further change
    await asyncio.sleep(1.2)
    assert edited.words().count("the config was taken over") == 1


async def test_a_file_cut_off_anywhere_frees_nothing(edited: Daemon) -> None:
    await edited.up()
    await edited.until(lambda: edited.get("/-/ready"), lambda answer: answer[0] == 200)
    link, whole = edited.links()[WEBSITE], edited.config.read_bytes()
    # cut off before its accommodations, the file moves the ports for as long, and this test with them
    begin = whole.index(b"accommodations:")
    cuts = {index for index, byte in enumerate(whole) if byte == ord("\n")} | set(range(begin, len(whole), 5))
    taken_over = 0
    for cut in sorted(cut for cut in cuts if cut >= begin):
        edited.config.write_bytes(whole[:cut])
        status, _ = await edited.post("/-/reload")
        taken_over += status == 200
        assert await feed(edited, link) >= CLOSED, whole[:cut].decode()[-80:]
    assert taken_over >= 3, "some of what is cut off is a whole config"
    edited.config.write_bytes(whole)
    assert (await edited.post("/-/reload"))[0] == 200
    assert await feed(edited, link) == CLOSED
    assert {sync["state"] for sync in (await edited.status())["accommodations"][0]["syncs"]} <= {"ok", "failing"}
