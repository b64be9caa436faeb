"""Why a night is closed or open, for a host who does not know the rules.

It says who claims the night since when, what each claim is taken for and why, who is told of it since when and who has
read that, and what would free it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from icalsyncd.availability.beside import LOCAL, because, is_block, takers_beside
from icalsyncd.availability.claims import ECHOES, Rule
from icalsyncd.availability.ledger import Ledger, Presence, SyncLedger, Word
from icalsyncd.availability.offers import not_offered, trouble, verdict
from icalsyncd.availability.pausing import Pause, pauses
from icalsyncd.availability.rules import Ruled, ruled
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.calendar import Kind
from icalsyncd.calendars.nights import Night, Nights, Stay, date_of
from icalsyncd.language import listed, say

IN_WORDS: Final = {
    Rule.RESERVATION: "the portal itself calls it a reservation",
    Rule.UNTOLD: "it began when the portal had not been told of this night by us",
    Rule.MISMATCHED: "it is not what the portal had been told by us",
    Rule.SILENT: "the portal has not read our feed for so long that it cannot be repeating it",
    Rule.STANDS_IN: "it may be a booking that we took for an echo, and nobody else has this night",
    Rule.CONFIRMED: "you said so",
    Rule.LOST: "what the portal had been told is not known: the state was restored from an earlier one",
    Rule.OUTLIVED: "it stayed after we had told the portal that the night is free",
    Rule.LINKED: "you said that this portal closes it by itself when it sells one of its family, and that one shows it, too",
    Rule.OWN_UID: "it bears our own mark: it is our own feed, come back",
    Rule.TOLD: "it appeared after the portal had read in our feed that the night is taken",
    Rule.MATCHED: "it is exactly what the portal had been told by us",
    Rule.PADDED: "it is what the portal had been told by us, with the nights it adds around it",
    Rule.ANOTHERS: "you said that another portal has this night",
    Rule.NOBODYS: "you said that nobody has this night",
}
"""Why each rule decides as it does, in words of the host's."""
_KINDS: Final = {Kind.RESERVATION: "a reservation", Kind.BLOCK: "a block", Kind.UNKNOWN: "taken"}
_ECHO: Final = "we take it for an echo: {} only repeats what we told it"
_ORIGIN: Final = "we take it for an origin: someone took these nights at {}"


WELL: Final = "all is well"
"""What is said where nothing needs the host."""
EMPTY_NAMES: Final[Mapping[str, str]] = {}
EMPTY_FEEDS: Final[Mapping[str, Nights]] = {}
OWN_BLOCK: Final = "your own block"
"""What a block of the config is called everywhere."""


def called(origin: str) -> str:
    """The name of an origin for people."""
    if not is_block(origin):
        return origin
    return (
        say("your own block") if origin == LOCAL else say("your own block at {house}", house=origin.partition("/")[0])
    )


@dataclass(frozen=True, slots=True)
class Statement:
    """What one sync's portal claims of the night."""

    sync: str
    since: Moment
    kind: Kind
    rule: Rule
    """By which the claim is an origin or an echo."""
    stay: Stay
    """The whole event, as its portal shows it now."""

    @property
    def is_echo(self) -> bool:
        return self.rule in ECHOES


@dataclass(frozen=True, slots=True)
class Telling:
    """That a sync's portal is told that the night is taken."""

    sync: str
    since: Moment
    fetched: Moment | None
    """Since when the portal knows; None where it has not read it yet."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is known of one night."""

    night: Night
    statements: tuple[Statement, ...]
    tellings: tuple[Telling, ...]
    local: bool
    """A block in the config takes it."""
    buffered: bool
    """No one took it, but it is closed for some portal as a buffer."""
    overbooked: bool
    perhaps_two: bool
    """One portal has it, and another one may have sold it too."""
    possible_ghost: bool
    said: Word | None = None
    """What the host said last of it."""
    note: str = ""
    """What the host wrote beside that block."""
    kept: tuple[str, ...] = ()
    """Those who are told of it and whose feed opens nothing, since they are paused and kept."""
    pauses: tuple[Pause, ...] = ()
    """The paused syncs whose portal showed this night as taken, or does not know that it is."""
    kept_closed: tuple[str, ...] = ()
    """The syncs whose feed closes the night though it is free: that it is free is not stored yet."""
    beside: tuple[str, ...] = ()
    """The origins that take it at accommodations of the same family, each as `accommodation/sync`."""
    unoffered: tuple[str, ...] = ()
    """The syncs whose feed closes it since it is too near or too far to be offered."""
    ruled: tuple[Ruled, ...] = ()
    """The portals that close it by their own settings."""

    @property
    def taken(self) -> bool:
        """Whether someone took it, as far as can be told."""
        return self.local or bool(self.beside) or any(not statement.is_echo for statement in self.statements)

    @property
    def closed(self) -> bool:
        """Something keeps it closed somewhere, so that there is something to say of when it opens."""
        return self.taken or self.possible_ghost or bool(self.tellings or self.statements or self.kept_closed)

    @property
    def origins(self) -> tuple[str, ...]:
        named = tuple(dict.fromkeys(statement.sync for statement in self.statements if not statement.is_echo))
        return ("local", *named, *self.beside) if self.local else (*named, *self.beside)


