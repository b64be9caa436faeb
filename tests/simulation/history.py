"""Histories: what portals, guests, the host and the machine do, in an order and at a pace that the seed chooses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from tests.simulation.calendars import nights
from tests.simulation.household import SyncPlan
from tests.simulation.oracle import UNSETTLED, Place
from tests.simulation.play import Play, changed_sync
from tests.simulation.portal import Mood, Portal
from tests.simulation.words import listen
from tests.simulation.world import DAY, HOUR, MINUTE

PAUSES: Final = (0.0, 0.02, 0.3, 2.0, 10.0, 30.0, 100.0, 1500.0)
BREATHS: Final = (0.0, 0.02, 0.1, 0.3, 1.0, 2.0, 4.0, 8.0)
"""Pauses within a burst."""
LONG: Final = frozenset({"wait", "suspend", "restart", "clock"})
ILL: Final = ("book", "cancel", "cancel", "pull", "pull", "read", "read", "pause", "resume", "rename", "unblock")
"""What matters most while the disk does not take what is known."""
SHORT: Final = ("book", "cancel", "read", "pull", "pause", "blink", "half", "remove", "restore", "settings")
MOODS: Final = tuple(
    "late late slow 429 503 500 404 html empty cut never refused unreachable dns bug".split()  # noqa: SIM905
)


class History:
    """One seed's acts."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.world = play.world
        dice = self.dice = play.dice
        self._acts: dict[str, Callable[[], None]] = {
            "book": self.book,
            "cancel": self.cancel,
            "resell": self.resell,
            "read": self.read,
            "mood": self.mood,
            "pull": self.pull,
            "pause": self.pause,
            "blink": self.blink,
            "resume": self.resume,
            "remove": self.remove,
            "restore": self.restore,
            "rename": self.rename,
            "move": self.move,
            "mistype": self.mistype,
            "half": self.half,
            "block": self.block,
            "unblock": self.unblock,
            "settings": self.settings,
            "ignore": self.ignore,
            "accept": self.accept,
            "rotate": self.rotate,
            "address": self.address,
            "kill": self.kill,
            "restart": self.restart,
            "suspend": self.suspend,
            "clock": self.clock,
            "disk": self.disk,
            "shelf": self.shelf,
            "wait": self.wait,
        }
        common = {"book": 5.0, "cancel": 2.5, "resell": 2.0, "read": 3.0, "mood": 3.0, "pull": 2.0, "wait": 0.6}
        self.weights = {
            name: common.get(name, 1.0) * 2.0 ** dice.uniform(-3, 2) * (dice.random() < 0.7) for name in self._acts
        }
        self.weights["book"] = max(self.weights["book"], 2.0)
        self.paces = [2.0 ** dice.uniform(-3, 2) for _ in PAUSES]
        self.names = 0
        self.bursts = dice.choice([0.0, 0.1, 0.3])
        """The share of acts that begin a burst."""
        self.ill = False
        """The disk does not take what is known in this burst."""
        self.focus: Place | None = None
        """The sync that most of a burst is about."""
        self.out: dict[Place, float] = {}
        """Since when a sync takes no part."""
        self.removed: list[tuple[Place, SyncPlan]] = []

    def play_on(self, acts: int) -> None:
        """Do so many acts, with pauses."""
        names, weights = list(self._acts), [self.weights[name] for name in self._acts]
        left = 0
        for _ in range(acts):
            if not left and self.dice.random() < self.bursts:
                left = self.dice.randrange(3, 9)
                self._begin_burst()
            name = self.dice.choices(names, weights)[0]
            if left:
                left -= 1
                if name in LONG or self.ill:
                    name = self.dice.choice(ILL if self.ill else SHORT)
                if self.ill and not left:
                    # what a host does who sees that the disk is full
                    name = self.dice.choice(["kill", "restart", "wait"])
            else:
                self.focus, self.ill = None, False
            self.world.note(f"# {name}")
            self.play.acts += 1
            self._acts[name]()
            if left:
                self.world.rest(self.dice.choice(BREATHS) * self.dice.uniform(0.5, 1.5))
            else:
                self.world.rest(self.dice.choices(PAUSES, self.paces)[0] * self.dice.uniform(0.5, 1.5))
            self.play.oracle.manners.look()
            if self.dice.random() < 0.4:
                self.play.peek()
                listen(self.play)

    def _begin_burst(self) -> None:
        """Much happens to one sync within seconds, mostly while its portal takes its time."""
        self.focus = self._sync(lambda sync: sync.receives)
        if self.focus is None:
            return
        portal = self.play.household.syncs()[self.focus].portal
        self.ill = self.dice.random() < 0.3
        if self.ill:
            self.disk()
        self.world.note(f"# a burst about {'/'.join(self.focus)}")
        if self.dice.random() < 0.7:
            portal.mood = Mood(self.dice.choice(["late", "late", "slow", "429", "503"]), self.world.now + 60.0, 600.0)
            self.world.note(f"{portal.key} answers {portal.mood.kind} for 60 s")
        match self.dice.choice(["pull", "read", "resume", "nothing"]):
            case "pull":
                self.pull()
            case "read":
                portal.read()
            case "resume":
                self.move()
            case _:
                pass

    # portals and guests

    def _portal(self) -> tuple[str, Portal]:
        syncs = self.play.household.syncs()
        if self.focus in syncs and self.dice.random() < 0.7:
            return self.focus[0], syncs[self.focus].portal
        place, sync = self.dice.choice(list(syncs.items()))
        return place[0], sync.portal

    def book(self) -> None:
        self.play.book(*self._portal())

    def cancel(self) -> None:
        _, portal = self._portal()
        for uid in list(portal.sold)[: self.dice.choice([1, 1, 1, 2, 9])]:
            self._cancel(portal, uid)

    def _cancel(self, portal: Portal, uid: str) -> None:
        self.world.note(f"{portal.key} cancels {uid}")
        portal.cancel(uid)

    def resell(self) -> None:
        """A guest cancels at one portal, and the same nights are sold at another one once they are free there."""
        house, portal = self._portal()
        others = [each for each in self.play._portals_of(house) if each is not portal]
        if not portal.sold or not others:
            return
        uid = self.dice.choice(list(portal.sold))
        stay = portal.sold[uid]
        self._cancel(portal, uid)
        other = self.dice.choice(others)
        tries = 40

        def try_it() -> None:
            nonlocal tries
            tries -= 1
            wanted = nights([stay])
            place = self.play.oracle.place_of(other)
            if place is None or stay[0] < self.play.oracle.today() + 2:
                return
            if not other.can_sell:
                self.world.after(20.0, try_it)
                return
            known = self.play.oracle.knows(self.play.household.syncs()[place])
            shown = known.last.shown - known.last.sold if known.last and other.repeats == "own" else frozenset[int]()
            sold = [nights(each.sold.values()) for each in self.play._portals_of(house)]
            if any(not wanted.isdisjoint(each) for each in (*sold, nights(self.play.household.houses[house].blocks))):
                return
            if wanted.isdisjoint(other.closed()) and wanted.isdisjoint(shown) and self.play.may_be_sold(house, wanted):
                other.sell(stay)
                self.world.note(f"{other.key} sells what was cancelled")
            elif tries:
                self.world.after(self.dice.choice([20.0, 600.0]), try_it)

        self.world.after(self.dice.choice([0.0, 60.0, HOUR]), try_it)

    def read(self) -> None:
        self._portal()[1].read()

    def mood(self) -> None:
        _, portal = self._portal()
        lasts = self.dice.choice([5.0, 40.0, 10 * MINUTE, 2 * HOUR, 12 * HOUR])
        wait = self.dice.choice([0.0, 30.0, 600.0, HOUR, 5 * HOUR])
        portal.fall_into(Mood(self.dice.choice(MOODS), self.world.now + lasts, wait))
        self.world.note(f"{portal.key} answers {portal.mood.kind} for {lasts:.0f} s")

    # the host

    def _sync(self, wanted: Callable[[SyncPlan], bool] = lambda sync: True) -> Place | None:
        syncs = self.play.household.syncs()
        if self.focus in syncs and wanted(syncs[self.focus]) and self.dice.random() < 0.8:
            return self.focus
        places = [place for place, sync in syncs.items() if wanted(sync)]
        return self.dice.choice(places) if places else None

    def pull(self) -> None:
        place = self._sync(lambda sync: sync.receives)
        if place is None:
            return
        if self.dice.random() < 0.3:
            for sync in self.play.household.syncs().values():
                self.play.oracle.manners.asks(sync.portal)
            self.play.ask("POST", "/-/pull")
        else:
            self.play.oracle.manners.asks(self.play.household.syncs()[place].portal)
            self.play.ask("POST", f"/-/pull?sync={'/'.join(place)}")

    def pause(self) -> None:
        place = self._sync(lambda sync: not sync.paused)
        if place:
            self.out[place] = self.world.now
            self.play.save(changed_sync(self.play.household, place, paused=True))

    def blink(self) -> None:
        """Paused and resumed within seconds."""
        place = self._sync(lambda sync: sync.receives)
        house = self.play.household.houses[place[0]] if place else None
        # what is judged anew beside buffers that its portal was told is no blink's affair
        if place and house and not (house.before or house.after) and not self._repeats(place[0]):
            self.play.save(changed_sync(self.play.household, place, paused=True))
            rest = self.dice.choice([1.5, 3.0, 10.0])
            if self.dice.random() < 0.5:
                # a portal has a button for that, too
                self.world.after(self.dice.uniform(0.0, rest), self.play.household.syncs()[place].portal.read)
            self.world.rest(rest)
            self.play.save(changed_sync(self.play.household, place, paused=False))

    def _repeats(self, house: str) -> bool:
        """Some portal of the accommodation repeats what it reads."""
        return any(portal.repeats != "nothing" for portal in self.play._portals_of(house))

    def _may_return(self, place: Place) -> bool:
        """What was out may come back: not before portals that repeat have forgotten what it had closed."""
        return not self._repeats(place[0]) or self.world.now - self.out.get(place, -1e18) > 9 * HOUR

    def resume(self) -> None:
        place = self._sync(lambda sync: sync.paused)
        if place and self._may_return(place):
            self.play.save(changed_sync(self.play.household, place, paused=False))

    def remove(self) -> None:
        place = self._sync()
        house = self.play.household.houses[place[0]] if place else None
        if place and house and len(house.syncs) > 2:
            sync = self.play.household.syncs()[place]
            self.removed.append((place, sync))
            self.out[place] = self.world.now
            self.play.oracle.left[place] = sync.portal
            self.play.save(self.play.household.without_sync(place))

    def restore(self) -> None:
        if self.removed:
            place, sync = self.removed.pop(0)
            if not self._may_return(place):
                self.removed.append((place, sync))
            elif place not in self.play.household.syncs():
                self.play.save(self.play.household.with_sync(place, sync))

    def rename(self) -> None:
        place = self._sync(lambda sync: sync.direction != "export")
        quiet = self.world.now - UNSETTLED
        if place and self.play.oracle.is_up() and max(self.play.oracle.saves[-1], self.play.oracle.broken_at) < quiet:
            # a name that was another sync's would make it that one, and one that nobody has seen is nobody's
            self.names += 1
            new = place[0], f"n{self.names}"
            sync = self.play.household.syncs()[place]
            was = "/".join(place) if self.dice.random() < 0.5 else None
            household = self.play.household.without_sync(place).with_sync(new, replace(sync, was=was))
            self.play.save(household)

    def move(self) -> None:
        """The portal gives the calendar another address."""
        place = self._sync(lambda sync: sync.direction != "export")
        if place:
            sync = self.play.household.syncs()[place]
            sync.portal.token += 1
            self.play.save(self.play.household)
            self.play.oracle.changed[sync.first_name] = self.world.now
            self.play.oracle.manners.moved(sync)

    def mistype(self) -> None:
        """The address is written wrongly, and mended soon."""
        place = self._sync(lambda sync: sync.receives)
        if place:
            sync = self.play.household.syncs()[place]
            wrong = self.dice.choice([sync.portal.url[:-9], f"http://{sync.portal.host}/9/calendar.ics"])
            since = self.world.now
            # an address that was never asked before has no wish to be left in peace
            self.play.oracle.manners.moved(sync, float("inf"))
            self.play.scribble(self.play.household.text().replace(sync.portal.url, wrong))
            self.world.rest(self.dice.choice([2.0, 8.0, 20.0]))
            self.play.oracle.manners.moved(sync, since)
            self.play.save(self.play.household)
            self.play.oracle.changed[sync.first_name] = self.world.now

    def half(self) -> None:
        """The file is saved in two steps."""
        text = self.play.household.text()
        lines = text.splitlines(keepends=True)
        # who writes a file down is mostly near its end
        least = 1 if self.dice.random() < 0.5 else max(1, len(lines) - 6)
        half = "".join(lines[: self.dice.randrange(least, len(lines))])
        if self.dice.random() < 0.2:
            half = text[: self.dice.randrange(20, len(text))]
        self.play.scribble(half)
        self.world.rest(self.dice.choice([0.1, 1.5, 4.0, 30.0]))
        self.play.save(self.play.household)

    def block(self) -> None:
        house = self.dice.choice(list(self.play.household.houses))
        plan = self.play.household.houses[house]
        first = self.play.oracle.today() + self.dice.randrange(3, 60)
        self.play.save(
            self.play.household.with_house(
                house, replace(plan, blocks=(*plan.blocks, (first, first + self.dice.randrange(1, 5))))
            )
        )

    def unblock(self) -> None:
        house = self.dice.choice(list(self.play.household.houses))
        plan = self.play.household.houses[house]
        if plan.blocks:
            self.play.save(self.play.household.with_house(house, replace(plan, blocks=plan.blocks[1:])))

    def settings(self) -> None:
        dice, household = self.dice, self.play.household
        match dice.choice(["interval", "hold", "removal_delay", "order"]):
            case "interval":
                household = replace(household, interval=dice.choice([20 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR]))
            case "hold":
                household = replace(household, hold=dice.choice([0.0, HOUR, 6 * HOUR]))
            case "removal_delay":
                household = replace(household, removal_delay=dice.choice([1800.0, 1800.0, 6 * HOUR, 7 * DAY]))
            case "order":
                household = replace(household, server_last=not household.server_last)
        self.play.save(household)

    def ignore(self) -> None:
        """The host says, or takes back, that events are to be ignored that its portal has none of."""
        place = self._sync(lambda sync: sync.receives)
        if place:
            had = self.play.household.syncs()[place].ignore
            ignore = None if had is not None and self.dice.random() < 0.5 else f"nothing {self.play.acts}"
            self.play.save(changed_sync(self.play.household, place, ignore=ignore))

    def accept(self) -> None:
        house = self.dice.choice(list(self.play.household.houses))
        self.play.oracle.accepted(house)
        self.play.ask("POST", f"/-/accept?accommodation={house}")

    def rotate(self) -> None:
        place = self._sync(lambda sync: sync.direction != "import")
        if place:
            sync = self.play.household.syncs()[place]
            self.play.save(changed_sync(self.play.household, place, generation=sync.generation + 1))
            self.world.after(self.dice.choice([10.0, HOUR]), self.play.paste)

    def address(self) -> None:
        port = self.dice.choice([5545, 5546, 5547])
        self.play.save(replace(self.play.household, listen=f"127.0.0.1:{port}"))

    # the machine

    def _start(self) -> None:
        if self.play.machine.loop is None:
            self.play.oracle.interrupted()
            self.play.machine.start()

    def kill(self) -> None:
        machine = self.play.machine
        if machine.loop is None:
            return
        how = machine.kill(power=self.dice.random() < 0.3)
        self.world.note(f"killed {how}")
        self.play.oracle.killed()
        self.play.oracle.looks_away()
        self.world.after(self.dice.choice([0.5, 5.0, 60.0, HOUR]), self._start)

    def restart(self) -> None:
        machine = self.play.machine
        if machine.loop is None or not machine.is_up:
            return
        well = not machine.disk.full
        machine.stop()
        self.play.oracle.interrupted()
        if not self.world.until(self.world.now + 90.0, lambda: machine.loop is None):
            self.play.oracle.find("stop hangs", "90 s after it was told to stop")
            return
        if well:
            self.play.oracle.interrupted()
        else:
            self.play.oracle.killed()
        self.play.oracle.looks_away()
        self.world.after(self.dice.choice([0.5, 5.0, HOUR]), self._start)

    def suspend(self) -> None:
        machine, dice = self.play.machine, self.dice
        self.play.oracle.interrupted()
        self.play.oracle.looks_away()
        machine.suspend()
        self.world.rest(dice.choice([20 * MINUTE, 3 * HOUR, 30 * HOUR, 60 * HOUR]))
        machine.resume()
        self.play.oracle.interrupted()

    def clock(self) -> None:
        """Somebody sets the wall clock; mostly it is set right before long. Or it is wrong at the next start."""
        machine, dice = self.play.machine, self.dice
        at_start = dice.random() < 0.5 and machine.loop is not None
        sizes = [3 * HOUR, 2 * DAY, 10 * DAY, 20 * DAY, 25 * DAY, 60 * DAY]
        size = dice.choice(sizes if at_start else [10 * MINUTE, 50 * MINUTE, 3 * HOUR, 2 * DAY, 20 * DAY, 60 * DAY])
        wrong = size * dice.choice([1, 1, -1])
        if at_start:
            machine.kill(power=True)
            self.play.oracle.killed()
        machine.clock.wrong = wrong
        self.play.oracle.clock_set()
        if at_start:
            self._start()

        def right() -> None:
            machine.clock.set_right()
            self.play.oracle.clock_set()

        self.world.after(dice.choice([30.0, HOUR, 10 * HOUR]), right)

    def disk(self) -> None:
        machine, dice = self.play.machine, self.dice
        match dice.choice(["full", "slow"]):
            case "full":
                machine.disk.fill(True)
                self.play.oracle.disk(well=False)
                self.world.after(dice.choice([30.0, HOUR, 4 * HOUR]), self.well)
            case "slow":
                machine.disk.slow = dice.choice([0.5, 3.0, 10.0])
                self.play.oracle.disk(well=False)
                self.world.after(dice.choice([60.0, HOUR]), self.well)

    def well(self) -> None:
        """The disk is as it should be."""
        self.play.machine.disk.fill(False)
        self.play.machine.disk.slow = 0.0
        self.play.oracle.disk(well=True)

    def shelf(self) -> None:
        """The folder that is published in hangs."""
        self.play.machine.disk.hangs_until = self.world.now + self.dice.choice([5.0, 30.0, 300.0, HOUR])

    def wait(self) -> None:
        self.world.rest(self.dice.choice([600.0, HOUR, HOUR, 2 * HOUR, 9 * HOUR]))
