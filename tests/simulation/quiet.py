"""The end of a history: all is well and stays so, and then everything must be as it really is."""

from __future__ import annotations

from pathlib import Path

from tests.simulation import seam
from tests.simulation.calendars import nights, read
from tests.simulation.history import History
from tests.simulation.machine import SECRET
from tests.simulation.oracle import FIRST_DAY
from tests.simulation.play import Play
from tests.simulation.portal import Mood
from tests.simulation.words import compare
from tests.simulation.world import HOUR


def come_to_rest(play: Play, history: History) -> None:
    """Mend all that is broken, wait, and look."""
    world, machine, oracle = play.world, play.machine, play.oracle
    world.note("# rest")
    machine.disk.hangs_until = 0.0
    if play.cloud is not None:
        play.cloud.mood = Mood()
    history.mishaps.well()
    if machine.clock.wrong:
        machine.clock.wrong = 0.0
        oracle.clock_set()
    for portal in play.portals.values():
        portal.mood = Mood()
    play.save(play.household)
    play.paste()
    if machine.loop is None:
        oracle.interrupted()
        machine.start()
    long = world.chance(0.15)
    for _ in range(6 if long else 1):
        world.rest(HOUR)
        machine.clock.set_right()
        world.rest(1.5 * HOUR)
        oracle.manners.look()
        play.peek()
    _look_around(play)
    _compare(play, long=long)


def _look_around(play: Play) -> None:
    """What the daemon says of itself, what it has published, and what it holds on to, once all is quiet."""
    oracle, machine = play.oracle, play.machine
    feeds = {place: nights(stay for stay, _ in read(body) or ()) for place, body in play.peek().items()}
    today = oracle.today()
    status, said = play.asked("GET", "/api/v1/status")
    if status != 200 or not isinstance(said, dict):
        oracle.find("no status", f"{status}")
        return
    for fault in said["faults"]:
        oracle.find("a fault at rest", fault)
    told = {tuple(sync["id"].split("/")): sync for house in said["accommodations"] for sync in house["syncs"]}
    for place, plan in play.household.syncs().items():
        sync = told.get(place)
        if sync is None:
            oracle.find("not in the status", "/".join(place))
            continue
        # one that failed may be left in peace for long
        if sync["state"] in ("leaving", "never") or (sync["state"] == "paused") != plan.paused:
            oracle.find("another status", f"{'/'.join(place)} is {sync['state']} when all is well")
        count = len([night for night in feeds.get(place, ()) if night >= today])
        if place in feeds and sync["offered_nights"] != count:
            oracle.find(
                "another count", f"{'/'.join(place)} offers {count}, and the status says {sync['offered_nights']}"
            )
    compare(play)
    _look_at_the_shelf(play, feeds)
    owners = seam.copies_on_disk(machine.disk.state).keys()
    known = {sync.first_name for sync in play.household.syncs().values() if not sync.paused}
    known |= {name for name, until in oracle.kept.items() if until > play.world.now - HOUR}
    for owner in sorted(owners - known):
        oracle.find("a copy without a sync", owner)
    held = seam.held_by(machine.daemon, machine.loop)
    for what, count in held.items():
        if count > 4 * len(told) + 24:
            oracle.find("held on to", f"{count} {what}")


def _look_at_the_shelf(play: Play, feeds: dict[tuple[str, str], frozenset[int]]) -> None:
    folder = play.household.folder
    for place, sync in play.household.syncs().items():
        if place not in feeds or sync.paused:
            continue
        link = seam.link_of(SECRET, sync.first_name, sync.generation)
        copies: dict[str, frozenset[int] | None] = {}
        if folder is not None:
            path = Path(folder + link)
            copies["on the shelf"] = (
                nights(stay for stay, _ in read(path.read_bytes()) or ()) if path.exists() else None
            )
        if play.cloud is not None:
            copies["at the cloud"] = play.cloud.nights(link)
        for where, there in copies.items():
            if there != feeds[place]:
                lies = "nothing" if there is None else sorted(night - FIRST_DAY for night in there ^ feeds[place])
                play.oracle.find(f"another copy {where}", f"{'/'.join(place)}: {lies}")


def _compare(play: Play, *, long: bool) -> None:
    """The feeds, once all is quiet; and the same after a kill."""
    oracle, machine = play.oracle, play.machine
    feeds = play.peek()
    for place, sync in play.household.syncs().items():
        if sync.direction == "import":
            continue
        if place not in feeds:
            if not sync.paused and oracle.may_be_withheld(place[0]):
                continue
            oracle.find("no feed", f"{'/'.join(place)} has no feed when all is quiet")
            continue
        if long:
            _compare_feed(play, place, feeds[place])
    machine.kill(power=False)
    oracle.interrupted()
    machine.start()
    play.world.until(play.world.now + 60.0, lambda: machine.is_up)
    again = play.peek(check=False)
    for place, body in feeds.items():
        if again.get(place) != body:
            oracle.find("other bytes", f"{'/'.join(place)} has other bytes after a start")


def _compare_feed(play: Play, place: tuple[str, str], body: bytes) -> None:
    oracle = play.oracle
    sync, house = play.household.syncs()[place], play.household.houses[place[0]]
    told = nights(stay for stay, _ in read(body) or ())
    today = oracle.today()
    told = frozenset(night for night in told if night >= today)
    if sync.paused:
        if told:
            oracle.find("told while paused", "/".join(place))
        return
    beside, own = set(nights(house.blocks)), set()
    for other, plan in play.household.syncs().items():
        if other[0] != place[0] or not plan.receives:
            continue
        (own if other == place else beside).update(nights(plan.portal.sold.values()))
    for name, (where, until) in oracle.leaving.items():
        if where[0] == place[0] and play.world.now < until:
            beside.update(oracle.known[name].ever if name in oracle.known else ())
    beside |= oracle.blocks.get(place[0], {}).keys()
    kept = [each for each, until in oracle.kept.items() if isinstance(each, tuple) and play.world.now < until]
    beside |= {night for house_name, night in kept if house_name == place[0]}
    around = range(-house.before, house.after + 1)
    allowed = {night + step for night in beside | own for step in around} - (own - beside)
    if not (house.before or house.after):
        allowed = beside
    extra = sorted(night for night in told if night not in allowed and night not in own)
    if extra:
        oracle.find("ghost at rest", f"{'/'.join(place)} {[night - 740041 for night in extra]}")
