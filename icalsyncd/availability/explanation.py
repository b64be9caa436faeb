"""Why a night is closed or open, for a host who does not know the rules.

It says who claims the night since when, what each claim is taken for and why, who is told of it since when and who has
read that, and what would free it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from icalsyncd.availability.beside import LOCAL, is_block, takers_beside
from icalsyncd.availability.claims import ECHOES, Rule
from icalsyncd.availability.ledger import Ledger, Presence, SyncLedger, Word
from icalsyncd.availability.offers import not_offered, trouble, verdict
from icalsyncd.availability.pausing import Pause, pauses
from icalsyncd.availability.sifting import Ruled, ruled
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.calendar import Kind
from icalsyncd.calendars.nights import Night, Nights, Stay
from icalsyncd.language import listed, say, say_many

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
    def booked_beside(self) -> tuple[str, ...]:
        """The syncs of the kin that are among the origins, each as `accommodation/sync`."""
        return tuple(origin for origin in self.beside if not is_block(origin))

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
        return say("It is open until a portal shows it again; a day after the last time it counts as free.")
    if sold := [pause.sync for pause in explanation.pauses if explanation.night in pause.sold]:
        return say_many(
            "It is open now, since {portals} is paused.",
            "It is open now, since {portals} are paused.",
            len(sold),
            portals=listed(sold),
        )
    if explanation.kept_closed and not (explanation.taken or explanation.tellings):
        return say(
            "When the state can be stored: until then the link of {portals} keeps it closed.",
            portals=listed(explanation.kept_closed),
        )
    if not (explanation.taken or explanation.statements):
        if explanation.ruled and (explanation.tellings or not explanation.buffered):
            return say_many(
                "When {portals} sells it, by its own settings.",
                "When {portals} sell it, by their own settings.",
                len(explanation.ruled),
                portals=listed(each.sync for each in explanation.ruled),
            )
        if not explanation.tellings:
            return say("Nothing keeps this night closed.")
    if explanation.possible_ghost:
        return say("When all portals but one have dropped it: look at them, then follow what is said below.")
    waits = [_block_waits(ledger, explanation.night)] if explanation.local else []
    waits += [
        _sync_waits(name, ledger.syncs[name], explanation, ledger.today)
        for name in explanation.origins
        if name in ledger.syncs
    ]
    waits += [say("{portal} no longer takes it", portal=called(origin)) for origin in explanation.beside]
    if waits:
        # each is said as it stands behind the word "when" in its language
        return say("When {what}.", what=listed(waits))
    if explanation.buffered:
        return say("When the stay beside it is cancelled or has passed: it is a buffer night.")
    if explanation.unoffered:
        return say(
            "When {portals} may offer it: it is too near or too far ahead (`offer`).",
            portals=listed(explanation.unoffered),
        )
    if explanation.kept:
        return say_many(
            "When {portals} is resumed: a pause that keeps opens nothing.",
            "When {portals} are resumed: a pause that keeps opens nothing.",
            len(explanation.kept),
            portals=listed(explanation.kept),
        )
    return say("It is open everywhere else; the portals that repeat it drop it when they next read our feed.")


def _block_waits(ledger: Ledger, night: Night) -> str:
    if all(
        block.leaving_since is not None
        for block in ledger.blocks
        if block.stay.check_in <= night < block.stay.check_out
    ):
        return say("the removal delay has passed (the block is no longer in the config)")
    return say("the block is taken out of the config")


def _sync_waits(name: str, sync: SyncLedger, explanation: Explanation, today: Night) -> str:
    if sync.presence is Presence.LEAVING:
        return say("{portal} has left for good (it is no longer in the config)", portal=name)
    if sync.presence is Presence.KEPT:
        return say("{portal} is resumed, and its calendar no longer shows it", portal=name)
    if explanation.night in sync.retained:
        if sync.broken is not None:
            return say(
                "{portal}'s calendar can be read whole again and does not show it (or `icalsyncd accept`)", portal=name
            )
        if runs_out(sync, explanation.night, today):
            return say(
                "it is over, at noon of the day after (it had begun when {portal}'s calendar stopped showing it)",
                portal=name,
            )
        return say(
            "{portal}'s calendar has gone on without it for the time of the hold (or `icalsyncd accept`)", portal=name
        )
    rules = {statement.rule for statement in explanation.statements if statement.sync == name and not statement.is_echo}
    if rules == {Rule.SILENT}:
        return say("{portal}'s calendar no longer shows it, or its portal reads our feed again", portal=name)
    return say("{portal}'s calendar no longer shows it", portal=name)


def runs_out(sync: SyncLedger, night: Night, today: Night) -> bool:
    """Whether a night that is kept though the last copy lacks it is kept only because it has begun."""
    return night <= today and sync.broken is None and not any(night in lack.nights for lack in sync.held)
