"""How the daemon itself is, in words: its faults for the host, and one line for the service manager.

A portal's fault is not one of the daemon's. Any thread may ask.
"""

from __future__ import annotations

from icalsyncd.admin.matters import Fault, Matter
from icalsyncd.admin.status import ConfigStatus, state_of
from icalsyncd.clock import Clock
from icalsyncd.language import say
from icalsyncd.state.journal import Journal
from icalsyncd.state.view import View


def faults(view: View, journal: Journal, clock: Clock) -> tuple[Fault, ...]:
    """What is wrong with the daemon itself, in sentences for its host."""
    found = []
    if journal.failing:
        found.append(
            Fault(
                Matter.NOT_STORED,
                say("The state is not stored: {why}.", why=journal.failing),
                say("No night is freed meanwhile, and what is known of now is lost in a restart."),
            )
        )
    if clock.doubted:
        found.append(
            Fault(
                Matter.CLOCK_DOUBTED,
                say("The clock has jumped, and is doubted."),
                say("No night opens until a portal's agrees, or you do: {command}.", command="icalsyncd accept clock"),
            )
        )
    elif clock.lags:
        found.append(
            Fault(
                Matter.CLOCK_DOUBTED,
                say("The days since the last start are doubted before a portal's clock agrees."),
                say("Past nights stay, unless you agree: {command}.", command="icalsyncd accept clock"),
            )
        )
    if not journal.may_answer:
        found.append(
            Fault(
                Matter.WITHHELD,
                say("The database is silent, and another machine may have taken over: feeds are withheld."),
                say("That ends when the database answers. Portals keep what they have."),
            )
        )
    elif view.unsure_since is not None:
        found.append(
            Fault(
                Matter.WITHHELD,
                say("What was known last may not be stored: feeds are withheld."),
                say("That ends once each portal was asked, ten minutes after the start at the latest."),
            )
        )
    return tuple(found)


def unready(view: View, journal: Journal) -> str | None:
    """Why not all feeds are answered; None if they are."""
    if not journal.may_answer:
        return "the database is silent, and another machine may have taken over"
    waiting = [each for each, house in view.houses.items() if not house.state.ledger.complete]
    return f"not complete yet: {', '.join(sorted(waiting))}" if waiting else None


def status_line(view: View, config: ConfigStatus, journal: Journal, clock: Clock) -> str:
    """The state in one line, for the service manager."""
    states = [
        state_of(sync, house.state.of(name))
        for house in view.houses.values()
        for name, sync in house.state.ledger.syncs.items()
    ]
    counted = ", ".join(f"{states.count(word)} {word}" for word in dict.fromkeys(sorted(states)))
    line = f"{len(states)} {'sync' if len(states) == 1 else 'syncs'}: {counted}" if states else "no syncs yet"
    if overbooked := sum(len(house.trouble.overbooked) for house in view.houses.values()):
        line = f"{overbooked} {'night' if overbooked == 1 else 'nights'} overbooked; {line}"
    if not config.ok:
        line = f"config refused, the one before goes on: {config.problems[0]}; {line}"
    if journal.failing:
        line = f"the state is not stored; {line}"
    if not journal.may_answer:
        line = f"feeds are withheld; {line}"
    if clock.doubted:
        line = f"the clock is doubted; {line}"
    return line
