"""The state file: what was acknowledged is there, whole, and a file that is not ours is left as it is."""

from __future__ import annotations

import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from icalsyncd.availability.ledger import Link
from icalsyncd.state.database import Stored, StoreFailed, StoreRefused, copy_of, examine, peek
from icalsyncd.state.records import VERSION
from icalsyncd.state.state import Facts, State
from icalsyncd.state.store import Commit, Role, Store
from tests.state import states
from tests.state.writer import KEY, body_of, numbered


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite3"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    opened = Store(path)
    yield opened
    opened.close()


def made(path: Path, number: int = 7) -> Path:
    """A state file in which something is stored."""
    store = Store(path)
    store.commit(Commit(5.0, {"house": (None, numbered(number))}, {KEY: body_of(number)}, ("mark", 3.0)))
    store.close()
    return path


def opened_anew(path: Path) -> Stored:
    store = Store(path)
    try:
        return store.load()
    finally:
        store.close()


def files(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.iterdir())


def test_what_was_stored_is_there_when_the_file_is_opened_again(path: Path):
    made(path)
    stored = opened_anew(path)
    assert stored.states == {"house": replace(numbered(7), facts={**numbered(7).facts, "t": Facts()})}
    assert (stored.last_commit, stored.installation, stored.secret_since) == (5.0, "mark", 3.0)


def test_a_new_file_holds_nothing(store: Store):
    assert store.load() == Stored({}, None, None)


def test_the_file_and_all_beside_it_are_for_its_owner_alone(path: Path):
    os.umask(0o022)
    store = Store(path)
    store.commit(Commit(1.0, {"house": (None, numbered(1))}))
    assert {each.stat().st_mode & 0o777 for each in path.parent.iterdir()} == {0o600}
    store.close()
    path.chmod(0o644)
    Store(path).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_every_commit_is_on_the_disk_before_it_returns(path: Path, store: Store):
    # what SQLite was told, by SQLite itself: FULL is 2
    assert store._db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert store._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(states.states(), states.states())
def test_a_state_that_replaces_another_is_read_back_as_it_is(tmp_path: Path, before: State, after: State):
    path = tmp_path / f"{os.urandom(8).hex()}.sqlite3"
    store = Store(path)
    store.commit(Commit(1.0, {"house": (None, before), "other": (None, before)}))
    store.commit(Commit(2.0, {"house": (before, after)}))
    store.close()
    stored = opened_anew(path)
    assert stored.states == {"house": after, "other": before}
    assert list(stored.states["house"].ledger.syncs) == list(after.ledger.syncs)


def test_an_accommodation_that_is_dropped_leaves_nothing_behind(path: Path):
    store = Store(made(path))
    known = store.load().states["house"]
    store.commit(Commit(6.0, {"house": (known, None)}))
    assert store.body(KEY) is None
    store.close()
    assert opened_anew(path).states == {}
    with closing(sqlite3.connect(path)) as db:
        assert [db.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("sync", "copy")] == [(0,), (0,)]


def test_the_copies_of_a_sync_go_when_it_has_none_any_more(store: Store):
    before = numbered(1)
    store.commit(Commit(1.0, {"house": (None, before)}, {KEY: b"body"}))
    after = before.with_facts("s", Facts())
    store.commit(Commit(2.0, {"house": (before, after)}))
    assert store.body(KEY) is None


def test_the_copies_of_a_sync_stay_through_a_rename(store: Store):
    before = numbered(1)
    store.commit(Commit(1.0, {"house": (None, before)}, {KEY: b"body"}))
    sync = before.ledger.syncs["s"]
    emptied = State(replace(before.ledger, syncs={}))
    moved = State(replace(before.ledger, syncs={"renamed": sync}), {"renamed": before.of("s")})
    store.commit(Commit(2.0, {"house": (before, emptied), "villa": (None, moved)}))
    assert store.body(KEY) == b"body"


def test_a_commit_that_fails_changes_nothing(path: Path):
    store = Store(made(path))
    known = store.load().states["house"]
    bodies = {KEY: b"new", (None, Role.WAITING): b"x", ("ok", "no role"): b"y"}
    with pytest.raises((StoreFailed, AttributeError)):
        store.commit(Commit(9.0, {"house": (known, numbered(8))}, bodies))  # type: ignore[arg-type]
    assert store.body(KEY) == body_of(7)
    store.commit(Commit(10.0, {"house": (known, numbered(9))}))
    store.close()
    assert opened_anew(path).states["house"].ledger.today == 9