def explain(ledger: Ledger, night: Night, note: str = "", feeds: Mapping[str, Nights] = EMPTY_FEEDS) -> Explanation:
    """Why *night* is closed or open; *note* is what the host wrote beside the block that takes it.

    *feeds* are the nights that each sync's link answers: they may close more than *ledger* does, until it is stored.
    """
    found = trouble(ledger)
    statements: list[Statement] = []
    tellings: list[Telling] = []
    for name, sync in ledger.syncs.items():
        statements.extend(_statements(ledger, name, sync, night))
        since = sync.offered.at(night)
        if since is not None:
            tellings.append(Telling(name, since, sync.told.at(night) if sync.told else None))
    kept = tuple(telling.sync for telling in tellings if ledger.syncs[telling.sync].opens_nothing)
    local = night in ledger.local
    genuine = any(not statement.is_echo for statement in statements)
    beside = takers_beside(ledger, night)
    unoffered = tuple(each.sync for each in tellings if night in not_offered(ledger, ledger.syncs[each.sync]))
    by_rule = ruled(ledger, night)
    return Explanation(
        night,
        tuple(statements),
        tuple(tellings),
        local,
        buffered=len(tellings) > len({*kept, *unoffered})
        and not (local or genuine or beside or any(each.closes for each in by_rule)),
        ruled=by_rule,
        overbooked=night in found.overbooked,
        perhaps_two=night in found.perhaps_two,
        possible_ghost=night in found.possible_ghosts,
        said=next((word for word in reversed(ledger.words) if night in word.nights), None),
        note=note if local else "",
        kept=kept,
        kept_closed=tuple(
            name
            for name, nights in feeds.items()
            if night in nights and (name not in ledger.syncs or ledger.syncs[name].offered.at(night) is None)
        ),
        pauses=tuple(pause for pause in pauses(ledger) if night in pause.open | pause.twice),
        beside=beside,
        unoffered=unoffered,
    )


def _statements(ledger: Ledger, name: str, sync: SyncLedger, night: Night) -> Iterator[Statement]:
    for claim in sync.claims:
        rule = verdict(ledger, name, claim, night)
        if rule is not None:
            yield Statement(name, claim.began, claim.kind, rule, claim.stay)


def frees_when(ledger: Ledger, explanation: Explanation) -> str:
    """What would open the night, in one sentence."""
    if explanation.possible_ghost and not explanation.taken:
        return "It is open until a portal shows it again; a day after the last time it counts as free."
    if sold := [pause.sync for pause in explanation.pauses if explanation.night in pause.sold]:
        return f"It is open now, since {' and '.join(sold)} {'is' if len(sold) == 1 else 'are'} paused."
    if explanation.kept_closed and not (explanation.taken or explanation.tellings):
        names = " and ".join(explanation.kept_closed)
        return f"When the state can be stored: until then the link of {names} keeps it closed."
    if not (explanation.taken or explanation.statements):
        if explanation.ruled and (explanation.tellings or not explanation.buffered):
            return f"When {' and '.join(f'{each.sync} sells it' for each in explanation.ruled)}, by its own settings."
        if not explanation.tellings:
            return "Nothing keeps this night closed."
    if explanation.possible_ghost:
        return "When all portals but one have dropped it: look at them, then follow what is said below."
    waits = [_block_waits(ledger, explanation.night)] if explanation.local else []
    waits += [
        _sync_waits(name, ledger.syncs[name], explanation, ledger.today)
        for name in explanation.origins
        if name in ledger.syncs
    ]
    waits += [f"{called(origin)} no longer takes it" for origin in explanation.beside]
    if waits:
        return f"When {' and '.join(waits)}."
    if explanation.buffered:
        return "When the stay beside it is cancelled or has passed: it is a buffer night."
    if explanation.unoffered:
        return f"When {' and '.join(explanation.unoffered)} may offer it: it is too near or too far ahead (`offer`)."
    if explanation.kept:
        return f"When {' and '.join(explanation.kept)} {_verb(explanation.kept)} resumed: a pause that keeps opens nothing."
    return "It is open everywhere else; the portals that repeat it drop it when they next read our feed."


def _verb(names: tuple[str, ...]) -> str:
    return "is" if len(names) == 1 else "are"


