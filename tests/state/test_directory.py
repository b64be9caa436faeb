"""What is written in a folder lands there, in a file of ours, whatever others have laid in its way."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from icalsyncd.state.directory import Access, Directory, opened
from icalsyncd.state.files import NotRegularError, content
from icalsyncd.state.installation import open_installation
from icalsyncd.state.reserve import SIZE, Reserve
from icalsyncd.state.state_folder import StateFolder


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A file of somebody else, to which links are laid."""
    path = tmp_path / "victim"
    path.write_text("theirs")
    path.chmod(0o640)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "folder"
    path.mkdir()
    return path


@pytest.fixture
def directory(folder: Path) -> Iterator[Directory]:
    with opened(folder) as held:
        yield held


def untouched(victim: Path) -> bool:
    return victim.read_bytes() == b"theirs" and victim.stat().st_mode & 0o777 == 0o640


def writes(folder: Path) -> dict[str, Callable[[], object]]:
    """Every way in which a file of the state folder is written, by the name of the file."""
    state = StateFolder(folder)
    reserve = Reserve(folder)
    return {
        "address": lambda: state.write(state.address, "127.0.0.1:1\n"),
        "accepted.yaml": lambda: state.write(state.accepted, "terms: accepted\n"),
        "secret": lambda: open_installation(folder / "secret"),
        "reserve": reserve.prepare,
        "behind": reserve.fall_behind,
    }


@pytest.mark.parametrize("plant", [os.symlink, os.link])
@pytest.mark.parametrize("name", list(writes(Path())))
def test_nothing_is_written_through_what_others_have_laid_there(
    folder: Path, victim: Path, name: str, plant: Callable[[Path, Path], None]
):
    drafts = (f".{name}.new", f".{name}.{os.getpid()}")
    for each in drafts if name in ("secret", "behind") else (*drafts, name):
        plant(victim, folder / each)
    writes(folder)[name]()
    assert untouched(victim)


def test_a_replaced_file_is_ours_alone_and_no_draft_is_left(folder: Path, victim: Path, directory: Directory):
    (folder / "a").symlink_to(victim)
    (folder / ".a.new").symlink_to(victim)
    directory.replace("a", b"ours")
    assert not (folder / "a").is_symlink()
    assert ((folder / "a").read_bytes(), (folder / "a").stat().st_mode & 0o777) == (b"ours", 0o600)
    assert [each.name for each in folder.iterdir()] == ["a"]
    assert untouched(victim)


def test_a_new_file_is_never_one_that_is_there(folder: Path, victim: Path, directory: Directory):
    (folder / "link").symlink_to(victim)
    (folder / "hard").hardlink_to(victim)
    (folder / "nowhere").symlink_to(folder / "missing")
    for name in ("link", "hard", "nowhere"):
        with pytest.raises(FileExistsError):
            directory.create(name)
    assert untouched(victim)
    assert not (folder / "missing").exists()


def test_what_is_written_lands_in_the_folder_that_was_opened(tmp_path: Path, folder: Path, directory: Directory):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder.rename(tmp_path / "moved")
    folder.symlink_to(elsewhere)
    directory.replace("a", b"ours")
    assert (tmp_path / "moved" / "a").read_bytes() == b"ours"
    assert list(elsewhere.iterdir()) == []


def test_a_draft_that_cannot_take_its_place_is_removed(folder: Path, directory: Directory):
    (folder / "a").mkdir()
    with pytest.raises(IsADirectoryError):
        directory.replace("a", b"ours")
    assert [each.name for each in folder.iterdir()] == ["a"]


def test_mode_is_that_which_was_asked_for_whatever_the_umask(folder: Path, directory: Directory):
    before = os.umask(0o077)
    try:
        directory.replace("a", b"public", Access(0o644))
    finally:
        os.umask(before)
    assert (folder / "a").stat().st_mode & 0o7777 == 0o644


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_the_owner_is_given_on_the_open_file(folder: Path, directory: Directory):
    directory.replace("a", b"theirs", Access(0o600, (65534, 65534)))
    status = (folder / "a").stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (65534, 65534, 0o600)


@pytest.mark.parametrize("plant", [lambda path, victim: os.mkfifo(path), lambda path, victim: path.symlink_to(victim)])
def test_only_a_regular_file_is_written_in_place(
    folder: Path, victim: Path, directory: Directory, plant: Callable[[Path, Path], None]
):
    plant(folder / "a", victim)
    with pytest.raises(OSError, match=r"file|symbolic"):
        directory.existing("a")
    assert untouched(victim)


def test_a_link_is_read_through_only_where_that_is_wanted(folder: Path, victim: Path):
    (folder / "a").symlink_to(victim)
    assert content(folder / "a", 100).data == b"theirs"
    with pytest.raises(OSError, match="symbolic links"):
        content(folder / "a", 100, following=False)
    assert StateFolder(folder).accepted_text() is None
    (folder / "accepted.yaml").symlink_to(victim)
    assert StateFolder(folder).accepted_text() is None


def test_a_pipe_is_refused_and_not_waited_for(folder: Path):
    os.mkfifo(folder / "a")
    with pytest.raises(NotRegularError):
        content(folder / "a", 100)


def test_the_reserve_is_taken_marked_and_given_up(folder: Path):
    reserve = Reserve(folder)
    reserve.prepare()
    assert ((folder / "reserve").stat().st_size, (folder / "reserve").stat().st_mode & 0o777) == (SIZE, 0o600)
    reserve.fall_behind()
    reserve.give_up()
    assert reserve.is_behind
    assert (folder / "behind").stat().st_size == 0
    reserve.prepare()
    assert (folder / "behind").stat().st_size == SIZE
    reserve.catch_up()
    assert [each.name for each in folder.iterdir()] == ["reserve"]
    (folder / "reserve").unlink()
    reserve.fall_behind()
    assert reserve.is_behind


def test_what_others_can_do_with_the_folder_is_said(folder: Path):
    state = StateFolder(folder)
    open_installation(state.secret)
    folder.chmod(0o700)
    assert state.exposures() == ()
    folder.chmod(0o755)
    assert state.exposures() == ()
    state.secret.chmod(0o644)
    folder.chmod(0o777)
    assert [why.rpartition(": ")[2] for why in state.exposures()] == ["chmod 700", "chmod 600"]
