"""A state file of another version: brought up where it is an earlier one that is known, refused where it is not."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from icalsyncd.state import shape, state_file
from icalsyncd.state.commit import Commit
from icalsyncd.state.database import StoreOfAnotherVersion, StoreRefused
from icalsyncd.state.history import Event
from icalsyncd.state.records import VERSION
from icalsyncd.state.state_file import copy_of
from icalsyncd.state.store import Store
from icalsyncd.state.stored import examine, peek
from tests.state.writer import numbered

BEFORE = {
    VERSION - 1: (
        "ALTER TABLE sync ADD COLUMN claims TEXT NOT NULL DEFAULT '[]'",
        "UPDATE sync SET claims = (SELECT claims FROM old_claims AS o WHERE o.name = sync.name)",
        "CREATE TABLE again AS SELECT accommodation, name, ledger, claims, facts FROM sync",
        "DROP TABLE sync",
        "ALTER TABLE again RENAME TO sync",
        "DROP TABLE old_claims",
    )
}
"""A version before that nobody has ever had: it kept the claims in a table of their own."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite3"


def filled(path: Path) -> None:
    store = Store(path)
    store.commit(Commit(9.0, {"house": (None, numbered(9))}, happened=(Event(9.0, "begun", "house"),), remembered=1e9))
    store.close()


def set_version(path: Path, version: int) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version={version}")


def make_older(path: Path) -> None:
    """Make of the file at *path* one of the version before."""
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            "CREATE TABLE old_claims AS SELECT name, claims FROM sync;"
            "ALTER TABLE sync DROP COLUMN claims;"
            f"PRAGMA user_version={VERSION - 1};"
        )


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return list(db.iterdump())


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """This version is the second one, and knows the one before."""
    monkeypatch.setattr(shape, "MIGRATIONS", {step + 1: words for step, words in BEFORE.items()})
    for module in (shape, state_file):
        monkeypatch.setattr(module, "VERSION", VERSION + 1)


@pytest.mark.usefixtures("known")
def test_a_file_of_the_version_before_is_brought_up_and_what_it_was_is_kept(path: Path) -> None:
    filled(path)
    stored, happened = peek(path), None
    with closing(Store(path)) as store:
        happened = store.history("house", None)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    make_older(path)
    set_version(path, VERSION)
    was = dump(path)
    for _ in range(2):
        with closing(Store(path)) as store:
            assert store.load() == stored
            assert store.history("house", None) == happened
    kept = path.with_name(f"state.sqlite3.version-{VERSION}")
    assert kept.stat().st_mode & 0o077 == 0
    # the way back: the version before finds its own file
    assert dump(kept) == was


@pytest.mark.usefixtures("known")
def test_a_backup_of_the_version_before_is_read(path: Path) -> None:
    filled(path)
    stored = peek(path)
    backup = path.with_name("backup")
    backup.write_bytes(copy_of(path))
    make_older(backup)
    set_version(backup, VERSION)
    with closing(sqlite3.connect(backup)) as db:
        db.execute("PRAGMA journal_mode=DELETE")
    assert examine(backup.read_bytes(), backup) == stored


@pytest.mark.usefixtures("known")
def test_a_file_of_an_earlier_version_that_is_none_of_ours_is_left_as_it_is(path: Path) -> None:
    filled(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode=DELETE")
        db.execute("CREATE TRIGGER t AFTER INSERT ON sync BEGIN DELETE FROM sync; END")
    set_version(path, VERSION)
    before = path.read_bytes()
    with pytest.raises(StoreRefused):
        Store(path)
    assert path.read_bytes() == before
    assert not path.with_name(f"state.sqlite3.version-{VERSION}").exists()


@pytest.mark.parametrize("version", [VERSION - 1, VERSION + 1, VERSION + 40])
def test_one_that_is_not_known_is_refused_with_what_to_do(path: Path, version: int) -> None:
    filled(path)
    set_version(path, version)
    for look in (Store, peek):
        with pytest.raises(StoreOfAnotherVersion, match="restore FILE --replace"):
            look(path)


@pytest.mark.slow
def test_the_service_ends_with_the_code_that_is_not_tried_again(path: Path) -> None:
    filled(path)
    set_version(path, VERSION + 1)
    config = path.with_name("config.yaml")
    config.write_text("terms: accepted\nserver: {listen: 127.0.0.1:0, admin: 127.0.0.1:0}\n")
    done = subprocess.run(
        [sys.executable, "-m", "icalsyncd", "run", "--config", config, "--state-dir", path.parent],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 78, done.stderr
    assert "written by another icalsyncd" in done.stderr
