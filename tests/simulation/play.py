"""One history, played through: the world, the machine, its portals and host, and the oracle that watches."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from tests.simulation import seam
from tests.simulation.calendars import Night, nights, read
from tests.simulation.cloud import ADDRESS, Cloud
from tests.simulation.household import Household, HousePlan, SyncPlan
from tests.simulation.machine import SECRET, Machine
from tests.simulation.messages import Question
from tests.simulation.network import Network, Peer
from tests.simulation.oracle import Finding, Oracle, Place
from tests.simulation.portal import Mood, Portal, make
from tests.simulation.stored import judge_opened, look_at_copies, nights_on_disk
from tests.simulation.world import DAY, HOUR, MINUTE, World

BROWSER: Final = {"Accept": "text/html", "Accept-Language": "en"}
"""Whoever asks so is no portal."""


@dataclass
class Outcome:
    """What a history came to."""

    seed: int
    findings: list[Finding]
    digest: str
    acts: int
    simulated: float
    """Seconds of the world."""
    turns: int
    lines: list[str] = field(default_factory=list)


class Play:
    """All that takes part."""

    def __init__(self, seed: int) -> None:
        self.world = World(seed)
        self.dice = self.world.dice
        root = "/dev/shm" if Path("/dev/shm").is_dir() else None
        self.folder = Path(tempfile.mkdtemp(prefix="icalsyncd-simulation-", dir=root))
        self.network = Network(self.world)
        self.machine = Machine(self.world, self.network, self.folder)
        self.portals: dict[str, Portal] = {}
        self.cloud: Cloud | None = None
        self.feeds: dict[Place, bytes] = {}
        self.oracle: Oracle = None  # type: ignore[assignment]
        self.household = self._first_household()
        self.oracle = Oracle(
            self.world, Household({}), lambda: self.machine.is_up and not self.machine.clock.is_suspended
        )
        for portal in self.portals.values():
            portal.watcher = self.oracle
        self.network.answers = self._answers
        self.machine.names = self._look_up
        self.machine.disk.find = self.oracle.find
        self.machine.on_log = self._heard
        self.machine.on_exit = lambda why: self.oracle.find("ended", why)
        self.acts = 0

    # the beginning

    def _first_household(self) -> Household:
        dice = self.dice
        houses: dict[str, HousePlan] = {}
        for house in ("elm", "oak")[: 1 if dice.random() < 0.7 else 2]:
            syncs: dict[str, SyncPlan] = {}
            count = dice.choice([2, 2, 3, 3, 4])
            silent = dice.random() < 0.4
            for number in range(count):
                name = "abcd"[number]
                portal = self._portal()
                if silent:
                    portal.repeats = "nothing"
                profile = f"site-{portal.key}"
                direction = "bidirectional" if number < 2 else dice.choice(["bidirectional", "import", "export"])
                syncs[name] = SyncPlan(portal, f"{house}/{name}", profile, direction)
            houses[house] = HousePlan(syncs, before=dice.choice([0, 0, 0, 1]), after=dice.choice([0, 0, 0, 1]))
        folder = None
        if dice.random() < 0.4:
            folder = str(self.folder / "shelf")
            Path(folder).mkdir()
            self.machine.disk.shelf = Path(folder)
        if dice.random() < 0.3:
            self.cloud = Cloud(
                self.world,
                lambda kind, detail: self.oracle.find(kind, detail),
                lambda: self.machine.runs,
                lambda: self.machine.awake(),
                moves=dice.random() < 0.5,
            )
        return Household(
            houses,
            interval=dice.choice([20 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR]),
            hold=dice.choice([0.0, HOUR, 6 * HOUR]),
            removal_delay=dice.choice([0.0, 1800.0, 6 * HOUR, 7 * DAY, 7 * DAY]),
            server_last=dice.random() < 0.5,
            folder=folder,
            cloud=self.cloud.url if self.cloud is not None else None,
        )

    def _portal(self) -> Portal:
        portal = make(self.world, self.network, self.oracle, f"p{len(self.portals)}")
        self.portals[portal.key] = portal
        portal.port = lambda: self.household.port
        portal.shelf = lambda: self._shelf(portal)
        first = self.dice.uniform(0, portal.reads_every)
        self.world.after(first, lambda: self._reads(portal))
        return portal

    def _reads(self, portal: Portal) -> None:
        portal.read()
        self.world.after(portal.reads_every * self.dice.uniform(0.9, 1.1), lambda: self._reads(portal))

    def begin(self) -> None:
        """The first start."""
        for house in self.household.houses:
            for portal in self.portals_of(house):
                for _ in range(self.dice.randrange(4)):
                    self.book(house, portal)
        self.save(self.household)
        if self.dice.random() < 0.3:
            # one that cannot be heard for its first hours
            portal = self.dice.choice(list(self.portals.values()))
            until = self.world.now + self.dice.choice([HOUR, 6 * HOUR, 24 * HOUR])
            portal.fall_into(Mood(self.dice.choice(["404", "503", "html", "refused"]), until, 600.0))
        self.machine.start()
        self.world.until(self.world.now + 120.0, lambda: self.machine.is_up)
        self.paste()
        self.world.rest(90.0)

    def portals_of(self, house: str) -> list[Portal]:
        return [sync.portal for sync in self.household.houses[house].syncs.values()]

    # what the network asks

    def _look_up(self, host: str) -> str:
        portal = self.portals[host.partition(".")[0]]
        portal.looked_up()
        return f"10.1.0.{int(portal.key[1:]) + 1}"

    def _answers(self, host: str, port: int) -> Callable[[], Peer] | OSError | None:
        if host == ADDRESS and self.cloud is not None:
            return self.cloud.answers()
        portal = self.portals[f"p{int(host.rpartition('.')[2]) - 1}"]
        return portal.answers()

    def _heard(self, message: str, fields: dict[str, Any], level: int, problem: BaseException | None) -> None:
        if message == "started" and self.cloud is not None:
            self.cloud.began()
        if message in ("the config was taken over", "started"):
            self.oracle.manners.taken_over()
        if problem is not None and not isinstance(problem, seam.Bug):
            self.oracle.find("bug", f"{message}: {type(problem).__name__}: {problem}")

    # the host's hands

    def save(self, household: Household) -> None:
        """Write the whole config."""
        self.household = household
        self._write(household.text())
        self.oracle.saved(household)

    def scribble(self, text: str) -> None:
        """Write something else in its place."""
        self._write(text)
        self.oracle.saved(None)

    def _write(self, text: str) -> None:
        self.machine.config.write_text(text)
        self.machine.changed()

    def paste(self) -> None:
        """Give each portal its link."""
        for sync in self.household.syncs().values():
            if sync.direction != "import":
                sync.portal.link = seam.link_of(SECRET, sync.first_name, sync.generation)

    def ask(
        self, method: str, path: str, then: Callable[[int | None, bytes], None] = lambda status, body: None
    ) -> None:
        """Ask the admin listener."""
        question = Question(method, path, {}, lambda status, headers, body: then(status, body))
        if not self.network.connect(15545, question):
            then(None, b"")

    def asked(self, method: str, path: str) -> tuple[int | None, Any]:
        """The same, and wait for the answer."""
        came: list[tuple[int | None, bytes]] = []
        self.ask(method, path, lambda status, body: came.append((status, body)))
        self.world.until(self.world.now + 100.0, lambda: bool(came))
        status, body = came[0] if came else (None, b"")
        return status, json.loads(body) if body.startswith((b"{", b"[")) else body

    def peek(self, check: bool = True) -> dict[Place, bytes]:
        """Every feed as it is told now, to somebody who is no portal."""
        seen: dict[Place, bytes] = {}
        if not self.machine.is_up or self.machine.clock.is_suspended:
            return seen
        waiting: list[Place] = []
        stored = nights_on_disk(self)
        for place, sync in self.household.syncs().items():
            if sync.direction == "import":
                continue
            asked_at = self.world.now

            def done(
                status: int | None,
                headers: object,
                body: bytes,
                place: Place = place,
                at: float = asked_at,
                sync: SyncPlan = sync,
            ) -> None:
                waiting.remove(place)
                found = read(body) if status == 200 else None
                if found is not None:
                    seen[place] = body
                    if check:
                        told = nights(stay for stay, _ in found)
                        self.oracle.judge(place, told, at, "is told")
                        self.oracle.judge_ready(place, "is told")
                        judge_opened(self, sync.first_name, told, stored, nights_on_disk(self))

            question = Question("GET", seam.link_of(SECRET, sync.first_name, sync.generation), BROWSER, done)
            if self.network.connect(self.household.port, question):
                waiting.append(place)
        self.world.until(self.world.now + 20.0, lambda: not waiting)
        if check:
            look_at_copies(self)
        return seen

    # the guests

    def book(self, house: str, portal: Portal) -> None:
        """A guest books what is free, and has been for long enough that nobody could take it for anything else."""
        if not portal.can_sell:
            return
        day = int(self.world.now // DAY) + 719163
        taken = set(portal.closed())
        for each in self.portals_of(house):
            taken |= nights(each.sold.values())
        place = self.oracle.place_of(portal) if self.oracle else None
        if place is not None:
            last = self.oracle.knows(self.household.syncs()[place]).last
            if portal.repeats == "own" and last is not None:
                taken |= last.shown - last.sold
            taken |= nights(self.household.houses[house].blocks)
        for _ in range(20):
            first = day + 3 + int(self.dice.triangular(0, 80, 10))
            stay = first, first + self.dice.randrange(1, 6)
            if taken.isdisjoint(nights([stay])) and self.may_be_sold(house, nights([stay])):
                portal.sell(stay)
                self.world.note(f"{portal.key} sells {stay[0] - 740041}..{stay[1] - 740041}")
                return

    def may_be_sold(self, house: str, wanted: frozenset[Night]) -> bool:
        """Whether a booking of *wanted* could be told from a published copy that somebody has read late."""
        if not self.household.is_published:
            return True
        recently = self.world.now - 2 * DAY
        gone = [night for each in self.portals_of(house) for night, at in each.sold_out.items() if at > recently]
        # with the nights around them, which were published as well
        return wanted.isdisjoint(night + step for night in gone for step in (-1, 0, 1))

    def _shelf(self, portal: Portal) -> frozenset[Night]:
        """The nights of the published copies of a portal's feed."""
        if portal.link is None:
            return frozenset()
        lying = self.cloud.nights(portal.link) if self.cloud is not None else None
        if self.household.folder is None:
            return lying or frozenset()
        try:
            body = Path(self.household.folder + portal.link).read_bytes()
        except OSError:
            return lying or frozenset()
        return nights(stay for stay, _ in read(body) or ()) | (lying or frozenset())

    # the end

    def close(self) -> Outcome:
        shutil.rmtree(self.folder, ignore_errors=True)
        world = self.world
        return Outcome(
            world.seed,
            self.oracle.findings,
            world.digest,
            self.acts,
            world.now - self.machine.begun,
            world.turns,
            world.lines,
        )


def changed_sync(household: Household, place: Place, **changes: Any) -> Household:
    """*household* with a sync that differs in *changes*."""
    return household.with_sync(place, replace(household.syncs()[place], **changes))
