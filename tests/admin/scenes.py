"""What the page may have to show, each state by itself: made by the daemon's own functions, without a daemon."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from icalsyncd.admin.matters import Fault, Matter
from icalsyncd.admin.overview import Overview
from icalsyncd.admin.status import ConfigStatus
from icalsyncd.availability.attribution import fetched, pulled
from icalsyncd.availability.channel import Channel
from icalsyncd.availability.families import rejoined
from icalsyncd.availability.ledger import Ledger, Presence
from icalsyncd.availability.missing import Lack
from icalsyncd.availability.offers import offers
from icalsyncd.availability.plan import Plan, Seat
from icalsyncd.availability.roster import reconcile
from icalsyncd.calendars.calendar import Event, Kind, Reason
from icalsyncd.calendars.nights import EMPTY, Nights, Stay
from icalsyncd.state.schedule import Attempts
from icalsyncd.state.state import Facts, State
from icalsyncd.state.view import View, see
from tests.admin.worlds import INSTALLATION, NOW, TODAY, world

NAMES: Final = (
    "Casa Azul",
    "Finca del Mar",
    "Ático Sol",
    "Villa Olivo",
    "La Cabaña",
    "Torre Blanca",
    "Mas Pinós",
    "Cortijo Alto",
    "Casa Limón",
    "Puerto Viejo",
    "El Molino",
    "Can Bosc",
)
PORTALS: Final = ("holidu", "vrbo", "agoda", "smoobu", "tripadvisor")
Stays = dict[str, tuple[tuple[int, int], ...]]


def ledger_of(shown: Stays, *, seed: int = 0, after: int = 0, kind: Kind = Kind.UNKNOWN) -> Ledger:
    """A house whose portals show these stays, in days from today, one portal after the other."""
    seats = {name: Seat(Channel(name, receives=True, sends=True), calendar=f"{seed}-{name}") for name in shown}
    blocks = (Stay(TODAY + 40 + seed % 5, TODAY + 44 + seed % 5),)
    plan = Plan(timezone="Europe/Madrid", after=after, blocks=blocks, syncs=seats)
    ledger = reconcile({}, {"house": plan}, today={"house": TODAY}, now=NOW - 9000)["house"]
    # each portal was seen without stays, and has read that there are none: so that what it shows is its own
    for name in shown:
        ledger = _pull(ledger, name, (), NOW - 8000, Kind.UNKNOWN)
        ledger = fetched(ledger, name, offers(ledger)[name], now=NOW - 7900, looked=True)
    for turn, (name, stays) in enumerate(shown.items()):
        ledger = _pull(ledger, name, stays, NOW - 7000 + turn, kind)
    for turn, name in enumerate(shown):
        ledger = fetched(ledger, name, offers(ledger)[name], now=NOW - 600 + turn, looked=True)
    return ledger


def _pull(ledger: Ledger, name: str, stays: tuple[tuple[int, int], ...], at: float, kind: Kind) -> Ledger:
    events = tuple(Event(TODAY + start, TODAY + end, kind, f"{start}-{end}@{name}.example") for start, end in stays)
    return pulled(ledger, name, events, began=at, now=at, ours=lambda uid: EMPTY, retained=EMPTY, good=True)


def stays(seed: int) -> Stays:
    """A household's bookings: no two at once, some from one day to the next, over a year."""
    found: dict[str, list[tuple[int, int]]] = {name: [] for name in PORTALS[: 3 + seed % 3]}
    names = list(found)
    at, turn = -2 + seed % 4, seed
    while at < 300:
        length = (2, 5, 3, 7, 2, 4)[turn % 6]
        if at < 45 + seed % 5 and at + length > 39:
            # the host's own block lies here
            at = 45 + seed % 5
        found[names[turn % len(names)]].append((at, at + length))
        at += length + (0, 3, 1, 6, 0, 9)[(turn + seed) % 6]
        turn += 1
    return {name: tuple(each) for name, each in found.items()}


