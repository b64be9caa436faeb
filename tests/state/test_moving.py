"""A whole state that moves between a file and a database is the same there, row by row, and is not in both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from icalsyncd.calendars.nights import Nights
from icalsyncd.state import moving
from icalsyncd.state.commit import Commit
from icalsyncd.state.database import Server, StoreFailed
from icalsyncd.state.history import Event
from icalsyncd.state.moving import content_of, put_into, put_into_file, unused
from icalsyncd.state.publication import Publication
from icalsyncd.state.state import State
from icalsyncd.state.state_file import StoreRefused, examined_content
from icalsyncd.state.store import Store
from icalsyncd.state.stored import examine, peek
from icalsyncd.state.tables import TABLES
from tests.state import states
from tests.state.writer import KEY, body_of, made, numbered

YEAR = 400 * 86_400.0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite3"


@pytest.fixture
def server(dsn: str, tmp_path: Path) -> Server:
    return Server(dsn, tmp_path)


def rows(content: bytes) -> dict[str, list[tuple[object, ...]]]:
    with examined_content(content, Path("state")) as db:
        return {name: sorted(db.execute(f"SELECT * FROM {name}"), key=repr) for name in TABLES}


@pytest.mark.slow
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(states.states())
def test_it_is_the_same_there_and_back(file: Path, server: Server, state: State):
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    store = Store(file)
    told = tuple(Event(0.1 + number, "said — größer %s ? 100%", "house", reader="Leser/ü") for number in range(1100))
    published = {("cloud", "house/s", 1): Publication("place", Nights.of_stays([(740_000, 740_003)]), 9.0)}
    changes: dict[str, tuple[State | None, State | None]] = {"house": (None, state), "other": (None, numbered(3))}
    store.commit(
        Commit(1.0, changes, {KEY: body_of(3)}, ("mark", 0.5), published, happened=told, remembered=YEAR, agreed=0.7)
    )
    before = store.history("house", None)
    store.close()
    content = content_of(file)
    assert content is not None
    assert len(rows(content)["history"]) > 1100
    with unused(file):
        put_into(server, content, replace=True)
    there = content_of(server)
    assert there is not None
    assert rows(there) == rows(content)
    assert peek(server) == examine(content, file)
    with unused(server):
        put_into_file(file, there)
    assert rows(content_of(file) or b"") == rows(content)
    store = Store(file)
    assert store.history("house", None) == before
    assert not store.reserve.is_behind, "it was moved as a whole"
    store.close()


def test_what_was_left_behind_is_known_to_be_less_than_all(file: Path, server: Server):
    store = Store(server)
    store.commit(Commit(5.0, {"house": (None, numbered(7))}))
    store.close(well=True)
    with unused(server):
        put_into_file(file, content_of(server) or b"")
    store = Store(replace(server, folder=file.parent))
    assert store.reserve.is_behind
    store.close()


def test_nothing_moves_while_a_daemon_uses_the_database(file: Path, server: Server):
    content = content_of(made(file)) or b""
    store = Store(replace(server, folder=file.parent / "of another machine"))
    with pytest.raises(StoreFailed, match="another icalsyncd"), unused(server):
        raise AssertionError
    with pytest.raises(StoreFailed, match="another icalsyncd"):
        put_into(server, content, replace=True)
    store.close()


def test_what_is_there_is_not_lost_by_mistake(file: Path, server: Server):
    content = content_of(made(file)) or b""
    made(server, 9)
    with pytest.raises(FileExistsError):
        put_into(server, content, replace=False)
    assert peek(server).states["house"].ledger.today == 9
    put_into(server, content, replace=True)
    assert peek(server).states["house"].ledger.today == 7


def test_a_move_that_fails_on_the_way_leaves_what_was_there(
    file: Path, server: Server, monkeypatch: pytest.MonkeyPatch
):
    content = content_of(made(file)) or b""
    made(server, 9)
    given_rows = moving._rows

    def half(execute: moving.Execute) -> moving.Iterator[tuple[str, moving.Sequence[moving.Sequence[object]]]]:
        for number, part in enumerate(given_rows(execute)):
            if number == 2:
                raise StoreFailed("the file cannot be read")
            yield part

    monkeypatch.setattr(moving, "_rows", half)
    with pytest.raises(StoreFailed, match="cannot be read"):
        put_into(server, content, replace=True)
    assert peek(server).states["house"].ledger.today == 9


def test_a_state_that_is_larger_than_a_backup_is_refused(server: Server):
    made(server)
    with pytest.raises(StoreRefused, match="larger"):
        content_of(server, 1000)
