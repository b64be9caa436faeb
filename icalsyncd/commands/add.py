"""`icalsyncd add`: a new sync, asked for in the order in which a channel manager's wizard asks."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final, assert_never

from icalsyncd.availability.offers import blocked
from icalsyncd.calendars.calendar import Failed, Reading, nights_in
from icalsyncd.calendars.nights import EMPTY, Nights
from icalsyncd.calendars.reading import read
from icalsyncd.commands.config_change import change, environ, take_over, written_config
from icalsyncd.commands.interview import Entry, Given, Interview
from icalsyncd.commands.links import Known, known_links, warnings
from icalsyncd.commands.offline import Offline, read_offline_under, refusal, stored_in
from icalsyncd.commands.outcome import FAILED, UNRUNNABLE, CommandError
from icalsyncd.commands.terminal import Colour, confirmed, listed, painted
from icalsyncd.config.edit import EditRefused
from icalsyncd.config.loading import Refused, parse
from icalsyncd.config.paths import Paths
from icalsyncd.config.portals import profile
from icalsyncd.config.resolved import Sync
from icalsyncd.pulling.intake import AGENT
from icalsyncd.pulling.order import Body, Failure, NotModified, Order
from icalsyncd.pulling.pull import Puller

_NEW: Final = "terms: accepted\n"


def add(paths: Paths, given: Given) -> int:
    """Ask for what is not given, pull once, show what would change, write it, and print the link."""
    # what would make an end of it is found out before anything is asked
    before, text = written_config(paths) or (None, "")
    stored_in(paths)
    entry = Interview(before, text or _NEW, paths.config, given).entry()
    try:
        accepted = parse(entry.into(text or _NEW), paths.config, environ())
    except EditRefused as error:
        raise CommandError(f"{error}{_unlost(entry)}") from None
    if isinstance(accepted, Refused):
        raise CommandError(f"{refusal(accepted)}{_unlost(entry)}", FAILED if text else UNRUNNABLE)
    sync = accepted.config.sync(f"{entry.accommodation}/{entry.name}")
    if sync is None:
        raise CommandError("the sync could not be added")
    offline = read_offline_under(paths, accepted)
    good = _show(offline, sync)
    if not given.yes and not _is_wanted(paths.config, good=good):
        print("nothing was changed")
        return FAILED
    change(paths, text, lambda text: entry.into(text or _NEW))
    print(painted(f"{sync.name} is in {paths.config}", Colour.GOOD))
    code = take_over(paths)
    if sync.sends:
        _show_link(paths, sync)
    _show_facts(sync)
    return code


def _show(offline: Offline, sync: Sync) -> bool:
    """Pull the calendar once, and show what it says and would change. Whether it could be read."""
    state = offline.stored.states.get(sync.accommodation)
    taken = blocked(state.ledger).since(offline.today[sync.accommodation]) if state else EMPTY
    if sync.sends:
        print(f"Its feed will close {listed(taken)} at {sync.portal}")
    if sync.url is None:
        return True
    reading = asyncio.run(_reading(offline, sync, sync.url.reveal()))
    if isinstance(reading, Failed):
        why = f"{reading.reason.value}{': ' + reading.detail if reading.detail else ''}"
        print(painted(f"The calendar could not be read: {why}", Colour.BAD))
        return False
    nights = nights_in(reading.events).since(offline.today[sync.accommodation])
    print(f"The calendar was read: {listed(nights)}")
    for problem in reading.problems:
        print(painted(f"note: {problem}", Colour.WARNING))
    _show_effect(offline, sync, nights, taken)
    return True


def _show_effect(offline: Offline, sync: Sync, nights: Nights, taken: Nights) -> None:
    others = [
        each for each in offline.config.syncs() if each.accommodation == sync.accommodation and each.name != sync.name
    ]
    readers = ", ".join(each.id for each in others if each.sends and not each.paused)
    if readers:
        print(f"New for {readers}: {listed(nights - taken)}")
    if both := nights & taken:
        print(
            painted(f"Taken already by others, so look whether it is a double booking: {listed(both)}", Colour.WARNING)
        )


async def _reading(offline: Offline, sync: Sync, url: str) -> Reading:
    pull = offline.config.pull
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
            return read(answer.body, sync.read, offline.today[sync.accommodation])
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


def _show_link(paths: Paths, sync: Sync) -> None:
    try:
        known = known_links(paths)
    except CommandError as error:
        print(f"It has no link yet: {error}")
        return
    link = known.links.get((sync.accommodation, sync.id))
    if link is None:
        print("It has no link yet: the daemon has not taken the file over; `icalsyncd links` prints it then")
        return
    print("Its link, which is as good as a password:")
    print(f"  {link}")
    for warning in warnings(Known({(sync.accommodation, sync.id): link})):
        print(painted(warning, Colour.WARNING))
    print(f"Paste it at {profile(sync.portal).name}: {profile(sync.portal).paste}")


def _show_facts(sync: Sync) -> None:
    """What is known of the portal that the host has to do there, or to live with."""
    known = profile(sync.portal)
    if sync.receives and known.export:
        print(f"At {known.name} choose, for the calendar that we pull: {known.export}")
    if known.limits:
        print(f"{known.name}: {known.limits}")
    if sync.sends and known.refresh:
        print(f"To have {known.name} read the link at once: {known.refresh}")
    if sync.receives and known.horizon:
        print(f"Its calendar shows no closure further ahead than {known.horizon} days.")


def _unlost(entry: Entry) -> str:
    """The answers as options, without the URL, so that they need not be given twice."""
    zone = f" --timezone {entry.timezone}" if entry.timezone else ""
    start = f" --public-url {entry.public_url}" if entry.public_url else ""
    return (
        f"\nnothing was written; once that is mended: icalsyncd add --portal {entry.keys['portal']} "
        f"--accommodation {entry.accommodation}{zone}{start} --name {entry.name} --direction {entry.keys['direction']}"
    )
