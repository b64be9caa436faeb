"""Any history of a few portals and a few nights, made by Hypothesis: what fails shrinks to a small story."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from icalsyncd.availability.channel import Channel
from icalsyncd.calendars.nights import EMPTY, Nights, Stay, union
from tests.network.history import HOUR, START
from tests.network.hubs import Attribution
from tests.network.portals import Habits, Portal, Shape, Uids, today, uid_of

NAMES = ("a", "b", "c")
LAG = 6 * HOUR
FIRST = today(START) + 20
"""No night of these stories passes: what is sold stays until it is cancelled."""

habits = st.builds(
    Habits,
    repeats=st.sampled_from((True, True, True, False)),
    labels=st.booleans(),
    uids=st.sampled_from(Uids),
    shape=st.sampled_from((Shape.AS_THEY_CAME, Shape.MERGED, Shape.BY_NIGHT)),
)
names = st.sampled_from(NAMES)
stays = st.builds(
    lambda start, length: Stay(FIRST + start, FIRST + start + length), st.integers(0, 5), st.integers(1, 3)
)


class Histories(RuleBasedStateMachine):
    """Three portals around the rules; steps happen a few minutes after one another."""

    @initialize(each=st.tuples(habits, habits, habits))
    def open(self, each: tuple[Habits, ...]) -> None:
        self.now = START
        self.portals = {name: Portal(name, habit) for name, habit in zip(NAMES, each, strict=True)}
        self.hub = Attribution({name: Channel(name, receives=True, sends=True, lag=LAG) for name in NAMES})
        self.down: set[str] = set()
        self.sold: dict[int, tuple[str, Nights]] = {}
        self.seen: dict[int, float] = {}
        self.read_at: dict[str, float] = {}
        self.overbooked = self.doubted = EMPTY
        self.hub.tick(self.now)
        for name in NAMES:
            self.pull(name)
            self.read(name)

    def pass_time(self, seconds: float = 300.0) -> None:
        self.now += seconds
        self.hub.tick(self.now)

    @rule(name=names, stay=stays)
    def book(self, name: str, stay: Stay) -> None:
        """A guest books what is open; nobody who could know better sells a night twice."""
        self.pass_time()
        nights = Nights.between(*stay)
        portal = self.portals[name]
        if not nights.isdisjoint(portal.closed(self.now)):
            return
        twice = known = EMPTY
        for key, (other, taken) in self.sold.items():
            if other != name:
                twice |= nights & taken
                if self.seen.get(key, self.now) < self.read_at[name]:
                    known |= nights & taken
        assert known <= self.overbooked, "a double booking that could have been avoided"
        self.overbooked |= twice
        key = len(self.sold) + 1000 * int(self.now)
        self.sold[key] = (name, nights)
        portal.book(key, stay)

    @precondition(lambda self: self.sold)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        self.pass_time()
        key = data.draw(st.sampled_from(sorted(self.sold)), "booking")
        name, _ = self.sold.pop(key)
        self.portals[name].cancel(key)

    @rule(name=names)
    def pull(self, name: str) -> None:
        self.look_at(name)

    def look_at(self, name: str) -> bool:
        """Pull a portal's calendar; whether it came."""
        self.pass_time()
        if name in self.down:
            return False
        good = self.hub.take(name, self.portals[name].events(self.now), self.now, whole=True)
        for key, (other, _) in self.sold.items():
            if other == name:
                self.seen.setdefault(key, self.now)
        self.doubted |= self.hub.doubted()
        return good

    @rule(name=names)
    def read(self, name: str) -> None:
        looked = self.look_at(name) if self.hub.differs(name) else False
        self.pass_time(1)
        nights = self.hub.feed(name)
        self.hub.telling(name, nights)
        self.hub.told(name, nights, self.now, looked=looked)
        self.portals[name].hear([(run, uid_of(run)) for run in nights.stays()], self.now)
        self.read_at[name] = self.now

    @rule(name=names)
    def fail_or_come_back(self, name: str) -> None:
        """The portal's calendar cannot be pulled, or can be again; it reads its feed all the same."""
        self.down ^= {name}

    @rule()
    def restart(self) -> None:
        self.hub.restart(self.now)

    @rule(hours=st.sampled_from((1, 7, 30)))
    def wait(self, hours: int) -> None:
        for _ in range(hours):
            self.pass_time(HOUR)

    def teardown(self) -> None:
        """At rest every night that is taken is closed, and a ghost stands only where doubt was, and is shown."""
        if not hasattr(self, "hub"):
            return
        self.down = set()
        for _ in range(40):
            self.pass_time(3 * HOUR)
            for name in NAMES:
                self.pull(name)
                self.read(name)
        taken = union(portal.sold() for portal in self.portals.values())
        closed = {name: portal.closed(self.now) for name, portal in self.portals.items()}
        for name in NAMES:
            assert taken <= closed[name], f"open at {name} though taken"
        ghosts = union(closed.values()) - taken
        assert ghosts <= self.overbooked | self.doubted, "a ghost on a night that nothing was ever in doubt of"
        assert ghosts <= self.hub.shown()[1], "a ghost that the host is not shown"


def play_histories(count: int, steps: int) -> None:
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=count,
            stateful_step_count=steps,
            deadline=None,
            # the same ones each time: what is new is looked for with more of them, outside of the suite
            derandomize=True,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )


@pytest.mark.slow
def test_a_few_histories_of_any_kind() -> None:
    play_histories(15, 25)


@pytest.mark.slow
def test_hundreds_of_histories_of_any_kind() -> None:
    play_histories(150, 40)
