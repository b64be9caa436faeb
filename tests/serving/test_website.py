"""The public calendar: only where the host wants it, only free and taken, and nothing that a stranger sends gets into it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import AsyncIterator
from hashlib import sha256

import pytest
import pytest_asyncio

from tests.end_to_end.daemon import Daemon, daemon
from tests.end_to_end.portal import Portal, calendar, day, portals

HOSTILE = '</title><script>alert(1)</script>"'


def config(home: Daemon, portal: Portal, website: str) -> str:
    return home.head(public_url="https://cal.example.org") + (
        f"accommodations:\n  casa-azul:\n    name: '{HOSTILE}'\n    timezone: UTC\n{website}"
        f"    blocks: [{{from: {day(60)}, to: {day(62)}, note: secret-party}}]\n    syncs:\n"
        f"      holidu: {{portal: holidu, direction: bidirectional, url: '{portal.url}'}}\n"
        "      vrbo: {portal: vrbo, direction: export}\n"
        "  torre:\n    timezone: UTC\n    syncs: {vrbo: {portal: vrbo, direction: export}}\n"
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def home(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Daemon, Portal]]:
    async with portals(1) as (portal,), daemon(tmp_path_factory.mktemp("website")) as made:
        portal.body = calendar((2, 5, "Ana Guest"), (30, 33))
        made.write(config(made, portal, "    website: true\n"))
        await made.up()
        await made.until(lambda: made.get("/-/ready"), lambda answer: answer[0] == 200)
        yield made, portal


async def get(home: Daemon, path: str, **headers: str) -> tuple[int, str, dict[str, str]]:
    status, body, told = await home.ask("GET", f"http://127.0.0.1:{home.listen}{path}", headers)
    return status, body.decode(), {name.lower(): value for name, value in told.items()}


pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def test_json_has_the_taken_nights_and_nothing_else(home: tuple[Daemon, Portal]) -> None:
    status, text, told = await get(home[0], "/website/casa-azul.json")
    assert (status, told["access-control-allow-origin"]) == (200, "*")
    answer = json.loads(text)
    assert answer.keys() == {"accommodation", "name", "from", "to", "taken"}
    ranges = ((2, 5), (30, 33), (60, 62))
    assert answer["taken"] == [{"from": str(day(start)), "to": str(day(end))} for start, end in ranges]
    assert answer["from"] == str(day(0))


async def test_the_page_says_free_and_taken_and_no_word_of_portals_or_guests(home: tuple[Daemon, Portal]) -> None:
    status, text, told = await get(home[0], "/website/casa-azul")
    assert status == 200
    assert text.count("<table>") == 12
    assert text.count("taken</span>") == 3 + 3 + 2
    for word in ("holidu", "vrbo", "Ana", "secret-party", "icalsyncd", ".ics", "<script", "<img", "http"):
        assert word not in text.lower() if word.islower() else word not in text, word
    policy = told["content-security-policy"]
    assert "frame-ancestors *" in policy
    assert "default-src 'none'" in policy
    style = re.search(r"<style>(.*?)</style>", text)
    assert style
    assert base64.b64encode(sha256(style[1].encode()).digest()).decode() in policy


async def test_two_colours_are_taken_and_nothing_else_that_stands_there(home: tuple[Daemon, Portal]) -> None:
    _, text, _ = await get(home[0], "/website/casa-azul?paper=FFEEDD&taken=%23112233")
    assert "--paper:#ffeedd;--ink:#000;--taken:#112233;--on:#fff" in text
    _, plain, _ = await get(home[0], "/website/casa-azul")
    for wrong in ("red;}*{display:none", "12345", "1122334", "%0a", "٣٣٣٣٣٣"):
        assert (await get(home[0], f"/website/casa-azul?paper={wrong}&taken={wrong}"))[1] == plain


async def test_it_is_cached_by_whoever_asks(home: tuple[Daemon, Portal]) -> None:
    for path in ("/website/casa-azul", "/website/casa-azul.json", "/behind/a/proxy/website/casa-azul"):
        status, _, told = await get(home[0], path)
        assert (status, told["cache-control"]) == (200, "public, max-age=300")
        assert (await get(home[0], path, **{"If-None-Match": told["etag"]}))[0] == 304


async def test_a_new_booking_is_on_it_at_once_and_it_speaks_what_is_asked(home: tuple[Daemon, Portal]) -> None:
    made, portal = home
    _, before, _ = await get(made, "/website/casa-azul")
    portal.body = calendar((2, 5), (30, 33), (40, 41))
    await made.pull("casa-azul/holidu")
    _, after, _ = await get(made, "/website/casa-azul")
    assert after.count("taken</span>") == before.count("taken</span>") + 1
    _, spanish, _ = await get(made, "/website/casa-azul", **{"Accept-Language": "es-MX"})
    assert spanish.count("ocupada</span>") == after.count("taken</span>")
    assert '<html lang="es">' in spanish


async def test_it_is_not_there_where_nobody_has_switched_it_on(home: tuple[Daemon, Portal]) -> None:
    made, portal = home
    nothing = await get(made, "/anything")
    for path in ("/website/torre", "/website/torre.json", "/website/nowhere", "/website/", "/website/casa-azul/x"):
        assert (await get(made, path))[:2] == nothing[:2] == (404, "")
    status, _, _ = await made.ask("POST", f"http://127.0.0.1:{made.listen}/website/casa-azul")
    assert status == 404
    made.write(config(made, portal, ""))
    assert (await made.post("/-/reload"))[0] == 200
    assert (await get(made, "/website/casa-azul"))[0] == 404
    made.write(config(made, portal, "    website: true\n"))
    assert (await made.post("/-/reload"))[0] == 200
