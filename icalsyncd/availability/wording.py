"""The words for why a night is closed or open, for a host who does not know the rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from icalsyncd.availability.beside import because, is_block
from icalsyncd.availability.claims import Rule
from icalsyncd.availability.explanation import (
    EMPTY_NAMES,
    OWN_BLOCK,
    Explanation,
    Statement,
    called,
    frees_when,
    runs_out,
)
from icalsyncd.availability.ledger import Ledger, Presence
from icalsyncd.availability.offers import trouble
from icalsyncd.availability.pausing import Pause
from icalsyncd.availability.sifting import Ruled
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.calendar import Kind
from icalsyncd.calendars.nights import Night, date_of
from icalsyncd.language import listed, say

_COMMAND: Final = "icalsyncd "
_KINDS: Final = {Kind.RESERVATION: "a reservation", Kind.BLOCK: "a block", Kind.UNKNOWN: "taken"}


def in_words(rule: Rule) -> str:
    """Why *rule* decides as it does, in words of the host's that stand within a sentence."""
    said = {
        Rule.RESERVATION: say("the portal itself calls it a reservation"),
        Rule.UNTOLD: say("it began when the portal had not been told of this night by us"),
        Rule.MISMATCHED: say("it is not what the portal had been told by us"),
        Rule.SILENT: say("the portal has not read our feed for so long that it cannot be repeating it"),
        Rule.STANDS_IN: say("it may be a booking that we took for an echo, and nobody else has this night"),
        Rule.CONFIRMED: say("you said so"),
        Rule.LOST: say("what the portal had been told is not known: the state was restored from an earlier one"),
        Rule.OUTLIVED: say("it stayed after we had told the portal that the night is free"),
        Rule.LINKED: say(
            "you said that this portal closes it by itself when it sells one of its family, and that one shows it, too"
        ),
        Rule.OWN_UID: say("it bears our own mark: it is our own feed, come back"),
        Rule.TOLD: say("it appeared after the portal had read in our feed that the night is taken"),
        Rule.WAS_OWN: say("it appeared after the portal had read in our feed that the night is taken"),
        Rule.MATCHED: say("it is exactly what the portal had been told by us"),
        Rule.PADDED: say("it is what the portal had been told by us, with the nights it adds around it"),
        Rule.ANOTHERS: say("you said that another portal has this night"),
        Rule.NOBODYS: say("you said that nobody has this night"),
    }
    return said[rule]


def words(
    ledger: Ledger,
    explanation: Explanation,
    accommodation: str,
    when: Callable[[Moment], str],
    names: Mapping[str, str] = EMPTY_NAMES,
) -> list[str]:
    """The explanation as lines to print; *when* writes a moment for people, *names* are those of accommodations."""
    day = date_of(explanation.night).isoformat()
    lines = [f"{accommodation}, the night of {day}: {_headline(explanation)}", ""]
    if explanation.local:
        lines.append(f"  {OWN_BLOCK} takes it{f': {explanation.note}' if explanation.note else ''}")
    if explanation.said is not None:
        who = explanation.said.by or "nobody"
        lines.append(f"  You said on {when(explanation.said.at)} that {who} has this night.")
    lines += [f"  It is closed because {because(origin, names)}." for origin in explanation.beside]
    for statement in explanation.statements:
        shown = f"{date_of(statement.stay.check_in)} to {date_of(statement.stay.check_out)}"
        lines.append(f"  {statement.sync} shows {shown} as {_KINDS[statement.kind]} since {when(statement.since)}.")
        lines.append(f"      {taken_for(statement)[:-1]}, since {in_words(statement.rule)}.")
        sync = ledger.syncs[statement.sync]
        if explanation.night in sync.retained:
            until = "it is over" if runs_out(sync, explanation.night, ledger.today) else "that is sure"
            lines.append(f"      Its last copy does not show it any more; the night is kept closed until {until}.")
    lines += [f"  {each}." for each in explanation.ruled]
    for telling in explanation.tellings:
        read = "which its portal has yet to read"
        if telling.fetched is not None:
            # told anew of a night that the portal had not forgotten
            known = telling.fetched < telling.since
            read = f"which its portal {'knows since' if known else 'read'} {when(telling.fetched)}"
        lines.append(f"  {telling.sync} is told that it is taken since {when(telling.since)}, {read}.")
    lines += [
        f"  {name} is paused since {when(sync.since)} and kept as it was: what its portal shows since is not known."
        for name, sync in ledger.syncs.items()
        if sync.presence is Presence.KEPT
    ]
    lines += [
        f"  {pause.sync} is paused since {when(pause.since)}; {_within(paused_words(pause, explanation.night))}."
        for pause in explanation.pauses
    ]
    lines += [
        f"  {name}'s link goes on saying that it is taken, until it is stored that it is not."
        for name in explanation.kept_closed
    ]
    if (
        not explanation.statements
        and not explanation.tellings
        and not (explanation.local or explanation.beside)
        and not explanation.kept_closed
    ):
        lines.append("  No portal shows it as taken, and none is told so.")
    lines += ["", f"  {'It opens: ' if explanation.closed else ''}{frees_when(ledger, explanation)}"]
    return lines + _printed(advice(ledger, explanation, accommodation))


def _within(sentence: str) -> str:
    """An English sentence as it stands within another one."""
    return sentence[:1].lower() + sentence[1:].rstrip(".")


