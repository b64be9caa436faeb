"""A new config while everything goes on: nothing that happens meanwhile is lost, and every accommodation comes under it."""

from __future__ import annotations

import asyncio
import gc
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from icalsyncd.availability.attribution import fetched
from icalsyncd.calendars.nights import Nights
from icalsyncd.config import loading
from icalsyncd.daemon.app import Daemon, Options
from icalsyncd.daemon.hub import Hub
from icalsyncd.pulling.rounds import Rounds
from icalsyncd.state.installation import Installation
from icalsyncd.state.schedule import Attempts
from icalsyncd.state.store import Store
from icalsyncd.state.view import SyncName
from tests.end_to_end.daemon import free_port

HOUSES = 60


def accepted(folder: Path, text: str) -> loading.Accepted:
    loaded = loading.parse(text, folder / "config.yaml", {})
    assert isinstance(loaded, loading.Accepted), loaded
    return loaded


def household(*, after: int, names: dict[int, str] | None = None) -> str:
    """Sixty accommodations with an export each; *names* are those of syncs that are called otherwise."""
    lines = ["terms: accepted", "accommodations:"]
    for number in range(HOUSES):
        name = (names or {}).get(number, f"house-{number}/website")
        house, _, sync = name.partition("/")
        lines += [
            f"  {house}:",
            "    timezone: Europe/Madrid",
            f"    buffer: {{after: {after}}}",
            "    blocks: [{from: 2030-01-01, to: 2030-01-03}]",
            "    syncs:",
            f"      {sync}: {{portal: generic, direction: export}}",
        ]
    return "\n".join(lines) + "\n"


async def test_what_happens_while_a_config_is_taken_over_is_not_lost(tmp_path: Path) -> None:
    hub = Hub(accepted(tmp_path, household(after=0)), Installation(b"s" * 32), Store(tmp_path / "state.sqlite3"))
    await hub.begin()
    told = Nights.between(750000, 750002)
    taking = asyncio.create_task(hub.apply(accepted(tmp_path, household(after=2))))
    happened = 0
    while not taking.done():
        # each turn of the loop, one portal reads its feed
        house = f"house-{happened % HOUSES}"
        state = hub.journal.current[house]
        ledger = fetched(state.ledger, "website", told, now=1e9 + happened, looked=False)
        hub.journal.put(house, state.with_ledger(ledger, 1e9))
        happened += 1
        await asyncio.sleep(0.0005)
    await taking
    assert happened > 1, "nothing happened meanwhile: this proves nothing"
    for number in range(HOUSES):
        ledger = hub.journal.current[f"house-{number}"].ledger
        assert ledger.after == 2
        assert len(hub.view.houses[f"house-{number}"].feeds["website"].nights) == 4, "the stay and its buffer"
        assert (ledger.syncs["website"].last_fetch is not None) == (number < happened)
    await hub.end()


async def test_syncs_that_change_places_keep_what_is_known_of_them_though_both_move_on_meanwhile(
    tmp_path: Path,
) -> None:
    hub = Hub(accepted(tmp_path, household(after=0)), Installation(b"s" * 32), Store(tmp_path / "state.sqlite3"))
    await hub.begin()
    links = set(hub.links().values())
    text = household(after=0, names={0: "new-0/website", 1: "new-1/website"}).replace(
        "      website: {portal: generic, direction: export}",
        "      website: {portal: generic, direction: export, was: house-0/website}",
        1,
    )
    first, second = text.split("  new-1:")
    text = f"{first}  new-1:{second.replace('direction: export}', 'direction: export, was: house-1/website}', 1)}"
    taking = asyncio.create_task(hub.apply(accepted(tmp_path, text)))
    seen = 0
    while not taking.done():
        house = f"house-{seen % 2}"
        state = hub.journal.current.get(house)
        if seen < 40 and state is not None and "website" in state.ledger.syncs:
            ledger = fetched(state.ledger, "website", Nights.between(750000, 750002), now=1e9 + seen, looked=False)
            hub.journal.put(house, state.with_ledger(ledger, 1e9))
            seen += 1
        await asyncio.sleep(0)
    await taking
    assert seen > 1, "nothing happened meanwhile: this proves nothing"
    for house in ("new-0", "new-1"):
        sync = hub.journal.current[house].ledger.syncs["website"]
        assert sync.last_fetch is not None
        assert hub.links()[house, "website"] in links
    assert not hub.journal.current["house-0"].ledger.syncs
    await hub.end()


async def test_what_a_portal_asked_for_does_not_bind_a_sync_that_is_renamed_and_moves(tmp_path: Path) -> None:
    def config(name: str, url: str, was: str) -> loading.Accepted:
        lines = ["terms: accepted", "accommodations:", "  elm:", "    timezone: UTC", "    syncs:"]
        lines.append(f"      {name}: {{portal: generic, direction: import, url: 'https://portal.example/{url}'{was}}}")
        return accepted(tmp_path, "\n".join([*lines, ""]))

    hub = Hub(config("a", "1", ""), Installation(b"s" * 32), Store(tmp_path / "state.sqlite3"))
    await hub.begin()
    state, now = hub.journal.current["elm"], hub.clock.now()
    waits = Attempts(now, 1, now + 3600.0)
    hub.journal.put("elm", state.with_facts("a", replace(state.of("a"), attempts=waits)))
    await hub.apply(config("b", "1", ", was: elm/a"))
    assert hub.journal.current["elm"].of("b").attempts == waits, "the same calendar under another name"
    await hub.apply(config("c", "2", ", was: elm/b"))
    assert hub.journal.current["elm"].of("c").attempts == Attempts()
    await hub.end()


