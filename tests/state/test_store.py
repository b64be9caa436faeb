"""A store, wherever it lies: what was acknowledged is there, whole, and nothing of what was not."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from icalsyncd.availability.link import Link
from icalsyncd.state.commit import Commit
from icalsyncd.state.copy import Role
from icalsyncd.state.database import Place
from icalsyncd.state.state import Facts, State
from icalsyncd.state.state_file import StoreFailed, copy_of
from icalsyncd.state.store import Store
from icalsyncd.state.stored import Stored, examine, peek
from tests.state import states
from tests.state.writer import KEY, body_of, files, made, numbered


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite3"


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    opened = Store(place)
    yield opened
    opened.close()


def opened_anew(place: Place) -> Stored:
    store = Store(place)
    try:
        return store.load()
    finally:
        store.close()


def test_what_was_stored_is_there_when_it_is_opened_again(place: Place):
    made(place)
    stored = opened_anew(place)
    assert stored.states == {"house": replace(numbered(7), facts={**numbered(7).facts, "t": Facts()})}
    assert (stored.last_commit, stored.installation, stored.secret_since) == (5.0, "mark", 3.0)


def test_a_new_store_holds_nothing(store: Store):
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


def test_every_commit_is_on_the_disk_before_it_returns(place: Place, store: Store):
    if isinstance(place, Path):
        # what SQLite was told, by SQLite itself: FULL is 2
        assert list(store._db.execute("PRAGMA synchronous")) == [(2,)]
        assert list(store._db.execute("PRAGMA journal_mode")) == [("wal",)]
    else:
        assert list(store._db.execute("SHOW synchronous_commit")) == [("on",)]


@pytest.mark.slow
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(states.states(), states.states())
def test_a_state_that_replaces_another_is_read_back_as_it_is(place: Place, before: State, after: State):
    store = Store(place)
    found = store.load().states
    was = {each: found.get(each) for each in ("house", "other")}
    store.commit(Commit(1.0, {"house": (was["house"], before), "other": (was["other"], before)}))
    store.commit(Commit(2.0, {"house": (before, after)}))
    store.close()
    stored = opened_anew(place)
    assert stored.states == {"house": after, "other": before}
    assert list(stored.states["house"].ledger.syncs) == list(after.ledger.syncs)


def test_an_accommodation_that_is_dropped_leaves_nothing_behind(place: Place):
    store = Store(made(place))
    known = store.load().states["house"]
    store.commit(Commit(6.0, {"house": (known, None)}))
    assert store.body(KEY) is None
    store.close()
    assert opened_anew(place).states == {}
    store = Store(place)
    assert [list(store._db.execute(f"SELECT count(*) FROM {table}")) for table in ("sync", "copy")] == [[(0,)], [(0,)]]
    store.close()


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


def test_a_commit_that_fails_changes_nothing(place: Place):
    store = Store(made(place))
    known = store.load().states["house"]
    bodies = {KEY: b"new", (None, Role.WAITING): b"x", ("ok", "no role"): b"y"}
    with pytest.raises((StoreFailed, AttributeError)):
        store.commit(Commit(9.0, {"house": (known, numbered(8))}, bodies))  # type: ignore[arg-type]
    assert store.body(KEY) == body_of(7)
    store.commit(Commit(10.0, {"house": (known, numbered(9))}))
    store.close()
    assert opened_anew(place).states["house"].ledger.today == 9


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


def test_it_can_be_read_beside_the_daemon(place: Place):
    assert peek(place) == Stored({}, None, None)
    store = Store(made(place))
    known = store.load().states["house"]
    store.commit(Commit(6.0, {"house": (known, numbered(8))}))
    assert peek(place).states["house"].ledger.today == 8
    store.close()


def test_a_copy_that_would_be_unpacked_without_end_is_not_read(place: Place, monkeypatch: pytest.MonkeyPatch):
    store = Store(made(place))
    monkeypatch.setattr("icalsyncd.state.store._MAX_BODY", 1000)
    store.commit(Commit(6.0, bodies={KEY: bytes(1001)}))
    with pytest.raises(StoreFailed, match="larger than any calendar"):
        store.body(KEY)
    store.commit(Commit(7.0, bodies={KEY: bytes(1000)}))
    assert store.body(KEY) == bytes(1000)
    store.close()


def writer(place: Place, most: int = -1, preexec: Callable[[], None] | None = None) -> subprocess.Popen[str]:
    where = [str(place)] if isinstance(place, Path) else [str(place.folder / "none"), place.dsn]
    command = [sys.executable, "-m", "tests.state.writer", where[0], str(most), *where[1:]]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, preexec_fn=preexec)


@pytest.mark.slow
def test_a_writer_that_is_killed_at_any_moment_leaves_its_last_acknowledged_commit(place: Place):
    chance = random.Random(20261122)
    last = 0
    for _ in range(8 if isinstance(place, Path) else 3):
        with writer(place) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n"
            time.sleep(chance.uniform(0, 0.25))
            process.kill()
            said = process.stdout.read().split("\n")[:-1]
        acknowledged = int(said[-1]) if said else last
        store = Store(place)
        house = store.load().states.get("house")
        last = house.ledger.today if house else 0
        assert acknowledged <= last <= acknowledged + 1
        if house:
            assert house.of("s").last_success == house.ledger.syncs["t"].pulled_at == float(last)
            assert store.body(KEY) == body_of(last)
        store.close()
    assert last > (20 if isinstance(place, Path) else 3)


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
