"""A booking on one portal is in the published feed of the other, at every kind of place that can be run here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import pytest

from tests.end_to_end.daemon import LOOK, Daemon
from tests.end_to_end.portal import Portal, calendar
from tests.publishing import servers
from tests.publishing.house import config, get, link_of, name_of, nights, until_published

pytestmark = pytest.mark.slow


class Place(Protocol):
    def __call__(self, folder: Path) -> AbstractAsyncContextManager[tuple[str, str]]:
        """A place that is up: the target as the config says it, and where portals read."""


@asynccontextmanager
async def in_a_folder(folder: Path) -> AsyncIterator[tuple[str, str]]:
    public = folder / "public"
    public.mkdir()
    async with servers.nginx(public, folder / "nginx") as url:
        yield f"  - {{name: there, type: folder, path: {public}, public_url: {url}}}\n", url


@asynccontextmanager
async def on_webdav(folder: Path) -> AsyncIterator[tuple[str, str]]:
    (folder / "password").write_text(servers.PASSWORD + "\n")
    (folder / "password").chmod(0o600)
    async with servers.webdav(folder / "dav") as url, servers.nginx(folder / "dav", folder / "nginx") as public:
        target = f"name: there, type: webdav, url: {url}, username: {servers.USER}, password_file: password"
        yield f"  - {{{target}, public_url: {public}}}\n", public


@asynccontextmanager
async def in_a_bucket(folder: Path) -> AsyncIterator[tuple[str, str]]:
    for name, value in (("key_id", servers.KEY_ID), ("key", servers.KEY)):
        (folder / name).write_text(value)
        (folder / name).chmod(0o600)
    async with servers.s3() as url:
        public = f"{url}/{servers.BUCKET}/of-the-house"
        target = f"name: there, type: s3, bucket: {servers.BUCKET}, prefix: of-the-house, endpoint: {url}"
        keys = "region: us-east-1, access_key_id_file: key_id, secret_access_key_file: key"
        yield f"  - {{{target}, {keys}, public_url: {public}}}\n", public


PLACES = [
    pytest.param(in_a_folder, marks=pytest.mark.needs("nginx"), id="folder under nginx"),
    pytest.param(on_webdav, marks=pytest.mark.needs("nginx"), id="webdav"),
    pytest.param(in_a_bucket, id="s3"),
]


@pytest.mark.parametrize("place", PLACES)
async def test_a_booking_is_published_within_a_second_of_the_pull(
    place: Place, made: Daemon, two: list[Portal], tmp_path: Path
) -> None:
    async with place(tmp_path) as (target, public):
        made.write(config(made, two, target))
        await made.up()
        link = await link_of(made, "casa-azul/vrbo")
        assert link.startswith(public)
        await until_published(link, set())
        two[0].body = calendar((10, 13), (50, 52))
        await made.pull("casa-azul/holidu")
        assert await until_published(link, nights((10, 13), (50, 52))) < 1
        # the same bytes as the feeds listener has, and headers like its
        status, body, headers = await get(link)
        assert status == 200
        served, there, _ = await made.ask("GET", f"http://127.0.0.1:{made.listen}/{name_of(link)}", LOOK)
        assert (served, there) == (200, body)
        assert headers["Content-Type"].lower().replace(" ", "") == "text/calendar;charset=utf-8"
        assert headers["Cache-Control"] == "no-cache"
        # a cancellation as well
        two[0].body = calendar((50, 52))
        await made.pull("casa-azul/holidu")
        assert await until_published(link, nights((50, 52))) < 1
        assert await made.metric("icalsyncd_publish_last_success_timestamp_seconds", target="there")
        assert await made.metric("icalsyncd_publish_failures_total", target="there", reason="timeout") == 0
        # whoever reads may see the file before the daemon has heard that it lies there
        (target_now,) = (await made.until(made.status, lambda now: not now["targets"][0]["behind"]))["targets"]
        assert (target_now["state"], target_now["feeds"], target_now["behind"]) == ("ok", 2, 0)
