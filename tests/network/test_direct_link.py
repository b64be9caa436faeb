"""A portal that reads another one beside us: what cannot be known from here, and what is shown instead."""

from __future__ import annotations

from icalsyncd.calendars.calendar import Event
from icalsyncd.calendars.nights import Nights, Stay
from tests.network.history import HOUR, START, History
from tests.network.hubs import Attribution
from tests.network.portals import Habits, Portal, today, uid_of
from tests.network.simulation import channels

HABITS = {"a": Habits(), "b": Habits()}
"""Both repeat what they read as it came, and show every event alike."""


class Link:
    """Two portals around the daemon, of which b reads a as well; all that the daemon has been shown is kept."""

    def __init__(self) -> None:
        story = History(seed=0, habits=HABITS, wishes=(), outages=(), end=START)
        self.hub = Attribution(channels(story))
        self.portals = {name: Portal(name, habits) for name, habits in HABITS.items()}
        self.now = START
        self.shown: list[tuple[tuple[Stay, str], ...]] = []
        self.pull("a")
        self.pull("b")

    def stay(self, first: int, last: int) -> Stay:
        return Stay(today(START) + first, today(START) + last)

    def pull(self, name: str) -> None:
        self.now += HOUR / 2
        self.hub.tick(self.now)
        events: tuple[Event, ...] = self.portals[name].events(self.now)
        self.shown.append(tuple((event.stay, event.kind.value) for event in events))
        self.hub.take(name, events, self.now, whole=True)

    def read(self, name: str) -> None:
        self.pull(name)
        nights = self.hub.feed(name)
        self.hub.told(name, nights, self.now, looked=True)
        self.portals[name].hear([(run, uid_of(run)) for run in nights.stays()], self.now)

    def read_directly(self) -> None:
        events = self.portals["a"].events(self.now)
        self.portals["b"].hear([(event.stay, event.uid) for event in events], self.now, "a")

    def books_at_a_what_b_reads_there(self, *stays: Stay) -> None:
        """Guests book at a, and b shows that before it has it from us."""
        for key, stay in enumerate(stays):
            self.portals["a"].book(key, stay)
            self.read_directly()
            self.pull("a")
            self.pull("b")

    @property
    def possible_ghosts(self) -> Nights:
        return self.hub.shown()[1]


def played(link: Link, *, cancelled: bool) -> Link:
    """A guest books at b, and a comes to repeat that; then b reads it there and the guest cancels, or neither."""
    link.portals["b"].book(99, link.stay(40, 42))
    link.pull("b")
    link.read("a")
    link.pull("a")
    if cancelled:
        link.portals["b"].cancel(99)
        link.read_directly()
    for _ in range(48):
        link.read("a")
        link.read("b")
        if cancelled:
            link.read_directly()
    return link


def test_a_cancelled_booking_that_two_portals_pass_to_and_fro_is_shown_to_us_as_one_that_stands_without_a_link() -> (
    None
):
    cancelled, stands = played(Link(), cancelled=True), played(Link(), cancelled=False)
    assert cancelled.portals["b"].sold() != stands.portals["b"].sold()
    assert cancelled.shown == stands.shown
    assert cancelled.hub.ledger == stands.hub.ledger
    assert not cancelled.possible_ghosts


def test_so_both_are_shown_once_the_link_has_given_itself_away() -> None:
    for cancelled in (True, False):
        link = Link()
        link.books_at_a_what_b_reads_there(link.stay(10, 12), link.stay(20, 21), link.stay(30, 33))
        played(link, cancelled=cancelled)
        assert Nights.between(*link.stay(40, 42)) <= link.possible_ghosts
