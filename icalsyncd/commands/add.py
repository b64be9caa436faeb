"""`icalsyncd add`: a new sync, asked for in the order in which a channel manager's wizard asks."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, assert_never

from icalsyncd.availability.calendar import Failed, Reading, nights_in
from icalsyncd.availability.nights import EMPTY, Nights
from icalsyncd.availability.offers import blocked
from icalsyncd.availability.reading import read
from icalsyncd.commands.household import Household, household_under, refusal
from icalsyncd.commands.links import links_of
from icalsyncd.commands.outcome import FAILED, UNRUNNABLE, USAGE, CommandError
from icalsyncd.commands.read import machine_zone
from icalsyncd.commands.taking_over import change, take_over, written_config
from icalsyncd.commands.wizard import answered, one_of
from icalsyncd.config import Config, Refused, Sync, parse
from icalsyncd.edit import EditRefused, add_entry
from icalsyncd.intake import AGENT
from icalsyncd.paths import Paths
from icalsyncd.portals import names, profile
from icalsyncd.pull import Body, Failure, NotModified, Order, Puller
from icalsyncd.terminal import Colour, confirmed, listed, painted

_DIRECTIONS: Final = ("bidirectional", "export", "import")
_ID: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_NEW: Final = "terms: accepted\n"
TERMS: Final = """\
Terms of use: only availability is carried, no prices, no guests, no reservations. Portals read calendars when they
like, often hours later; a double booking in between is the host's own risk. The README has the whole text."""
DIRECTION_HELP: Final = (
    "Does the portal give you a calendar URL, and take one from you too? bidirectional. "
    "It only takes one? export. It only gives one? import."
)


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line says already; None is asked for."""

    portal: str | None
    accommodation: str | None
    timezone: str | None
    accept_terms: bool
    name: str | None
    direction: str | None
    url: str | None
    """`-`: one line of standard input."""
    yes: bool
    """Write it though its calendar could not be read, and ask nothing."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be written."""

    accommodation: str
    timezone: str | None
    """Of an accommodation that is not in the file yet."""
    name: str
    keys: dict[str, str]

    def into(self, text: str) -> str:
        """The config's text with it. Raises EditRefused."""
        if self.timezone is not None:
            text = add_entry(text, ("accommodations", self.accommodation), {"timezone": self.timezone})
        return add_entry(text, ("accommodations", self.accommodation, "syncs", self.name), {**self.keys})


def add(paths: Paths, given: Given) -> int:
    """Ask for what is not given, pull once, show what would change, write it, and print the link."""
    before, text = written_config(paths) or (None, "")
    entry = _entry(before, given)
    try:
        accepted = parse(entry.into(text or _NEW), paths.config, os.environ)
    except EditRefused as error:
        raise CommandError(str(error)) from None
    if isinstance(accepted, Refused):
        raise CommandError(refusal(accepted), FAILED if text else UNRUNNABLE)
    sync = accepted.config.sync(f"{entry.accommodation}/{entry.name}")
    if sync is None:
        raise CommandError("the sync could not be added")
    home = household_under(paths, accepted)
    good = _show(home, sync)
    if not given.yes and not _is_wanted(paths.config, good=good):
        print("nothing was changed")
        return FAILED
    change(paths, text, lambda text: entry.into(text or _NEW))
    print(painted(f"{sync.name} is in {paths.config}", Colour.GOOD))
    _show_link(home, sync)
    return take_over(paths)


def _entry(config: Config | None, given: Given) -> Entry:
    known = {each.id: each for each in config.accommodations} if config else {}
    if given.portal is None and sys.stdin.isatty():
        print(f"Portals with a profile: {', '.join(names())}. Any other name works too.")
    portal = answered(given.portal, "--portal", "Portal", accept=lambda typed: _portal(typed, config))
    if known and given.accommodation is None and sys.stdin.isatty():
        print(f"Accommodations so far: {', '.join(known)}. Another id makes a new one.")
    only = next(iter(known)) if len(known) == 1 else None
    accommodation = answered(given.accommodation, "--accommodation", "Accommodation", default=only, accept=_id)
    timezone = None
    if accommodation not in known:
        timezone = answered(
            given.timezone, "--timezone", f"Time zone of {accommodation}", default=machine_zone(), accept=_filled
        )
    if config is None and not given.accept_terms:
        print(TERMS)
        answered(None, "--accept-terms", "Do you accept that? (yes/no)", accept=_yes)
    taken = {sync.id for sync in known[accommodation].syncs} if accommodation in known else set()
    name = answered(
        given.name,
        "--name",
        "Name of the sync",
        default=portal if _ID.fullmatch(portal) and portal not in taken else None,
        accept=lambda typed: _free(_id(typed), taken),
    )
    if given.direction is None and sys.stdin.isatty():
        print(DIRECTION_HELP)
    direction = answered(
        given.direction,
        "--direction",
        "Which way (bidirectional, export, import)",
        default="bidirectional",
        accept=one_of(_DIRECTIONS, "write bidirectional, export or import"),
    )
    keys = {"portal": portal, "direction": direction}
    if direction != "export":
        keys["url"] = _url(given, portal)
    elif given.url is not None:
        raise CommandError("--url: an export pulls nothing and needs no URL", USAGE)
    return Entry(accommodation, timezone, name, keys)


