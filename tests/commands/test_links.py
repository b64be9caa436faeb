"""`icalsyncd links`, and what the links survive."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from icalsyncd.state.installation import open_installation
from tests.commands.household import CONFIG, Home
from tests.commands.program import Done, icalsyncd
from tests.end_to_end.daemon import Daemon, daemon

pytestmark = pytest.mark.slow


@pytest.fixture
def home(home: Home) -> Home:
    """The same house, whose daemon has run once."""
    home.make_secret()
    return home


async def _links(home: Home) -> dict[str, str]:
    done = await home.run("links", "--json")
    assert done.code == 0, done.err
    return {f"{row['accommodation']}/{row['sync']}": row["url"] for row in json.loads(done.out)}


async def test_each_sync_that_sends_has_a_link_under_the_public_url(home: Home) -> None:
    links = await _links(home)
    assert list(links) == ["casa-azul/holidu"]
    assert links["casa-azul/holidu"].startswith("https://cal.example.org/")
    assert links["casa-azul/holidu"].endswith(".ics")
    assert links["casa-azul/holidu"] in (await home.run("links")).out


async def test_config_and_secret_alone_give_the_same_links_on_another_machine(home: Home, tmp_path: Path) -> None:
    there = Home(tmp_path / "there")
    there.write(CONFIG)
    there.state.mkdir()
    links = await _links(home)
    shutil.copy(home.state / "secret", there.state)
    assert await _links(there) == links
    (there.state / "secret").unlink()
    there.make_secret()
    assert await _links(there) != links


async def test_a_new_generation_is_a_new_link(home: Home) -> None:
    links = await _links(home)
    home.write(CONFIG.replace("direction: export", "direction: export\n        link_generation: 2"))
    assert await _links(home) != links


async def test_a_sync_that_says_what_it_was_keeps_its_link(home: Home) -> None:
    links = await _links(home)
    home.write(CONFIG.replace("      holidu:\n", "      holidu-de:\n        was: casa-azul/holidu\n"))
    assert (await _links(home))["casa-azul/holidu-de"] == links["casa-azul/holidu"]


async def test_a_file_that_holds_no_secret_is_never_replaced(home: Home) -> None:
    (home.state / "secret").write_text("something else")
    done = await home.run("links")
    assert done.code == 1
    assert (home.state / "secret").read_text() == "something else"


async def test_no_command_makes_a_secret(home: Home) -> None:
    (home.state / "secret").unlink()
    done = await home.run("links")
    assert (done.code, done.out) == (1, "")
    assert "the daemon makes it when it first starts" in done.err
    given = ("--portal", "agoda", "--accommodation", "casa-azul", "--name", "agoda", "--direction", "export")
    added = await home.run("add", *given)
    assert added.code == 0, added.err
    assert "has no link yet" in added.out
    assert ".ics" not in added.out
    assert (await home.run("check", "--plan")).code == 0
    assert not (home.state / "secret").exists()


@pytest.mark.parametrize("start", ["http://[::1]:8080", None])
async def test_a_link_that_no_portal_can_reach_is_called_so_beside_it(home: Home, start: str | None) -> None:
    url = f"  public_url: {start}\n" if start else ""
    text = CONFIG.replace("listen: 127.0.0.1:5545", "listen: 0.0.0.0:5545")
    home.write(text.replace("  public_url: https://cal.example.org\n", url))
    done = await home.run("links")
    assert done.code == 0
    assert f"no portal can reach {start or 'http://0.0.0.0:5545'}" in done.err
    given = ("--portal", "agoda", "--accommodation", "casa-azul", "--name", "agoda", "--direction", "export")
    assert f"no portal can reach {start or 'http://0.0.0.0:5545'}" in (await home.run("add", *given)).out


def _config(running: Daemon, url: str = "") -> str:
    syncs = "      office: {portal: office, direction: export}\n" + url
    return running.head() + f"accommodations:\n  casa-azul:\n    timezone: UTC\n    syncs:\n{syncs}"


async def test_beside_a_daemon_its_links_are_printed_from_wherever_it_is_asked(tmp_path: Path) -> None:
    async with daemon(tmp_path) as running:
        running.write(_config(running))
        await running.up()
        own = await icalsyncd("links", "--json", "--config", running.config, XDG_STATE_HOME=str(tmp_path / "xdg"))
        assert own.code == 0, own.err
        (row,) = json.loads(own.out)
        assert (await running.ask("GET", row["url"]))[0] == 200
        assert not (tmp_path / "xdg").exists()
        added = await icalsyncd(
            *("add", "--portal", "agoda", "--accommodation", "casa-azul", "--name", "agoda", "--direction", "export"),
            *("--config", running.config),
            XDG_STATE_HOME=str(tmp_path / "xdg"),
        )
        assert added.code == 0, added.err
        assert not (tmp_path / "xdg").exists()
        shown = [line.strip() for line in added.lines if line.strip().endswith(".ics")]
        for link in shown:
            assert (await running.ask("GET", link))[0] == 200
        assert shown or "has not taken the file over" in added.out


async def test_a_secret_beside_the_daemons_is_refused_with_both_named(tmp_path: Path) -> None:
    async with daemon(tmp_path) as running:
        running.write(_config(running))
        await running.up()
        other = tmp_path / "xdg" / "icalsyncd"
        open_installation(other / "secret")
        for where in ({"XDG_STATE_HOME": str(tmp_path / "xdg")}, {"STATE_DIRECTORY": str(other)}):
            done = await icalsyncd("links", "--config", running.config, **where)
            assert (done.code, done.out) == (1, "")
            assert str(other) in done.err
            assert str(running.state) in done.err


async def test_a_daemon_of_another_config_is_not_taken_for_this_ones(tmp_path: Path) -> None:
    async with daemon(tmp_path) as running:
        running.write(_config(running))
        await running.up()
        copied = tmp_path / "other.yaml"
        shutil.copy(running.config, copied)
        done = await icalsyncd("links", "--config", copied, "--state-dir", tmp_path / "elsewhere")
        assert (done.code, done.out) == (1, "")
        assert str(copied) in done.err
        assert str(running.config) in done.err


async def test_root_gets_the_links_though_only_the_service_knows_its_urls(tmp_path: Path) -> None:
    async with daemon(tmp_path, HOLIDU_URL="http://127.0.0.1:9/calendar.ics") as running:
        url = "      holidu: {portal: holidu, direction: bidirectional, url_env: HOLIDU_URL}\n"
        running.write(_config(running, url))
        await running.up()
        done = await icalsyncd("links", "--json", "--config", running.config, "--state-dir", running.state)
        assert done.code == 0, done.err
        assert [row["sync"] for row in json.loads(done.out)] == ["office", "holidu"]
        where = ("--yes", "--config", running.config, "--state-dir", running.state)
        paused = await icalsyncd("pause", "casa-azul/holidu", *where)
        assert (paused.code, paused.err) == (0, "")
        assert (await running.sync("casa-azul/holidu"))["state"] == "paused"
        assert (await icalsyncd("resume", "casa-azul/holidu", *where)).code == 0
        assert (await running.sync("casa-azul/holidu"))["state"] != "paused"


async def test_links_are_told_to_the_host_alone(tmp_path: Path) -> None:
    async with daemon(tmp_path) as running:
        running.write(_config(running))
        await running.up()
        _, body = await running.get("/-/links")
        (row,) = json.loads(body)["links"]
        refused, answer, _ = await running.ask(
            "GET", f"http://127.0.0.1:{running.admin}/-/links", {"Host": "evil.example"}
        )
        assert refused == 403
        assert b".ics" not in answer
        token = row["url"].rpartition("/")[2].encode()
        for path in ("/api/v1/status", "/metrics"):
            assert token not in (await running.get(path))[1]


async def _beside_a_service(home: Home, service: Path, *arguments: object) -> Done:
    """Run a command of this user's on a machine whose service has its state in *service*."""
    program = (
        "import sys, pathlib, icalsyncd.config.paths as paths, icalsyncd.commands.client as client; "
        f"paths.SERVICE_STATE = client.SERVICE_STATE = pathlib.Path({str(service)!r}); "
        "from icalsyncd.cli import main; sys.exit(main())"
    )
    return await icalsyncd(
        *arguments, "--config", home.config, start=("-c", program), XDG_STATE_HOME=str(home.folder / "xdg")
    )


async def test_the_services_state_folder_is_meant_where_there_is_one(home: Home, tmp_path: Path) -> None:
    links = await _links(home)
    done = await _beside_a_service(home, home.state, "links", "--json")
    assert done.code == 0, done.err
    assert links["casa-azul/holidu"] in done.out
    empty = await _beside_a_service(home, tmp_path / "nothing", "links")
    assert empty.code == 1
    assert "there is no secret" in empty.err
    open_installation(home.folder / "xdg" / "icalsyncd" / "secret")
    for command in (("links",), ("pause", "casa-azul/holidu"), ("status",)):
        both = await _beside_a_service(home, home.state, *command)
        assert (both.code, both.out) == (1, "")
        assert str(home.state) in both.err
        assert str(home.folder / "xdg" / "icalsyncd") in both.err
