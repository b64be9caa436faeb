"""What the host does: what is saved, in one step or in two, and what is asked of the running daemon."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.simulation.attention import Act, Attention
from tests.simulation.calendars import Stay
from tests.simulation.household import Household, SyncPlan
from tests.simulation.oracle import Place
from tests.simulation.play import changed_sync
from tests.simulation.world import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from tests.simulation.play import Play


class Host:
    """The host's hands."""

    def __init__(self, play: Play, attention: Attention) -> None:
        self._play = play
        self._attention = attention
        self._world = play.world
        self._dice = play.dice
        self._names = 0
        self._out: dict[Place, float] = {}
        """Since when a sync takes no part."""
        self._removed: list[tuple[Place, SyncPlan]] = []

    def acts(self) -> dict[str, Act]:
        return {
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
        }

    @property
    def _household(self) -> Household:
        return self._play.household

    def pull(self) -> None:
        place = self._attention.sync(lambda sync: sync.receives)
        if place is None:
            return
        if self._dice.random() < 0.3:
            for sync in self._household.syncs().values():
                self._play.oracle.manners.asks(sync.portal)
            self._play.ask("POST", "/-/pull")
        else:
            self._play.oracle.manners.asks(self._household.syncs()[place].portal)
            self._play.ask("POST", f"/-/pull?sync={'/'.join(place)}")

    # who takes part

    def pause(self) -> None:
        place = self._attention.sync(lambda sync: not sync.paused)
        if place:
            self._out[place] = self._world.now
            self._play.save(changed_sync(self._household, place, paused=True))

    def blink(self) -> None:
        """Paused and resumed within seconds."""
        place = self._attention.sync(lambda sync: sync.receives)
        if place and self.may_blink(place[0]):
            self._play.save(changed_sync(self._household, place, paused=True))
            rest = self._dice.choice([1.5, 3.0, 10.0])
            if self._dice.random() < (0.9 if self._attention.only else 0.5):
                # a portal has a button for that, too
                self._world.after(self._dice.uniform(rest - 1.5, rest), self._household.syncs()[place].portal.read)
            self._world.rest(rest)
            self._play.save(changed_sync(self._household, place, paused=False))

    def may_blink(self, house: str) -> bool:
        """What is judged anew beside what its portal was told is no blink's affair."""
        plan = self._household.houses[house]
        plain = not (plan.before or plan.after or self._repeats(house))
        return plain or house not in self._play.oracle.served

    def _repeats(self, house: str) -> bool:
        """Some portal of the accommodation repeats what it reads."""
        return any(portal.repeats != "nothing" for portal in self._play.portals_of(house))

    def _may_return(self, place: Place) -> bool:
        """What was out may come back: not before portals that repeat have forgotten what it had closed."""
        return not self._repeats(place[0]) or self._world.now - self._out.get(place, -1e18) > 9 * HOUR

    def resume(self) -> None:
        place = self._attention.sync(lambda sync: sync.paused)
        if place and self._may_return(place):
            self._play.save(changed_sync(self._household, place, paused=False))

    def remove(self) -> None:
        place = self._attention.sync()
        house = self._household.houses[place[0]] if place else None
        if place and house and len(house.syncs) > 2:
            sync = self._household.syncs()[place]
            self._removed.append((place, sync))
            self._out[place] = self._world.now
            self._play.oracle.left[place] = sync.portal
            self._play.save(self._household.without_sync(place))

    def restore(self) -> None:
        if self._removed:
            place, sync = self._removed.pop(0)
            if not self._may_return(place):
                self._removed.append((place, sync))
            elif place not in self._household.syncs():
                self._play.save(self._household.with_sync(place, sync))

    # names and addresses

    def rename(self) -> None:
        place = self._attention.sync(lambda sync: sync.direction != "export")
        if place and self._attention.quiet():
            # a name that was another sync's would make it that one, and one that nobody has seen is nobody's
            self._names += 1
            new = place[0], f"n{self._names}"
            sync = self._household.syncs()[place]
            was = "/".join(place) if self._dice.random() < 0.5 else None
            household = self._household.without_sync(place).with_sync(new, replace(sync, was=was))
            if self._attention.focus == place:
                self._attention.focus = new
            self._play.save(household)

    def move(self) -> None:
        """The portal gives the calendar another address."""
        place = self._attention.sync(lambda sync: sync.direction != "export")
        if place and self._attention.quiet():
            sync = self._household.syncs()[place]
            sync.portal.token += 1
            self._play.save(self._household)
            self._play.oracle.moved(sync.first_name)
            self._play.oracle.manners.moved(sync)

    def mistype(self) -> None:
        """The address is written wrongly, and mended soon; what lies there may say no, or nothing."""
        place = self._attention.sync(lambda sync: sync.receives)
        if place and self._attention.quiet():
            sync = self._household.syncs()[place]
            wrong = self._dice.choice([sync.portal.url[:-9], f"http://{sync.portal.host}/9/calendar.ics"])
            sync.portal.elsewhere = self._dice.choice(["404", "never"])
            since = self._world.now
            # an address that was never asked before has no wish to be left in peace
            self._play.oracle.manners.moved(sync, float("inf"))
            self._play.scribble(self._household.text().replace(sync.portal.url, wrong))
            self._world.rest(self._dice.choice([2.0, 8.0, 20.0]))
            self._play.oracle.manners.moved(sync, since)
            self._play.save(self._household)
            self._play.oracle.moved(sync.first_name)

    def rotate(self) -> None:
        place = self._attention.sync(lambda sync: sync.direction != "import")
        if place:
            sync = self._household.syncs()[place]
            self._play.save(changed_sync(self._household, place, generation=sync.generation + 1))
            self._world.after(self._dice.choice([10.0, HOUR]), self._play.paste)

    def address(self) -> None:
        port = self._dice.choice([5545, 5546, 5547])
        host = self._dice.choice(["127.0.0.1", "127.0.0.1", "0.0.0.0"])
        self._play.save(replace(self._household, listen=f"{host}:{port}"))

    # nights and settings

    def half(self) -> None:
        """The file is saved in two steps."""
        text = self._household.text()
        lines = text.splitlines(keepends=True)
        # who writes a file down is mostly near its end
        least = 1 if self._dice.random() < 0.5 else max(1, len(lines) - 6)
        half = "".join(lines[: self._dice.randrange(least, len(lines))])
        if self._dice.random() < 0.2:
            half = text[: self._dice.randrange(20, len(text))]
        self._play.scribble(half)
        self._world.rest(self._dice.choice([0.1, 1.5, 4.0, 30.0]))
        self._play.save(self._household)

    def block(self) -> None:
        house = self._dice.choice(list(self._household.houses))
        first = self._play.oracle.today() + self._dice.randrange(3, 60)
        blocks = self._household.houses[house].blocks
        self._say_blocks(house, (*blocks, (first, first + self._dice.randrange(1, 5))))

    def unblock(self) -> None:
        house = self._dice.choice(list(self._household.houses))
        blocks = self._household.houses[house].blocks
        if blocks:
            self._say_blocks(house, blocks[1:])

    def _say_blocks(self, house: str, blocks: tuple[Stay, ...]) -> None:
        self._play.save(self._household.with_house(house, replace(self._household.houses[house], blocks=blocks)))

    def settings(self) -> None:
        dice, household = self._dice, self._household
        match dice.choice(["interval", "hold", "removal_delay", "order"]):
            case "interval":
                household = replace(household, interval=dice.choice([20 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR]))
            case "hold":
                household = replace(household, hold=dice.choice([0.0, HOUR, 6 * HOUR]))
            case "removal_delay":
                household = replace(household, removal_delay=dice.choice([1800.0, 1800.0, 6 * HOUR, 7 * DAY]))
            case "order":
                household = replace(household, server_last=not household.server_last)
        self._play.save(household)

    def ignore(self) -> None:
        """The host says, or takes back, that events are to be ignored that its portal has none of."""
        place = self._attention.sync(lambda sync: sync.receives)
        if place:
            had = self._household.syncs()[place].ignore
            ignore = None if had is not None and self._dice.random() < 0.5 else f"nothing {self._play.acts}"
            self._play.save(changed_sync(self._household, place, ignore=ignore))

    def accept(self) -> None:
        house = self._dice.choice(list(self._household.houses))
        self._play.oracle.accepted(house)
        self._play.ask("POST", f"/-/accept?accommodation={house}")
