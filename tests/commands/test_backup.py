"""`icalsyncd backup` and `restore`: what is kept can be put back, and nothing that a stranger packed does any harm."""

from __future__ import annotations

import gzip
import io
import os
import resource
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from icalsyncd.state.commit import Commit
from icalsyncd.state.installation import read_installation
from icalsyncd.state.store import Store
from tests.commands.household import CONFIG, Home
from tests.state.writer import KEY, body_of, numbered


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An installation with a state and a secret that belong together."""
    made = Home(tmp_path / "home")
    made.write(CONFIG)
    made.make_secret()
    store = Store(made.state / "state.sqlite3")
    mark = read_installation(made.state / "secret").mark
    store.commit(Commit(5.0, {"house": (None, numbered(7))}, {KEY: body_of(7)}, (mark, 3.0)))
    store.close()
    made.state.chmod(0o700)
    return made


def members(file: Path) -> dict[str, bytes]:
    with tarfile.open(file) as archive:
        assert all(member.isreg() and member.mode == 0o600 for member in archive)
        return {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]


@pytest.mark.slow
async def test_a_backup_is_private_and_replaces_what_is_there_but_never_what_it_links_to(home: Home, tmp_path: Path):
    victim = tmp_path / "victim"
    victim.write_text("theirs")
    file = tmp_path / "backup"
    file.symlink_to(victim)
    done = await home.run("backup", file)
    assert done.code == 0, done.err
    assert (file.is_symlink(), file.stat().st_mode & 0o777) == (False, 0o600)
    assert victim.read_text() == "theirs"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["backup", "home", "victim"]


@pytest.mark.slow
async def test_a_secret_that_is_a_link_is_kept_as_what_it_holds(home: Home, tmp_path: Path):
    secret, vault = home.state / "secret", tmp_path / "vault"
    held = secret.read_bytes()
    secret.rename(vault)
    secret.symlink_to(vault)
    file = tmp_path / "backup"
    assert (await home.run("backup", file)).code == 0
    assert members(file)["secret"] == held
    other = Home(tmp_path / "other")
    assert (await other.run("restore", file)).code == 0
    assert (other.state / "secret").read_bytes() == held


@pytest.mark.slow
async def test_what_could_not_be_put_back_takes_no_backup_s_place(home: Home, tmp_path: Path):
    file = tmp_path / "backup"
    assert (await home.run("backup", file)).code == 0
    good = file.read_bytes()
    (home.state / "secret").write_text("ab" * 32 + "\n")
    done = await home.run("backup", file)
    assert (done.code, "does not hold the secret" in done.err) == (1, True)
    assert file.read_bytes() == good


@pytest.mark.slow
async def test_where_no_backup_can_be_written_nothing_is_left(home: Home, tmp_path: Path):
    done = await home.run("backup", tmp_path / "no such folder" / "backup")
    assert (done.code, done.err) == (1, "icalsyncd: the backup cannot be written: No such file or directory\n")
    assert [each.name for each in tmp_path.iterdir()] == ["home"]


def archived(*files: tuple[tarfile.TarInfo, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for member, content in files:
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def regular(name: str, content: bytes) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    return member, content


def linked(name: str, target: str, kind: bytes) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member, b""


def with_holes(name: str, size: int) -> bytes:
    """A member of the GNU form that says that it is *size* bytes of holes."""
    member = tarfile.TarInfo(name)
    member.type = tarfile.GNUTYPE_SPARSE
    head = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    head[483:495] = (b"\x80" + size.to_bytes(11, "big")) if size >= 8**11 else b"%011o\0" % size
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head)


def a_state(*statements: str) -> bytes:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)
        return db.serialize()


def changed(state: bytes, statement: str) -> bytes:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.deserialize(state[:18] + b"\x01\x01" + state[20:])
        db.execute(statement)
        return db.serialize()


HOSTILE: dict[str, Callable[[bytes, bytes], bytes]] = {
    "garbage": lambda secret, state: b"something else",
    "nothing": lambda secret, state: b"",
    "zeros": lambda secret, state: gzip.compress(bytes(4096)),
    "cut": lambda secret, state: archived(regular("secret", secret), regular("state.sqlite3", state))[:-9],
    "a secret alone": lambda secret, state: archived(regular("secret", secret)),
    "a secret that links to itself": lambda secret, state: archived(
        linked("secret", "secret", tarfile.LNKTYPE), regular("state.sqlite3", state)
    ),
    "a secret that links outside": lambda secret, state: archived(
        linked("secret", "/etc/passwd", tarfile.SYMTYPE), regular("state.sqlite3", state)
    ),
    "a pipe": lambda secret, state: archived(regular("secret", secret), linked("state.sqlite3", "", tarfile.FIFOTYPE)),
    "a file of a stranger": lambda secret, state: archived(
        regular("secret", secret), regular("state.sqlite3", state), regular("../../escaped", b"x")
    ),
    "a secret twice": lambda secret, state: archived(
        regular("secret", secret), regular("secret", secret), regular("state.sqlite3", state)
    ),
    "a secret of two million letters": lambda secret, state: archived(
        regular("secret", b"ab" * 2**20), regular("state.sqlite3", state)
    ),
    "a terabyte of holes": lambda secret, state: gzip.compress(b"".join((with_holes("secret", 2**40), bytes(1024)))),
    "files without end": lambda secret, state: archived(*(regular(f"{n}", b"") for n in range(5000))),
    "pieces without end": lambda secret, state: gzip.compress(b"") * 200_000,
    "no state": lambda secret, state: archived(regular("secret", secret), regular("state.sqlite3", b"x" * 9000)),
    "an empty state": lambda secret, state: archived(regular("secret", secret), regular("state.sqlite3", b"")),
    "another program's database": lambda secret, state: archived(
        regular("secret", secret), regular("state.sqlite3", a_state("CREATE TABLE bookmarks (url)"))
    ),
    "a state with a trigger": lambda secret, state: archived(
        regular("secret", secret),
        regular(
            "state.sqlite3",
            changed(state, "CREATE TRIGGER t AFTER UPDATE ON sync BEGIN DELETE FROM sync; END"),
        ),
    ),
    "deep records": lambda secret, state: archived(
        regular("secret", secret),
        regular("state.sqlite3", changed(state, f"UPDATE sync SET claims = '{'[' * 100_000}'")),
    ),
    "another secret": lambda secret, state: archived(
        regular("secret", b"cd" * 32 + b"\n"), regular("state.sqlite3", state)
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("harm", list(HOSTILE))
async def test_what_is_damaged_or_no_backup_changes_nothing(home: Home, tmp_path: Path, harm: str):
    file = tmp_path / "backup"
    good = tmp_path / "good"
    assert (await home.run("backup", good)).code == 0
    file.write_bytes(HOSTILE[harm](*(members(good)[name] for name in ("secret", "state.sqlite3"))))
    other = Home(tmp_path / "other")
    done = await other.run("restore", file)
    assert done.code == 1
    assert "damaged" in done.err, done.err
    assert list(other.state.iterdir()) == []
    assert not (tmp_path / "escaped").exists()


@pytest.mark.slow
async def test_bytes_that_were_changed_on_the_way_end_without_a_traceback(home: Home, tmp_path: Path):
    file = tmp_path / "backup"
    assert (await home.run("backup", file)).code == 0
    good = file.read_bytes()
    other = Home(tmp_path / "other")
    for at in range(0, len(good), len(good) // 12):
        file.write_bytes(good[:at] + bytes([good[at] ^ 0x10]) + good[at + 1 :])
        done = await other.run("restore", file, "--replace")
        assert done.code in (0, 1), at
        assert done.code == 0 or "damaged" in done.err


@pytest.mark.slow
def test_what_would_be_more_than_any_memory_is_not_unpacked(tmp_path: Path):
    packed = tmp_path / "bomb"
    with gzip.open(packed, "wb", compresslevel=1) as file:
        for _ in range(1500):
            file.write(bytes(2**20))

    def little() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (1200 * 2**20,) * 2)

    command = [sys.executable, "-m", "icalsyncd", "restore", packed, "--state-dir", tmp_path / "state"]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, preexec_fn=little, timeout=60)
    assert (done.returncode, "damaged" in done.stderr) == (1, True), done.stderr


@pytest.mark.slow
async def test_nothing_is_put_back_through_links_that_others_laid(home: Home, tmp_path: Path):
    file = tmp_path / "backup"
    assert (await home.run("backup", file)).code == 0
    victim = tmp_path / "victim"
    victim.write_text("theirs")
    other = Home(tmp_path / "other")
    other.state.mkdir(parents=True)
    laid = ("secret", "state.sqlite3", ".secret.new", ".state.sqlite3.new")
    for name in laid:
        (other.state / name).symlink_to(victim)
    assert (await other.run("restore", file)).code == 1, "what is there is in the way"
    done = await other.run("restore", file, "--replace")
    assert done.code == 0, done.err
    assert (victim.read_text(), victim.stat().st_uid) == ("theirs", os.geteuid())
    assert not any((other.state / name).is_symlink() for name in laid)
    assert (other.state / "secret").read_bytes() == (home.state / "secret").read_bytes()
    assert all((other.state / name).stat().st_mode & 0o777 == 0o600 for name in ("secret", "state.sqlite3"))


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="root puts back what is somebody else's")
async def test_what_root_puts_back_is_the_folder_s_owner_s_and_nothing_else_is(home: Home, tmp_path: Path):
    file = tmp_path / "backup"
    assert (await home.run("backup", file)).code == 0
    victim = tmp_path / "victim"
    victim.write_text("theirs")
    other = Home(tmp_path / "other")
    other.state.mkdir(parents=True)
    os.chown(other.state, 65534, 65534)
    (other.state / ".secret.new").symlink_to(victim)
    assert (await other.run("restore", file)).code == 0
    assert {each.name: each.stat().st_uid for each in other.state.iterdir()} == {
        # that the state has gone back: the daemon takes it away
        "restored": 65534,
        "secret": 65534,
        "state.sqlite3": 65534,
    }
    assert (victim.read_text(), victim.stat().st_uid) == ("theirs", 0)
