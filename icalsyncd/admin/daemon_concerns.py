"""What needs the host of the daemon itself: its config, its disk and clock, where it publishes, links not pasted yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from icalsyncd.admin.concern import Concern
from icalsyncd.admin.matters import Matter
from icalsyncd.admin.overview import Overview
from icalsyncd.admin.sentences import absolute
from icalsyncd.availability.ledger import Presence
from icalsyncd.language import listed, say, say_many

_MAX_LISTED: Final = 8


def of_daemon(overview: Overview) -> Iterator[Concern]:
    """What is wrong with the whole."""
    if not overview.config.ok:
        yield Concern(
            Matter.REFUSED,
            say_many(
                "{file} is refused: {count} mistake.",
                "{file} is refused: {count} mistakes.",
                len(overview.config.problems),
                file=overview.file,
            ),
            say("The config before it goes on. Correct the file and save it: it is taken over at once."),
            details=overview.config.problems,
        )
    for fault in overview.faults:
        yield Concern(fault.matter, fault.what, fault.more)
    for target in overview.targets:
        if target.failing_since is not None and target.unsent is not None:
            yield Concern(
                Matter.NOT_PUBLISHED,
                say_many(
                    "{count} feed at {place} is old, and not published since {moment} ({why}).",
                    "{count} feeds at {place} are old, and not published since {moment} ({why}).",
                    target.behind,
                    place=target.name,
                    moment=absolute(target.failing_since),
                    why=target.unsent.detail,
                ),
                say("Portals that read them there do not know of nights taken since. It is tried again all the time."),
                target=target.name,
            )
        if target.overwritten:
            yield Concern(
                Matter.OVERWRITTEN,
                say_many(
                    "{count} feed at {place} was overwritten: somebody else writes under our links.",
                    "{count} feeds at {place} were overwritten: somebody else writes under our links.",
                    target.overwritten,
                    place=target.name,
                ),
                say(
                    "Mostly that is an earlier installation with the same secret: stop it for good. "
                    "What it writes over ours may be old."
                ),
                target=target.name,
            )
        if target.tears:
            yield Concern(
                Matter.TORN,
                say(
                    "{place} does not move files: a portal that reads in the wrong moment gets a torn feed, a part of it.",
                    place=target.name,
                ),
                say("Let the server, or the proxy before it, allow MOVE; it is tried again each half hour."),
                target=target.name,
            )


def of_telling(overview: Overview) -> Iterator[Concern]:
    """Receivers that take no messages, and a heartbeat that nobody gets."""
    for receiver in overview.receivers:
        if receiver.why is not None and receiver.failing_since is not None:
            yield Concern(
                Matter.NOT_TOLD,
                say(
                    "{receiver} is not told what needs you, since {moment}: {why}.",
                    receiver=receiver.name,
                    moment=absolute(receiver.failing_since),
                    why=receiver.why.value,
                ),
                say(
                    "It is tried again every few minutes, and nothing urgent is lost. To try it now: {command}",
                    command=f"icalsyncd notify test {receiver.name}",
                ),
                target=f"notify/{receiver.name}",
            )
    heartbeat = overview.heartbeat
    if heartbeat is not None and heartbeat.stopped is not None:
        yield Concern(
            Matter.STOPPED,
            say("The heartbeat has stopped: {why}.", why=heartbeat.stopped),
            say("Whoever waits for it calls you. It goes on by itself once all lives."),
        )
    elif heartbeat is not None and heartbeat.failing_since is not None:
        yield Concern(
            Matter.NOT_FETCHED,
            say("The heartbeat is not fetched since {moment}.", moment=absolute(heartbeat.failing_since)),
            say("Its monitor cannot be reached from here, or refuses it. The log says how."),
        )


def of_links(overview: Overview) -> Iterator[Concern]:
    """Links that no portal has read since they were made."""
    unread = [
        sync.whole
        for sync in overview.syncs()
        if sync.key in overview.links
        and sync.ledger.presence is Presence.ACTIVE
        and sync.ledger.channel.sends
        and not sync.ledger.published
        and (sync.ledger.last_fetch or 0.0) < (overview.secret_since or 0.0)
    ]
    if unread:
        more = len(unread) - _MAX_LISTED
        shown = unread[:_MAX_LISTED] + ([say_many("{count} more", "{count} more", more)] if more > 0 else [])
        yield Concern(
            Matter.NEVER_READ,
            say_many(
                "{count} link was never read by its portal: {syncs}.",
                "{count} links were never read by their portals: {syncs}.",
                len(unread),
                syncs=listed(shown),
            ),
            say("Copy each link below and paste it where the portal asks for a calendar to import."),
        )


def of_nothing(overview: Overview) -> Iterator[Concern]:
    """That nothing is kept in step yet."""
    if not any(house.state.ledger.syncs for house in overview.view.houses.values()):
        yield Concern(
            Matter.EMPTY,
            say("Nothing is kept in step yet: there is no sync in {file}.", file=overview.file),
            say("{command} makes the first.", command="`icalsyncd add`"),
        )