def _printed(advised: list[str]) -> list[str]:
    """Advice as lines."""
    return ["", *(f"{'       ' if each.startswith(_COMMAND) else '  '}{each}" for each in advised)] if advised else []


def taken_for(statement: Statement) -> str:
    """What a claim is taken for, as a sentence for who does not know what an echo is."""
    if statement.is_echo:
        return say("We take it for an echo: {portal} only repeats what we told it.", portal=statement.sync)
    return say("We take it for an origin: someone took these nights at {portal}.", portal=statement.sync)


def paused_words(pause: Pause, night: Night) -> str:
    """What a pause means for *night*, as a sentence."""
    if night in pause.sold:
        return say("It last showed this night as taken, and all others show it as free.")
    if night in pause.twice:
        return say("It last showed this night as taken, too.")
    return say("Its portal is not told that this night is taken.")


def rule_words(each: Ruled) -> str:
    """That a portal closes a night by its own settings, as a sentence."""
    if each.closes:
        return say("That is no booking, and it is closed at the others too.")
    return say("That is no booking, and it is not told to the others.")


def rule_name(each: Ruled) -> str:
    """Which of a portal's own settings closes a night."""
    if each.what == "notice":
        return say("{portal}'s own notice", portal=each.sync)
    return say("{portal}'s own booking window", portal=each.sync)


def _headline(explanation: Explanation) -> str:
    if explanation.overbooked:
        return "OVERBOOKED"
    if explanation.possible_ghost:
        return (
            "closed, and perhaps a ghost" if explanation.taken else "open now, and perhaps a ghost that comes and goes"
        )
    if explanation.taken:
        twice = ", and perhaps booked twice" if explanation.perhaps_two else ""
        return f"taken ({', '.join(map(called, explanation.origins))}){twice}"
    if sold := [pause.sync for pause in explanation.pauses if explanation.night in pause.sold]:
        return f"free, though {' and '.join(sold)}, paused, last showed it as taken"
    if explanation.kept_closed:
        return "free, and closed until that is stored"
    if explanation.buffered:
        return "free, but closed as a buffer"
    if explanation.unoffered:
        return f"free, but not offered at {' and '.join(explanation.unoffered)}"
    if explanation.ruled:
        names = " and ".join(f"{each.sync}'s own {each.what}" for each in explanation.ruled)
        return f"free, but closed by {names}"
    return f"free, but kept closed at {' and '.join(explanation.kept)} by a pause" if explanation.kept else "free"


def overbooked_advice(origins: tuple[str, ...]) -> str:
    """What to do about a night that all of *origins* have."""
    portals = [name for name in origins if not is_block(name)]
    if len(portals) == len(origins):
        if len(portals) == 2:
            return say("Look at both portals now and cancel one of the bookings.")
        return say("Look at these portals now and cancel all bookings but one.")
    if len(portals) == 1:
        return say(
            "Look at {portal}: cancel its booking, or take these nights out of your own block in the config.",
            portal=portals[0],
        )
    return say(
        "Look at {portals}: cancel all bookings, or all but one and take the nights out of your own block.",
        portals=listed(portals),
    )


def advice(ledger: Ledger, explanation: Explanation, accommodation: str) -> list[str]:
    """What the host can do about an overbooked night or a possible ghost: sentences, and the commands to type."""
    claimers = list(dict.fromkeys(statement.sync for statement in explanation.statements))
    if explanation.overbooked:
        origins = explanation.origins
        names = listed(map(called, origins))
        return [
            " ".join((say("Overbooked: {portals} each have this night.", portals=names), overbooked_advice(origins))),
            say("The night stays closed everywhere until only one is left."),
        ]
    if explanation.perhaps_two:
        return [
            say("Perhaps two guests: {portals} show this night.", portals=listed(claimers)),
            say("One of them may only repeat the other one, or have sold it before it acted on what it was told."),
            say("Look at these portals; if both have a guest, cancel one."),
        ]
    if not explanation.possible_ghost:
        return []
    if not explanation.taken:
        flighty = [name for name, sync in ledger.syncs.items() if explanation.night in sync.given_up.nights]
        return [
            say(
                "Possible ghost: {portals} showed this night until lately, without having it from us.",
                portals=listed(flighty or claimers or ledger.syncs),
            ),
            say("It may read another portal beside us, so that the two pass the night to and fro. Take that link out."),
        ]
    if not claimers:
        return [
            say(
                "Possible ghost: it is closed by {portals} alone, and nothing proves that anyone booked it there.",
                portals=listed(explanation.beside),
            ),
            say(
                "Look there. If its portal has only closed it since it sold one of the family, write `linked: true` there."
            ),
        ]
    if len(claimers) == 1:
        return [
            say(
                "Possible ghost: only {portal} shows this night, and nothing proves that anyone booked it.",
                portal=claimers[0],
            ),
            say("Look at that portal. If there is no reservation, open the night there by hand."),
        ]
    run = next(stay for stay in trouble(ledger).possible_ghosts.stays() if stay[0] <= explanation.night < stay[1])
    say_so = f"{_COMMAND}confirm {accommodation} {date_of(run.check_in)} {date_of(run.check_out)}"
    return [
        say(
            "Possible ghost: {portals} show this night, and they may only be repeating each other.",
            portals=", ".join(claimers),
        ),
        say("Look at these portals, and say what you saw. Where one of them has a reservation:"),
        *(f"{say_so} --by {name}" for name in claimers),
        say("Where none has one, this opens the nights everywhere; what a portal goes on showing closes them again:"),
        f"{say_so} --nobody",
    ]
