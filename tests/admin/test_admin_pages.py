"""The pages as the admin listener of a running daemon gives them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from icalsyncd.admin.page import POLICY, STATIC
from tests.end_to_end.daemon import Daemon, daemon
from tests.end_to_end.portal import day

pytestmark = pytest.mark.slow

NIGHT = f"/explain?accommodation=casa&night={day(4)}"
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Daemon]:
    """A daemon with one accommodation whose name is markup."""
    async with daemon(tmp_path) as made:
        made.write(
            made.head()
            + "accommodations:\n  casa:\n"
            + f"    name: '{HOSTILE}'\n    timezone: UTC\n    blocks: [{{from: {day(3)}, to: {day(6)}}}]\n"
            + "    syncs:\n      office: {portal: office, direction: export}\n"
        )
        await made.up()
        yield made


async def get(home: Daemon, path: str, **headers: str) -> tuple[int, str, dict[str, str]]:
    status, body, told = await home.ask("GET", f"http://127.0.0.1:{home.admin}{path}", headers)
    return status, body.decode(), dict(told)


async def test_they_allow_no_script_or_style_but_their_own(home: Daemon) -> None:
    for path in ("/", NIGHT):
        status, _, told = await get(home, path)
        assert status == 200
        assert told["Content-Security-Policy"] == POLICY
        assert told["X-Content-Type-Options"] == "nosniff"
        assert told["Cache-Control"] == "no-store"
    for path, kind in STATIC.items():
        status, _, told = await get(home, path)
        assert (status, told["Content-Type"]) == (200, f"{kind}; charset=utf-8")


async def test_a_page_under_another_hosts_name_gets_none_of_them(home: Daemon) -> None:
    for path in ("/", NIGHT, *STATIC):
        status, text, _ = await get(home, path, Host="evil.example")
        assert status == 403
        assert "casa" not in text
        assert "403" in f"{(await get(home, path, Host=f'evil.example:{home.admin}'))[0]}"


async def test_markup_in_names_and_readers_is_text(home: Daemon) -> None:
    link = home.links()["casa/office"]
    await home.ask("GET", link, {"User-Agent": HOSTILE})
    _, text, _ = await get(home, "/")
    assert "<img" not in text
    assert text.count("&lt;img src=x onerror=alert(2)&gt;") >= 2
    assert link in text


async def test_a_night_that_is_none_is_refused_in_words(home: Daemon) -> None:
    for night in ("", "tomorrow", "2026-13-01", "0001-01-01", "9999-12-31"):
        assert (await get(home, f"/explain?accommodation=casa&night={night}"))[0] == 400
    assert (await get(home, f"/explain?accommodation=nowhere&night={day(1)}"))[0] == 404


async def test_the_page_says_where_in_the_config_a_sync_is_written(home: Daemon) -> None:
    _, text, _ = await get(home, "/")
    lines = home.config.read_text(encoding="utf-8").splitlines()
    line = next(number for number, words in enumerate(lines, 1) if "office:" in words)
    assert f"<code>config.yaml:{line}</code>" in text
