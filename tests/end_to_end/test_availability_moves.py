"""What a host sees: bookings, blocks, cancellations and pauses arrive where they must, and nowhere else."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.end_to_end.conftest import two_houses
from tests.end_to_end.daemon import LOOK, Daemon, daemon, nights_of
from tests.end_to_end.portal import Portal, calendar, day

pytestmark = pytest.mark.slow


def nights(*offsets: int) -> set[str]:
    return {day(offset).isoformat() for offset in offsets}


async def test_a_booking_is_in_the_other_feed_after_one_pull_and_never_in_its_own(
    running: Daemon, three: list[Portal]
) -> None:
    three[0].body = calendar((10, 13))
    (report,) = await running.pull("casa-azul/holidu")
    assert report == {
        "sync": "casa-azul/holidu", "outcome": "updated", "reason": None, "nights": 3, "new": 3, "freed": 0,
    }  # fmt: skip
    assert nights_of(await running.fetch("casa-azul/vrbo")) == nights(10, 11, 12)
    assert nights_of(await running.fetch("casa-azul/holidu")) == set()
    assert nights_of(await running.fetch("finca/agoda")) == set()


async def test_a_cancellation_is_gone_after_one_pull(running: Daemon, three: list[Portal]) -> None:
    three[0].body = calendar((10, 13), (20, 22))
    await running.pull()
    three[0].body = calendar((20, 22))
    (report,) = await running.pull("casa-azul/holidu")
    assert report["freed"] == 3
    assert nights_of(await running.fetch("casa-azul/vrbo")) == nights(20, 21)


async def test_a_block_of_the_hosts_own_is_in_every_feed(running: Daemon, three: list[Portal]) -> None:
    block = f"    blocks:\n      - {{from: {day(5)}, to: {day(7)}}}\n    syncs:\n      holidu:"
    running.write(two_houses(running, *three).replace("    syncs:\n      holidu:", block))
    await running.until(lambda: running.peek("casa-azul/vrbo"), lambda answer: nights_of(answer[1]) == nights(5, 6), 2)
    assert nights_of(await running.fetch("casa-azul/holidu")) == nights(5, 6)
    assert nights_of(await running.fetch("finca/agoda")) == set()


async def test_a_paused_sync_is_sent_an_empty_calendar_and_its_claims_are_gone_elsewhere(
    running: Daemon, three: list[Portal]
) -> None:
    three[0].body = calendar((10, 13))
    three[1].body = calendar((15, 16))
    await running.pull()
    text = two_houses(running, *three)
    running.write(text.replace("        portal: holidu\n", "        portal: holidu\n        paused: true\n"))
    await running.until(lambda: running.peek("casa-azul/vrbo"), lambda answer: nights_of(answer[1]) == set(), 2)
    status, body = await running.peek("casa-azul/holidu")
    assert (status, nights_of(body)) == (200, set())
    assert b"BEGIN:VEVENT" in body, "some importers refuse a calendar without any event"
    sync = await running.sync("casa-azul/holidu")
    assert (sync["state"], sync["safe_to_resume"]) == ("paused", None)
    await running.fetch("casa-azul/holidu")
    assert (await running.sync("casa-azul/holidu"))["safe_to_resume"] > sync["last_attempt"]
    running.write(text)
    await running.until(
        lambda: running.peek("casa-azul/vrbo"), lambda answer: nights_of(answer[1]) == nights(10, 11, 12)
    )


async def test_a_bad_file_changes_nothing_and_says_so_everywhere(running: Daemon, three: list[Portal]) -> None:
    three[0].body = calendar((10, 13))
    await running.pull()
    before = await running.feeds()
    running.write(two_houses(running, *three).replace("timezone: UTC", "timezone: Europe/Madird", 1))
    await running.until(
        lambda: running.metric("icalsyncd_config_last_reload_successful"), lambda value: value == 0.0, 2
    )
    status, body = await running.post("/-/reload")
    assert status == 422
    assert "config.yaml:" in body.decode()
    assert "did you mean `Europe/Madrid`" in body.decode()
    assert (await running.status())["config"]["ok"] is False
    assert "did you mean `Europe/Madrid`" in (await running.status())["config"]["problems"][0]
    assert await running.feeds() == before
    running.write(two_houses(running, *three))
    await running.until(
        lambda: running.metric("icalsyncd_config_last_reload_successful"), lambda value: value == 1.0, 2
    )
    assert (await running.status())["config"]["problems"] == []


async def test_a_good_file_takes_effect_within_half_a_second_and_leaves_the_others_schedule(
    running: Daemon, three: list[Portal]
) -> None:
    before = {name: (await running.sync(name))["next_pull"] for name in ("casa-azul/holidu", "finca/agoda")}
    block = f"    blocks:\n      - {{from: {day(5)}, to: {day(6)}}}\n    syncs:\n      holidu:"
    running.write(two_houses(running, *three).replace("    syncs:\n      holidu:", block))
    saved = time.monotonic()
    link = running.links()["casa-azul/vrbo"]
    while True:
        _, body, _ = await running.ask("GET", link, LOOK)
        if nights_of(body) == nights(5):
            break
        assert time.monotonic() - saved < 1.5, "the links command itself took part of this time"
        await asyncio.sleep(0.02)
    asked = [portal.asked for portal in three]
    await asyncio.sleep(0.5)
    assert [portal.asked for portal in three] == asked
    assert {name: (await running.sync(name))["next_pull"] for name in before} == before


async def test_the_same_file_saved_again_is_no_reload(running: Daemon, three: list[Portal]) -> None:
    loaded = (await running.status())["config"]["loaded_at"]
    await asyncio.sleep(1.1)
    running.write(two_houses(running, *three))
    status, _ = await running.post("/-/reload")
    assert status == 200
    assert "the config was taken over" not in running.words()
    assert (await running.status())["config"]["loaded_at"] == loaded


async def test_a_file_cut_off_after_any_of_its_lines_changes_no_feed(running: Daemon, three: list[Portal]) -> None:
    block = f"    blocks:\n      - from: {day(5)}\n        to: {day(7)}\n    syncs:\n      holidu:"
    whole = two_houses(running, *three).replace("    syncs:\n      holidu:", block)
    three[0].body = calendar((10, 13))
    three[1].body = calendar((20, 22))
    three[2].body = calendar((30, 33))
    running.write(whole)
    await running.post("/-/reload")
    await running.pull()
    before = await running.feeds()
    lines = whole.splitlines(keepends=True)
    links = running.links()
    for count in range(len(lines)):
        running.write("".join(lines[:count]))
        await running.post("/-/reload")
        for sync, link in links.items():
            _, body, _ = await running.ask("GET", link, LOOK)
            assert body == before[sync], f"{sync} with the file cut after line {count}"
    running.write(whole)
    status, _ = await running.post("/-/reload")
    assert status == 200
    assert await running.feeds() == before


async def test_nothing_is_served_until_every_importing_sync_was_pulled_and_accept_is_the_way_out(
    running: Daemon, three: list[Portal]
) -> None:
    await three[2].close()
    text = two_houses(running, *three).replace("  finca:\n", "  finca-nueva:\n").replace("/3\n", "/4\n")
    running.write(text)
    await running.until(lambda: running.sync("finca-nueva/agoda"), lambda sync: sync["state"] == "failing")
    status, _, headers = await running.ask("GET", running.links()["finca-nueva/agoda"])
    assert status == 503
    assert int(headers["Retry-After"]) > 0
    status, body = await running.get("/-/ready")
    assert (status, b"finca-nueva" in body) == (503, True)
    status, body = await running.post("/-/accept?accommodation=finca-nueva&dry_run=1")
    assert status == 200
    assert "counts as empty" in json.loads(body)["waits"][0]
    status, _ = await running.post("/-/accept?accommodation=finca-nueva")
    assert status == 200
    status, _, _ = await running.ask("GET", running.links()["finca-nueva/agoda"])
    assert status == 200


@pytest.fixture
async def brief(tmp_path: Path, three: list[Portal]) -> AsyncIterator[Daemon]:
    """The same under a removal delay of two seconds from its first start on: a shorter one counts only after the longer."""
    async with daemon(tmp_path) as made:
        made.write(two_houses(made, *three, removal_delay="2s"))
        await made.up()
        await made.until(lambda: made.get("/-/ready"), lambda answer: answer[0] == 200)
        yield made


async def test_a_removed_sync_stays_as_it_was_for_the_delay_and_then_empties(
    brief: Daemon, three: list[Portal]
) -> None:
    running = brief
    text = two_houses(running, *three, removal_delay="2s")
    three[0].body = calendar((10, 13))
    three[1].body = calendar((20, 22))
    await running.pull()
    links = running.links()
    start, end = text.index("      holidu:"), text.index("      vrbo:")
    running.write(text[:start] + text[end:])
    await running.post("/-/reload")
    assert (await running.sync("casa-azul/holidu"))["state"] == "leaving"

    async def seen(sync: str) -> tuple[int, set[str]]:
        status, body, _ = await running.ask("GET", links[sync], LOOK)
        return status, nights_of(body)

    assert await seen("casa-azul/vrbo") == (200, nights(10, 11, 12))
    assert await seen("casa-azul/holidu") == (200, nights(20, 21))
    await running.until(lambda: seen("casa-azul/vrbo"), lambda answer: answer == (200, set()), 5)
    assert await seen("casa-azul/holidu") == (200, set())


async def test_a_renamed_sync_keeps_its_link_and_its_nights(running: Daemon, three: list[Portal]) -> None:
    three[0].body = calendar((10, 13))
    await running.pull()
    before = running.links()
    running.write(two_houses(running, *three).replace("      holidu:\n", "      holidu-new:\n"))
    status, _ = await running.post("/-/reload")
    assert status == 200
    assert running.links()["casa-azul/holidu-new"] == before["casa-azul/holidu"]
    assert nights_of((await running.peek("casa-azul/vrbo"))[1]) == nights(10, 11, 12)
    assert (await running.sync("casa-azul/holidu-new"))["claimed_nights"] == 3
