"""What becomes of a published feed when its sync is paused, leaves, is given another link, or its daemon is killed."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.daemon import Daemon, nights_of
from tests.end_to_end.portal import Portal, calendar
from tests.publishing.house import config, link_of, links, name_of, nights, sync

pytestmark = pytest.mark.slow

STAYS = (50, 51)
"""A booking beside those that come and go: the only one would be held."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that already holds what is none of ours."""
    made = tmp_path / "public"
    made.mkdir()
    (made / "index.html").write_text("the host's own")
    return made


def target(folder: Path, more: str = "") -> str:
    return f"  - {{name: there, type: folder, path: {folder}, public_url: http://127.0.0.1:1{more}}}\n"


async def lies(made: Daemon, path: Path, wanted: set[str] | None) -> None:
    """Wait until the feed at *path* closes exactly *wanted*; None: until there is none."""

    async def look() -> set[str] | None:
        return nights_of(path.read_bytes()) if path.exists() else None

    await made.until(look, lambda seen: seen == wanted)


async def is_closed(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return True
    writer.close()
    return False


async def test_a_paused_sync_is_published_as_a_calendar_without_nights(
    made: Daemon, two: list[Portal], folder: Path
) -> None:
    two[0].body = calendar((10, 13))
    text = config(made, two, target(folder))
    made.write(text)
    await made.up()
    path = folder / name_of(await link_of(made, "casa-azul/vrbo"))
    await lies(made, path, nights((10, 13)))
    made.write(text.replace(sync("vrbo", two[1]), sync("vrbo", two[1], "        paused: true\n")))
    await lies(made, path, set())
    made.write(text)
    await lies(made, path, nights((10, 13)))


async def test_an_accommodation_that_is_not_complete_is_not_published(
    made: Daemon, two: list[Portal], folder: Path
) -> None:
    await two[1].close()
    made.write(config(made, two, target(folder)))
    await made.up()
    await made.until(lambda: made.sync("casa-azul/holidu"), lambda sync: sync["state"] == "ok")
    await asyncio.sleep(0.5)
    assert [path.name for path in folder.iterdir()] == ["index.html"]
    await two[1].open()
    await made.pull("casa-azul/vrbo")
    await lies(made, folder / name_of(await link_of(made, "casa-azul/vrbo")), set())


async def test_a_removed_sync_is_kept_then_emptied_and_nothing_else_is_touched(
    made: Daemon, two: list[Portal], folder: Path
) -> None:
    two[0].body = calendar((10, 13))
    text = config(made, two, target(folder), removal="3s")
    made.write(text)
    await made.up()
    path = folder / name_of(await link_of(made, "casa-azul/vrbo"))
    await lies(made, path, nights((10, 13)))
    made.write(text.replace(sync("vrbo", two[1]), ""))
    await made.until(lambda: made.sync("casa-azul/vrbo"), lambda sync: sync["state"] == "leaving")
    assert nights_of(path.read_bytes()) == nights((10, 13))
    await lies(made, path, set())
    assert (folder / "index.html").read_text() == "the host's own"


async def test_an_old_link_lies_there_beside_the_new_one_until_it_is_ended(
    made: Daemon, two: list[Portal], folder: Path
) -> None:
    two[0].body = calendar((10, 13), STAYS)
    text = config(made, two, target(folder))
    made.write(text)
    await made.up()
    old = folder / name_of(await link_of(made, "casa-azul/vrbo"))
    await lies(made, old, nights((10, 13), STAYS))
    made.write(text.replace(sync("vrbo", two[1]), sync("vrbo", two[1], "        link_generation: 2\n")))
    link = await made.until(lambda: link_of(made, "casa-azul/vrbo"), lambda link: name_of(link) != old.name)
    new = folder / name_of(link)
    await lies(made, new, nights((10, 13), STAYS))
    two[0].body = calendar((20, 22), STAYS)
    await made.pull("casa-azul/holidu")
    await lies(made, new, nights((20, 22), STAYS))
    await lies(made, old, nights((20, 22), STAYS))
    rotated = await made.sync("casa-azul/vrbo")
    assert rotated["old_link_until"]
    assert rotated["old_link_requests"] == 0
    await made.ask("GET", f"http://127.0.0.1:{made.listen}/{old.name}")
    assert (await made.sync("casa-azul/vrbo"))["old_link_requests"] == 1
    await made.post("/-/rotate?sync=casa-azul/vrbo")
    await lies(made, old, None)
    await lies(made, new, nights((20, 22), STAYS))


async def test_what_a_target_no_longer_carries_is_kept_up_to_date_for_a_while(
    made: Daemon, two: list[Portal], folder: Path
) -> None:
    two[0].body = calendar((10, 13), STAYS)
    text = config(made, two, target(folder))
    made.write(text)
    await made.up()
    path = folder / name_of(await link_of(made, "casa-azul/vrbo"))
    await lies(made, path, nights((10, 13), STAYS))
    other = "  finca:\n    timezone: UTC\n"
    made.write(config(made, two, target(folder, ", accommodations: [finca]")) + other)
    await made.until(lambda: made.status(), lambda status: len(status["accommodations"]) == 2)
    two[0].body = calendar((20, 22), STAYS)
    await made.pull("casa-azul/holidu")
    await lies(made, path, nights((20, 22), STAYS))


async def test_a_host_who_only_publishes_needs_no_listener(made: Daemon, two: list[Portal], folder: Path) -> None:
    two[0].body = calendar((10, 13))
    made.write(config(made, two, target(folder), listen="off"))
    await made.up()
    await lies(made, folder / name_of(await link_of(made, "casa-azul/vrbo")), nights((10, 13)))
    assert await is_closed(made.listen)
    made.write(config(made, two, target(folder)))
    await made.until(lambda: made.ask("GET", f"http://127.0.0.1:{made.listen}/"), lambda answer: answer[0] == 404)
    made.write(config(made, two, target(folder), listen="off"))
    await made.until(lambda: is_closed(made.listen))


async def test_after_kills_the_feed_that_lies_there_is_whole_and_brought_up_to_date(
    made: Daemon, two: list[Portal], folder: Path
) -> None:
    chance = random.Random(20261122)
    two[0].body = calendar((1, 2))
    made.write(config(made, two, target(folder)))
    await made.up()
    path = folder / name_of(await link_of(made, "casa-azul/vrbo"))
    earlier = nights((1, 2))
    await lies(made, path, earlier)
    for number in range(5):
        # 300 stays make a feed of more than one page; nights close, and are freed, in turn. No stay ever comes back: a portal
        # whose stays do shows older copies now and then, and what vanishes there waits for one more pull
        first, last = 3 + (number + 1) // 2, 5 + number // 2
        stays = [(1, 2), *((first + 3 * each, last + 3 * each) for each in range(300))]
        two[0].body = calendar(*stays)
        pulling = asyncio.create_task(made.post("/-/pull?sync=casa-azul/holidu"))
        await asyncio.sleep(chance.uniform(0.02, 0.25))
        made.kill()
        await asyncio.gather(pulling, return_exceptions=True)
        # what closes is published at once, what frees when it is stored
        assert nights_of(path.read_bytes()) in (earlier, earlier | nights(*stays), nights(*stays))
        await made.up()
        await made.pull("casa-azul/holidu")
        earlier = nights(*stays)
        await lies(made, path, earlier)
    wanted = {"index.html"} | {name_of(link) for link in (await links(made)).values()}
    assert {each.name for each in folder.iterdir()} == wanted


_WRITER = """
import asyncio, sys
from pathlib import Path
from icalsyncd.publishing.targets.folder import FolderStorage

async def write():
    folder = FolderStorage(Path(sys.argv[1]))
    while True:
        for letter in b"ab":
            assert await folder.put("feed.ics", bytes([letter]) * 3_000_000) is None

asyncio.run(write())
"""


async def test_a_kill_between_write_and_rename_leaves_the_old_file_or_the_new_one(folder: Path) -> None:
    chance = random.Random(20261122)
    path = folder / "feed.ics"
    seen: set[bytes] = set()
    for _ in range(25):
        writer = subprocess.Popen([sys.executable, "-c", _WRITER, folder])
        path.unlink(missing_ok=True)
        while not path.exists():  # noqa: ASYNC110 (it is another process that makes it)
            await asyncio.sleep(0.005)
        await asyncio.sleep(chance.uniform(0, 0.1))
        writer.kill()
        writer.wait()
        body = path.read_bytes()
        assert len(body) == 3_000_000
        assert len(set(body)) == 1
        seen.add(body[:1])
    assert seen == {b"a", b"b"}
