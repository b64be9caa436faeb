"""The links of calendars for people: what they are made of, apart from what answers under them, so that a command that
only prints them starts no server's code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from icalsyncd.availability.link import Link
from icalsyncd.availability.roster import OLD_LINK_KEPT
from icalsyncd.availability.stamps import Moment
from icalsyncd.config.people import Calendar
from icalsyncd.config.resolved import Config
from icalsyncd.state.agenda import LINKS, load_link, name_of
from icalsyncd.state.installation import Installation, path_of

PREFIX: Final = "/people"
"""What the path of such a link begins with: none of them is the path of a portal's link, and none of those is one here."""


def calendar_paths(
    config: Config, papers: Mapping[str, str], installation: Installation, now: Moment
) -> dict[str, str]:
    """The path of each calendar's link by its id, as a daemon under *config* will have it that finds *papers*."""
    return {each.id: calendar_path(installation, link_of(each, papers, now)) for each in config.calendars}


def link_of(calendar: Calendar, papers: Mapping[str, str], now: Moment) -> Link:
    """The link of *calendar*, as *papers* know it, under the generation of the config."""
    known = papers.get(LINKS + calendar.id)
    before = (
        load_link(known, calendar.id) if known is not None else Link(name_of(calendar.id), calendar.link_generation)
    )
    return before.at(calendar.link_generation, now + OLD_LINK_KEPT)


def calendar_path(installation: Installation, link: Link) -> str:
    """The path under which a calendar's newest generation is served."""
    return PREFIX + path_of(installation.token(link))
