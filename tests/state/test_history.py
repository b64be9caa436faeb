"""What happened to each night: told from the states, kept within bounds, and never in the way of what must be stored."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from icalsyncd.availability.roster import keep, pause
from icalsyncd.calendars.calendar import Reason
from icalsyncd.calendars.nights import Stay
from icalsyncd.state import history
from icalsyncd.state.commit import Commit
from icalsyncd.state.database import Place
from icalsyncd.state.history import Event, events
from icalsyncd.state.state import Facts, State
from icalsyncd.state.state_file import StoreFailed, StoreRefused
from icalsyncd.state.store import Store
from tests.availability.house import DAY_ONE, House

DAY = 86_400.0
YEAR = 400 * DAY


def stay(first: int, last: int) -> Stay:
    return Stay(DAY_ONE + first, DAY_ONE + last)


def state(house: House, **of_a: object) -> State:
    return State(house.ledger, {"A": replace(Facts(), **of_a)})  # type: ignore[arg-type]


def told(before: State | None, after: State | None, at: float = 9.0) -> list[tuple[str, str, Stay | None]]:
    return [(event.sync, event.what, event.stay) for event in events("casa", before, after, at)]


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    opened = Store(place)
    yield opened
    opened.close()


def test_a_booking_is_told_from_its_beginning_over_who_read_it_to_its_end() -> None:
    house = House("A", "B")
    steps = [state(house)]
    house.shows("A", (10, 13))
    steps.append(state(house))
    house.reads("B")
    reading = State(house.ledger, {"B": replace(Facts(), reader="Portal/2")})
    steps.append(reading)
    house.shows("A")
    steps.append(State(house.ledger, reading.facts))
    assert told(steps[0], steps[1]) == [("A", "taken", stay(10, 13))]
    (read,) = [event for event in events("casa", steps[1], steps[2], 9.0) if event.stay]
    assert read == Event(
        house.ledger.syncs["B"].fetches[-1], "read our feed: taken", "casa", "B", stay(10, 13), "Portal/2"
    )
    assert told(steps[2], steps[3]) == [("A", "taken no more", stay(10, 13))]


def test_what_has_not_changed_is_not_told() -> None:
    house = House("A", "B")
    house.shows("A", (10, 13))
    before = state(house)
    house.shows("A", (10, 13))
    assert told(before, state(house)) == []


def test_a_failure_is_a_span_and_a_pause_is_called_by_its_name() -> None:
    house = House("A", "B")
    house.shows("A", (10, 13))
    well, ill = state(house), state(house, reason=Reason.HTTP_5XX, outcome="failed")
    assert told(well, ill) == [("A", "failing: http_5xx", None)]
    assert told(ill, well) == [("A", "answers again", None)]
    paused, kept = (State(does(house.ledger, "A", now=house.now), {}) for does in (pause, keep))
    assert told(well, kept)[0] == ("A", "paused, and kept as it was", None)
    assert ("A", "taken no more", stay(10, 13)) not in told(well, kept)
    assert told(well, paused)[:2] == [("A", "paused", None), ("A", "taken no more", stay(10, 13))]


def test_it_is_appended_in_the_commit_that_makes_it_true(store: Store) -> None:
    house = House("A", "B")
    empty = state(house)
    house.shows("A", (10, 13))
    store.commit(Commit(9.0, {"casa": (empty, state(house))}, remembered=YEAR))
    assert store.history("casa", None) == (Event(9.0, "taken", "casa", "A", stay(10, 13)),)
    assert store.history("casa", DAY_ONE + 12) == store.history("casa", None)
    assert store.history("casa", DAY_ONE + 13) == ()
    assert store.history("elsewhere", None) == ()


def test_what_the_host_did_to_the_whole_belongs_to_each_house(store: Store) -> None:
    store.commit(Commit(9.0, happened=(Event(8.0, "the config was taken over"),), remembered=YEAR))
    assert [event.what for event in store.history("casa", None)] == ["the config was taken over"]


def test_it_lets_go_of_what_is_old_and_of_what_is_too_much(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        store.commit(Commit(number * DAY, happened=(Event(number * DAY, str(number), "casa"),), remembered=2 * DAY))
    assert [event.what for event in store.history("casa", None)] == ["2", "3", "4"]
    monkeypatch.setattr(history, "MAX_ROWS", 2)
    store.commit(Commit(4 * DAY, happened=(Event(4 * DAY, "5", "casa"),), remembered=2 * DAY))
    assert [event.what for event in store.history("casa", None)] == ["4", "5"]
    store.commit(Commit(400 * DAY, happened=(Event(1.0, "old already", "casa"),), remembered=DAY))
    assert store.history("casa", None) == ()


def test_a_commit_of_very_much_appends_a_part(store: Store) -> None:
    many = tuple(Event(1.0, str(number), "casa") for number in range(history.MAX_AT_ONCE + 10))
    store.commit(Commit(1.0, happened=many, remembered=YEAR))
    found = store.history("casa", None)
    assert (len(found), found[-1].what) == (history.MAX_SHOWN, str(history.MAX_AT_ONCE - 1))


@pytest.mark.parametrize("damage", ["DROP TABLE history", "ALTER TABLE history RENAME COLUMN what TO that"])
def test_a_damaged_history_keeps_nothing_else_from_being_stored(place: Place, damage: str) -> None:
    store = Store(place)
    store._db.execute(damage)
    house = House("A")
    store.commit(Commit(9.0, {"casa": (None, state(house))}, remembered=YEAR))
    with pytest.raises(StoreFailed):
        store.history("casa", None)
    store.close()
    again = Store(place)
    assert again.load().states == {"casa": state(house)}
    again.close()


def test_a_file_of_before_gets_one(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite3"
    Store(path).close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("DROP TABLE history")
    store = Store(path)
    assert store.history("casa", None) == ()
    store.close()


def test_where_nothing_is_to_be_remembered_nothing_is(store: Store) -> None:
    store.commit(Commit(9.0, happened=(Event(8.0, "the config was taken over"),), remembered=0.0))
    assert store.history("casa", None) == ()


def _pages_of(path: Path, table: str) -> list[int]:
    with closing(sqlite3.connect(path)) as db:
        return [page for (page,) in db.execute("SELECT pageno FROM dbstat WHERE name = ?", (table,))]


def _damage(path: Path, page: int) -> None:
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)


@pytest.mark.parametrize("page", [0, 1, -1])
@pytest.mark.parametrize("ahead", [True, False], ids=["with a log", "without"])
def test_a_damaged_page_of_the_history_keeps_no_daemon_from_starting(tmp_path: Path, page: int, ahead: bool) -> None:
    path, log = tmp_path / "state.sqlite3", tmp_path / "state.sqlite3-wal"
    store, house = Store(path), House("A")
    many = tuple(Event(1.0, f"{number:0100}", "casa") for number in range(500))
    store.commit(Commit(8.0, {"casa": (None, state(house))}, happened=many, remembered=YEAR))
    store.close()
    store, before = Store(path), state(house)
    house.shows("A", (10, 13))
    # nothing is remembered: of the history no page is in the log
    store.commit(Commit(9.0, {"casa": (before, state(house))}))
    content, written = path.read_bytes(), log.read_bytes()
    store.close()
    if ahead:
        # as a kill leaves it
        path.write_bytes(content)
        log.write_bytes(written)
    pages = _pages_of(Path(shutil.copy(path, tmp_path / "copy")), "history")
    assert len(pages) > 5
    _damage(path, pages[page])
    again = Store(path)
    assert again.load().states == {"casa": state(house)}
    again.commit(Commit(10.0, happened=(Event(10.0, "after it", "casa"),), remembered=YEAR))
    assert [event.what for event in again.history("casa", None)] == ["after it"]
    again.close()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_damaged_page_of_anything_else_still_refuses_the_file(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite3"
    store, house = Store(path), House("A")
    store.commit(Commit(9.0, {"casa": (None, state(house))}, remembered=YEAR))
    store.close()
    for table in ("meta", "accommodation", "sync"):
        whole = path.read_bytes()
        _damage(path, _pages_of(path, table)[0])
        damaged = path.read_bytes()
        with pytest.raises(StoreRefused):
            Store(path)
        assert path.read_bytes() == damaged
        path.write_bytes(whole)