FACTS: Final = Facts(
    attempts=Attempts(NOW - 240), last_success=NOW - 240, last_change=NOW - 8000, outcome="updated", reader="Bot/2.1"
)


def household(count: int, change: Callable[[int, State], State] = lambda number, state: state) -> Overview:
    """*count* houses; *change* makes of each what is to be shown."""
    states: dict[str, State] = {}
    names: dict[str, str] = {}
    for number in range(count):
        name = NAMES[number % len(NAMES)] + (f" {number // len(NAMES) + 1}" if number >= len(NAMES) else "")
        house = name.lower().replace(" ", "-").translate(str.maketrans("áñóí", "anoi"))
        names[house] = name
        ledger = ledger_of(stays(number), seed=number, after=number % 2)
        states[house] = change(number, State(ledger, dict.fromkeys(ledger.syncs, FACTS)))
    return seen(states, names)


def seen(states: dict[str, State], names: dict[str, str]) -> Overview:
    """What the page sees of *states*."""
    view = see(View(), states, states, [states], INSTALLATION)
    syncs = [(house, sync) for house in view.houses for sync in view.houses[house].state.ledger.syncs]
    return Overview(
        now=NOW,
        view=view,
        config=ConfigStatus(ok=True, problems=(), loaded_at=NOW - 9000),
        file="config.yaml",
        removal_delay=1800.0,
        names=names,
        notes={house: ((Stay(TODAY + 40, TODAY + 44), "family"),) for house in names},
        intervals=dict.fromkeys(syncs, 1800.0),
        next_pulls=dict.fromkeys(syncs, NOW + 1560),
        links={name: f"https://cal.example.org/{'a' * 28}{index:04}.ics" for index, name in enumerate(syncs)},
        lines={name: index + 20 for index, name in enumerate(syncs)},
        secret_since=NOW - 9000,
    )


def _sync(state: State, name: str = "holidu", *, facts: Facts | None = None, **changes: object) -> State:
    sync = replace(state.ledger.syncs[name], **changes)  # type: ignore[arg-type]
    state = replace(state, ledger=state.ledger.with_sync(name, sync))
    return state.with_facts(name, facts) if facts is not None else state


def _twice(state: State) -> State:
    ledger = ledger_of({"holidu": ((2, 6), (9, 13)), "vrbo": ((11, 15),), "agoda": ()}, kind=Kind.RESERVATION)
    return State(ledger, dict.fromkeys(ledger.syncs, FACTS))


def _ghost(state: State) -> State:
    seats = {name: Seat(Channel(name, receives=True, sends=True), calendar=name) for name in ("holidu", "vrbo")}
    plan = Plan(timezone="Europe/Madrid", syncs=seats)
    ledger = reconcile({}, {"house": plan}, today={"house": TODAY}, now=NOW - 9000)["house"]
    for turn, name in enumerate(seats):
        ledger = _pull(ledger, name, ((3, 6), (12, 19)), NOW - 8000 + turn, Kind.UNKNOWN)
    return State(ledger, dict.fromkeys(ledger.syncs, FACTS))


def _perhaps_twice(state: State) -> State:
    ledger = ledger_of({"holidu": ((3, 8), (20, 23)), "vrbo": ()}, kind=Kind.UNKNOWN)
    ledger = fetched(ledger, "vrbo", offers(ledger)["vrbo"], now=NOW - 3600, looked=True)
    ledger = _pull(ledger, "vrbo", ((6, 11),), NOW - 600, Kind.UNKNOWN)
    return State(ledger, dict.fromkeys(ledger.syncs, FACTS))


def _leaving_block(state: State) -> State:
    blocks = tuple(replace(block, leaving_since=NOW - 600) for block in state.ledger.blocks)
    return replace(state, ledger=replace(state.ledger, blocks=blocks))