async def test_an_accommodation_that_is_new_and_has_nothing_yet_is_there_at_once_and_stays(tmp_path: Path) -> None:
    text = household(after=0)
    hub = Hub(accepted(tmp_path, text), Installation(b"s" * 32), Store(tmp_path / "state.sqlite3"))
    await hub.begin()
    watching = asyncio.create_task(hub.deadlines.run())
    await hub.apply(accepted(tmp_path, text + "  empty:\n    timezone: Europe/Madrid\n"))
    await asyncio.sleep(0.1)
    assert "empty" in hub.view.houses
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await hub.end()


async def test_the_delay_of_the_new_config_holds_for_what_disappears_with_it(tmp_path: Path) -> None:
    def text(delay: str, *, blocks: bool) -> str:
        made = household(after=0).replace("terms: accepted", f"terms: accepted\nserver: {{removal_delay: {delay}}}")
        return made if blocks else made.replace("    blocks: [{from: 2030-01-01, to: 2030-01-03}]\n", "")

    first = accepted(tmp_path, text("0s", blocks=True))
    hub = Hub(first, Installation(b"s" * 32), Store(tmp_path / "state.sqlite3"))
    await hub.begin()
    watching = asyncio.create_task(hub.deadlines.run())
    await hub.apply(accepted(tmp_path, text("30m", blocks=False)))
    await asyncio.sleep(0.1)
    assert all(len(house.blocked) == 2 for house in hub.view.houses.values())
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await hub.end()


async def test_a_reload_goes_on_to_its_end_though_whoever_asked_for_it_is_gone(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    addresses = f"server: {{listen: '127.0.0.1:{free_port()}', admin: '127.0.0.1:{free_port()}'}}\n"
    file.write_text(household(after=0) + addresses)
    daemon = Daemon.open(Options(file, tmp_path / "state"))
    await daemon.start()
    file.write_text(household(after=2) + addresses)
    asking = asyncio.create_task(daemon.reload())
    for _ in range(100_000):
        if daemon.hub.accepted.config.accommodations[0].after:
            break
        await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert any(state.ledger.after != 2 for state in daemon.hub.journal.current.values()), "it had ended already"
    for _ in range(500):
        if all(state.ledger.after == 2 for state in daemon.hub.journal.current.values()):
            break
        await asyncio.sleep(0.01)
    assert all(state.ledger.after == 2 for state in daemon.hub.journal.current.values())
    async with asyncio.timeout(10):
        # who asks next is told of a config that runs, and not of one that was left half done
        assert await daemon.reload() == ()
    assert daemon.hub.config_status.ok
    await daemon.stop()
    # a daemon keeps its own objects from being searched, and these are the tests' process's
    gc.unfreeze()


@pytest.mark.slow
async def test_a_bug_while_a_config_is_taken_over_leaves_the_old_one_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config.yaml"
    old, new = [free_port(), free_port()], [free_port(), free_port()]

    def text(after: int, ports: list[int]) -> str:
        addresses = f"server: {{listen: '127.0.0.1:{ports[0]}', admin: '127.0.0.1:{ports[1]}'}}\n"
        return household(after=after) + addresses

    def listening(ports: list[int]) -> list[bool]:
        found = []
        for port in ports:
            with socket.socket() as probe:
                found.append(probe.connect_ex(("127.0.0.1", port)) == 0)
        return found

    file.write_text(text(0, old))
    daemon = Daemon.open(Options(file, tmp_path / "state"))
    await daemon.start()
    before = daemon.hub.accepted
    configure, failures = Rounds.configure, [KeyError("aunt Ana")]

    async def breaks(self: Rounds, intervals: dict[SyncName, float]) -> None:
        # by then the accommodations are under the new config
        if failures:
            raise failures.pop()
        await configure(self, intervals)

    monkeypatch.setattr(Rounds, "configure", breaks)
    file.write_text(text(2, new))
    (why,) = await daemon.reload()
    assert "bug" in why
    assert "Ana" not in why
    assert daemon.hub.accepted is before
    assert listening(old + new) == [True, True, False, False]
    # what had closed by then closes on for the removal delay, as after any config that takes something back
    assert {state.ledger.after for state in daemon.hub.journal.current.values()} == {2}
    assert all(state.ledger.shrinking for state in daemon.hub.journal.current.values())
    assert not daemon.hub.config_status.ok

    file.write_text(text(2, new) + "# once more\n")
    assert await daemon.reload() == ()
    assert listening(new) == [True, True]
    assert daemon.hub.config_status.ok
    await daemon.stop()
    gc.unfreeze()
