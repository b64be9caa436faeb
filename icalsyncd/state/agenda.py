"""What a calendar for people showed last: by it an event is known again, and whether it has changed, and when.

An event that people saw under one SEQUENCE must never come under a lower one, also not after an older state was put back.
So what is remembered is no part of a backup, and is not believed where the last commit is long past: what is not
remembered counts as changed now.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from icalsyncd.availability.link import Link
from icalsyncd.availability.visits import Known
from icalsyncd.calendars.agenda import Entry
from icalsyncd.calendars.nights import Night, Stay

PAPER: Final = "paper/"
"""What the keys of papers begin with where they are stored."""
SHOWN: Final = "shown/"
"""What the papers of calendars begin with; the id follows. They are left out of a backup."""
LINKS: Final = "calendar/"
"""What the papers of their links begin with."""
KEPT: Final = 60
"""Days for which an event that is over stays in the calendar."""
BELIEVED: Final = 2 * 3600.0
"""Seconds since the last commit, which comes every hour at least, within which what is remembered is believed."""

_MALFORMED: Final = (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError)


@dataclass(frozen=True, slots=True)
class Agenda:
    """One calendar, as it was last shown."""

    visits: Mapping[str, tuple[Known, ...]] = field(default_factory=dict)
    """By accommodation."""
    shown: Mapping[str, Entry] = field(default_factory=dict)
    """By UID."""
    latest: int = 0
    """When anything in it last changed, in seconds since 1970."""

    def with_entries(
        self, entries: Iterable[Entry], visits: Mapping[str, tuple[Known, ...]], today: Night, now: float
    ) -> Agenda:
        """The same once *entries* are in it, and those that are over: each changed now, unless it is as it was.

        *today* is the earliest of its accommodations' days. Nothing changes before what was shown last: a clock that was
        set back makes no event older.
        """
        wanted = {entry.uid: entry for entry in entries}
        moment = max(int(now), self.latest + 1)
        made = {
            uid: known
            for uid, known in self.shown.items()
            if uid not in wanted and today - KEPT <= known.days.check_out <= today
        }
        for uid, entry in wanted.items():
            before = self.shown.get(uid)
            same = before is not None and (before.days, before.title) == (entry.days, entry.title)
            made[uid] = before if before is not None and same else Entry(uid, entry.days, entry.title, moment)
        if made == self.shown and visits == self.visits and self.latest:
            return self
        return Agenda(dict(visits), made, self.latest if made == self.shown and self.latest else moment)


def believed_papers(papers: Mapping[str, str], last_commit: float | None, now: float) -> dict[str, str]:
    """*papers* without what was shown, where the state was written so long before *now* that it may be an older one."""
    if last_commit is not None and abs(now - last_commit) <= BELIEVED:
        return dict(papers)
    return {name: paper for name, paper in papers.items() if not name.startswith(SHOWN)}


def dump_agenda(agenda: Agenda) -> str:
    """*agenda* as it is stored."""
    return json.dumps(
        {
            "visits": {
                accommodation: [[known.source, *known.stay] for known in visits]
                for accommodation, visits in agenda.visits.items()
            },
            "shown": [[entry.uid, *entry.days, entry.title, entry.changed] for entry in agenda.shown.values()],
            "latest": agenda.latest,
        },
        separators=(",", ":"),
    )


def load_agenda(text: str) -> Agenda:
    """The agenda that :func:`dump_agenda` wrote; an empty one where it is none: then all of it has changed."""
    try:
        record = json.loads(text)
        entries = (
            Entry(str(uid), Stay(int(start), int(end)), str(title), int(changed))
            for uid, start, end, title, changed in record["shown"]
        )
        visits = {
            str(accommodation): tuple(Known(str(source), Stay(int(start), int(end))) for source, start, end in known)
            for accommodation, known in record["visits"].items()
        }
        return Agenda(visits, {entry.uid: entry for entry in entries}, int(record["latest"]))
    except _MALFORMED:
        return Agenda()


def dump_link(link: Link) -> str:
    """The link of a calendar, as it is stored."""
    return json.dumps([link.generation, [list(old) for old in link.old], link.ended, link.refused])


def load_link(text: str, id: str) -> Link:
    """The link that :func:`dump_link` wrote, of the calendar *id*; a first one where it is none."""
    try:
        generation, old, ended, refused = json.loads(text)
        earlier = tuple((int(number), float(until)) for number, until in old)
        return Link(name_of(id), int(generation), earlier, int(ended), int(refused))
    except _MALFORMED:
        return Link(name_of(id))


def name_of(id: str) -> str:
    """What the link of the calendar *id* is made of: no sync has such a name."""
    return f"calendar:{id}"