def _url(given: Given, portal: str) -> str:
    if given.url == "-":
        return answered(sys.stdin.readline().strip(), "--url", "", accept=_filled)
    return answered(given.url, "--url", f"URL of the calendar that {profile(portal).name} gives you", accept=_filled)


def _portal(typed: str, config: Config | None) -> str:
    """*typed* where a sync at that portal is allowed; the words are those of the config's own refusal."""
    portal = _filled(typed).lower()
    trial = {
        "terms": "accepted",
        **({"official_only": list(config.official_only)} if config else {}),
        "accommodations": {"trial": {"timezone": "UTC", "syncs": {"trial": {"portal": portal, "direction": "export"}}}},
    }
    # YAML 1.2 is a superset of JSON
    parsed = parse(json.dumps(trial), Path("config.yaml"), {})
    mistakes = parsed.mistakes if isinstance(parsed, Refused) else ()
    if mistakes:
        raise ValueError("; ".join(mistake.message for mistake in mistakes))
    return portal


def _id(typed: str) -> str:
    if not _ID.fullmatch(typed):
        raise ValueError("an id has lower-case letters, digits and -, such as casa-azul")
    return typed


def _free(name: str, taken: set[str]) -> str:
    if name in taken:
        raise ValueError(f"there is a sync called {name} already")
    return name


def _filled(typed: str) -> str:
    if not typed:
        raise ValueError("an answer is needed")
    return typed


def _yes(typed: str) -> str:
    if typed.lower() not in ("y", "yes"):
        raise ValueError("without that there is nothing to add; Ctrl-C ends this")
    return typed


def _show(home: Household, sync: Sync) -> bool:
    """Pull the calendar once, and show what it says and would change. Whether it could be read."""
    state = home.stored.states.get(sync.accommodation)
    taken = blocked(state.ledger).since(home.today[sync.accommodation]) if state else EMPTY
    if sync.sends:
        print(f"Its feed will close {listed(taken)} at {sync.portal}")
    if sync.url is None:
        return True
    reading = asyncio.run(_reading(home, sync, sync.url.reveal()))
    if isinstance(reading, Failed):
        why = f"{reading.reason.value}{': ' + reading.detail if reading.detail else ''}"
        print(painted(f"The calendar could not be read: {why}", Colour.BAD))
        return False
    nights = nights_in(reading.events).since(home.today[sync.accommodation])
    print(f"The calendar was read: {listed(nights)}")
    for problem in reading.problems:
        print(painted(f"note: {problem}", Colour.WARNING))
    _show_effect(home, sync, nights, taken)
    return True


def _show_effect(home: Household, sync: Sync, nights: Nights, taken: Nights) -> None:
    others = [
        each for each in home.config.syncs() if each.accommodation == sync.accommodation and each.name != sync.name
    ]
    readers = ", ".join(each.id for each in others if each.sends and not each.paused)
    if readers:
        print(f"New for {readers}: {listed(nights - taken)}")
    if both := nights & taken:
        print(
            painted(f"Taken already by others, so look whether it is a double booking: {listed(both)}", Colour.WARNING)
        )


async def _reading(home: Household, sync: Sync, url: str) -> Reading:
    pull = home.config.pull
    order = Order(
        name=sync.name,
        url=url,
        user_agent=sync.user_agent or AGENT,
        timeout=pull.timeout,
        max_size=pull.max_size,
        allow_private=pull.private_addresses,
    )
    async with Puller() as puller:
        answer = await puller.pull(order)
    match answer:
        case Body():
            return read(answer.body, sync.read, home.today[sync.accommodation])
        case Failure():
            return Failed(answer.reason, answer.detail)
        case NotModified():
            raise CommandError("the portal says that nothing was modified, though nothing was known")
        case _:
            assert_never(answer)


def _is_wanted(config: Path, *, good: bool) -> bool:
    if not sys.stdin.isatty():
        # all was said on the command line; only what failed wants another look
        return good
    if not good:
        return confirmed(f"Write it to {config} all the same?")
    return confirmed(f"Write it to {config}?", default=True)


def _show_link(home: Household, sync: Sync) -> None:
    link = links_of(home).get((sync.accommodation, sync.id))
    if link is not None:
        print("Its link, which is as good as a password:")
        print(f"  {link}")
        print(f"Paste it at {profile(sync.portal).name}: {profile(sync.portal).paste}")