def _block_waits(ledger: Ledger, night: Night) -> str:
    if all(
        block.leaving_since is not None
        for block in ledger.blocks
        if block.stay.check_in <= night < block.stay.check_out
    ):
        return "the removal delay has passed (the block is no longer in the config)"
    return "the block is taken out of the config"


def _sync_waits(name: str, sync: SyncLedger, explanation: Explanation, today: Night) -> str:
    if sync.presence is Presence.LEAVING:
        return f"{name} has left for good (it is no longer in the config)"
    if sync.presence is Presence.KEPT:
        return f"{name} is resumed, and its calendar no longer shows it"
    if explanation.night in sync.retained:
        if sync.broken is not None:
            return f"{name}'s calendar can be read whole again and does not show it (or `icalsyncd accept`)"
        if _runs_out(sync, explanation.night, today):
            return f"it is over, at noon of the day after (it had begun when {name}'s calendar stopped showing it)"
        return f"{name}'s calendar has gone on without it for the time of the hold (or `icalsyncd accept`)"
    rules = {statement.rule for statement in explanation.statements if statement.sync == name and not statement.is_echo}
    if rules == {Rule.SILENT}:
        return f"{name}'s calendar no longer shows it, or its portal reads our feed again"
    return f"{name}'s calendar no longer shows it"


def _runs_out(sync: SyncLedger, night: Night, today: Night) -> bool:
    """Whether a night that is kept though the last copy lacks it is kept only because it has begun."""
    return night <= today and sync.broken is None and not any(night in lack.nights for lack in sync.held)


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
        lines.append(f"      {_capital(taken_for(statement))}, since {IN_WORDS[statement.rule]}.")
        sync = ledger.syncs[statement.sync]
        if explanation.night in sync.retained:
            until = "it is over" if _runs_out(sync, explanation.night, ledger.today) else "that is sure"
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
        f"  {pause.sync} is paused since {when(pause.since)}; {paused_words(pause, explanation.night)}."
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
    lines += advice(ledger, explanation, accommodation)
    return lines


def taken_for(statement: Statement) -> str:
    """What a claim is taken for, in words for who does not know what an echo is."""
    return (_ECHO if statement.is_echo else _ORIGIN).format(statement.sync)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def paused_words(pause: Pause, night: Night) -> str:
    """What a pause means for *night*."""
    if night in pause.sold:
        return "it last showed this night as taken, and all others show it as free"
    if night in pause.twice:
        return "it last showed this night as taken, too"
    return "its portal is not told that this night is taken"


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
    """What the host can do about an overbooked night or a possible ghost, with the commands to type."""
    claimers = list(dict.fromkeys(statement.sync for statement in explanation.statements))
    if explanation.overbooked:
        names = " and ".join(map(called, explanation.origins))
        return [
            "",
            f"  Overbooked: {names} each have this night. {overbooked_advice(explanation.origins)}",
            "  The night stays closed everywhere until only one is left.",
        ]
    if explanation.perhaps_two:
        return [
            "",
            f"  Perhaps two guests: {' and '.join(claimers)} show this night. One of them may only repeat the other one, or",
            "  have sold it before it acted on what it was told. Look at these portals; if both have a guest, cancel one.",
        ]
    if not explanation.possible_ghost:
        return []
    if not explanation.taken:
        flighty = [name for name, sync in ledger.syncs.items() if explanation.night in sync.given_up.nights]
        return [
            "",
            f"  Possible ghost: {' and '.join(flighty)} showed this night until lately, without having it from us.",
            "  It may read another portal beside us, so that the two pass the night to and fro. Take that link out.",
        ]
    if not claimers:
        names = " and ".join(explanation.beside)
        return [
            "",
            f"  Possible ghost: it is closed by {names} alone, and nothing proves that anyone booked it there.",
            "  Look there. If its portal has only closed it since it sold one of the family, write `linked: true` there.",
        ]
    if len(claimers) == 1:
        return [
            "",
            f"  Possible ghost: only {claimers[0]} shows this night, and nothing proves that anyone booked it.",
            "  Look at that portal. If there is no reservation, open the night there by hand.",
        ]
    run = next(stay for stay in trouble(ledger).possible_ghosts.stays() if stay[0] <= explanation.night < stay[1])
    say_so = f"icalsyncd confirm {accommodation} {date_of(run.check_in)} {date_of(run.check_out)}"
    return [
        "",
        f"  Possible ghost: {', '.join(claimers)} show this night, and they may only be repeating each other.",
        "  Look at these portals, and say what you saw. Where one of them has a reservation:",
        *(f"       {say_so} --by {name}" for name in claimers),
        "  Where none has one, this opens the nights everywhere; what a portal goes on showing closes them again:",
        f"       {say_so} --nobody",
    ]
