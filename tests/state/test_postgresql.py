"""A database on a server: one daemon at a time, nothing lost with a connection, and its address told to nobody."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from icalsyncd.state import connection, postgresql
from icalsyncd.state.commit import Commit
from icalsyncd.state.database import Server, StoreFailed, StoreInDoubt, StoreRefused, StoreTaken
from icalsyncd.state.history import Event
from icalsyncd.state.state import State
from icalsyncd.state.store import Store
from icalsyncd.state.stored import peek
from tests.end_to_end.daemon import free_port
from tests.postgres import Cluster
from tests.state.proxy import Cut, Wire, wire_to
from tests.state.writer import KEY, body_of, made, numbered

YEAR = 400 * 86_400.0
LEASE_OUT = "UPDATE icalsyncd.holder SET until = 0"
"""As if its daemon had not renewed it for so long."""


@pytest.fixture
def server(dsn: str, tmp_path: Path) -> Server:
    return Server(dsn, tmp_path)


@pytest.fixture
def wire(cluster: Cluster) -> Iterator[Wire]:
    with wire_to(cluster.port) as made:
        yield made


@pytest.fixture
def wired(server: Server, cluster: Cluster, wire: Wire) -> Server:
    """The database as it is reached over the wire."""
    return replace(server, dsn=server.dsn.replace(str(cluster.port), str(wire.port)))


def elsewhere(server: Server, name: str = "other") -> Server:
    """The same database seen from another machine."""
    folder = server.folder / name
    folder.mkdir(exist_ok=True)
    return replace(server, folder=folder)


def test_a_second_daemon_is_told_who_has_the_database(server: Server):
    store = Store(server)
    with pytest.raises(StoreFailed, match=r"another icalsyncd has this database.*since 20\d\d-"):
        Store(elsewhere(server))
    store.close()
    Store(elsewhere(server)).close()


@pytest.mark.slow
def test_a_daemon_that_was_killed_keeps_nobody_out(server: Server):
    code = (
        "import os, sys; from tests.state.writer import *; Store(Server(sys.argv[1], Path(sys.argv[2]))); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, server.dsn, server.folder], check=False)
    Store(server).close()


def test_who_lost_the_database_to_another_stores_nothing_more(server: Server, cluster: Cluster):
    first = Store(made(server))
    known = first.load().states["house"]
    cluster.ask(LEASE_OUT, server.dsn)
    second = Store(elsewhere(server))
    second.commit(Commit(6.0, {"house": (second.load().states["house"], numbered(8))}))
    second.close(well=True)
    with pytest.raises(StoreFailed):
        first.commit(Commit(7.0, {"house": (known, numbered(9))}))
    with pytest.raises(StoreTaken):
        first.commit(Commit(7.0, {"house": (known, numbered(9))}))
    first.close(well=True)
    assert peek(server).states["house"].ledger.today == 8


def test_a_commit_after_the_connection_was_lost_is_stored_without_a_restart(server: Server, cluster: Cluster):
    store = Store(made(server))
    known = store.load().states["house"]
    cluster.ask("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name ~ '^icalsyncd'")
    with pytest.raises(StoreFailed):
        store.commit(Commit(6.0, {"house": (known, numbered(8))}))
    store.commit(Commit(6.0, {"house": (known, numbered(8))}))
    store.close()
    assert peek(server).states["house"].ledger.today == 8


def test_a_commit_whose_answer_was_lost_is_read_back(server: Server, wired: Server, wire: Wire):
    store = Store(made(wired))
    known = store.load().states["house"]
    wire.cut = Cut.AFTER
    store.commit(Commit(6.0, {"house": (known, numbered(8))}))
    wire.cut = Cut.BEFORE
    with pytest.raises(StoreFailed, match="cut before") as failed:
        store.commit(Commit(7.0, {"house": (numbered(8), numbered(9))}))
    assert not isinstance(failed.value, StoreInDoubt)
    assert peek(server).states["house"].ledger.today == 8
    store.commit(Commit(7.0, {"house": (numbered(8), numbered(9))}))
    store.close()
    assert peek(server).states["house"].ledger.today == 9


@pytest.mark.parametrize("cut", [Cut.AFTER, Cut.BEFORE])
def test_a_commit_in_doubt_is_found_out_before_the_next(server: Server, wired: Server, wire: Wire, cut: Cut):
    """The next one goes back to the very claims that were stored before: a difference to them would write nothing."""
    store = Store(made(wired))
    before = store.load().states["house"]
    sync, other = before.ledger.syncs["s"], numbered(9).ledger.syncs["s"]
    doubted = State(replace(before.ledger, today=8, syncs={**before.ledger.syncs, "s": other}), before.facts)
    after = State(replace(before.ledger, today=9), before.facts)
    told = (Event(6.0, "the config was taken over"),)
    wire.cut, wire.stays_down = cut, True
    with pytest.raises(StoreInDoubt):
        store.commit(Commit(6.0, {"house": (before, doubted)}, {KEY: body_of(8)}, happened=told, remembered=YEAR))
    with pytest.raises(StoreFailed):
        store.commit(Commit(6.5, {"house": (before, doubted)}, happened=told, remembered=YEAR))
    wire.is_down = False
    told = (*told, Event(7.0, "and again"))
    store.commit(Commit(7.0, {"house": (before, after)}, {KEY: body_of(9)}, happened=told, remembered=YEAR))
    assert store.body(KEY) == body_of(9)
    assert [event.what for event in store.history("elsewhere", None)] == ["the config was taken over", "and again"]
    store.close()
    stored = peek(server).states["house"]
    assert (stored.ledger.today, stored.ledger.syncs["s"]) == (9, sync)


@pytest.mark.slow
def test_a_server_that_is_silent_is_not_waited_for_without_end(
    server: Server, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(connection, "PATIENCE", 0.6)
    store = Store(made(server))
    known = store.load().states["house"]
    ((pid,),) = cluster.ask("SELECT pid FROM pg_stat_activity WHERE application_name ~ '^icalsyncd'")
    assert isinstance(pid, int)
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(StoreFailed):
            store.commit(Commit(6.0, {"house": (known, numbered(8))}))
    finally:
        os.kill(pid, signal.SIGCONT)
    store.commit(Commit(6.0, {"house": (known, numbered(8))}))
    store.close()


def test_whoever_opens_it_knows_whether_something_may_be_lost(server: Server, cluster: Cluster):
    """What was known and could not be stored is known to nobody else: then each portal is asked before it is told."""

    def is_unsure(place: Server, *, well: bool) -> bool:
        store = Store(place)
        unsure = store.reserve.is_behind
        store.close(well=well)
        return unsure

    one, two = elsewhere(server, "one"), elsewhere(server, "two")
    assert not is_unsure(one, well=False), "a new one lacks nothing"
    assert not is_unsure(one, well=False), "it was killed, and its own folder says that all was stored"
    assert is_unsure(two, well=False), "nobody knows what the other had not stored"
    assert is_unsure(one, well=True), "and now this one does not"
    one.folder.joinpath("behind").unlink()
    assert not is_unsure(one, well=True)
    three = elsewhere(server, "three")
    assert not is_unsure(three, well=True), "the other one has stored all before it ended"
    cluster.ask("UPDATE icalsyncd.meta SET value = '1.0' WHERE key = 'last_commit'", server.dsn)
    made(three.folder / "state.sqlite3")
    assert is_unsure(three, well=True), "a file of this machine is later"


def test_a_file_is_not_all_that_is_known_once_a_database_was_used(server: Server):
    file = made(server.folder / "state.sqlite3")
    Store(server).close(well=True)
    store = Store(file)
    assert store.reserve.is_behind
    store.close()


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        ("CREATE SCHEMA icalsyncd CREATE TABLE sync (x TEXT)", "tables of another program"),
        ("UPDATE icalsyncd.holder SET version = 99", "another icalsyncd"),
        ("UPDATE icalsyncd.sync SET ledger = '[1]'", "damaged"),
        ("DELETE FROM icalsyncd.sync WHERE name = 't'", "damaged"),
        (
            "CREATE FUNCTION icalsyncd.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; "
            "CREATE TRIGGER t BEFORE UPDATE ON icalsyncd.sync EXECUTE FUNCTION icalsyncd.f()",
            "trigger",
        ),
        ("DROP TABLE icalsyncd.meta; CREATE VIEW icalsyncd.meta AS SELECT 'a' AS key, 'b' AS value", "view"),
    ],
)
def test_a_database_that_is_damaged_or_not_ours_is_refused(server: Server, cluster: Cluster, harm: str, words: str):
    if "CREATE SCHEMA" not in harm:
        made(server)
    cluster.ask(harm, server.dsn)
    with pytest.raises(StoreRefused, match=words):
        Store(server)


def test_an_earlier_schema_is_brought_up_to_date_and_a_reader_waits_for_that(
    server: Server, monkeypatch: pytest.MonkeyPatch
):
    made(server)
    monkeypatch.setattr(postgresql, "VERSION", 3)
    monkeypatch.setattr(postgresql, "MIGRATIONS", {2: ("ALTER TABLE later RENAME TO latest",)})
    with pytest.raises(StoreRefused, match="another icalsyncd"):
        Store(server)
    steps = {1: ("CREATE TABLE later (x TEXT)",), 2: ("ALTER TABLE later RENAME TO latest",)}
    monkeypatch.setattr(postgresql, "MIGRATIONS", steps)
    with pytest.raises(StoreRefused, match="another icalsyncd"):
        peek(server)
    store = Store(server)
    assert list(store._db.execute("SELECT count(*) FROM latest")) == [(0,)]
    store.close()
    assert peek(server).states["house"].ledger.today == 7


SECRETS = ("geheim", "hidden-host", "hidden-user", "hidden-base")


@pytest.mark.parametrize(
    "dsn",
    [
        "host=127.0.0.1 port=1 user=hidden-user dbname=hidden-base password=geheim",
        "postgresql://hidden-user:geheim@127.0.0.1:1/hidden-base",
        "postgresql://hidden-user:geheim@[hidden-host/hidden-base",
        "password=geheim hidden-host",
        "sslmode=geheim",
        "service=geheim",
        "geheim",
        "host=127.0.0.1 port={port} user=hidden-user dbname=hidden-base password=geheim",
        "host=127.0.0.1 port={port} user=owner dbname=hidden-base password=geheim",
    ],
)
def test_no_word_of_its_address_is_in_a_message_or_a_traceback(tmp_path: Path, cluster: Cluster, dsn: str):
    place = Server(dsn.format(port=cluster.port), tmp_path)
    with pytest.raises(StoreFailed) as failed:
        Store(place)
    told = "".join(traceback.format_exception(failed.value)) + repr(place)
    assert not [word for word in SECRETS if word in told]


@pytest.mark.slow
def test_a_server_of_the_tests_ends_with_the_process_that_started_it(cluster: Cluster):
    code = (
        "import sys; from tests.postgres import Cluster; print(Cluster(int(sys.argv[1])).folder, flush=True); input()"
    )
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-c", code, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stdout is not None
        folder = Path(starter.stdout.readline().strip())
        dsn = cluster.dsn("postgres").replace(str(cluster.port), str(port))
        assert cluster.ask("SELECT 1", dsn) == [(1,)]
        starter.kill()
    end = time.monotonic() + 20
    while (folder / "data" / "postmaster.pid").exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    with pytest.raises(psycopg.OperationalError):
        cluster.ask("SELECT 1", dsn)
    shutil.rmtree(folder, ignore_errors=True)
