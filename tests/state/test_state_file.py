"""The state file as a file: one that is not ours, or not whole, is refused and left as it is; a new one is whole at once."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from icalsyncd.state.records import VERSION
from icalsyncd.state.state_file import StoreFailed, StoreRefused, copy_of
from icalsyncd.state.store import Store
from icalsyncd.state.stored import peek
from tests.state.writer import files, made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite3"


def foreign(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE bookmarks (url)")
    db.commit()
    db.close()


def foreign_and_busy(path: Path) -> None:
    """Another program's database, with pages that are not in the file itself yet."""
    script = "import sqlite3, os, sys; db = sqlite3.connect(sys.argv[1]); db.execute('PRAGMA journal_mode=WAL');"
    script += "db.execute('CREATE TABLE t (x)'); db.commit(); os._exit(0)"
    subprocess.run([sys.executable, "-c", script, path], check=True)


def newer(path: Path) -> None:
    db = sqlite3.connect(made(path))
    db.execute(f"PRAGMA user_version={VERSION + 1}")
    db.close()


def without_records(path: Path) -> None:
    db = sqlite3.connect(made(path))
    db.execute("UPDATE sync SET ledger = ?", ('["no", "record"]',))
    db.commit()
    db.close()


def without_a_sync(path: Path) -> None:
    db = sqlite3.connect(made(path))
    db.execute("DELETE FROM sync WHERE name = 't'")
    db.commit()
    db.close()


def without_a_table(path: Path) -> None:
    db = sqlite3.connect(made(path))
    db.execute("DROP TABLE accommodation")
    db.commit()
    db.close()


def text(path: Path) -> None:
    path.write_text("terms: accepted\n" * 500)


def empty(path: Path) -> None:
    path.touch()


def cut_off(path: Path) -> None:
    content = made(path).read_bytes()
    path.write_bytes(content[: len(content) // 2])


def scribbled_over(path: Path) -> None:
    content = bytearray(made(path).read_bytes())
    for page in range(4096, len(content), 4096):
        content[page : page + 200] = b"\xff" * 200
    path.write_bytes(content)


def run(path: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(made(path), isolation_level=None)) as db:
        db.execute(statement, values)


def with_a_trigger(path: Path) -> None:
    run(path, "CREATE TRIGGER t AFTER UPDATE ON sync BEGIN DELETE FROM sync; END")


def with_a_view(path: Path) -> None:
    run(path, "DROP TABLE sync")
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"
        db.execute(
            f"CREATE VIEW sync AS SELECT x AS accommodation, x AS name, x AS ledger, x AS claims, x AS facts FROM ({endless})"
        )


def with_an_index(path: Path) -> None:
    run(path, "CREATE INDEX i ON sync (ledger)")


def with_deep_records(path: Path) -> None:
    run(path, "UPDATE sync SET claims = ?", "[" * 200_000)


def a_link(path: Path) -> None:
    path.symlink_to(made(path.with_name("elsewhere")))


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize(
    "harm",
    [
        foreign,
        foreign_and_busy,
        newer,
        without_records,
        without_a_sync,
        without_a_table,
        text,
        empty,
        cut_off,
        scribbled_over,
        with_a_trigger,
        with_a_view,
        with_an_index,
        with_deep_records,
        a_link,
    ],
)
def test_a_file_that_is_damaged_or_not_ours_is_refused_and_left_as_it_is(path: Path, harm: Callable[[Path], None]):
    harm(path)
    before = path.read_bytes(), path.stat().st_mode
    for look in (Store, peek):
        with pytest.raises(StoreRefused, match=r"state\.sqlite3"):
            look(path)
        assert (path.read_bytes(), path.stat().st_mode) == before


def test_a_pipe_is_refused_and_not_waited_for(path: Path):
    a_pipe(path)
    for look in (Store, peek, copy_of):
        with pytest.raises(StoreRefused, match="pipe"):
            look(path)


def test_a_newer_file_says_that_it_is_newer(path: Path):
    newer(path)
    with pytest.raises(StoreRefused, match="another icalsyncd"):
        Store(path)


@pytest.mark.slow
def test_what_is_left_of_a_file_that_was_removed_is_not_taken_for_the_new_ones(path: Path):
    made(path)
    script = "import sys, os; from tests.state.writer import *; s = Store(Path(sys.argv[1])); "
    script += "s.commit(Commit(9.0, {'house': (None, numbered(9))})); os._exit(0)"
    subprocess.run([sys.executable, "-c", script, path], check=True)
    assert files(path) == ["state.sqlite3", "state.sqlite3-shm", "state.sqlite3-wal"]
    path.unlink()
    with pytest.raises(StoreRefused, match=r"state\.sqlite3-wal"):
        Store(path)
    assert not path.exists()


def test_a_folder_that_cannot_be_written_to_is_a_failure_of_the_disk(tmp_path: Path):
    with pytest.raises(StoreFailed):
        Store(tmp_path / "missing" / "state.sqlite3")


def test_a_draft_that_a_crash_left_does_not_stop_the_next_start(path: Path):
    path.with_name(f".{path.name}.new").write_bytes(b"half")
    Store(path).close()
    assert files(path) == [path.name]
