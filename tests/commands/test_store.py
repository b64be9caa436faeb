"""`icalsyncd store copy`, and `backup` and `restore` of a state in a database."""

from __future__ import annotations

from pathlib import Path

import pytest

from icalsyncd.state.commit import Commit
from icalsyncd.state.database import Server
from icalsyncd.state.installation import read_installation
from icalsyncd.state.store import Store
from icalsyncd.state.stored import peek
from tests.commands.household import CONFIG, Home
from tests.postgres import Cluster
from tests.state.writer import KEY, body_of, numbered

pytestmark = pytest.mark.slow


async def test_a_backup_of_a_database_is_put_back_into_a_file_and_into_a_database(
    tmp_path: Path, cluster: Cluster
) -> None:
    home, other = Home(tmp_path / "home"), Home(tmp_path / "other")
    home.write(f"{CONFIG}store: {{type: postgresql, dsn_file: dsn}}\n")
    dsn = cluster.database()
    home.folder.joinpath("dsn").write_text(dsn)
    home.make_secret()
    server = Server(dsn, home.state)
    empty = await home.run("backup", tmp_path / "none")
    assert (empty.code, "holds no state" in empty.err) == (1, True)
    another = tmp_path / "another"
    another.mkdir()
    store = Store(Server(dsn, another))
    mark = read_installation(home.state / "secret").mark
    store.commit(Commit(5.0, {"house": (None, numbered(7))}, {KEY: body_of(7)}, (mark, 3.0)))
    kept = tmp_path / "kept"
    beside = await home.run("backup", kept)
    assert beside.code == 0, "beside a daemon: " + beside.err
    store.commit(Commit(6.0, {"house": (numbered(7), numbered(8))}))
    held = await home.run("restore", kept, "--replace")
    assert (held.code, "another icalsyncd has this database" in held.err) == (1, True)
    store.close(well=True)
    kept_out = await home.run("restore", kept)
    assert (kept_out.code, "holds a state already" in kept_out.err) == (1, True)
    back = await home.run("restore", kept, "--replace")
    assert back.code == 0, back.err
    assert peek(server).states["house"].ledger.today == 7
    assert peek(home.state / "state.sqlite3.replaced").states["house"].ledger.today == 8
    other.write(CONFIG)
    assert (await other.run("restore", kept)).code == 0
    assert peek(other.state / "state.sqlite3").states["house"].ledger.today == 7


async def test_what_cannot_be_copied_is_said_and_changes_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.write(CONFIG)
    home.make_secret()
    tmp_path.joinpath("dsn").write_text("host=127.0.0.1 port=1 password=geheimes user=someone")
    for to, code, words in (
        ("nowhere", 2, "say where to"),
        ("sqlite", 1, "lies in"),
        ("postgresql://u:geheimes@127.0.0.1:1/d", 1, "holds no state"),
        (f"file://{tmp_path}/none", 1, "holds no connection string"),
    ):
        done = await home.run("store", "copy", "--to", to)
        assert (done.code, words in done.err) == (code, True), done.err
    Store(home.state / "state.sqlite3").close()
    done = await home.run("store", "copy", "--to", f"file://{tmp_path}/dsn")
    assert (done.code, "nobody listens" in done.err) == (1, True), done.err
    assert "geheimes" not in done.err
    assert not (home.state / "database").exists()
