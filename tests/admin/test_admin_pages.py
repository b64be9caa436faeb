"""The pages as the admin listener of a running daemon gives them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from icalsyncd.admin.page import POLICY
from icalsyncd.admin.templates import STATIC
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


async def test_a_host_that_only_begins_like_loopback_is_refused(home: Daemon) -> None:
    for host in (
        "[::1].evil.com",
        "localhost:1.evil.com",
        "[::1]:1:2",
        "127.0.0.1.evil.com",
        "[::1",
        "::1",
        "",
        "localhost:",
    ):
        assert (await get(home, "/", Host=host))[0] == 403, host
    for host in ("[::1]", f"[::1]:{home.admin}", f"LOCALHOST:{home.admin}", "127.0.0.1", "127.1.2.3:80"):
        assert (await get(home, "/", Host=host))[0] == 200, host


async def test_metrics_are_for_addresses_and_for_names_that_were_given(home: Daemon) -> None:
    home.write(
        home.config.read_text().replace(
            "server:\n", "server:\n  metrics_hosts: [Prom.lan]\n  admin_hosts: [page.lan]\n"
        )
    )
    assert (await home.ask("POST", f"http://127.0.0.1:{home.admin}/-/reload"))[0] == 200
    for host in ("192.168.1.4:15545", "[2001:db8::1]:15545", "localhost", "prom.LAN:15545", "page.lan"):
        status, text, told = await get(home, "/metrics", Host=host)
        assert (status, told["Cache-Control"], told["X-Content-Type-Options"]) == (200, "no-store", "nosniff"), host
        assert "casa" in text
    for host in ("evil.example", "evil.example:15545", "192.168.1.4.evil.example", "[::1].evil.com"):
        status, text, _ = await get(home, "/metrics", Host=host)
        assert (status, "casa" in text) == (403, False), host
    # what an address may ask for is the metrics alone
    assert (await get(home, "/", Host="192.168.1.4:15545"))[0] == 403
    assert (await get(home, "/", Host="prom.lan"))[0] == 403
    for path in ("/-/healthy", "/-/ready"):
        assert (await get(home, path, Host="evil.example"))[0] == 200


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