def _family() -> Overview:
    """A villa that is let whole and by its two suites, and a house beside it."""
    names = {"villa": "Villa Olivo", "suite": "Suite Norte", "studio": "Estudio Sur", "casa": "Casa Azul"}
    booked: dict[str, Stays] = {
        "villa": {"holidu": ((9, 14),), "vrbo": ()},
        "suite": {"holidu": ((-1, 3), (20, 25)), "agoda": ((3, 6),)},
        "studio": {"vrbo": ((16, 19), (30, 37))},
        "casa": {"holidu": ((2, 6), (12, 19)), "vrbo": ((6, 9),)},
    }
    plans = {
        house: Plan(
            timezone="Europe/Madrid",
            parts=("suite", "studio") if house == "villa" else (),
            syncs={name: Seat(Channel(name, receives=True, sends=True), calendar=f"{house}-{name}") for name in shown},
        )
        for house, shown in booked.items()
    }
    ledgers = reconcile({}, plans, today=dict.fromkeys(plans, TODAY), now=NOW - 9000)
    for house, shown in booked.items():
        for turn, (name, stays) in enumerate(shown.items()):
            ledgers[house] = _pull(ledgers[house], name, stays, NOW - 7000 + turn, Kind.RESERVATION)
    ledgers = {**ledgers, **rejoined(ledgers, NOW - 300, ledgers)}
    return seen({house: State(each, dict.fromkeys(each.syncs, FACTS)) for house, each in ledgers.items()}, names)


HELD: Final = Nights(range(TODAY + 3, TODAY + 15))
FAILING: Final = replace(
    FACTS, outcome="failed", reason=Reason.HTTP_5XX, detail="portal answered 503", failing_since=NOW - 9000
)
STATES: Final[dict[str, Callable[[State], State]]] = {
    "well": lambda state: state,
    "overbooked": _twice,
    "ghost": _ghost,
    "held": lambda state: _sync(
        state, facts=replace(FACTS, outcome="held"), held=(Lack(HELD, NOW - 900, 1),), retained=HELD
    ),
    "failing": lambda state: _sync(state, facts=FAILING),
    "partial": lambda state: _sync(
        state, facts=replace(FACTS, outcome="partial", problems=("line 12: DTEND before DTSTART",)), retained=HELD
    ),
    "paused": lambda state: _sync(state, presence=Presence.PAUSED, since=NOW - 3600),
    "kept": lambda state: _sync(state, presence=Presence.KEPT, since=NOW - 3600),
    "leaving": lambda state: _leaving_block(_sync(state, presence=Presence.LEAVING, since=NOW - 600)),
    "unread": lambda state: _sync(state, fetches=(NOW - 3 * 86400,), readers=()),
    "first": lambda state: _sync(state, fetches=(), told=None, pulled_at=None, facts=Facts()),
    "perhaps-twice": _perhaps_twice,
}


def scenes() -> dict[str, Callable[[], Overview]]:
    """All that the page may have to show, by name."""
    every = list(STATES.values())

    def few(number: int, state: State) -> State:
        return every[number](state) if number in (1, 4, 6) else state

    def many(number: int, state: State) -> State:
        return every[number % len(every)](state) if number % 17 == 3 else state

    def well() -> Overview:
        return household(1)

    faults = (Fault(Matter.CLOCK_DOUBTED, "The clock has jumped and is doubted.", "No night opens until you agree."),)
    mistakes = ("config.yaml:3:1: pull.intervall: did you mean `interval`?",)
    refused = ConfigStatus(ok=False, problems=mistakes, loaded_at=NOW)
    return {
        **{
            name: partial(household, 1, lambda _, state, change=change: change(state))
            for name, change in STATES.items()
        },
        "twelve": partial(household, 12, few),
        "twelve-ill": partial(household, 12, lambda number, state: every[number % len(every)](state)),
        "two-hundred": partial(household, 200, many),
        "few": partial(household, 5, lambda number, state: every[1](state) if number == 2 else state),
        "family": _family,
        "dead": well,
        "empty": partial(seen, {}, {}),
        "doubted": lambda: replace(well(), faults=faults),
        "refused": lambda: replace(well(), config=refused),
        "large": partial(world, 200, 5),
    }