def test_a_copy_is_whole_while_the_file_is_open_and_written(path: Path, tmp_path: Path):
    store = Store(made(path))
    known = store.load().states["house"]
    store.commit(Commit(6.0, {"house": (known, numbered(8))}))
    before = files(path)
    copied = copy_of(path)
    store.commit(Commit(7.0, {"house": (numbered(8), numbered(9))}))
    assert files(path) == before
    assert examine(copied, path).states["house"].ledger.today == 8
    copy = tmp_path / "copy"
    copy.write_bytes(copied)
    assert opened_anew(copy).states["house"].ledger.today == 8
    store.close()


def test_what_was_deleted_is_in_no_copy(path: Path):
    store = Store(made(path))
    marker = b"nobody is to read this again" * 400
    store.commit(Commit(6.0, bodies={KEY: os.urandom(3000)}))
    store._db.execute("PRAGMA secure_delete=OFF")
    store._db.execute("REPLACE INTO copy VALUES ('gone', 'snapshot', ?)", (marker,))
    store._db.execute("DELETE FROM copy WHERE owner = 'gone'")
    assert marker[:100] not in copy_of(path)
    store.close()


def test_it_can_be_read_beside_the_daemon(path: Path):
    assert peek(path) == Stored({}, None, None)
    store = Store(made(path))
    known = store.load().states["house"]
    store.commit(Commit(6.0, {"house": (known, numbered(8))}))
    assert peek(path).states["house"].ledger.today == 8
    store.close()


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


def test_a_copy_that_would_be_unpacked_without_end_is_not_read(path: Path, monkeypatch: pytest.MonkeyPatch):
    store = Store(made(path))
    monkeypatch.setattr("icalsyncd.state.store._MAX_BODY", 1000)
    store.commit(Commit(6.0, bodies={KEY: bytes(1001)}))
    with pytest.raises(StoreFailed, match="larger than any calendar"):
        store.body(KEY)
    store.commit(Commit(7.0, bodies={KEY: bytes(1000)}))
    assert store.body(KEY) == bytes(1000)
    store.close()


def test_a_newer_file_says_that_it_is_newer(path: Path):
    newer(path)
    with pytest.raises(StoreRefused, match="another icalsyncd"):
        Store(path)


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


def writer(path: Path, most: int = -1, preexec: Callable[[], None] | None = None) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.state.writer", str(path), str(most)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, preexec_fn=preexec)


@pytest.mark.slow
def test_a_writer_that_is_killed_at_any_moment_leaves_its_last_acknowledged_commit(path: Path):
    chance = random.Random(20261122)
    last = 0
    for _ in range(8):
        with writer(path) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n"
            time.sleep(chance.uniform(0, 0.25))
            process.kill()
            said = process.stdout.read().split("\n")[:-1]
        acknowledged = int(said[-1]) if said else last
        store = Store(path)
        house = store.load().states.get("house")
        last = house.ledger.today if house else 0
        assert acknowledged <= last <= acknowledged + 1
        if house:
            assert house.of("s").last_success == house.ledger.syncs["t"].pulled_at == float(last)
            assert store.body(KEY) == body_of(last)
        store.close()
    assert last > 20


@pytest.mark.slow
def test_a_first_start_that_is_killed_at_any_moment_can_be_started_again(tmp_path: Path):
    chance = random.Random(20261122)
    # as long as a first start takes here, imports and all
    began = time.monotonic()
    process = writer(tmp_path / "measured", 0)
    process.communicate()
    whole = time.monotonic() - began
    for number in range(10):
        path = tmp_path / str(number) / "state.sqlite3"
        path.parent.mkdir()
        process = writer(path, 0)
        time.sleep(whole * chance.uniform(0.7, 1.05))
        process.kill()
        process.communicate()
        assert opened_anew(path).states == {}


@pytest.mark.slow
def test_a_disk_that_is_full_fails_the_commit_and_loses_nothing_that_was_acknowledged(path: Path):
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    process = writer(path, preexec=limit)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    acknowledged = int(out.split()[-1])
    assert acknowledged > 3
    stored = opened_anew(path).states["house"]
    assert stored.ledger.today == acknowledged
    assert stored.ledger.syncs["s"].link == Link("house/s")
