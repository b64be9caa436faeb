"""The end of a history: all is well and stays so, and then everything must be as it really is."""

from __future__ import annotations

from tests.simulation.calendars import nights, read
from tests.simulation.history import History
from tests.simulation.play import Play
from tests.simulation.portal import Mood
from tests.simulation.world import HOUR


def come_to_rest(play: Play, history: History) -> None:
    """Mend all that is broken, wait, and look."""
    world, machine, oracle = play.world, play.machine, play.oracle
    world.note("# rest")
    machine.disk.hangs_until = 0.0
    history.well()
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
        world.rest(2.5 * HOUR)
        oracle.manners.look()
        play.peek()
    _compare(play, long=long)


def _compare(play: Play, *, long: bool) -> None:
    """The feeds, once all is quiet; and the same after a kill."""
    oracle, machine = play.oracle, play.machine
    feeds = play.peek()
    for place, sync in play.household.syncs().items():
        if sync.direction == "import":
            continue
        if place not in feeds:
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
    around = range(-house.before, house.after + 1)
    allowed = {night + step for night in beside | own for step in around} - (own - beside)
    if not (house.before or house.after):
        allowed = beside
    extra = sorted(night for night in told if night not in allowed and night not in own)
    if extra:
        oracle.find("ghost at rest", f"{'/'.join(place)} {[night - 740041 for night in extra]}")
