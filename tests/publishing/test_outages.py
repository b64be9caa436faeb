"""A target that is down holds up nothing but itself, and comes back by itself."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from icalsyncd.config.secret import Secret
from icalsyncd.publishing.targets.storage import MAX_PUT, Unsent
from icalsyncd.publishing.targets.webdav import WebDavStorage
from tests.commands.program import icalsyncd
from tests.end_to_end.daemon import Daemon, nights_of
from tests.end_to_end.portal import Portal, calendar
from tests.publishing import servers
from tests.publishing.house import config, link_of, links, name_of, nights, until_published

pytestmark = pytest.mark.slow


def targets(good: Path, bad: str) -> str:
    """A folder that is well, and a WebDAV server that may not be."""
    return (
        f"  - {{name: well, type: folder, path: {good}, public_url: http://127.0.0.1:1}}\n"
        f"  - {{name: unwell, type: webdav, url: {bad}, username: {servers.USER}, password_file: password}}\n"
    )


def room(tmp_path: Path) -> Path:
    """A folder for feeds, and the credentials beside the config."""
    for name, secret in (("password", servers.PASSWORD), ("key_id", servers.KEY_ID), ("key", servers.KEY)):
        (tmp_path / name).write_text(f"{secret}\n")
        (tmp_path / name).chmod(0o600)
    folder = tmp_path / "public"
    folder.mkdir()
    return folder


async def in_folder(made: Daemon, folder: Path, sync: str, wanted: set[str]) -> float:
    """Wait until the feed in *folder* closes exactly *wanted*; how many seconds that took."""
    path = folder / name_of(await link_of(made, sync))
    start = time.monotonic()

    async def look() -> set[str] | None:
        return nights_of(path.read_bytes()) if path.exists() else None

    await made.until(look, lambda seen: seen == wanted)
    return time.monotonic() - start


STAYS = (50, 51)
"""A booking beside those that come and go: the only one would be held."""

FAULTS = {403: "refused", 404: "missing", 503: "http_5xx", 507: "full"}
"""What the targets of one daemon answer, and what each is said to be."""


async def test_targets_that_fail_hold_up_nothing_and_recover_without_a_hand(
    made: Daemon, two: list[Portal], tmp_path: Path
) -> None:
    folder = room(tmp_path)
    async with AsyncExitStack() as opened:
        there = {status: await opened.enter_async_context(servers.faulty()) for status in FAULTS}
        text = f"  - {{name: well, type: folder, path: {folder}, public_url: http://127.0.0.1:1}}\n"
        for status, each in there.items():
            each.status = status
            text += (
                f"  - {{name: of-{status}, type: webdav, url: {each.url}, username: {servers.USER}, "
                "password_file: password}\n"
            )
        made.write(config(made, two, text))
        await made.up()
        await in_folder(made, folder, "casa-azul/vrbo", set())
        for offset in (10, 20, 30):
            two[0].body = calendar((offset, offset + 2), STAYS)
            (report,) = await made.pull("casa-azul/holidu")
            assert report["outcome"] == "updated"
            assert await in_folder(made, folder, "casa-azul/vrbo", nights((offset, offset + 2), STAYS)) < MAX_PUT
        told = await icalsyncd("status", "--config", made.config, "--state-dir", made.state)
        assert told.code == 1
        assert await made.metric("icalsyncd_publish_failing_since_timestamp_seconds", target="well") is None
        well, *unwell = (await made.status())["targets"]
        assert well["state"] == "ok"
        for (status, reason), target in zip(FAULTS.items(), unwell, strict=True):
            name = f"of-{status}"
            assert (await made.metric("icalsyncd_publish_failures_total", target=name, reason=reason) or 0) > 0
            assert await made.metric("icalsyncd_publish_last_success_timestamp_seconds", target=name) is None
            assert await made.metric("icalsyncd_publish_failing_since_timestamp_seconds", target=name)
            assert f"at {name} are old, and not published since" in " ".join(told.out.split()), told.out
            assert (target["name"], target["state"]) == (name, "failing")
            assert target["reason"].partition(":")[0] == reason
            # as often as it was tried, it was told once
            assert made.words().count(f"not published target={name} ") == 1
        before = {status: len(each.asked) for status, each in there.items()}
        for each in there.values():
            each.status = 0
        path = name_of(await link_of(made, "casa-azul/vrbo"))
        for status, each in there.items():
            await until_published(f"{each.url}/{path}", nights((30, 32), STAYS), patience=120)
            sent = [name for method, name in each.asked[before[status] :] if method == "PUT"]
            # only the newest state of each feed was sent, and once
            assert len(sent) == len(set(sent)) == 2
            assert await made.metric("icalsyncd_publish_failing_since_timestamp_seconds", target=f"of-{status}") is None


async def test_a_target_that_hangs_holds_up_neither_pulls_nor_other_targets(
    made: Daemon, two: list[Portal], tmp_path: Path
) -> None:
    folder = room(tmp_path)
    async with servers.faulty() as there:
        there.hangs = True
        made.write(config(made, two, targets(folder, there.url)))
        await made.up()
        await in_folder(made, folder, "casa-azul/vrbo", set())
        await made.until(lambda: asyncio.sleep(0, there.asked))
        two[0].body = calendar((10, 12))
        start = time.monotonic()
        await made.pull("casa-azul/holidu")
        assert await in_folder(made, folder, "casa-azul/vrbo", nights((10, 12))) < MAX_PUT
        assert time.monotonic() - start < MAX_PUT
        # it ends while the target hangs
        start = time.monotonic()
        assert made.stop() == 0
        assert time.monotonic() - start < 5


async def test_a_server_that_cannot_move_gets_its_files_all_the_same(
    made: Daemon, two: list[Portal], tmp_path: Path
) -> None:
    folder = room(tmp_path)
    async with servers.faulty() as there:
        there.moves = False
        made.write(config(made, two, targets(folder, there.url)))
        await made.up()
        link = f"{there.url}/{name_of(await link_of(made, 'casa-azul/vrbo'))}"
        await until_published(link, set())
        two[0].body = calendar((10, 12))
        await made.pull("casa-azul/holidu")
        await until_published(link, nights((10, 12)))
        await made.until(lambda: made.status(), lambda status: not status["targets"][1]["behind"])
        assert {name for name in there.files if not name.endswith(".ics")} == set()


async def test_credentials_and_links_show_nowhere(made: Daemon, two: list[Portal], tmp_path: Path) -> None:
    folder = room(tmp_path)
    async with servers.faulty() as there:
        there.status = 400
        bucket = (
            f"  - {{name: bucket, type: s3, bucket: b, endpoint: {there.url}, region: us-east-1, "
            "access_key_id_file: key_id, secret_access_key_file: key}\n"
        )
        made.write(config(made, two, targets(folder, there.url) + bucket))
        await made.up("--log-level", "debug")
        await in_folder(made, folder, "casa-azul/vrbo", set())
        await made.until(
            lambda: made.status(), lambda status: [each["state"] for each in status["targets"]][1:] == ["failing"] * 2
        )
        shown = made.words() + "".join([(await made.get(path))[1].decode() for path in ("/metrics", "/api/v1/status")])
        page = (await made.get("/"))[1].decode()
        for secret in (servers.PASSWORD, servers.KEY_ID, servers.KEY, "Basic "):
            assert secret not in shown
            assert secret not in page
        for link in (await links(made)).values():
            assert name_of(link)[:-4] not in shown
        assert b"s3cret" not in (made.state / "state.sqlite3").read_bytes()
        for link in (await links(made)).values():
            assert name_of(link)[:-4].encode() not in (made.state / "state.sqlite3").read_bytes()


async def test_a_place_that_points_elsewhere_is_not_followed_with_the_password() -> None:
    async with servers.faulty() as thief, servers.faulty() as there:
        target = WebDavStorage(there.url, Secret(servers.USER), Secret(servers.PASSWORD))
        there.redirects_to = thief.url
        for done in (await target.put("x.ics", b"one"), await target.delete("x.ics")):
            assert done is not None
            assert servers.PASSWORD not in str(done)
            assert thief.url not in str(done)
        assert isinstance(await target.read("x.ics"), Unsent)
        assert there.asked
        assert thief.asked == []
        await target.close()


@pytest.mark.parametrize("name", ["a:b", "a\u20ac", "\udcff", '{"a":' * 1000, "a\x1b[2J"])
async def test_a_name_that_no_server_knows_is_refused_by_it(name: str) -> None:
    async with servers.faulty() as there:
        there.status = 401
        target = WebDavStorage(there.url, Secret(name), Secret(servers.PASSWORD))
        done = await target.put("x.ics", b"one")
        assert done is not None
        assert "the credentials are not accepted" in done.detail
        await target.close()
