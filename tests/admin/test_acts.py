"""What the page changes of the config: written with all else as it was, or shown to be pasted."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.end_to_end.daemon import Daemon, daemon
from tests.end_to_end.portal import Portal, calendar, day, portals

pytestmark = pytest.mark.slow

SECRET = "key-that-nobody-may-see"


def config(home: Daemon, portal: Portal, edit: bool) -> str:
    return home.head(edit=str(edit).lower(), removal_delay="30m") + (
        "\n# my house\naccommodations:\n"
        "  casa:   # by the sea\n"
        "    timezone: UTC\n"
        "    blocks:\n"
        f"      # every year\n      - {{from: {day(90)}, to: {day(95)}, note: 'family: all'}}   # mine\n\n"
        "    syncs:\n"
        f"      holidu: {{portal: holidu, direction: bidirectional, url: '{portal.url}/1?t={SECRET}'}}  # theirs\n"
        "      office: {portal: office, direction: export}\n"
    )


class Home:
    """A daemon, asked as the page asks it."""

    def __init__(self, made: Daemon, portal: Portal) -> None:
        self.daemon, self.portal = made, portal

    async def post(self, path: str, headers: dict[str, str] | None = None, **fields: str) -> tuple[int, Any]:
        url = f"http://127.0.0.1:{self.daemon.admin}/-/{path}"
        async with aiohttp.ClientSession() as session, session.post(url, data=fields, headers=headers) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text.startswith(("{", "[")) else text

    async def digest(self) -> str:
        return str((await self.daemon.status())["config"]["digest"])

    async def act(self, path: str, **fields: str) -> Any:
        status, answer = await self.post(path, **fields, digest=await self.digest())
        assert status == 200, answer
        return answer

    async def nights(self) -> set[str]:
        (house,) = (await self.daemon.status())["accommodations"]
        return {run["from"] for run in house["nights"] if run["origins"] == ["local"]}

    @property
    def text(self) -> str:
        return self.daemon.config.read_text(encoding="utf-8")


@asynccontextmanager
async def at_home(folder: Path, *, edit: bool) -> AsyncIterator[Home]:
    async with portals(1) as (portal,), daemon(folder) as made:
        portal.body = calendar((10, 14))
        made.write(config(made, portal, edit))
        await made.up()
        await made.until(lambda: made.get("/-/ready"), lambda answer: answer[0] == 200)
        yield Home(made, portal)


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    async with at_home(tmp_path, edit=True) as made:
        yield made


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[Home]:
    """One that may not write."""
    async with at_home(tmp_path, edit=False) as made:
        yield made


async def test_each_act_changes_its_own_line_and_undo_puts_every_byte_back(home: Home) -> None:
    first = home.text
    mode = home.daemon.config.stat().st_mode
    span = {"accommodation": "casa", "from": str(day(50)), "to": str(day(53))}
    made = await home.act("block", **span, note="aunt: Ana # 2")
    blocked = home.text
    line = f'      - {{from: {day(50)}, to: {day(53)}, note: "aunt: Ana # 2"}}'
    assert blocked == first.replace("# mine\n", f"# mine\n{line}\n")
    assert (made["written"], made["file"], made["undo"]) == (True, "config.yaml", True)
    assert blocked.splitlines()[made["line"] - 1] == line
    assert made["said"].endswith(f"config.yaml, line {made['line']}.")
    assert await home.digest() == made["digest"] == hashlib.sha256(blocked.encode()).hexdigest()
    # it counts when the answer is there
    assert str(day(50)) in await home.nights()
    # a second one on top of it, and both taken back, the last one first
    await home.act("pause", sync="casa/holidu")
    assert home.text == blocked.replace(f"{SECRET}'}}", f"{SECRET}', paused: true}}")
    assert (await home.daemon.sync("casa/holidu"))["state"] == "paused"
    status, _ = await home.post("undo", digest=made["digest"])
    assert (status, home.text) == (409, home.text)
    back = await home.act("undo")
    assert (home.text, back["undo"]) == (blocked, True)
    assert (await home.daemon.sync("casa/holidu"))["state"] != "paused"
    back = await home.act("undo")
    assert (home.text, back["undo"], back["waits"]) == (first, False, 1800)
    assert (await home.post("undo", digest=await home.digest()))[0] == 409
    # keep, and resumed
    await home.act("pause", sync="casa/office", keep="1")
    assert "office: {portal: office, direction: export, paused: keep}" in home.text
    await home.act("resume", sync="casa/office")
    assert "office: {portal: office, direction: export, paused: false}" in home.text
    gone = await home.act("unblock", accommodation="casa", **{"from": str(day(91)), "to": str(day(93))})
    assert gone["waits"] == 1800
    assert f"- {{from: {day(90)}, to: {day(91)}, note: 'family: all'}}   # mine" in home.text
    assert f'- {{from: {day(93)}, to: {day(95)}, note: "family: all"}}' in home.text
    assert home.daemon.config.stat().st_mode == mode
    assert SECRET not in home.daemon.words()
    assert "Ana" not in home.daemon.words()


async def test_a_file_that_changed_meanwhile_is_refused_with_both_named(home: Home) -> None:
    shown = await home.digest()
    edited = home.text + "# somebody else\n"
    home.daemon.config.write_text(edited, encoding="utf-8")
    there = hashlib.sha256(edited.encode()).hexdigest()
    fields = {"accommodation": "casa", "from": str(day(50)), "to": str(day(53))}
    status, answer = await home.post("block", **fields, digest=shown)
    assert status == 409
    assert shown[:12] in answer["error"]
    assert there[:12] in answer["error"]
    assert home.text == edited
    # an edit that nobody has seen is not built upon, also where the daemon refuses the file
    broken = edited + "nonsense: true\n"
    home.daemon.config.write_text(broken, encoding="utf-8")
    await home.daemon.post("/-/reload")
    assert (await home.post("block", **fields, digest=await home.digest()))[0] == 409
    status, answer = await home.post("block", **fields, digest=hashlib.sha256(broken.encode()).hexdigest())
    assert (status, home.text) == (409, broken)
    assert "nonsense" in answer["error"]


async def test_what_cannot_be_done_is_answered_and_changes_nothing(home: Home) -> None:
    first, digest = home.text, await home.digest()
    good = {"accommodation": "casa", "from": str(day(50)), "to": str(day(53))}
    for path, fields, wanted in (
        ("block", {}, 400),
        ("block", {**good, "from": "tomorrow"}, 400),
        ("block", {**good, "to": str(day(50))}, 400),
        ("block", {**good, "to": "9999-12-31"}, 400),
        ("block", {**good, "note": "a\nb: c"}, 400),
        ("block", {**good, "note": "x" * 201}, 400),
        ("block", {**good, "accommodation": "nowhere"}, 409),
        ("block", {**good, "accommodation": "casa: {x"}, 409),
        ("block", {**good, "from": str(day(91)), "to": str(day(92))}, 409),
        ("unblock", good, 409),
        ("pause", {}, 400),
        ("pause", {"sync": "casa"}, 400),
        ("pause", {"sync": "casa/nobody"}, 409),
        ("resume", {"sync": "nowhere/holidu"}, 409),
        ("undo", {}, 409),
    ):
        status, answer = await home.post(path, **fields, digest=digest)
        assert (status, bool(answer["error"])) == (wanted, True), (path, fields, answer)
    assert (await home.post("block", **good))[0] == 400
    assert (await home.post("block", **good, digest="x" * 5000))[0] in (400, 409)
    assert home.text == first


async def test_a_service_that_may_not_write_shows_the_lines_to_paste(reader: Home) -> None:
    first = reader.text
    span = {"accommodation": "casa", "from": str(day(50)), "to": str(day(53))}
    made = await reader.act("block", **span, note="aunt")
    assert (made["written"], made["undo"], reader.text) == (False, False, first)
    assert made["lines"] == (
        f"accommodations:\n  casa:\n    blocks:\n      - {{from: {day(50)}, to: {day(53)}, note: aunt}}"
    )
    assert "server.edit" in made["said"]
    made = await reader.act("pause", sync="casa/holidu", keep="1")
    assert made["lines"] == "accommodations:\n  casa:\n    syncs:\n      holidu:\n        paused: keep"
    # of the line that it changes, which holds a URL, nothing is shown
    assert SECRET not in json.dumps(made)
    made = await reader.act("unblock", accommodation="casa", **{"from": str(day(90)), "to": str(day(95))})
    assert made["lines"] == "accommodations:\n  casa:\n    blocks: []"
    assert reader.text == first
    assert (await reader.post("undo", digest=await reader.digest()))[0] == 409


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/usr/bin/chattr").exists(), reason="root may write everything")
async def test_a_folder_that_cannot_be_written_shows_the_lines_too(home: Home) -> None:
    import subprocess

    first = home.text
    freeze = ["chattr", "+i"] if os.geteuid() == 0 else ["chmod", "a-w"]
    thaw = ["chattr", "-i"] if os.geteuid() == 0 else ["chmod", "u+w"]
    places = [home.daemon.config, home.daemon.folder]
    if subprocess.run([*freeze, *places], capture_output=True).returncode:
        subprocess.run([*thaw, *places], capture_output=True)
        pytest.skip("this file system cannot be made read-only")
    try:
        made = await home.act("block", accommodation="casa", **{"from": str(day(50)), "to": str(day(53))})
    finally:
        subprocess.run([*thaw, *places], check=True)
    assert (made["written"], home.text) == (False, first)
    assert "cannot be written" in made["why"]
    assert "blocks:" in made["lines"]


async def test_what_an_act_would_open_is_told_before(home: Home) -> None:
    await home.daemon.fetch("casa/holidu")
    _, ahead = await home.post("pause", sync="casa/holidu", dry_run="1")
    assert ahead["opens_elsewhere"] == [{"from": str(day(10)), "to": str(day(14))}]
    assert ahead["opens_there"] == [{"from": str(day(90)), "to": str(day(95))}]
    assert (await home.post("pause", sync="casa/holidu", keep="1", dry_run="1"))[1]["opens"] == []
    span = {"accommodation": "casa", "from": str(day(8)), "to": str(day(12))}
    _, ahead = await home.post("block", **span, dry_run="1")
    assert ahead["taken"] == [{"from": str(day(10)), "to": str(day(12))}]
    _, ahead = await home.post(
        "unblock", accommodation="casa", **{"from": str(day(94)), "to": str(day(99))}, dry_run="1"
    )
    assert ahead["opens"] == [{"from": str(day(94)), "to": str(day(95))}]
    await home.act("pause", sync="casa/holidu")
    _, ahead = await home.post("resume", sync="casa/holidu", dry_run="1")
    assert (ahead["safe"], ahead["safe_from"]) == (False, None)
    assert "paused: true" in home.text


async def test_acts_are_for_users_or_for_who_sits_at_the_machine(home: Home) -> None:
    first, digest = home.text, await home.digest()
    fields = {"accommodation": "casa", "from": str(day(50)), "to": str(day(53)), "digest": digest}
    for headers in (
        {"X-Forwarded-For": "127.0.0.1"},
        {"Host": "127.0.0.1.evil.example"},
        {"Origin": "http://evil.example"},
    ):
        for path in ("block", "unblock", "pause", "resume", "undo"):
            assert (await home.post(path, headers, **fields, sync="casa/holidu"))[0] == 403
    assert (await home.post("block", {"Sec-Fetch-Site": "cross-site"}, **fields))[0] == 403
    assert home.text == first
