"""One daemon answers at a time: its lease, by which the next one waits, and its epoch, without which nothing is stored."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from icalsyncd.state.commit import Commit
from icalsyncd.state.database import Server, StoreFailed, StoreHeld, StoreInDoubt, StoreTaken
from icalsyncd.state.journal import Journal
from icalsyncd.state.lease import LEASE, OPENING, Lease
from icalsyncd.state.store import Store
from icalsyncd.state.stored import peek
from tests.postgres import Cluster
from tests.state.proxy import Cut, wire_to
from tests.state.test_postgresql import LEASE_OUT, elsewhere
from tests.state.writer import made, numbered


@pytest.fixture
def server(dsn: str, tmp_path: Path) -> Server:
    return Server(dsn, tmp_path)


def lease_of(store: Store) -> Lease:
    assert store.lease is not None
    return store.lease


def until(cluster: Cluster, server: Server) -> float:
    """Seconds that the lease lasts still, as the database has it."""
    ((left,),) = cluster.ask(
        "SELECT (until - extract(epoch FROM clock_timestamp()))::float8 FROM icalsyncd.holder", server.dsn
    )
    assert isinstance(left, float)
    return left


def test_it_ends_here_before_it_ends_in_the_database_however_late_the_answer_came():
    uptime = 100.0
    lease = Lease(lambda: uptime)
    assert not lease.holds
    sent = lease.renewing(LEASE)
    uptime = 108.0
    lease.renewed(sent, LEASE)
    assert lease.left == pytest.approx(100.0 + LEASE - 108.0, abs=1.0)
    assert lease.left < 100.0 + LEASE - 108.0
    # the process stood still, or the machine was suspended
    uptime = 100.0 + LEASE
    assert not lease.holds
    lease.renewed(uptime, LEASE)
    assert lease.holds
    lease.end()
    lease.renewed(uptime, LEASE)
    assert not lease.holds, "it is another's"


def test_a_shorter_renewal_counts_from_when_it_is_sent_answered_or_not():
    uptime = 100.0
    lease = Lease(lambda: uptime)
    lease.renewed(lease.renewing(OPENING), OPENING)
    uptime = 101.0
    lease.renewing(LEASE)
    assert lease.left < LEASE, "the database may have taken it"
    uptime = 101.0 + LEASE
    assert not lease.holds


def test_what_the_daemon_before_was_writing_elsewhere_is_waited_for_after_a_takeover_only():
    uptime = 100.0
    lease = Lease(lambda: uptime)
    lease.renewed(uptime, 1000.0)
    assert lease.may_write_elsewhere(20.0)
    lease.taken_at = uptime
    assert not lease.may_write_elsewhere(20.0)
    uptime = 120.1
    assert lease.may_write_elsewhere(20.0)
    lease.end()
    assert not lease.may_write_elsewhere(20.0)


def test_a_file_has_no_lease(tmp_path: Path):
    store = Store(tmp_path / "state.sqlite3")
    assert store.lease is None
    store.close()


@pytest.mark.slow
def test_a_lease_is_given_back_or_waited_for_and_each_opening_is_an_epoch(server: Server, cluster: Cluster):
    first = Store(made(elsewhere(server, "one")))
    assert lease_of(first).holds
    assert OPENING - 5 < until(cluster, server) <= OPENING
    with pytest.raises(StoreHeld, match="another icalsyncd has this database"):
        Store(elsewhere(server, "two"))
    epoch = lease_of(first).epoch
    first.close(well=True)
    assert not lease_of(first).holds
    second = Store(elsewhere(server, "two"))
    assert (lease_of(second).epoch, lease_of(second).takeovers, lease_of(second).taken_at) == (epoch + 1, 0, None)
    assert not second.reserve.is_behind, "the first has stored all"

    cluster.ask(LEASE_OUT, server.dsn)
    third = Store(elsewhere(server, "three"))
    assert (lease_of(third).epoch, lease_of(third).takeovers) == (epoch + 2, 1)
    assert lease_of(third).taken_at is not None
    assert third.reserve.is_behind, "what the second knew may be lost"
    with pytest.raises(StoreFailed):
        second.commit(Commit(7.0))
    # what a daemon that has lost it does last takes nothing from the one that has it
    second.close(well=True)
    with pytest.raises(StoreHeld):
        Store(elsewhere(server, "two"))
    third.commit(Commit(7.0))
    # whoever has its folder knows that it is dead
    again = Store(elsewhere(server, "three"))
    assert (lease_of(again).epoch, lease_of(again).takeovers, lease_of(again).taken_at) == (epoch + 3, 1, None)
    with pytest.raises(StoreFailed):
        third.commit(Commit(8.0))
    again.close()
    third.close()


def test_a_commit_renews_it_and_so_does_one_that_is_refused(server: Server, cluster: Cluster):
    store = Store(made(server))
    cluster.ask("UPDATE icalsyncd.holder SET until = until - 58", server.dsn)
    store.commit(Commit(6.0))
    assert LEASE - 5 < until(cluster, server) <= LEASE
    cluster.ask("ALTER TABLE icalsyncd.meta ADD CHECK (value <> '7.0')", server.dsn)
    cluster.ask("UPDATE icalsyncd.holder SET until = until - 18", server.dsn)
    with pytest.raises(StoreFailed):
        store.commit(Commit(7.0))
    assert until(cluster, server) > LEASE - 5, "a row that it refuses takes nothing from this daemon"
    store.close()


def test_one_that_stands_still_in_the_midst_of_a_commit_holds_nobody_up(server: Server, cluster: Cluster):
    first = Store(made(elsewhere(server, "one")))
    cluster.ask(LEASE_OUT, server.dsn)
    taken = False
    try:
        with first._db.transaction():
            # the row is locked by the transaction: as long as it stands so, nobody else could take it
            with psycopg.connect(server.dsn) as other:
                other.execute("SET lock_timeout = '100ms'")
                with pytest.raises(psycopg.errors.LockNotAvailable):
                    other.execute(LEASE_OUT.encode())
            Store(elsewhere(server, "two")).close()
            taken = True
    except StoreFailed:
        assert taken
    else:
        pytest.fail("it was stored")
    first.close()


def test_a_commit_in_doubt_is_not_found_under_another_epoch(server: Server, cluster: Cluster):
    """As many commits as its own were stored since, by another daemon: none of them is the one in doubt."""
    with wire_to(cluster.port) as wire:
        place = replace(server, dsn=server.dsn.replace(str(cluster.port), str(wire.port)))
        first = Store(made(elsewhere(place, "one")))
        known = first.load().states["house"]
        wire.cut, wire.stays_down = Cut.BEFORE, True
        with pytest.raises(StoreInDoubt):
            first.commit(Commit(6.0, {"house": (known, numbered(8))}))
        cluster.ask(LEASE_OUT, server.dsn)
        second = Store(elsewhere(server, "two"))
        second.commit(Commit(7.0))
        wire.is_down = False
        with pytest.raises(StoreTaken):
            first.commit(Commit(8.0, {"house": (known, numbered(9))}))
        assert not lease_of(first).holds
        first.close()
        second.commit(Commit(8.0))
        second.close()
        assert peek(server).states["house"].ledger.today == 7


async def test_what_opens_wants_a_commit_that_began_after_it_was_asked_for(server: Server, cluster: Cluster):
    """All may be stored long since, and the database another's."""
    store = Store(made(elsewhere(server, "one")))
    journal = Journal(store, store.load(), lambda: 5.0)
    writing = asyncio.create_task(journal.run())
    assert await journal.confirmed(5.0)
    assert await journal.may_open(5.0)
    cluster.ask("UPDATE icalsyncd.holder SET owner = 'another', epoch = epoch + 1", server.dsn)
    assert await journal.stored(5.0)
    assert not await journal.may_open(5.0)
    assert not journal.may_answer
    assert journal.opens_nothing
    await writing
    await journal.close()
    assert cluster.ask("SELECT owner FROM icalsyncd.holder", server.dsn) == [("another",)]
