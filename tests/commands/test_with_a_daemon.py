"""The commands beside a daemon that runs."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest

from tests.commands.program import Done, at_a_terminal, icalsyncd
from tests.end_to_end.daemon import Daemon, daemon, nights_of
from tests.end_to_end.portal import Portal, calendar, day

pytestmark = pytest.mark.slow

House = tuple[Daemon, Portal, Portal]


async def _run(running: Daemon, *arguments: object) -> Done:
    return await icalsyncd(*arguments, "--config", running.config, "--state-dir", running.state)


async def test_status_has_one_line_a_sync_and_1_where_one_is_failing(house: House) -> None:
    running, first, _ = house
    well = await _run(running, "status")
    assert well.code == 0
    assert [line.split()[0] for line in well.lines[:3]] == ["SYNC", "casa-azul/holidu", "casa-azul/vrbo"]
    assert well.lines[3:] == ["2 links were never read by their portals: casa-azul/holidu and casa-azul/vrbo."]
    assert json.loads((await _run(running, "status", "--json")).out)["config"]["ok"] is True
    first.body = b"<html>"
    assert (await _run(running, "pull", "casa-azul/holidu")).code == 1
    ill = await _run(running, "status")
    assert ill.code == 1
    assert "not_calendar" in ill.out


async def test_overbooked_nights_are_named(house: House) -> None:
    running, first, second = house
    second.body = calendar((30, 33, "Reserved"), (40, 42))
    first.body = calendar((30, 33), (50, 51))
    await _run(running, "pull")
    done = await _run(running, "status")
    assert "overbooked by holidu and vrbo" in done.out or "closed by holidu and vrbo" in done.out
    assert f"{day(30):%a} {day(30).day} {day(30):%b}" in done.out


async def test_a_config_that_cannot_be_run_keeps_nobody_from_the_daemon(house: House) -> None:
    running, *_ = house
    running.write("terms: no\n")
    refused = await _run(running, "reload")
    assert refused.code == 1
    assert "terms" in refused.out
    told = await _run(running, "status")
    assert told.code == 0
    assert "config.yaml is refused: " in told.out
    assert "config.yaml:1:" in told.out
    assert (await _run(running, "healthcheck")).code == 0


async def test_a_pull_tells_what_came(house: House) -> None:
    running, first, _ = house
    first.body = calendar((30, 33), (60, 62))
    tried = await _run(running, "pull", "--dry-run")
    assert tried.code == 0
    assert "2 would be new" in tried.out
    assert (await running.sync("casa-azul/holidu"))["claimed_nights"] == 3
    done = await _run(running, "pull", "--json")
    assert [(row["sync"], row["nights"], row["new"]) for row in json.loads(done.out)] == [
        ("casa-azul/holidu", 5, 2),
        ("casa-azul/vrbo", 2, 0),
    ]
    assert (await _run(running, "pull", "casa-azul/nobody")).code == 1
    assert (await _run(running, "pull", "nobody")).code == 2


async def test_a_dry_pull_of_a_suspicious_copy_says_which_nights_it_lacks(house: House) -> None:
    running, first, _ = house
    first.body = calendar((30, 33), (60, 70))
    await _run(running, "pull")
    first.body = calendar((80, 81))
    tried = await _run(running, "pull", "casa-azul/holidu", "--dry-run")
    assert "held" in tried.out
    assert "1 would be new" in tried.out
    lacks = f"its calendar lacks {day(30)}..{day(33)} {day(60)}..{day(70)}"
    assert f"{lacks}: would stay closed until that is sure" in tried.out
    (row,) = json.loads((await _run(running, "pull", "casa-azul/holidu", "--dry-run", "--json")).out)
    assert row["kept"] == [
        {"from": day(30).isoformat(), "to": day(33).isoformat()},
        {"from": day(60).isoformat(), "to": day(70).isoformat()},
    ]
    assert (await running.sync("casa-azul/holidu"))["state"] == "ok"


async def test_explain_says_the_stay_on_the_clock_of_the_house(house: House) -> None:
    running, *_ = house
    running.write(running.config.read_text().replace("timezone: UTC", "timezone: Asia/Kolkata"))
    await _run(running, "reload")
    said = (await _run(running, "explain", "casa-azul", day(31))).out
    assert f"holidu shows {day(30)} to {day(33)} as taken since " in said
    assert re.search(r"since \d{4}-\d\d-\d\d \d\d:\d\d IST\.", said)
    assert "We take it for an origin: someone took these nights at holidu, since " in said
    (claim,) = json.loads((await _run(running, "explain", "casa-azul", day(31), "--json")).out)["claims"]
    assert (claim["from"], claim["to"]) == (day(30).isoformat(), day(33).isoformat())
    page = (await running.get(f"/explain?accommodation=casa-azul&night={day(31)}"))[1].decode()
    assert "holidu shows " in page
    assert " as taken since " in page
    assert re.search(r"as taken since [^<]*\d\d:\d\d", page), page[page.index("as taken since") - 80 :][:300]


async def test_explain_is_for_people_who_do_not_know_the_rules(house: House) -> None:
    running, *_ = house
    done = await _run(running, "explain", "casa-azul", day(31))
    assert done.code == 0
    assert "holidu" in done.out
    found = json.loads((await _run(running, "explain", "casa-azul", day(31), "--json")).out)
    assert [claim["verdict"] for claim in found["claims"]] == ["origin"]
    assert (await _run(running, "explain", "elsewhere", day(31))).code == 1


async def test_pause_says_what_opens_and_resume_what_to_wait_for(house: House) -> None:
    running, *_ = house
    text = running.config.read_text()
    assert nights_of(await running.fetch("casa-azul/vrbo")) == {day(offset).isoformat() for offset in (30, 31, 32)}
    unasked = await _run(running, "pause", "casa-azul/holidu")
    assert unasked.code == 2
    assert "add --yes" in unasked.err
    assert running.config.read_text() == text
    paused = await _run(running, "pause", "casa-azul/holidu", "--yes")
    assert paused.code == 0, paused.err
    assert f"at holidu open, though taken elsewhere: 2 nights ({day(40)} to {day(42)})" in paused.out
    assert "30 minutes" in paused.out
    assert (
        nights_of(await running.fetch("casa-azul/holidu")) == nights_of(await running.fetch("casa-azul/vrbo")) == set()
    )
    assert (await running.sync("casa-azul/holidu"))["state"] == "paused"
    assert "safe to resume in 29 min" in (await _run(running, "status")).out
    assert (await _run(running, "resume", "casa-azul/holidu")).code == 2
    resumed = await _run(running, "resume", "casa-azul/holidu", "--yes")
    assert "too soon" in resumed.out
    assert (await _run(running, "resume", "casa-azul/holidu")).out == "casa-azul/holidu is not paused\n"
    await running.until(lambda: running.sync("casa-azul/holidu"), lambda sync: sync["claimed_nights"] == 3)
    assert running.config.read_text().replace(", paused: false", "") == text
    unknown = await _run(running, "pause", "casa-azul/holido")
    assert (unknown.code, "did you mean casa-azul/holidu?" in unknown.err) == (1, True)


async def test_the_plan_names_the_nights_that_a_removal_releases(house: House) -> None:
    running, *_ = house
    lines = running.config.read_text().splitlines(keepends=True)
    draft = running.folder / "draft.yaml"
    draft.write_text("".join(line for line in lines if "holidu" not in line))
    done = await _run(running, "check", draft, "--plan")
    assert done.code == 0
    assert "casa-azul/holidu leaves: kept as it was for 30m" in done.lines
    assert f"casa-azul releases 3 nights ({day(30)} to {day(33)})" in done.out
    assert (await running.sync("casa-azul/holidu"))["state"] == "ok"


async def test_the_plan_names_settings_by_their_keys_and_never_their_values(house: House) -> None:
    running, *_ = house
    draft = running.folder / "draft.yaml"
    text = running.config.read_text().replace("interval: 30m", "interval: 1h")
    draft.write_text(text.replace("portal: vrbo,", "portal: vrbo, dtend: inclusive, user_agent: private-word,"))
    done = await _run(running, "check", draft, "--plan")
    assert done.lines == [
        "pull changes: interval",
        "casa-azul/holidu changes: interval",
        "casa-azul/vrbo changes: interval",
        "casa-azul/vrbo changes: user_agent",
        "casa-azul/vrbo changes: dtend",
    ]


async def test_a_clock_that_is_believed_needs_no_accepting(house: House) -> None:
    running, *_ = house
    done = await _run(running, "accept", "clock", "--yes")
    assert done.code == 1
    assert "the clock is believed" in done.out + done.err


async def test_accept_shows_what_it_releases_and_asks(house: House) -> None:
    running, *_ = house
    lines = running.config.read_text().splitlines(keepends=True)
    running.write("".join(line for line in lines if "holidu" not in line))
    assert (await _run(running, "reload")).code == 0
    unasked = await _run(running, "accept", "casa-azul/holidu")
    assert unasked.code == 2
    assert f"releases: {day(30)} to {day(33)}" in unasked.out

    def play(answer: str) -> int:
        command = ("accept", "casa-azul/holidu", "--config", running.config, "--state-dir", running.state)
        with at_a_terminal(*command) as session:
            session.expect("End the wait now")
            session.type(answer)
            return session.ended()

    assert await asyncio.to_thread(play, "") == 1
    assert nights_of(await running.fetch("casa-azul/vrbo")) != set()
    assert await asyncio.to_thread(play, "y") == 0
    assert nights_of(await running.fetch("casa-azul/vrbo")) == set()
    assert (await _run(running, "accept", "casa-azul")).code == 1


async def test_rotate_ends_an_old_link_at_once(house: House) -> None:
    running, *_ = house
    old = running.links()["casa-azul/vrbo"]
    running.write(running.config.read_text().replace("portal: vrbo,", "portal: vrbo, link_generation: 2,"))
    assert (await _run(running, "reload")).code == 0
    assert running.links()["casa-azul/vrbo"] != old
    assert (await running.ask("GET", old))[0] == 200
    assert (await _run(running, "rotate", "casa-azul/vrbo", "--now")).code == 0
    assert (await running.ask("GET", old))[0] == 404
    now = running.links()["casa-azul/vrbo"]
    running.write(running.config.read_text().replace("link_generation: 2", "link_generation: 1"))
    assert (await _run(running, "reload")).code == 0
    assert running.links()["casa-azul/vrbo"] == now, "a reverted config does not bring an ended link back"
    assert (await running.ask("GET", old))[0] == 404
    _, page, _ = await running.ask("GET", f"http://127.0.0.1:{running.admin}/")
    assert b"`link_generation: 1` has ended" in page


async def test_a_backup_of_a_running_daemon_is_the_same_installation_elsewhere(house: House, tmp_path: Path) -> None:
    running, *_ = house
    links, feeds = running.links(), await running.feeds()
    file = tmp_path / "backup.tar.gz"
    done = await _run(running, "backup", file)
    assert done.code == 0, done.err
    assert file.stat().st_mode & 0o777 == 0o600
    assert (await _run(running, "restore", file)).code == 1
    async with daemon(tmp_path / "elsewhere") as there:
        there.folder.mkdir()
        there.listen, there.admin = running.listen, running.admin
        there.write(running.config.read_text())
        running.stop()
        restored = await _run(there, "restore", file)
        assert restored.code == 0, restored.err
        again = await _run(there, "restore", file)
        assert (again.code, "--replace" in again.err) == (1, True)
        assert (await _run(there, "restore", file, "--replace")).code == 0
        await there.up()
        assert there.links() == links
        # what its portals were told since is not known: no feed is told before they were pulled anew
        await there.until(lambda: there.post("/-/pull"), lambda answer: b"failed" not in answer[1])
        await there.until(lambda: there.get("/-/ready"), lambda answer: answer[0] == 200)
        assert await there.feeds() == feeds


async def test_what_is_no_backup_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "backup").write_bytes(b"something else")
    for file in ("backup", "nowhere"):
        done = await icalsyncd(
            "restore", tmp_path / file, "--state-dir", tmp_path / "state", "--config", tmp_path / "c"
        )
        assert done.code == 1
        assert list((tmp_path / "state").iterdir()) == []


async def test_a_pause_that_keeps_opens_nothing_and_says_so_everywhere(house: House) -> None:
    running, first, second = house
    done = await _run(running, "pause", "casa-azul/holidu", "--keep")
    assert done.code == 0
    assert "opens nothing" in done.out
    assert "paused: keep" in running.config.read_text()
    sync = await running.until(lambda: running.sync("casa-azul/holidu"), lambda sync: sync["state"] == "paused")
    assert (sync["keeps"], sync["claimed_nights"], sync["released_nights"]) == (True, 3, 0)
    first.body, second.body = calendar((50, 51)), calendar((60, 62))
    await _run(running, "pull")
    assert (await _run(running, "accept", "casa-azul/vrbo", "--yes")).code == 0
    assert (await running.sync("casa-azul/vrbo"))["claimed_nights"] == 2
    feeds = await running.feeds()
    assert nights_of(feeds["casa-azul/vrbo"]) == {day(each).isoformat() for each in (30, 31, 32)}
    assert nights_of(feeds["casa-azul/holidu"]) == {day(each).isoformat() for each in (40, 41, 60, 61)}
    told = await _run(running, "status")
    assert told.code == 0
    need = "casa-azul/holidu is paused since"
    kept = "and kept as it was: what its portal sells since is not known."
    well = (await running.get("/-/well"))[1].decode()
    page = (await running.get("/"))[1].decode()
    explained = (await _run(running, "explain", "casa-azul", day(31))).out
    for text in (told.out, well, page):
        assert need in text
        assert kept in text
    assert "and kept as it was: what its portal shows since is not known." in explained
    assert "a sync is paused, and kept as it was" in running.words()
    assert not [line for line in running.words().splitlines() if "nights freed" in line and str(day(30)) in line]
    first.body = calendar((30, 33), (50, 51))
    assert (await _run(running, "resume", "casa-azul/holidu")).code == 0
    assert "paused: false" in running.config.read_text()
    await running.until(lambda: running.sync("casa-azul/holidu"), lambda sync: sync["claimed_nights"] == 4)


async def test_a_pause_that_leaves_taken_nights_open_is_not_well_anywhere(house: House) -> None:
    running, *_ = house
    assert (await _run(running, "pause", "casa-azul/holidu", "--yes")).code == 0
    told = await _run(running, "status")
    assert told.code == 1
    assert "3 nights that it sold are open everywhere else, and 2 nights taken elsewhere are open there" in told.out
    page = (await running.get("/"))[1].decode()
    assert "All is well" not in page
    assert "casa-azul/holidu is paused since" in page
    assert "3 nights that it sold are open everywhere else" in page
    assert 'class="night d' in page
    assert " released c1" in page
    explained = (await _run(running, "explain", "casa-azul", day(31))).out
    assert "holidu is paused since" in explained
    assert await running.metric("icalsyncd_sync_paused_open_nights", sync="holidu") == 5
    assert await running.metric("icalsyncd_sync_paused_open_nights", sync="vrbo") == 0
    stay = f"{day(30)}..{day(33)}"
    freed = next(line for line in running.words().splitlines() if "nights freed" in line)
    assert stay in freed
    assert "holidu is paused" in freed
    assert "casa-azul" in freed
    assert (await _run(running, "resume", "casa-azul/holidu", "--yes")).code == 0
    await running.until(lambda: running.sync("casa-azul/holidu"), lambda sync: sync["claimed_nights"] == 3)
    assert (await _run(running, "status")).code == 0
    assert [line for line in running.words().splitlines() if "nights closed" in line and stay in line][1:]


async def test_a_block_that_leaves_is_shown_with_its_time_and_logged(house: House) -> None:
    running, *_ = house
    text = running.config.read_text()
    with_block = text.replace(
        "    syncs:\n", f"    blocks: [{{from: {day(50)}, to: {day(53)}, note: family}}]\n    syncs:\n"
    )
    running.write(with_block)
    await _run(running, "reload")
    assert "is no longer in config.yaml" not in (await _run(running, "status")).out
    running.write(text)
    await _run(running, "reload")
    told = await _run(running, "status")
    assert "casa-azul: your own block of the 3 nights from " in told.out
    assert "no longer in config.yaml: at " in told.out
    page = (await running.get("/"))[1].decode()
    assert "All is well" not in page
    assert "no longer in config.yaml: at" in page
    assert "a block is leaving: no longer in the config" in running.words()
    assert (await _run(running, "accept", "casa-azul", "--yes")).code == 0
    lines = [line for line in running.words().splitlines() if f"{day(50)}..{day(53)}" in line]
    assert [word for word in ("the host ended a wait", "nights freed") if not any(word in line for line in lines)] == []


async def test_no_command_says_of_another_file_that_the_daemon_has_taken_it_over(house: House, tmp_path: Path) -> None:
    running, *_ = house
    draft = tmp_path / "draft" / "config.yaml"
    draft.parent.mkdir()
    text = running.config.read_text()
    draft.write_text(text.replace("timezone: UTC", "timezone: UTC\n    name: A draft"))
    draft.chmod(0o600)
    before = draft.read_text()
    where = ("--config", draft, "--state-dir", running.state)
    for command in (
        ("block", "casa-azul", "tonight", "tomorrow"),
        ("unblock", "casa-azul", "tonight", "tomorrow"),
        ("pause", "casa-azul/vrbo", "--yes"),
        ("pause", "casa-azul/vrbo", "--keep"),
    ):
        refused = await icalsyncd(*command, *where)
        assert refused.code == 1, command
        assert f"the daemon runs {running.config}, and not {draft}. Nothing was written" in refused.err
    assert (draft.read_text(), running.config.read_text()) == (before, text)
    # a draft may be begun while a service runs, and is called one
    asked = ("--portal", "agoda", "--accommodation", "casa-azul", "--direction", "export", "--name", "agoda")
    added = await icalsyncd("add", *asked, "--yes", *where)
    assert added.code == 1
    assert f"the daemon runs {running.config}, and not {draft}: for the daemon nothing has changed" in added.out
    assert "taken it over" not in added.out
    # the same text under another path may be the same file, as from outside of a container: whether it is shows afterwards
    draft.write_text(text)
    paused = await icalsyncd("pause", "casa-azul/vrbo", "--yes", *where)
    assert (paused.code, "for the daemon nothing has changed" in paused.out) == (1, True)
    assert "paused: true" in draft.read_text()
